"""Two people unlock a month of one unit; it locks again by itself (acceptance S5)."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from figures.periods import Month
from ledger.models import Entry
from records import errors
from records.approval import actions as approval_actions
from records.bulk_import.counts import import_counts
from records.locking import actions as locking_actions
from records.locking.actions import unlock_requests_for
from records.models import State
from records.storage import measures_of_row
from records.submissions import actions as submissions_actions
from tests.records.conftest import AT, SINCE, balanced, entered, unlocked
from units.models import Membership, Role

JUNE = Month(2022, 6)
LONG = timedelta(hours=48)
SECOND = timedelta(seconds=1)
CLOSES = datetime(2022, 6, 20, 10, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def approved(cast, fields):
    """Alpha's June, approved and therefore locked."""
    return entered(cast.alpha, JUNE, {(fields.ho_tich.pk, None): balanced(3)}, by=cast.clerk)


def refusal(act) -> str:
    with pytest.raises(errors.ActionRefused) as refused:
        act()
    return refused.value.code


def test_who_asks_does_not_decide_and_a_second_person_opens_for_48_hours(cast, fields, approved):
    key, submission = (fields.ho_tich.pk, None), approved.submission
    request = locking_actions.request_unlock(submission, reason=" Nhập sót ", by=cast.reviewer, at=AT)
    with pytest.raises(errors.OwnRequest):
        locking_actions.decide_unlock_request(request, grant=True, by=cast.reviewer, at=AT)
    locking_actions.decide_unlock_request(request, grant=True, by=cast.neighbour, at=AT)
    draft = submission.editions.last()
    assert draft.state == State.DRAFT and draft.writers.get() == cast.clerk
    assert measures_of_row(draft.counts.get(field=fields.ho_tich)) == measures_of_row(
        approved.counts.get(field=fields.ho_tich)
    )
    draft = submissions_actions.save_counts(
        draft, {key: balanced(4)}, by=cast.clerk, revision=draft.revision, at=AT + LONG
    )
    late = {"by": cast.clerk, "at": AT + LONG + SECOND}
    assert (
        refusal(lambda: submissions_actions.save_counts(draft, {key: balanced(5)}, revision=1, **late))
        == "locked"
    )
    assert refusal(lambda: submissions_actions.send_edition(draft, **late)) == "locked"
    assert [entry.action for entry in Entry.objects.order_by("-sequence")[:3]] == [
        "submission.save",
        "submission.unlock",
        "submission.request_unlock",
    ]


def test_the_hours_are_a_setting(cast, approved, settings):
    settings.UNLOCK_HOURS = 1
    unlocked(approved.submission)
    approved.submission.refresh_from_db()
    assert approved.submission.open_until == AT + timedelta(hours=1)


def test_a_month_past_its_closing_time_just_opens_and_others_stay_locked(cast, fields):
    rows = {(fields.ho_tich.pk, None): balanced(3)}
    first, second = (entered(unit, JUNE, rows, upto="draft") for unit in (cast.alpha, cast.beta))
    locking_actions.set_closing_time(cast.district, JUNE, CLOSES, by=None, at=AT)
    later = CLOSES + SECOND
    unlocked(first.submission, at=later)
    assert submissions_actions.send_edition(first, by=cast.clerk, at=later + LONG).state == State.SENT
    assert first.submission.editions.count() == 1
    assert refusal(lambda: submissions_actions.send_edition(second, by=cast.neighbour, at=later)) == "locked"


def test_the_unlocking_ends_with_the_next_approval(cast, approved):
    draft = unlocked(approved.submission)
    approval_actions.approve_edition(
        submissions_actions.send_edition(draft, by=cast.clerk, at=AT), by=cast.reviewer, at=AT
    )
    approved.submission.refresh_from_db()
    assert approved.submission.open_until is None
    again = unlocked(approved.submission)
    assert again.number == 3


def test_a_returned_correction_is_open_without_end(cast, fields, approved):
    draft = submissions_actions.send_edition(unlocked(approved.submission), by=cast.clerk, at=AT)
    draft = approval_actions.return_edition(draft, reason="Sửa", by=cast.reviewer, at=AT + LONG + SECOND)
    assert submissions_actions.send_edition(draft, by=cast.clerk, at=AT + 3 * LONG).state == State.SENT


def test_an_unfinished_correction_is_opened_again_where_it_was_left(cast, fields, approved):
    draft = unlocked(approved.submission)
    later = AT + LONG + SECOND
    assert unlocked(approved.submission, at=later).pk == draft.pk
    assert submissions_actions.send_edition(draft, by=cast.clerk, at=later + LONG).state == State.SENT


def test_refused_requests_and_decisions(cast, approved):
    submission = approved.submission

    def ask(**changes):
        return locking_actions.request_unlock(
            submission, **{"reason": "Sót", "by": cast.clerk, "at": AT} | changes
        )

    assert refusal(lambda: ask(reason=" ")) == "no_reason"
    request = ask()
    assert refusal(lambda: ask(by=cast.reviewer)) == "already_requested"
    decide = {"by": cast.reviewer, "at": AT}
    assert (
        refusal(lambda: locking_actions.decide_unlock_request(request, grant=False, answer=" ", **decide))
        == "no_reason"
    )
    locking_actions.decide_unlock_request(request, grant=False, answer="Số đúng", **decide)
    assert refusal(lambda: locking_actions.decide_unlock_request(request, grant=True, **decide)) == "decided"
    assert submission.editions.count() == 1
    unlocked(submission)
    assert refusal(ask) == "not_locked"


def test_a_file_cannot_use_an_expired_unlocking(cast, fields, approved):
    unlocked(approved.submission)
    text = b"unit,month,field,received_direct,resolved_on_time\n13441,2022-M06,ho-tich,5,5\n"
    report = import_counts(text, "so-lieu.csv", at=AT + LONG + SECOND)
    assert [fault.code for _, fault in report.errors] == ["locked"]
    assert import_counts(text, "so-lieu.csv", at=AT + LONG).written == 1


def test_a_request_falls_to_the_nearest_reviewer_who_did_not_ask(cast, fields, approved):
    second, above = (User.objects.create(username=name) for name in ("tonghop-2", "tinh"))
    roles = [(cast.reviewer, cast.district), (above, cast.province)]
    for user, unit in roles:
        Membership.objects.create(user=user, unit=unit, role=Role.REVIEWER, valid_from=SINCE)

    def falls_to() -> list[str]:
        people = User.objects.filter(pk__in=[cast.reviewer.pk, second.pk, above.pk]).order_by("username")
        return [person.username for person in people if unlock_requests_for(person, AT.date())]

    request = locking_actions.request_unlock(approved.submission, reason="Sót", by=cast.reviewer, at=AT)
    assert falls_to() == ["tinh"]
    Membership.objects.create(user=second, unit=cast.district, role=Role.REVIEWER, valid_from=SINCE)
    assert falls_to() == ["tonghop-2"]
    locking_actions.decide_unlock_request(request, grant=False, answer="Số đúng", by=second, at=AT)
    assert falls_to() == []
    locking_actions.request_unlock(approved.submission, reason="Sót", by=cast.clerk, at=AT)
    assert falls_to() == ["tonghop", "tonghop-2"]
