"""The pages of dated calendar rules: rights, refusals, confirmation, effects on due dates and stored months."""

from datetime import date

import pytest

from accounts.models import User
from figures.periods import Month
from ledger.models import Entry
from records.calendar.queries import DueDates, stored_calendar
from records.models import CutoffRule, DueRule, Holiday, Submission
from records.submissions import actions
from tests.product.test_every_page import Page, foreign
from tests.records.conftest import AT, JULY, SINCE, balanced, entered
from tests.support.page_text import shows
from units.models import Membership, Role

pytestmark = pytest.mark.django_db
RULES = "/records/rules/"
AUGUST, SEPTEMBER = Month(2022, 8), Month(2022, 9)


def cutoff(first: str, day: str = "", **more) -> tuple[str, dict]:
    return f"{RULES}cutoff/", {"cutoff-first": first, "cutoff-day": day, **more}


def due(first: str, days: str, tier: str = "", **more) -> tuple[str, dict]:
    return f"{RULES}due/", {"due-first": first, "due-working_days": days, "due-tier": tier, **more}


def holiday(first: str, last: str = "", name: str = "Quốc khánh", **more) -> tuple[str, dict]:
    return f"{RULES}holiday/", {"holiday-first": first, "holiday-last": last, "holiday-name": name, **more}


def days_of(month: Month) -> tuple[date, date]:
    span = stored_calendar().span(month)
    return span.start, span.end


@pytest.mark.parametrize("who", ["clerk", "reviewer", "leader", "viewer", "outsider"])
def test_others_have_no_such_page(as_, people, who):
    client = as_(who)
    for where, data in ((RULES, None), cutoff("9/2022"), (f"{RULES}cutoff/1/remove/", {})):
        answer = client.get(where) if data is None else client.post(where, data)
        assert answer.status_code == 403, where
    assert not CutoffRule.objects.exists()


def test_only_administrators_of_the_top_set_what_holds_for_all(as_, people):
    people.below = User.objects.create(username="quantri-huyen")
    Membership.objects.create(
        user=people.below, unit=people.district, role=Role.ADMINISTRATOR, valid_from=SINCE
    )
    assert as_("below").get(RULES).status_code == 403
    assert "Kỳ báo cáo, hạn gửi" not in as_("below").get("/units/people/").content.decode()
    assert 'href="/records/rules/"' in as_("administrator").get("/units/people/").content.decode()
    text = as_("administrator").get(RULES).content.decode()
    assert "Từ đầu" in text and "ngày 14 hằng tháng" in text and text.count("<h1") == 1
    confirmation = as_("administrator").post(*holiday("15/8/2022")).content.decode()
    for page in (text, confirmation):
        assert foreign(" ".join(Page(page).said), frozenset({"quantri"})) == set()


def test_a_later_cutoff_leaves_what_was_before(as_, people, july):
    before = {month: days_of(month) for month in (JULY, AUGUST)}
    assert as_("administrator").post(*cutoff("9/2022")).status_code == 302
    assert {month: days_of(month) for month in (JULY, AUGUST)} == before
    assert days_of(SEPTEMBER) == (date(2022, 8, 15), date(2022, 9, 30))
    assert stored_calendar().span(SEPTEMBER).irregular
    # The default rule is stored too.
    assert list(CutoffRule.objects.values_list("first_month", "day")) == [(199001, 14), (202209, None)]
    entry = Entry.objects.get(action="rules.cutoff_add")
    assert (
        entry.actor == "quantri"
        and "Từ tháng 9/2022 chốt số liệu vào ngày cuối tháng" in entry.detail["words"]
    )
    User.objects.filter(pk=people.administrator.pk).update(full_name="Bà Quản trị")
    assert shows(as_("administrator").get(RULES).content.decode(), "<b>12/8/2022</b>Bà Quản trị")


def test_a_month_that_has_reports_keeps_its_days(as_, people, july):
    answer = as_("administrator").post(*cutoff("7/2022", "20", confirmed="1"))
    text = answer.content.decode()
    assert answer.status_code == 409 and "Đã có báo cáo của tháng 7/2022" in text
    assert 'value="7/2022"' in text and not CutoffRule.objects.exists()


def test_a_begun_month_without_reports_is_changed_when_that_is_confirmed(as_, people, july):
    client = as_("administrator")
    confirmation = client.post(*cutoff("8/2022", "20"))
    text = confirmation.content.decode()
    assert confirmation.status_code == 200 and "Xác nhận thay đổi" in text
    assert "15/7/2022 đến 14/8/2022" in text and "15/7/2022 đến 20/8/2022" in text
    assert not CutoffRule.objects.exists()
    assert client.post(*cutoff("8/2022", "20", confirmed="1")).status_code == 302
    assert days_of(AUGUST) == (date(2022, 7, 15), date(2022, 8, 20))


def test_only_rules_to_come_are_taken_back(as_, people):
    client = as_("administrator")
    client.post(*cutoff("9/2022", "20"))
    base, later = CutoffRule.objects.order_by("first_month")
    page = client.post(f"{RULES}cutoff/{base.pk}/remove/", follow=True).content.decode()
    assert "Quy định đã áp dụng thì không bỏ được" in page
    assert client.post(f"{RULES}cutoff/{later.pk}/remove/").status_code == 302
    assert list(CutoffRule.objects.all()) == [base]
    client.post(*due("9/2022", "3"))
    assert client.post(f"{RULES}due/{DueRule.objects.get().pk}/remove/").status_code == 302
    assert not DueRule.objects.exists()
    DueRule.objects.create(first_month=202201, working_days=2)
    client.post(f"{RULES}due/{DueRule.objects.get().pk}/remove/")
    assert DueRule.objects.exists()
    assert "không còn nữa" in client.post(f"{RULES}due/999999/remove/", follow=True).content.decode()
    assert set(Entry.objects.filter(subject="rules").values_list("action", flat=True)) == {
        "rules.cutoff_add", "rules.cutoff_remove", "rules.due_add", "rules.due_remove"
    }  # fmt: skip


