"""Unit-months that a file touches: what is stored of them, and what they become with the file's lines."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet

from figures.measures import MEASURES
from records.models import OPEN_STATES, DossierCount, Edition, State, Submission
from records.queries.checks import RowKey
from records.queries.locks import is_locked

from .quick import EMPTY, Values
from .reading import Line

# So many units are named in a query; of more, all submissions of the months are read.
NAMED_UNITS = 500
MonthKey = tuple[int, int]  # month as YYYYMM, number of the unit


@dataclass(slots=True)
class Stored:
    """One stored count: its number, values and reason."""

    pk: int
    values: Values
    reason: str


@dataclass
class UnitMonth:
    """One unit-month of the file with what is stored: the open edition, else the one in force, else nothing."""

    lines: list[Line]
    submission: Submission | None = None
    edition: Edition | None = None
    approved: Edition | None = None
    stored: dict[RowKey, Stored] = field(default_factory=dict)
    changed: list[Line] = field(default_factory=list)
    saved_by: str = ""  # who wrote what is stored

    @property
    def first(self) -> Line:
        return self.lines[0]

    @property
    def locked(self) -> bool:
        """Approved and without an open correction: only equal figures are welcome."""
        return self.edition is not None and self.edition.state == State.APPROVED

    @property
    def key(self) -> MonthKey:
        return self.first.month, self.first.unit.pk

    @property
    def read(self) -> bool:
        """Whether every cell of the file could be read."""
        return not any(line.unread for line in self.lines)

    def compare(self) -> None:
        """Find the lines that change something. A blank line where nothing is stored changes nothing; of a locked
        month only other figures are a change.
        """
        self.changed = [line for line in self.lines if not self._same(line)]

    def _same(self, line: Line) -> bool:
        kept = self.stored.get(line.key)
        if kept is None:
            blank = line.values == EMPTY and not line.unread
            return self.edition is not None and blank and (self.locked or not line.reason)
        if line.unread:
            return all(
                new == old or name in line.unread
                for name, new, old in zip(MEASURES, line.values, kept.values, strict=True)
            )
        return kept.values == line.values and (self.locked or line.reason in (None, kept.reason))

    def result(self) -> dict[RowKey, Values]:
        """All rows as they will be, without blank ones on a level that is not used (decided by the caller)."""
        rows = {key: kept.values for key, kept in self.stored.items()}
        rows.update((line.key, line.values) for line in self.lines)
        return rows


def unit_months(lines: Iterable[Line], at: datetime) -> list[UnitMonth]:
    """Lines by unit and month in the order of the months, with what is stored of each; three queries at most.

    A closing time does not bind a file at the command line; approval does, and a correction whose time is over at
    `at` leaves the approved month locked.
    """
    groups: dict[MonthKey, list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.month, line.unit.pk].append(line)
    found = {key: UnitMonth(groups[key]) for key in sorted(groups)}
    for submission in _submissions(found):
        found[submission.month, submission.unit_id].submission = submission
    by_edition = {}
    for edition in _editions(found):
        target = found[edition.submission.month, edition.submission.unit_id]
        if edition.state == State.APPROVED:
            target.approved = edition
        else:
            target.edition = edition
    for target in found.values():
        over = target.edition is not None and is_locked(target.submission, target.edition, at)
        if target.approved is not None and (target.edition is None or over):
            target.edition = target.approved
    for target in found.values():
        if target.edition is not None:
            by_edition[target.edition.pk] = target
            target.saved_by = target.edition.saved_by
    for pk, edition_id, field_id, procedure_id, reason, *values in _counts(by_edition):
        by_edition[edition_id].stored[field_id, procedure_id] = Stored(pk, tuple(values), reason)
    for target in found.values():
        target.compare()
    return list(found.values())


def within(rows: QuerySet, keys: Iterable[MonthKey], prefix: str = "") -> QuerySet:
    """Rows of these months, and of these units where they are few."""
    pairs = list(keys)
    months = {month for month, _ in pairs}
    units = {unit for _, unit in pairs}
    rows = rows.filter(**{f"{prefix}month__in": months})
    return rows.filter(**{f"{prefix}unit__in": units}) if len(units) <= NAMED_UNITS else rows


def _submissions(found: dict[MonthKey, UnitMonth]) -> Iterator[Submission]:
    for submission in within(Submission.objects.all(), found):
        if (submission.month, submission.unit_id) in found:
            yield submission


def _editions(found: dict[MonthKey, UnitMonth]) -> Iterator[Edition]:
    if not any(target.submission for target in found.values()):
        return
    states = (*OPEN_STATES, State.APPROVED)
    editions = Edition.objects.filter(state__in=states).select_related("submission__unit")
    # Locked: nobody approves or saves between this reading and our writing.
    for edition in within(editions.select_for_update(of=("self",)), found, "submission__"):
        if (edition.submission.month, edition.submission.unit_id) in found:
            yield edition


def _counts(by_edition: dict[int, UnitMonth]) -> Iterator[tuple]:
    numbers = list(by_edition)
    for start in range(0, len(numbers), NAMED_UNITS):
        yield from DossierCount.objects.filter(edition__in=numbers[start : start + NAMED_UNITS]).values_list(
            "pk", "edition_id", "field_id", "procedure_id", "reason", *MEASURES
        )
