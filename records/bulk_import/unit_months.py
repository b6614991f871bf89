"""The unit-months that a file touches: what is stored of them, the twelve months before, and what they
become.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import add
from typing import NamedTuple

from django.db import connection
from django.db.models import BigIntegerField, Case, F, QuerySet, Value, When
from django.db.models.functions import Coalesce

from figures.measures import CLOSING, MEASURES, SUMS
from figures.outliers import WATCHED
from records.catalogue import RowKey
from records.models import OPEN_STATES, DossierCount, Edition, Stage, State, Submission
from records.submissions.locks import is_locked

from .reader import NO_VALUES, PLACES_OF_SUM, CountLine, MeasureValues, closing_count, sum_at

# So many units are named in a query; of more, all submissions of the months are read.
MAX_NAMED_UNITS = 500
MonthKey = tuple[int, int]  # month as YYYYMM, number of the unit


@dataclass(slots=True)
class StoredCount:
    """One stored count: its number, values and reason."""

    pk: int
    values: MeasureValues
    reason: str


@dataclass
class UnitMonth:
    """One unit-month of the file with what is stored: the open edition, else the one in force, else nothing."""

    lines: list[CountLine]
    submission: Submission | None = None
    edition: Edition | None = None
    approved: Edition | None = None
    stored: dict[RowKey, StoredCount] = field(default_factory=dict)
    changed: list[CountLine] = field(default_factory=list)
    saved_by: str = ""  # who wrote what is stored

    @property
    def first(self) -> CountLine:
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

    def _same(self, line: CountLine) -> bool:
        kept = self.stored.get(line.key)
        if kept is None:
            blank = line.values == NO_VALUES and not line.unread
            return self.edition is not None and blank and (self.locked or not line.reason)
        if line.unread:
            return all(
                new == old or name in line.unread
                for name, new, old in zip(MEASURES, line.values, kept.values, strict=True)
            )
        return kept.values == line.values and (self.locked or line.reason in (None, kept.reason))

    def result(self) -> dict[RowKey, MeasureValues]:
        """All rows as they will be, without blank ones on a level that is not used (decided by the caller)."""
        rows = {key: kept.values for key, kept in self.stored.items()}
        rows.update((line.key, line.values) for line in self.lines)
        return rows


def unit_months(lines: Iterable[CountLine], at: datetime) -> list[UnitMonth]:
    """Lines by unit and month in the order of the months, with what is stored of each; three queries at most.

    A closing time does not bind a file at the command line; approval does, and a correction whose time is over at
    `at` leaves the approved month locked.
    """
    groups: dict[MonthKey, list[CountLine]] = defaultdict(list)
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
        by_edition[edition_id].stored[field_id, procedure_id] = StoredCount(pk, tuple(values), reason)
    for target in found.values():
        target.compare()
    return list(found.values())


def rows_of_unit_months(rows: QuerySet, keys: Iterable[MonthKey], prefix: str = "") -> QuerySet:
    """Rows of these months, and of these units where they are few."""
    pairs = list(keys)
    months = {month for month, _ in pairs}
    units = {unit for _, unit in pairs}
    rows = rows.filter(**{f"{prefix}month__in": months})
    return rows.filter(**{f"{prefix}unit__in": units}) if len(units) <= MAX_NAMED_UNITS else rows


def _submissions(found: dict[MonthKey, UnitMonth]) -> Iterator[Submission]:
    for submission in rows_of_unit_months(Submission.objects.all(), found):
        if (submission.month, submission.unit_id) in found:
            yield submission


def _editions(found: dict[MonthKey, UnitMonth]) -> Iterator[Edition]:
    if not any(target.submission for target in found.values()):
        return
    states = (*OPEN_STATES, State.APPROVED)
    editions = Edition.objects.filter(state__in=states).select_related("submission__unit")
    # Locked: nobody approves or saves between this reading and our writing.
    for edition in rows_of_unit_months(editions.select_for_update(of=("self",)), found, "submission__"):
        if (edition.submission.month, edition.submission.unit_id) in found:
            yield edition


def _counts(by_edition: dict[int, UnitMonth]) -> Iterator[tuple]:
    numbers = list(by_edition)
    for start in range(0, len(numbers), MAX_NAMED_UNITS):
        yield from DossierCount.objects.filter(
            edition__in=numbers[start : start + MAX_NAMED_UNITS]
        ).values_list("pk", "edition_id", "field_id", "procedure_id", "reason", *MEASURES)


_CLOSING = reduce(add, map(F, CLOSING))
_CHUNK = 5_000
RowPlace = tuple[int, int, int | None]  # unit, field, procedure
RowValues = dict[RowKey, MeasureValues]


class KnownMonth(NamedTuple):
    """A month of one row: the sums that are watched, and what was still open; None where nobody said."""

    received: int | None
    resolved: int | None
    closing: int | None

    @classmethod
    def of(cls, values: MeasureValues) -> "KnownMonth":
        """From the measures of a line."""
        return cls(*(sum_at(values, places) for places in PLACES_OF_SUM.values()), closing_count(values))


_NOTHING_REPORTED = KnownMonth(None, None, None)


class FileHistory:
    """The twelve months before each line, from the database and from the file itself (which wins). One query, and one
    more where a month looks like the one before it.
    """

    def __init__(self, targets: list[UnitMonth]) -> None:
        self._rows: dict[RowPlace, dict[int, KnownMonth]] = defaultdict(dict)
        self._months: dict[RowPlace, list[int]] = {}
        self._targets = {target.key: target for target in targets}
        if not targets:
            return
        units = {target.first.unit.pk for target in targets}
        months = [target.first.month for target in targets]
        # Hundreds of thousands of rows: spelled out, it takes a third less time.
        rows, known = self._rows, KnownMonth._make
        for unit, month, group, procedure, received, resolved, left in _stored(
            units, min(months), max(months)
        ):
            rows[unit, group, procedure][month] = known((received, resolved, left))
        for target in targets:
            for line in target.lines:
                if line.unread:
                    continue
                self._rows[_place(line)][line.month] = KnownMonth.of(line.values)

    def closing(self, line: CountLine) -> int | None:
        """What the same row left open one month earlier."""
        known = self._rows[_place(line)].get(month_number_before(line.month))
        return None if known is None else known.closing

    def watched(self, line: CountLine) -> Iterator[tuple[str, int, list[int]]]:
        """Each watched sum of the line that is reported, with those of the twelve months before, the latest last."""
        place = _place(line)
        rows = self._rows[place]
        months = self._months.get(place)
        if months is None:
            months = self._months[place] = sorted(rows)
        # YYYYMM minus 100 is the same month a year before.
        start, end = bisect_left(months, line.month - 100), bisect_left(months, line.month)
        before = [rows[month] for month in months[start:end]]
        for at, name in enumerate(WATCHED):
            value = rows[line.month][at]
            if value is not None:
                yield name, value, [known[at] for known in before if known[at] is not None]

    def repeated(self, targets: Iterable[UnitMonth]) -> dict[MonthKey, RowValues]:
        """The rows of the month before, by the key of those whose lines have its sums again."""
        before = {
            target.key: (month_number_before(target.key[0]), target.key[1])
            for target in targets
            if self._alike(target)
        }
        kept = _reports({key for key in before.values() if key not in self._targets})
        return {
            key: self._targets[last].result() if last in self._targets else kept[last]
            for key, last in before.items()
        }

    def _alike(self, target: UnitMonth) -> bool:
        for line in target.lines:
            months = self._rows[_place(line)]
            if months[line.month] != months.get(month_number_before(line.month), _NOTHING_REPORTED):
                return False
        return True


def month_number_before(month: int) -> int:
    """The month before, both as YYYYMM."""
    return month - 1 if month % 100 > 1 else month - 89


def _reports(keys: set[MonthKey]) -> dict[MonthKey, RowValues]:
    """Whole unit-months of what was sent or approved. One query."""
    found: dict[MonthKey, RowValues] = defaultdict(dict)
    if keys:
        editions = rows_of_unit_months(Edition.objects.in_force(Stage.SUBMITTED), keys, "submission__")
        names = ("edition__submission__month", "edition__submission__unit_id", "field_id", "procedure_id")
        rows = DossierCount.objects.filter(edition__in=editions).values_list(*names, *MEASURES)
        for month, unit, field, procedure, *values in rows:
            if (month, unit) in keys:
                found[month, unit][field, procedure] = tuple(values)
    return found


def _place(line: CountLine) -> RowPlace:
    return line.unit.pk, line.field, line.procedure


def _stored(units: set[int], first: int, last: int) -> Iterator[tuple]:
    """(unit, month, field, procedure, received, resolved, closing) of these units, from twelve months before the
    first month up to the last. Added up by the database: it is the longest reading of an import.
    """
    if not Submission.objects.filter(month__gte=first - 100, month__lt=last).exists():
        return
    editions = Edition.objects.in_force(Stage.SUBMITTED).filter(
        submission__month__gte=first - 100, submission__month__lt=last
    )
    if len(units) <= MAX_NAMED_UNITS:
        editions = editions.filter(submission__unit__in=units)
    named = {f"sum_{name}": _sum(SUMS[name]) for name in WATCHED}
    rows = DossierCount.objects.filter(edition__in=editions).values_list(
        "edition__submission__unit_id", "edition__submission__month", "field_id", "procedure_id"
    )
    rows = rows.annotate(**named, sum_closing=_CLOSING)
    # Whole numbers as the database gives them: Django's way through its fields takes longer than the question.
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        while some := cursor.fetchmany(_CHUNK):
            for row in some:
                if row[0] in units:
                    yield row


def _sum(parts: tuple[str, ...]) -> Case:
    """The sum of the reported parts; NULL when none is."""
    reported = [name for name in MEASURES if name in parts]
    total = sum((Coalesce(F(name), 0) for name in reported[1:]), Coalesce(F(reported[0]), 0))
    silent = When(**{f"{name}__isnull": True for name in reported}, then=Value(None))
    return Case(silent, default=total, output_field=BigIntegerField())
