"""What each row of a file counted in the months before it, for warnings about continuity and odd numbers."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import add
from typing import NamedTuple

from django.db import connection
from django.db.models import BigIntegerField, Case, F, Value, When
from django.db.models.functions import Coalesce

from figures.measures import CLOSING, MEASURES, SUMS
from figures.outliers import WATCHED
from records.models import DossierCount, Edition, Stage, Submission
from records.queries.past import RowKey

from .months import NAMED_UNITS, MonthKey, UnitMonth, within
from .quick import PLACES, Values, closing, whole
from .reading import Line

_CLOSING = reduce(add, map(F, CLOSING))
_CHUNK = 5_000
RowPlace = tuple[int, int, int | None]  # unit, field, procedure
Rows = dict[RowKey, Values]


class Known(NamedTuple):
    """A month of one row: the sums that are watched, and what was still open; None where nobody said."""

    received: int | None
    resolved: int | None
    closing: int | None

    @classmethod
    def of(cls, values: Values) -> "Known":
        """From the measures of a line."""
        return cls(*(whole(values, places) for places in PLACES.values()), closing(values))


_SILENT = Known(None, None, None)


class Past:
    """The twelve months before each line, from the database and from the file itself (which wins). One query, and one
    more where a month looks like the one before it.
    """

    def __init__(self, targets: list[UnitMonth]) -> None:
        self._rows: dict[RowPlace, dict[int, Known]] = defaultdict(dict)
        self._months: dict[RowPlace, list[int]] = {}
        self._targets = {target.key: target for target in targets}
        if not targets:
            return
        units = {target.first.unit.pk for target in targets}
        months = [target.first.month for target in targets]
        # Hundreds of thousands of rows: spelled out, it takes a third less time.
        rows, known = self._rows, Known._make
        for unit, month, group, procedure, received, resolved, left in _stored(
            units, min(months), max(months)
        ):
            rows[unit, group, procedure][month] = known((received, resolved, left))
        for target in targets:
            for line in target.lines:
                if line.unread:
                    continue
                self._rows[_place(line)][line.month] = Known.of(line.values)

    def closing(self, line: Line) -> int | None:
        """What the same row left open one month earlier."""
        known = self._rows[_place(line)].get(previous(line.month))
        return None if known is None else known.closing

    def watched(self, line: Line) -> Iterator[tuple[str, int, list[int]]]:
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

    def repeated(self, targets: Iterable[UnitMonth]) -> dict[MonthKey, Rows]:
        """The rows of the month before, by the key of those whose lines have its sums again."""
        before = {
            target.key: (previous(target.key[0]), target.key[1]) for target in targets if self._alike(target)
        }
        kept = _reports({key for key in before.values() if key not in self._targets})
        return {
            key: self._targets[last].result() if last in self._targets else kept[last]
            for key, last in before.items()
        }

    def _alike(self, target: UnitMonth) -> bool:
        for line in target.lines:
            months = self._rows[_place(line)]
            if months[line.month] != months.get(previous(line.month), _SILENT):
                return False
        return True


def previous(month: int) -> int:
    """The month before, both as YYYYMM."""
    return month - 1 if month % 100 > 1 else month - 89


def _reports(keys: set[MonthKey]) -> dict[MonthKey, Rows]:
    """Whole unit-months of what was sent or approved. One query."""
    found: dict[MonthKey, Rows] = defaultdict(dict)
    if keys:
        editions = within(Edition.objects.in_force(Stage.SUBMITTED), keys, "submission__")
        names = ("edition__submission__month", "edition__submission__unit_id", "field_id", "procedure_id")
        rows = DossierCount.objects.filter(edition__in=editions).values_list(*names, *MEASURES)
        for month, unit, field, procedure, *values in rows:
            if (month, unit) in keys:
                found[month, unit][field, procedure] = tuple(values)
    return found


def _place(line: Line) -> RowPlace:
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
    if len(units) <= NAMED_UNITS:
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
