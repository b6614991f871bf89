"""The unit-months of a file with what is stored of them and the twelve months before."""

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
from records.submissions.editability import is_locked

from .reader import NO_VALUES, PLACES_OF_SUM, CountLine, MeasureValues, closing_count, sum_at

# Most units that a query names by id; above that, it reads all submissions of the months.
MAX_NAMED_UNITS = 500
MonthKey = tuple[int, int]  # month as YYYYMM, id of the unit


@dataclass(slots=True)
class StoredCount:
    """A stored row of counts."""

    pk: int
    values: MeasureValues
    reason: str


@dataclass
class UnitMonth:
    """A unit-month of the file with its open edition, else the one in force, else none."""

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
        """Approved and without an open correction: only equal figures are accepted."""
        return self.edition is not None and self.edition.state == State.APPROVED

    @property
    def key(self) -> MonthKey:
        return self.first.month, self.first.unit.pk

    @property
    def read(self) -> bool:
        """Whether every cell of the file could be read."""
        return not any(line.unread for line in self.lines)

    def compare(self) -> None:
        """Set `changed`. A blank line where nothing is stored is no change, nor a reason in a locked month."""
        self.changed = [line for line in self.lines if not self._same(line)]

    def _same(self, line: CountLine) -> bool:
        stored = self.stored.get(line.key)
        if stored is None:
            blank = line.values == NO_VALUES and not line.unread
            return self.edition is not None and blank and (self.locked or not line.reason)
        if line.unread:
            return all(
                new == old or name in line.unread
                for name, new, old in zip(MEASURES, line.values, stored.values, strict=True)
            )
        return stored.values == line.values and (self.locked or line.reason in (None, stored.reason))

    def result(self) -> dict[RowKey, MeasureValues]:
        """All rows as they will be; the caller drops blank ones on a level that is not used."""
        rows = {key: stored.values for key, stored in self.stored.items()}
        rows.update((line.key, line.values) for line in self.lines)
        return rows


def unit_months(lines: Iterable[CountLine], at: datetime) -> list[UnitMonth]:
    """Lines by unit and month, in the order of the months, with what is stored. At most three queries.

    Closing times do not apply to a file at the command line. Approval does: the approved month stays locked where the
    time for its correction is over at `at`.
    """
    groups: dict[MonthKey, list[CountLine]] = defaultdict(list)
    for line in lines:
        groups[line.month, line.unit.pk].append(line)
    by_key = {key: UnitMonth(groups[key]) for key in sorted(groups)}
    for submission in _submissions(by_key):
        by_key[submission.month, submission.unit_id].submission = submission
    by_edition = {}
    for edition in _editions(by_key):
        target = by_key[edition.submission.month, edition.submission.unit_id]
        if edition.state == State.APPROVED:
            target.approved = edition
        else:
            target.edition = edition
    for target in by_key.values():
        over = target.edition is not None and is_locked(target.submission, target.edition, at)
        if target.approved is not None and (target.edition is None or over):
            target.edition = target.approved
    for target in by_key.values():
        if target.edition is not None:
            by_edition[target.edition.pk] = target
            target.saved_by = target.edition.saved_by
    for pk, edition_id, field_id, procedure_id, reason, *values in _counts(by_edition):
        by_edition[edition_id].stored[field_id, procedure_id] = StoredCount(pk, tuple(values), reason)
    for target in by_key.values():
        target.compare()
    return list(by_key.values())


def rows_of_unit_months(rows: QuerySet, keys: Iterable[MonthKey], prefix: str = "") -> QuerySet:
    """Rows of these months, and of these units where they are at most MAX_NAMED_UNITS."""
    pairs = list(keys)
    months = {month for month, _ in pairs}
    units = {unit for _, unit in pairs}
    rows = rows.filter(**{f"{prefix}month__in": months})
    return rows.filter(**{f"{prefix}unit__in": units}) if len(units) <= MAX_NAMED_UNITS else rows