def test_due_dates_follow_by_tier_and_opened_reports_keep_theirs(as_, people, fields, july):
    entered(people.beta, JULY, {(fields.ho_tich.pk, None): balanced(3)}, by=people.neighbour, upto="sent")
    client = as_("administrator")
    confirmation = client.post(*due("7/2022", "5", "commune")).content.decode()
    # July: one report opened, one sent; August has begun.
    assert "Tính lại cả hạn của 1 báo cáo đã mở, chưa gửi" in confirmation and "21/7/2022" in confirmation
    assert not DueRule.objects.exists()
    client.post(*due("7/2022", "5", "commune", confirmed="1"))
    due_dates = DueDates(stored_calendar())
    assert (due_dates.of("commune", JULY), due_dates.of("district", JULY)) == (
        date(2022, 7, 21),
        date(2022, 7, 18),
    )
    assert set(Submission.objects.values_list("due_on", flat=True)) == {date(2022, 7, 18)}
    DueRule.objects.all().delete()
    client.post(*due("7/2022", "5", "commune", confirmed="1", recompute="1"))
    july.refresh_from_db()
    other = Submission.objects.get(unit=people.beta)
    assert (july.due_on, other.due_on) == (date(2022, 7, 21), date(2022, 7, 18))


def test_holidays_put_off_what_is_not_opened(as_, people):
    client = as_("administrator")
    # 15 August is a Monday: the due date of August moves from the 16th to the 17th.
    confirmation = client.post(*holiday("15/8/2022", name="Nghỉ bù"))
    assert confirmation.status_code == 200 and "17/8/2022" in confirmation.content.decode()
    client.post(*holiday("15/8/2022", name="Nghỉ bù", confirmed="1"))
    assert DueDates(stored_calendar()).of("commune", AUGUST) == date(2022, 8, 17)
    opened = actions.open_submission(people.alpha, AUGUST, by=None, at=AT)
    assert opened.due_on == date(2022, 8, 17)
    where = f"{RULES}holiday/{Holiday.objects.get().pk}/remove/"
    assert "Tính lại cả hạn của 1 báo cáo" in client.post(where).content.decode()
    client.post(where, {"confirmed": "1", "recompute": "1"})
    opened.refresh_from_db()
    assert opened.due_on == date(2022, 8, 16) and not Holiday.objects.exists()


def test_several_days_at_once_and_none_twice(as_, people):
    client = as_("administrator")
    assert client.post(*holiday("1/9/2022", "2/9/2022")).status_code == 302
    assert Holiday.objects.count() == 2
    again = client.post(*holiday("2/9/2022"))
    assert again.status_code == 409 and "đã ghi là ngày nghỉ" in again.content.decode()
    Holiday.objects.create(day=date(2022, 4, 30), name="Ngày Chiến thắng")
    past = Holiday.objects.get(name="Ngày Chiến thắng")
    client.post(f"{RULES}holiday/{past.pk}/remove/")
    assert Holiday.objects.filter(pk=past.pk).exists()


@pytest.mark.parametrize(
    ("where", "data", "words"),
    [
        (*cutoff("x", "20"), "không phải tháng"),
        (*cutoff("13/2022", "20"), "không phải tháng"),
        (*cutoff("", ""), "Chưa nhập ô này."),
        (*cutoff("9/2022", "32"), "Nhập số nguyên từ 1 đến 31."),
        (*cutoff("9/2022", "0"), "Nhập số nguyên từ 1 đến 31."),
        (*cutoff("9/2022", "1,5"), "Nhập số nguyên từ 1 đến 31."),
        (*due("9/2022", "41"), "Nhập số nguyên từ 0 đến 40."),
        (*due("9/2022", "2", "x"), "Hãy chọn một mục trong danh sách."),
        (*holiday("31/2/2022"), "Không có ngày"),
        (*holiday("2/9/2022", name=""), "Chưa nhập ô này."),
        (*holiday("2/9/2022", name="x" * 101), "Tối đa 100 ký tự."),
    ],
)
def test_invalid_rules_are_errors_of_their_fields_and_stay_typed(as_, people, where, data, words):
    answer = as_("administrator").post(where, data)
    assert answer.status_code == 422 and words in answer.content.decode()
    assert not CutoffRule.objects.exists() and not DueRule.objects.exists() and not Holiday.objects.exists()


@pytest.mark.parametrize(("first", "last"), [("3/9/2022", "2/9/2022"), ("1/9/2022", "2/10/2022")])
def test_days_the_wrong_way_round_or_too_many_are_refused(as_, people, first, last):
    answer = as_("administrator").post(*holiday(first, last))
    assert answer.status_code == 409 and "Ngày cuối phải từ ngày đầu trở đi" in answer.content.decode()


def test_unknown_kinds_are_not_found_and_reading_changes_nothing(as_, people):
    client = as_("administrator")
    assert client.post(f"{RULES}khac/").status_code == client.get(f"{RULES}khac/1/remove/").status_code == 404
    assert client.get(f"{RULES}cutoff/").status_code == 302
    assert client.post(f"{RULES}due/{2**63}/remove/").status_code in (302, 404)
