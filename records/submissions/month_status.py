"""The status of each unit's months, the editions being worked on, and the missing reports, for lists of many units; a
fixed number of queries.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from accounts.models import User
from figures.periods import Calendar, Month
from records.calendar.queries import DueDates
from records.models import OPEN_STATES, DossierCount, Edition, Reminder, State, Submission, UnlockRequest
from units.access.queries import memberships_of
from units.models import Membership, Role, Unit, subtree
from units.succession.positions import places_on, stands_within

from .editability import binding_closing_time, closing_times_by_month
from .previous_months import HistoryWindow, unit_history_windows


@dataclass(frozen=True)
class WorkingEdition:
    """The open or newest edition of a month (an unsaved instance where nobody opened it), its rows in catalogue order
    and the twelve months before.
    """

    edition: Edition
    rows: list[DossierCount]
    past: HistoryWindow

    @property
    def submission(self) -> Submission:
        return self.edition.submission

    @property
    def opened(self) -> bool:
        return self.submission.pk is not None


def working_editions(units: Sequence[Unit], month: Month, due: DueDates) -> list[WorkingEdition]:
    """One for each unit, in their order. At most six queries."""
    unit_ids = [unit.pk for unit in units]
    stored = {
        submission.unit_id: submission
        for submission in Submission.objects.filter(month=month.number, unit__in=unit_ids)
    }
    editions = _working_editions_by_submission(stored)
    rows: dict[int, list[DossierCount]] = defaultdict(list)
    counts = DossierCount.objects.filter(edition__in=[edition.pk for edition in editions.values()])
    for row in counts.select_related("field", "procedure").order_by("field__order", "field__code", "pk"):
        rows[row.edition_id].append(row)
    pasts = unit_history_windows(unit_ids, month)
    times = closing_times_by_month([month.number])[month.number]
    working = []
    for unit in units:
        submission = stored.get(unit.pk)
        if submission is None:
            submission = Submission(
                month=month.number,
                due_on=due.of(unit.tier, month),
                closes_at=binding_closing_time(times, unit),
            )
        submission.unit = unit
        edition = editions.get(submission.pk) or Edition(number=1)
        edition.submission = submission
        working.append(WorkingEdition(edition, rows[edition.pk] if edition.pk else [], pasts[unit.pk]))
    return working


def _working_editions_by_submission(stored: dict[int, Submission]) -> dict[int, Edition]:
    """{submission id: its open edition, else its newest}."""
    working: dict[int, Edition] = {}
    listed = Edition.objects.filter(submission__in=[submission.pk for submission in stored.values()])
    for edition in listed.order_by("number"):
        before = working.get(edition.submission_id)
        if before is None or before.state not in OPEN_STATES:
            working[edition.submission_id] = edition
    return working


STATUS_WORDS = {
    "ok": "Đã duyệt",
    "wait": "Chờ duyệt",
    "back": "Trả lại để sửa",
    "draft": "Đang nhập",
    "late": "Quá hạn, chưa gửi",
    "open": "Chưa mở",
    "none": "Không phải báo cáo",
}
# By the state of the newest edition; a superseded one is never the newest.
_MARKS = {
    State.DRAFT: "draft",
    State.SENT: "wait",
    State.RETURNED: "back",
    State.APPROVED: "ok",
    State.SUPERSEDED: "ok",
}


@dataclass(frozen=True)
class MonthStatus:
    """The status of one unit's month. `key`: a key of STATUS_WORDS; `last`: its newest edition, if it was opened;
    `locked`: nothing can be entered, whether it was opened or not; `reminded`: the reader's reminders about it;
    `declined`: a recently declined request to unlock it.
    """

    unit: Unit
    month: Month
    due_on: date
    key: str
    late_days: int = 0
    last: Edition | None = None
    reopened: bool = False
    locked: bool = False
    reminded: tuple[Reminder, ...] = ()
    declined: UnlockRequest | None = None

    @property
    def pk(self) -> int | None:
        """The id of the submission."""
        return self.last.submission_id if self.last else None

    @property
    def words(self) -> str:
        """The status in Vietnamese."""
        if self.reopened:
            return "Đã duyệt, mở khóa để sửa"
        if self.key == "late":
            return f"Quá hạn {self.late_days} ngày"
        return (
            f"{STATUS_WORDS[self.key]}, quá hạn {self.late_days} ngày"
            if self.late_days
            else STATUS_WORDS[self.key]
        )

    @property
    def unsent(self) -> bool:
        """Whether the unit has yet to send it."""
        return self.key in ("back", "draft", "late", "open")


def ended_months(day: date, days: Calendar, count: int) -> list[Month]:
    """The last `count` months that ended before `day`, the oldest first."""
    running = days.month_of(day)
    last = running if days.span(running).end < day else running.previous()
    return [last.plus(-n) for n in reversed(range(count))]


def month_statuses(
    units: Iterable[Unit], months: Sequence[Month], day: date, due: DueDates
) -> dict[int, list[MonthStatus]]:
    """{unit id: its months in the given order}. One query."""
    by_id = {unit.pk: unit for unit in units}
    editions: dict[tuple[int, int], list[Edition]] = defaultdict(list)
    if by_id and months:
        month_numbers = [month.number for month in months]
        stored = Edition.objects.filter(submission__unit__in=list(by_id), submission__month__in=month_numbers)
        for edition in stored.select_related("submission").order_by("number"):
            editions[edition.submission.unit_id, edition.submission.month].append(edition)
    return {
        pk: [_month_status(unit, month, editions.get((pk, month.number), []), day, due) for month in months]
        for pk, unit in by_id.items()
    }


def _month_status(unit: Unit, month: Month, editions: list[Edition], day: date, due: DueDates) -> MonthStatus:
    due_on = editions[-1].submission.due_on if editions else due.of(unit.tier, month)
    late = max((day - due_on).days, 0)
    if not editions:
        span = due.days.span(month)
        expected = unit.expected_to_report(span.start, span.end)
        if not expected:
            return MonthStatus(unit, month, due_on, "none")
        return MonthStatus(unit, month, due_on, "late" if late else "open", late)
    last = editions[-1]
    reopened = last.state == State.DRAFT and any(edition.state == State.APPROVED for edition in editions)
    key = _MARKS[State(last.state)]
    if key == "draft" and not last.revision and not reopened and late:
        key = "late"
    return MonthStatus(
        unit,
        month,
        due_on,
        key,
        late_days=0 if reopened or key in ("ok", "wait") else late,
        last=last,
        reopened=reopened,
    )


def units_reviewed_by(user: User, day: date) -> QuerySet[Unit]:
    """Reporting units whose months the user approves: below a unit where the user is reviewer (closed units by the
    position of their successors), and not below a nearer unit that has a reviewer. Two queries.
    """
    own = [membership.unit for membership in memberships_of(user, day) if membership.role == Role.REVIEWER]
    if not own:
        return Unit.objects.none()
    within, beyond = Q(pk__in=[]), Q(pk__in=[])
    for unit in own:
        within |= subtree(unit.path) & ~Q(path=unit.path)
    others = (
        Membership.objects.valid_on(day)
        .filter(role=Role.REVIEWER, user__is_active=True)
        .filter(unit__in=Unit.objects.filter(within))
        .exclude(unit__in=own)
        .select_related("unit")
    )
    for unit in {other.unit for other in others}:
        beyond |= subtree(unit.path) & ~Q(path=unit.path)
    return Unit.objects.reporting().filter(stands_within(within & ~beyond, day))


def predecessors_of(units: Sequence[Unit], since: date, day: date) -> list[Unit]:
    """Units that still existed on `since`, are closed by `day` and went over into one of the units; none of these
    themselves. One query.
    """
    here = places_on(day).filter(path__in=[unit.path for unit in units]).values("unit")
    over = Unit.objects.filter(pk__in=here, active_until__gte=since)
    return list(over.exclude(pk__in=[unit.pk for unit in units]).order_by("folded", "pk"))


@dataclass(frozen=True)
class MissingMonths:
    """A unit with the months that it has not sent, the oldest first; without returned ones."""

    unit: Unit
    months: Sequence[MonthStatus]
    reminded_on: date | None = None

    @property
    def latest(self) -> MonthStatus:
        return self.months[-1]

    @property
    def earlier(self) -> Sequence[MonthStatus]:
        return self.months[:-1]

    @property
    def late(self) -> bool:
        """Whether one of the months is overdue."""
        return any(month.late_days for month in self.months)


def missing_months(
    units: Iterable[Unit], statuses: Mapping[int, Sequence[MonthStatus]], reminded: Mapping[int, date]
) -> list[MissingMonths]:
    """The units with missing months, in the given order, from the statuses of all."""
    missing = []
    for unit in units:
        months = [
            status
            for status in statuses[unit.pk]
            if status.unsent and status.key != "back" and not status.reopened
        ]
        if months:
            missing.append(MissingMonths(unit, months, reminded.get(unit.pk)))
    return missing
