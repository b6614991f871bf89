"""The demo data: published figures, states of months, and a second run that changes nothing."""

from collections import Counter

from django.utils import timezone

from accounts.models import User
from figures.periods import Month, Period
from ledger import log
from records.calendar.queries import stored_calendar
from records.locking.actions import decide_unlock_request, request_unlock
from records.models import DossierCount, Edition, Indicator, IndicatorValue, RateTarget, Submission
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from reports import demo
from reports.models import Review
from tests.support.loaded_demo import FIXTURE, NOW
from units.models import Unit

PUBLISHED = {
    "district": {"direct": (463, "48.2"), "online": (496, "51.7"), "postal": (1, "0.1")},
    "commune": {"direct": (14712, "87.4"), "online": (2116, "12.6"), "postal": (5, "0.03")},
}


def test_half_year_gives_the_published_figures(review):
    totals = summary(FiguresQuery(review.unit, Period.parse("2022-H1"), calendar=stored_calendar()))
    for tier, shares in PUBLISHED.items():
        figures = totals.tier(tier)
        assert {key: (figures.shares[key].numerator, figures.shares[key].percent) for key in shares} == shares
        assert figures.completeness.complete


def test_states_of_july(review):
    states = Counter(Edition.objects.filter(submission__month=202207).values_list("state", flat=True))
    assert (states["sent"], states["returned"]) == (3, 1)
    returned = Edition.objects.get(state="returned")
    assert returned.submission.unit.code == "13486" and "3 ô" in returned.return_reason
    late = Edition.objects.get(submission__unit__code="13480", submission__month=202203)
    assert late.sent_at.date() > late.submission.due_on


def test_reviewer_may_approve_what_clerks_sent(review):
    reviewer = User.objects.get(username="tonghop")
    for edition in Edition.objects.filter(state="sent"):
        assert not edition.writers.filter(pk=reviewer.pk).exists()


def test_months_were_entered_and_approved_by_people(review):
    edition = Edition.objects.get(submission__unit__code="13474", submission__month=202206, state="approved")
    clerk, reviewer = (User.objects.get(username=name) for name in ("xa-13474", "tonghop"))
    assert (edition.saved_by, edition.sent_by, edition.decided_by) == (str(clerk), str(clerk), str(reviewer))
    assert list(edition.writers.all()) == [clerk]
    for approved in Edition.objects.filter(state="approved", writers__isnull=False).select_related(
        "submission"
    ):
        sent, decided = (timezone.localtime(at) for at in (approved.sent_at, approved.decided_at))
        assert approved.saved_at < approved.sent_at < approved.decided_at
        assert (decided.date() - sent.date()).days == 1 and 8 <= sent.hour < 17 and 8 <= decided.hour < 17
        end = stored_calendar().span(Month.from_number(approved.submission.month)).end
        late = (approved.submission.unit.code, approved.submission.month) == ("13480", 202203)
        assert late or 1 <= (sent.date() - end).days <= 3


def test_second_run_changes_nothing(review):
    models = (Unit, User, DossierCount, Edition, Review)
    before = [model.objects.count() for model in models]
    assert demo.load_demo(FIXTURE, NOW).pk == review.pk
    assert [model.objects.count() for model in models] == before
    assert log.verify() == []


def test_second_run_keeps_what_people_did_since(review):
    Edition.objects.filter(state="returned").update(state="sent", return_reason="")
    demo.load_demo(FIXTURE, NOW)
    assert not Edition.objects.filter(state="returned").exists()


def test_second_run_keeps_indicators_and_targets_as_people_left_them(review):
    value = IndicatorValue.objects.select_related("indicator").exclude(denominator=None).first()
    IndicatorValue.objects.filter(pk=value.pk).update(numerator=7, source="Báo cáo số 12")
    Indicator.objects.filter(pk=value.indicator_id).update(name="Tên khác", retired=True)
    goal, gone = RateTarget.objects.order_by("pk")[:2]
    RateTarget.objects.filter(pk=goal.pk).update(percent="61.0")
    gone.delete()
    left = [list(model.objects.order_by("pk").values()) for model in (Indicator, IndicatorValue, RateTarget)]
    demo.load_demo(FIXTURE, NOW)
    again = [list(model.objects.order_by("pk").values()) for model in (Indicator, IndicatorValue, RateTarget)]
    assert again == left


def test_second_run_leaves_a_month_open_that_was_unlocked(review):
    submission = Submission.objects.get(unit__code="13474", month=202206)
    clerk, reviewer = (User.objects.get(username=name) for name in ("xa-13474", "tonghop"))
    request = request_unlock(submission, reason="Nhập nhầm", by=clerk, at=NOW)
    decide_unlock_request(request, grant=True, by=reviewer, at=NOW)
    demo.load_demo(FIXTURE, NOW)
    assert [edition.state for edition in submission.editions.order_by("number")] == ["approved", "draft"]


def test_demo_accounts_sign_in(review, client, settings):
    # The demo's passwords were hashed before the tests' fast hasher was set.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    answer = client.post("/accounts/login/", {"username": "xa-13474", "password": demo.PASSWORD})
    assert answer.status_code == 302
