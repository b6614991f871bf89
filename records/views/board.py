"""What the work list reads: where each unit's months stand. A fixed number of queries, whatever their number."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Q, QuerySet

from figures import rules
from figures.counts import added
from figures.measures import LABELS, MEASURES, SUMS, WHOLES
from figures.outliers import MONTHS, outlier
from figures.periods import Calendar, Month
from figures.writing import count
from records.models import DossierCount, Edition, Stage, State, Submission
from records.queries.calendar import DueDates
from records.queries.checks import WATCHED
from units import access
from units.models import Kind, Membership, Role, Unit, User, subtree

GOT = (State.SENT, State.APPROVED)
WORDS = {
    "ok": "Đã duyệt",
    "wait": "Chờ duyệt",
    "back": "Trả lại để sửa",
    "draft": "Đang nhập",
    "late": "Quá hạn, chưa gửi",
    "open": "Chưa mở",
    "none": "Không phải báo cáo",
}
# What the newest edition says; a superseded one is never the newest.
_MARKS = {
    State.DRAFT: "draft",
    State.SENT: "wait",
    State.RETURNED: "back",
    State.APPROVED: "ok",
    State.SUPERSEDED: "ok",
}


@dataclass(frozen=True)
class Standing:
    """Where one unit's month stands. `mark` is a key of WORDS; `pk` the submission's number, if there is one."""

    unit: Unit
    month: Month
    due_on: date
    mark: str
    late_days: int = 0
    pk: int | None = None
    sent_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str = ""
    saved_at: datetime | None = None
    saved_by: str = ""
    reason: str = ""
    marked: int = 0
    reopened: bool = False

    @property
    def words(self) -> str:
        """The state as people call it."""
        if self.reopened:
            return "Đã duyệt, mở lại để sửa"
        if self.mark == "late":
            return f"Quá hạn {self.late_days} ngày"
        return f"{WORDS[self.mark]}, quá hạn {self.late_days} ngày" if self.late_days else WORDS[self.mark]

    @property
    def owed(self) -> bool:
        """Whether the unit still has to do something."""
        return self.mark in ("back", "draft", "late", "open")


def ended_months(day: date, days: Calendar, number: int) -> list[Month]:
    """The latest `number` months that ended before `day`, the oldest first."""
    running = days.month_of(day)
    last = running if days.span(running).end < day else running.previous()
    return [last.plus(-n) for n in reversed(range(number))]


def standings(
    units: Sequence[Unit], months: Sequence[Month], day: date, days: Calendar
) -> dict[int, list[Standing]]:
    """For each unit (by number) its months in the given order. Four queries."""
    due = DueDates(days)
    found: dict[tuple[int, int], Submission] = {}
    editions: dict[int, list[Edition]] = defaultdict(list)
    if units and months:
        numbers = [month.number for month in months]
        reports = Submission.objects.filter(unit__in=[unit.pk for unit in units], month__in=numbers)
        found = {(one.unit_id, one.month): one for one in reports}
        for edition in Edition.objects.filter(submission__in=[one.pk for one in found.values()]):
            editions[edition.submission_id].append(edition)
    return {
        unit.pk: [
            _standing(unit, month, found.get((unit.pk, month.number)), editions, day, due) for month in months
        ]
        for unit in units
    }


def _standing(
    unit: Unit,
    month: Month,
    report: Submission | None,
    editions: dict[int, list[Edition]],
    day: date,
    due: DueDates,
) -> Standing:
    span = due.days.span(month)
    due_on = report.due_on if report else due.of(unit.tier, month)
    late = max((day - due_on).days, 0)
    owes = unit.reports and unit.active_from <= span.end and not unit.is_over(span.start)
    if report is None:
        mark = "none" if not owes else "late" if late else "open"
        return Standing(unit, month, due_on, mark, late)
    there = sorted(editions[report.pk], key=lambda one: one.number)
    last = there[-1] if there else Edition(submission=report)
    reopened = last.state == State.DRAFT and any(one.state == State.APPROVED for one in there)
    mark = _MARKS[State(last.state)]
    if mark == "draft" and not last.revision and not reopened and late:
        mark = "late"
    return Standing(
        unit,
        month,
        due_on,
        mark,
        0 if reopened or mark in ("ok", "wait") else late,
        report.pk,
        last.sent_at,
        last.decided_at,
        last.decided_by,
        last.saved_at,
        last.saved_by,
        last.return_reason,
        len(last.marked_cells),
        reopened,
    )


def units_decided_by(user: User, day: date) -> QuerySet[Unit]:
    """Reporting units whose months the user approves: below a unit where the user is reviewer, and not below
    another one, nearer, that has a reviewer too. Two queries.
    """
    own = [one.unit for one in access.memberships(user, day) if one.role == Role.REVIEWER]
    if not own:
        return Unit.objects.none()
    within, beyond = Q(pk__in=[]), Q(pk__in=[])
    for unit in own:
        within |= subtree(unit.path) & ~Q(pk=unit.pk)
    others = (
        Membership.objects.valid_on(day)
        .filter(role=Role.REVIEWER, user__is_active=True)
        .filter(unit__in=Unit.objects.filter(within))
        .exclude(unit__in=own)
        .select_related("unit")
    )
    for unit in {one.unit for one in others}:
        beyond |= subtree(unit.path) & ~Q(pk=unit.pk)
    return Unit.objects.reporting().filter(within).exclude(beyond)


def expected(units: QuerySet[Unit], month: Month, days: Calendar) -> QuerySet[Unit]:
    """Units of the query that owe the month; external bodies are not counted, as everywhere by default."""
    span = days.span(month)
    return units.expected_within(span.start, span.end).exclude(kind=Kind.EXTERNAL)


def missing(units: QuerySet[Unit], month: Month, days: Calendar) -> QuerySet[Unit]:
    """Those of them that have neither sent nor approved figures."""
    got = Edition.objects.filter(submission__month=month.number, state__in=GOT).values("submission__unit")
    return expected(units, month, days).exclude(pk__in=got)


@dataclass(frozen=True)
class Waiting:
    """An edition that waits for approval, with what a reviewer looks at first."""

    edition: Edition
    unit: Unit
    month: Month
    received: int | None
    received_before: int | None
    pending_late: int | None
    oddities: list[str] = field(default_factory=list)
    own: bool = False

    @property
    def clean(self) -> bool:
        """Whether nothing asks for a closer look."""
        return not self.oddities and not self.own


def waiting(editions: Iterable[Edition], user: User) -> list[Waiting]:
    """The editions (with submission and unit) held against their own past, in three queries."""
    editions = list(editions)
    rows: dict[int, list[DossierCount]] = defaultdict(list)
    for row in DossierCount.objects.filter(edition__in=editions).select_related("field", "procedure"):
        rows[row.edition_id].append(row)
    past = _past(editions)
    own = set(
        Edition.writers.through.objects.filter(edition__in=editions, user_id=user.pk).values_list(
            "edition_id", flat=True
        )
    )
    return [_waiting(one, rows[one.pk], past[one.submission.unit_id], one.pk in own) for one in editions]


Past = dict[tuple[int, int | None], dict[int, dict]]


def _past(editions: list[Edition]) -> dict[int, Past]:
    """By unit and row, the values of the months before any of the editions, up to twelve before the first."""
    found: dict[int, Past] = defaultdict(lambda: defaultdict(dict))
    if not editions:
        return found
    months = [Month.from_number(one.submission.month) for one in editions]
    before = DossierCount.objects.filter(
        edition__in=Edition.objects.in_force(Stage.SUBMITTED).filter(
            submission__unit__in=[one.submission.unit_id for one in editions],
            submission__month__gte=min(months).plus(-MONTHS).number,
            submission__month__lt=max(months).number,
        )
    ).values("edition__submission__unit", "edition__submission__month", "field_id", "procedure_id", *MEASURES)
    for row in before:
        key = (row["field_id"], row["procedure_id"])
        found[row["edition__submission__unit"]][key][row["edition__submission__month"]] = row
    return found


def _waiting(edition: Edition, rows: list[DossierCount], past: Past, own: bool) -> Waiting:
    month = Month.from_number(edition.submission.month)
    last = month.previous().number
    oddities = [
        words for row in rows for words in _oddities(row, past[row.field_id, row.procedure_id], month)
    ]
    blank = sum(getattr(row, f"blank_{whole}") for row in rows for whole in WHOLES)
    if blank:
        oddities.append("Còn ô để trống: tổng số sẽ ghi “chưa đủ”.")
    before = [months[last][name] for months in past.values() if last in months for name in SUMS["received"]]
    return Waiting(
        edition,
        edition.submission.unit,
        month,
        added(getattr(row, name) for row in rows for name in SUMS["received"]),
        added(before),
        added(row.pending_late for row in rows),
        oddities,
        own,
    )


def _oddities(row: DossierCount, months: dict[int, dict], month: Month) -> Iterable[str]:
    """At most one line for a row: everything odd in it, then the reason that the unit states."""
    found = []
    before = months.get(month.previous().number)
    left = rules.closing(before) if before else None
    if rules.continuity(row.opening, left):
        found.append(f"kỳ trước chuyển sang {count(row.opening)}, cuối kỳ trước còn {count(left)}")
    numbers = [one for one in sorted(months) if month.plus(-MONTHS).number <= one < month.number]
    for whole in WATCHED:
        odd = outlier(
            added(getattr(row, name) for name in SUMS[whole]),
            [added(months[one][name] for name in SUMS[whole]) for one in numbers],
        )
        if odd:
            found.append(f"{LABELS[whole].lower()} {count(odd.value)}, thường gặp {count(round(odd.usual))}")
    if found:
        reason = f" Lý do: “{row.reason}”" if row.reason else " Chưa ghi lý do."
        yield f"{row.procedure or row.field}: {'; '.join(found)}.{reason}"