def _submissions(targets: dict[MonthKey, UnitMonth]) -> Iterator[Submission]:
    for submission in rows_of_unit_months(Submission.objects.all(), targets):
        if (submission.month, submission.unit_id) in targets:
            yield submission


def _editions(targets: dict[MonthKey, UnitMonth]) -> Iterator[Edition]:
    if not any(target.submission for target in targets.values()):
        return
    states = (*OPEN_STATES, State.APPROVED)
    editions = Edition.objects.filter(state__in=states).select_related("submission__unit")
    # Locked, so that nobody approves or saves them before they are written here.
    for edition in rows_of_unit_months(editions.select_for_update(of=("self",)), targets, "submission__"):
        if (edition.submission.month, edition.submission.unit_id) in targets:
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


class RowMonth(NamedTuple):
    """A row in one month: the sums checked for outliers, and what was still open; None where not reported."""

    received: int | None
    resolved: int | None
    closing: int | None

    @classmethod
    def of(cls, values: MeasureValues) -> "RowMonth":
        return cls(*(sum_at(values, places) for places in PLACES_OF_SUM.values()), closing_count(values))


_NOTHING_REPORTED = RowMonth(None, None, None)


class FileHistory:
    """The twelve months before each line, from the file where it has them, else from the database. One query, and one
    more where a month repeats the sums of the one before.
    """

    def __init__(self, targets: list[UnitMonth]) -> None:
        self._rows: dict[RowPlace, dict[int, RowMonth]] = defaultdict(dict)
        self._months: dict[RowPlace, list[int]] = {}
        self._targets = {target.key: target for target in targets}
        if not targets:
            return
        units = {target.first.unit.pk for target in targets}
        months = [target.first.month for target in targets]
        # There are hundreds of thousands of rows: written out like this it takes a third less time.
        rows, make = self._rows, RowMonth._make
        for unit, month, group, procedure, received, resolved, left in _stored(
            units, min(months), max(months)
        ):
            rows[unit, group, procedure][month] = make((received, resolved, left))
        for target in targets:
            for line in target.lines:
                if line.unread:
                    continue
                self._rows[_place(line)][line.month] = RowMonth.of(line.values)

    def closing(self, line: CountLine) -> int | None:
        """The closing count of the same row one month before."""
        before = self._rows[_place(line)].get(month_number_before(line.month))
        return None if before is None else before.closing

    def watched(self, line: CountLine) -> Iterator[tuple[str, int, list[int]]]:
        """(name, value, values of the twelve months before, latest last) of each reported sum of the line."""
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
                yield name, value, [earlier[at] for earlier in before if earlier[at] is not None]

    def repeated(self, targets: Iterable[UnitMonth]) -> dict[MonthKey, RowValues]:
        """The rows of the month before, by key of each target whose lines all have the same sums again."""
        before = {
            target.key: (month_number_before(target.key[0]), target.key[1])
            for target in targets
            if self._alike(target)
        }
        stored = _reports({key for key in before.values() if key not in self._targets})
        return {
            key: self._targets[last].result() if last in self._targets else stored[last]
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
    """Whole unit-months as sent or approved. One query."""
    reports: dict[MonthKey, RowValues] = defaultdict(dict)
    if keys:
        editions = rows_of_unit_months(Edition.objects.in_force(Stage.SUBMITTED), keys, "submission__")
        names = ("edition__submission__month", "edition__submission__unit_id", "field_id", "procedure_id")
        rows = DossierCount.objects.filter(edition__in=editions).values_list(*names, *MEASURES)
        for month, unit, field, procedure, *values in rows:
            if (month, unit) in keys:
                reports[month, unit][field, procedure] = tuple(values)
    return reports


def _place(line: CountLine) -> RowPlace:
    return line.unit.pk, line.field, line.procedure


def _stored(units: set[int], first: int, last: int) -> Iterator[tuple]:
    """(unit, month, field, procedure, received, resolved, closing) of these units, from twelve months before the
    first month up to the last. Added up by the database, since this is the slowest query of an import.
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
    # Raw rows: converting them through Django's fields takes longer than the query.
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
