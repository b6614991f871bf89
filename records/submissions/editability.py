"""Whether a month may be changed (lock, closing time, state), and the lock on an edition during an action."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from core.database import PreparedQuery
from core.dates import format_day
from figures import formatting
from figures.periods import Calendar, Month
from records.errors import ActionRefused
from records.models import OPEN_STATES, ClosingTime, Edition, State, Submission
from units.access.queries import approver_of
from units.models import Unit

# Id of the committee → when it closes the month.
ClosingTimes = Mapping[int, datetime]


def closing_times_by_month(months: Iterable[int]) -> dict[int, dict[int, datetime]]:
    """{month (YYYYMM): {unit id: closing time}}. One query."""
    times: dict[int, dict[int, datetime]] = {month: {} for month in months}
    rows = ClosingTime.objects.filter(month__in=list(times)).values_list("month", "unit_id", "closes_at")
    for month, unit, closes_at in rows:
        times[month][unit] = closes_at
    return times


def binding_closing_time(times: ClosingTimes, unit: Unit) -> datetime | None:
    """The closing time that binds a unit: that of the nearest unit above it, never its own."""
    return next((times[unit_id] for unit_id in reversed(unit.ancestor_ids()) if unit_id in times), None)


_WRITE_BATCH = 500


def apply_closing_times(submissions: Iterable[Submission]) -> None:
    """Set the closing times that bind new submissions (with their units); call it after the creation was logged. One
    query, and one more for each closing time.
    """
    new = list(submissions)
    times = closing_times_by_month({submission.month for submission in new})
    for submission in new:
        submission.closes_at = (
            binding_closing_time(times[submission.month], submission.unit)
            if times[submission.month]
            else None
        )
    write_closing_times(
        {submission.pk: submission.closes_at for submission in new if submission.closes_at is not None}
    )


def write_closing_times(changed: dict[int, datetime | None]) -> None:
    for closes_at in set(changed.values()):
        ids = [pk for pk, when in changed.items() if when == closes_at]
        for start in range(0, len(ids), _WRITE_BATCH):
            within = Submission.objects.filter(pk__in=ids[start : start + _WRITE_BATCH])
            within.update(closes_at=closes_at)


APPROVED, REPLACED, CLOSED, RELOCKED = "approved", "replaced", "closed", "relocked"
LOCK_WORDS = {
    APPROVED: "đã được duyệt",
    REPLACED: "đã có lần báo cáo sau thay thế",
    CLOSED: "đã quá giờ chốt",
    RELOCKED: "đã hết thời gian mở khóa",
}


@dataclass(frozen=True)
class MonthLock:
    """`code` is a key of LOCK_WORDS; `since` is aware; `unlocker`: name of the unit whose reviewers may unlock."""

    code: str
    since: datetime
    unlocker: str

    @property
    def words(self) -> str:
        """The message shown on the page, in files and in the API."""
        since = formatting.format_moment(timezone.localtime(self.since))
        return (
            f"Báo cáo đã khóa từ {since} vì {LOCK_WORDS[self.code]}. Đề nghị {self.unlocker} mở khóa để sửa."
        )


def find_lock(submission: Submission, edition: Edition, at: datetime, day: date) -> MonthLock | None:
    """Why this edition cannot be changed at `at`; None while it is open, then without a query.

    Waiting for approval is a state, not a lock.
    """
    reason = _lock_code(submission, edition, at)
    if reason is None:
        return None
    above = approver_of(submission.unit, day)
    return MonthLock(*reason, above.name if above else "cấp trên")


def is_locked(submission: Submission, edition: Edition, at: datetime) -> bool:
    """Whether `find_lock` would find a lock. No query."""
    return edition.state not in OPEN_STATES or _is_closed(submission, at)


def _lock_code(submission: Submission, edition: Edition, at: datetime) -> tuple[str, datetime] | None:
    if edition.state == State.SUPERSEDED:
        later = submission.editions.filter(number__gt=edition.number, decided_at__isnull=False)
        return REPLACED, later.order_by("number").values_list("decided_at", flat=True).first()
    if edition.state == State.APPROVED:
        return APPROVED, edition.decided_at
    if not _is_closed(submission, at):
        return None
    if submission.open_until is not None:
        return RELOCKED, submission.open_until
    return CLOSED, submission.closes_at


def _is_closed(submission: Submission, at: datetime) -> bool:
    """Whether the time for changes is over; an unlocking takes precedence over the closing time."""
    last = submission.open_until or submission.closes_at
    return last is not None and at > last


# Where a change of a cell came from, as stored in the log.
FROM_PAGE, FROM_FILE, FROM_API, FROM_CASES = "page", "file", "api", "cases"


_for_update = Edition.objects.select_for_update(of=("self",)).select_related("submission__unit")
_locked = PreparedQuery(lambda pk: _for_update.filter(pk=pk), int)
_open = PreparedQuery(
    lambda submission: _for_update.filter(submission=submission, state__in=OPEN_STATES), int
)
_newest = PreparedQuery(
    lambda submission: _for_update.filter(submission=submission).order_by("-number")[:1], int
)


def locked_edition(edition: Edition) -> Edition:
    """Fetch the edition again with SELECT FOR UPDATE. Errors: ActionRefused("gone")."""
    return _existing(_locked.first(edition.pk))


def locked_working_edition(submission: Submission) -> Edition:
    """The open edition, else the newest, for which the actions refuse with a reason; locked like `locked_edition`."""
    return _existing(_open.first(submission.pk) or _newest.first(submission.pk))


def _existing(edition: Edition | None) -> Edition:
    if edition is None:
        raise ActionRefused("gone", "Lần báo cáo này không còn nữa.")
    return edition


def must_be_unlocked(edition: Edition, at: datetime) -> None:
    """Errors: ActionRefused("locked") where the edition is approved, replaced or past its closing time."""
    lock = find_lock(edition.submission, edition, at, timezone.localdate(at))
    if lock is not None:
        raise ActionRefused("locked", lock.words)


def must_be_open(edition: Edition, at: datetime) -> None:
    """Errors: ActionRefused("locked"), or ActionRefused("sent") while it waits for approval."""
    must_be_unlocked(edition, at)
    if edition.state == State.SENT:
        raise ActionRefused("sent", "Báo cáo đang chờ duyệt. Rút lại trước khi sửa.")


def must_have_ended(month: Month, days: Calendar, today: date) -> None:
    """Errors: ActionRefused("too_early") until the last day of the month is over."""
    if days.span(month).end >= today:
        raise ActionRefused("too_early", f"Chưa mở được báo cáo {month.label}: kỳ báo cáo chưa kết thúc.")


def must_be_expected(submission: Submission, days: Calendar) -> None:
    """Errors: ActionRefused("not_expected") where the unit ended, or became a group, after the draft was begun."""
    unit, month = submission.unit, Month.from_number(submission.month)
    span = days.span(month)
    if unit.expected_to_report(span.start, span.end):
        return
    if unit.is_over(span.start):
        end = format_day(unit.active_until)
        raise ActionRefused(
            "not_expected", f"{unit.name} đã hết hoạt động ngày {end}, không còn báo cáo {month.label}."
        )
    raise ActionRefused("not_expected", f"{unit.name} không phải gửi báo cáo {month.label}.")


def required_reason(reason: str, what: str) -> str:
    """The stripped reason. Errors: ActionRefused("no_reason") where it is empty."""
    if not reason.strip():
        raise ActionRefused("no_reason", f"Phải ghi lý do {what}.")
    return reason.strip()
