"""Locked months, the lock's message, and closing times set by committees."""

from datetime import UTC, datetime, timedelta

import pytest

from figures.periods import Month
from ledger.models import Entry
from records import errors
from records.approval import actions as approval_actions
from records.bulk_import.counts import import_counts
from records.locking import actions as locking_actions
from records.models import ClosingTime, Submission
from records.submissions import actions as submissions_actions
from records.submissions.editability import find_lock
from tests.records.conftest import AT, SINCE, balanced, entered, unlocked
from units.models import Membership, Role

JUNE = Month(2022, 6)
# 23:59:59 on 20 June in Vietnam.
CLOSES = datetime(2022, 6, 20, 16, 59, 59, tzinfo=UTC)
SECOND = timedelta(seconds=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewed(cast):
    """District and province have a reviewer each."""
    Membership.objects.create(user=cast.reviewer, unit=cast.district, role=Role.REVIEWER, valid_from=SINCE)
    return cast


def closes_at(unit) -> datetime | None:
    return Submission.objects.get(unit=unit, month=JUNE.number).closes_at


def lock(submission, at=AT):
    submission.refresh_from_db()
    return find_lock(submission, submission.editions.last(), at, at.date())


@pytest.mark.parametrize(
    ("after", "open_"), [(timedelta(0), True), (SECOND, False), (timedelta(hours=-2), True)]
)
def test_a_closing_time_locks_from_the_next_second_on(reviewed, fields, after, open_):
    key = (fields.ho_tich.pk, None)
    edition = entered(reviewed.alpha, JUNE, {key: balanced(3)}, upto="draft")
    locking_actions.set_closing_time(reviewed.district, JUNE, CLOSES, by=reviewed.reviewer, at=AT)
    arguments = {"by": reviewed.clerk, "revision": edition.revision, "at": CLOSES + after}
    if open_:
        assert submissions_actions.save_counts(edition, {key: balanced(4)}, **arguments).received_direct == 4
        return
    for act in (
        lambda: submissions_actions.save_counts(edition, {key: balanced(4)}, **arguments),
        lambda: submissions_actions.send_edition(edition, by=reviewed.clerk, at=CLOSES + after),
    ):
        with pytest.raises(errors.ActionRefused) as refused:
            act()
        assert (refused.value.code, refused.value.message) == (
            "locked",
            "Báo cáo đã khóa từ 23:59:59 ngày 20/6/2022 vì đã quá giờ chốt. Đề nghị Đơn vị 351 mở khóa để sửa.",
        )


def test_an_approved_month_says_since_when_and_whom_to_ask(reviewed, fields):
    edition = entered(reviewed.alpha, JUNE, {(fields.ho_tich.pk, None): balanced(3)})
    closed = lock(edition.submission)
    assert (closed.code, closed.since) == ("approved", AT)
    assert closed.words == (
        "Báo cáo đã khóa từ 09:00 ngày 15/6/2022 vì đã được duyệt. Đề nghị Đơn vị 351 mở khóa để sửa."
    )


def test_a_replaced_edition_is_locked_since_its_successor(cast, fields):
    key = (fields.ho_tich.pk, None)
    first = entered(cast.alpha, JUNE, {key: balanced(3)})
    later = AT + timedelta(days=1)
    approval_actions.approve_edition(
        submissions_actions.send_edition(unlocked(first.submission), by=None, at=AT), by=None, at=later
    )
    first.refresh_from_db()
    closed = find_lock(first.submission, first, later, later.date())
    assert (closed.code, closed.since, closed.unlocker) == ("replaced", later, "cấp trên")


def test_the_nearest_committee_binds_whatever_the_order(reviewed, fields):
    early, late = CLOSES, CLOSES + timedelta(days=3)
    for unit in (reviewed.alpha, reviewed.land):
        submissions_actions.open_submission(unit, JUNE, by=None, at=AT)
    province = locking_actions.set_closing_time(reviewed.province, JUNE, early, by=None, at=AT)
    assert closes_at(reviewed.alpha) == closes_at(reviewed.land) == early
    district = locking_actions.set_closing_time(reviewed.district, JUNE, late, by=None, at=AT)
    locking_actions.set_closing_time(reviewed.province, JUNE, early - SECOND, by=None, at=AT)
    submissions_actions.open_submission(reviewed.beta, JUNE, by=None, at=AT)
    assert {closes_at(bound) for bound in (reviewed.alpha, reviewed.beta, reviewed.land)} == {late}
    locking_actions.remove_closing_time(district, by=None, at=AT)
    assert {closes_at(bound) for bound in (reviewed.alpha, reviewed.beta)} == {early - SECOND}
    locking_actions.remove_closing_time(province, by=None, at=AT)
    assert {closes_at(bound) for bound in (reviewed.alpha, reviewed.beta)} == {None}
    with pytest.raises(errors.ActionRefused) as refused:
        locking_actions.remove_closing_time(province, by=None, at=AT)
    assert refused.value.code == "gone" and not ClosingTime.objects.exists()


def test_other_months_and_the_committee_itself_are_not_bound(cast):
    may = submissions_actions.open_submission(cast.alpha, JUNE.previous(), by=None, at=AT)
    locking_actions.set_closing_time(cast.alpha, JUNE, CLOSES, by=None, at=AT)
    june = submissions_actions.open_submission(cast.alpha, JUNE, by=None, at=AT)
    locking_actions.set_closing_time(cast.district, JUNE, CLOSES, by=None, at=AT)
    may.refresh_from_db()
    june.refresh_from_db()
    assert (may.closes_at, june.closes_at) == (None, CLOSES)


def test_a_month_cannot_close_before_it_has_ended(cast):
    last_day = datetime(2022, 6, 14, 16, 59, tzinfo=UTC)
    with pytest.raises(errors.ActionRefused) as refused:
        locking_actions.set_closing_time(cast.district, JUNE, last_day, by=None, at=AT)
    assert refused.value.code == "too_early" and not Entry.objects.exists()


def test_each_change_is_logged_once(cast):
    closing = locking_actions.set_closing_time(cast.district, JUNE, CLOSES, by=cast.reviewer, at=AT)
    locking_actions.set_closing_time(cast.district, JUNE, CLOSES, by=cast.reviewer, at=AT)
    locking_actions.remove_closing_time(closing, by=cast.reviewer, at=AT)
    logged = list(
        Entry.objects.order_by("sequence").values_list("action", "detail__closes_at", "detail__before")
    )
    assert [action for action, *_ in logged] == ["closing.set", "closing.remove"]
    assert logged[0][2] is None and logged[1][1] is None and logged[0][1] == logged[1][2]


def test_a_returned_month_stays_open_when_the_closing_time_moves(cast, fields):
    edition = entered(cast.alpha, JUNE, {(fields.ho_tich.pk, None): balanced(3)}, upto="sent")
    locking_actions.set_closing_time(cast.district, JUNE, CLOSES, by=None, at=AT)
    approval_actions.return_edition(edition, reason="Sửa", by=cast.reviewer, at=CLOSES + SECOND)
    locking_actions.set_closing_time(cast.district, JUNE, CLOSES + SECOND, by=None, at=CLOSES)
    assert lock(edition.submission, CLOSES + timedelta(days=9)) is None


def test_a_file_at_the_command_line_is_not_bound_and_its_months_carry_the_time(cast, fields):
    locking_actions.set_closing_time(cast.district, JUNE, CLOSES, by=None, at=AT)
    text = "unit,month,field,received_direct\n13441,2022-M06,ho-tich,{}\n"
    for number in (5, 6):
        report = import_counts(
            text.format(number).encode(), "so-lieu.csv", at=CLOSES + timedelta(days=number)
        )
        assert (report.written, report.errors) == (1, [])
    assert closes_at(cast.alpha) == CLOSES
