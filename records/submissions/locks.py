"""Whether a month is locked, why and since when, and which closing time binds it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from figures import formatting
from records.models import OPEN_STATES, ClosingTime, Edition, State, Submission
from units.access.queries import approver_of
from units.models import Unit

# Number of the committee → when it closes the month.
ClosingTimes = Mapping[int, datetime]


def closing_times_of(months: Iterable[int]) -> dict[int, dict[int, datetime]]:
    """The closing times of some months (YYYYMM), by month. One query."""
    found: dict[int, dict[int, datetime]] = {month: {} for month in months}
    rows = ClosingTime.objects.filter(month__in=list(found)).values_list("month", "unit_id", "closes_at")
    for month, unit, closes_at in rows:
        found[month][unit] = closes_at
    return found


def binding_closing_time(times: ClosingTimes, unit: Unit) -> datetime | None:
    """The one of a month's closing times that holds for a unit; a committee closes what is below it, not itself."""
    return next((times[number] for number in reversed(unit.ancestor_ids()) if number in times), None)


_WRITE_BATCH = 500


def apply_closing_times(submissions: Iterable[Submission]) -> None:
    """Give new submissions (with their units) the closing times that bind them; after the entry in the log that their
    making is worth. One query, and one more for each closing time.
    """
    new = list(submissions)
    times = closing_times_of({one.month for one in new})
    for one in new:
        one.closes_at = binding_closing_time(times[one.month], one.unit) if times[one.month] else None
    write_closing_times({one.pk: one.closes_at for one in new if one.closes_at is not None})


def write_closing_times(changed: dict[int, datetime | None]) -> None:
    for closes_at in set(changed.values()):
        numbers = [pk for pk, when in changed.items() if when == closes_at]
        for start in range(0, len(numbers), _WRITE_BATCH):
            within = Submission.objects.filter(pk__in=numbers[start : start + _WRITE_BATCH])
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
    """`code` is a key of WHY; `since` is aware; `ask` names the unit whose reviewers may unlock."""

    code: str
    since: datetime
    ask: str

    @property
    def words(self) -> str:
        """All of it in a sentence or two, as every way in tells it."""
        since = formatting.format_moment(timezone.localtime(self.since))
        return f"Báo cáo đã khóa từ {since} vì {LOCK_WORDS[self.code]}. Đề nghị {self.ask} mở khóa để sửa."


def lock_of(submission: Submission, edition: Edition, at: datetime, day: date) -> MonthLock | None:
    """Why nothing in this edition of the submission can be changed at a moment; None while it is open.

    Waiting for approval is a state and no lock. No query while it is open.
    """
    found = _lock_code(submission, edition, at)
    if found is None:
        return None
    above = approver_of(submission.unit, day)
    return MonthLock(*found, above.name if above else "cấp trên")


def is_locked(submission: Submission, edition: Edition, at: datetime) -> bool:
    """The same without words."""
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
    """Whether the time for changes is over: an unlocking counts for itself, whatever the closing time says."""
    last = submission.open_until or submission.closes_at
    return last is not None and at > last
