"""Rows by field with their own completeness, and which units are expected to report one field."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import replace
from functools import cached_property

from django.db.models import Exists, OuterRef

from figures.completeness import MissingMonth
from figures.periods import Month
from figures.summary import RowInput
from figures.tally import Tally
from records.catalogue import Catalogue
from records.models import DossierCount
from units.models import Unit
from units.tree import roster
from units.tree.queries import UnitRow, unit_rows

from .aggregation import partial_tallies
from .figures_query import FiguresQuery, PartialTally
from .missing import MissingUnitMonth, missing_unit_month, missing_unit_months

# (id of the row's unit, None: the total; tier there; month; how many are expected).
ExpectedReports = list[tuple[int | None, str, Month, int]]
# Expected reports month by month, by (tier at that time, tier under which they count).
_Kinds = list[dict[tuple[str, str], int]]


class FieldExpectation:
    """Which units are expected to report a field, in all months of a query. A unit-month reported at level `chung` is
    expected to report that field and no other.
    """

    def __init__(self, query: FiguresQuery, field: int) -> None:
        self.query, self.field = query, field
        self.catalogue = Catalogue(query.calendar)
        self._months_by_tier: dict[str, Set[Month]] = {}

    @cached_property
    def counted(self) -> ExpectedReports:
        """Expected reports in the total and in each row of the query."""
        expected: Counter[tuple[int | None, str, Month]] = Counter()
        for place, several in self._rosters():
            for month, kinds in zip(self.query.months, several, strict=True):
                for (tier, into), number in kinds.items():
                    if month in self.of_tier(tier):
                        expected[place, into, month] += number
        for unit in self.particular.values():
            usual, own = self.of_tier(unit.tier) & self.reporting(unit), self.months_of(unit)
            for place, tier in self._places(unit):
                expected.update((place, tier, month) for month in own - usual)
                expected.subtract((place, tier, month) for month in usual - own)
        return [(*key, number) for key, number in expected.items() if number]

    def of_tier(self, tier: str) -> Set[Month]:
        """The months in which the catalogue expects the field of units of a tier that no catalogue row lists."""
        if tier not in self._months_by_tier:
            self._months_by_tier[tier] = self._expected(tier, 0)
        return self._months_by_tier[tier]

    def months_of(self, unit: UnitRow) -> Set[Month]:
        """The months in which a unit is expected to report the field."""
        listed = unit.pk in self.catalogue.listed
        months = self._expected(unit.tier, unit.pk) if listed else self.of_tier(unit.tier)
        if unit.pk in self._undivided:
            undivided = self._undivided[unit.pk]
            months = months | undivided if self.field == self.catalogue.undivided else months - undivided
        return months & self.reporting(unit)

    def differs(self, unit: UnitRow) -> Set[Month]:
        """The months in which the field is expected of this unit but not of its tier, or the other way round."""
        return self.months_of(unit) ^ (self.of_tier(unit.tier) & self.reporting(unit))

    def reporting(self, unit: UnitRow) -> Set[Month]:
        """The months in which a unit is expected to report."""
        spans = zip(self.query.months, self.query.spans, strict=True)
        return {month for month, span in spans if unit.expected_to_report(*span)}

    @cached_property
    def particular(self) -> dict[int, UnitRow]:
        """Units that may differ from their tier, by id. At most one query."""
        numbers = self.catalogue.listed | self._undivided.keys()
        return {unit.pk: unit for unit in self.units(pk__in=numbers)} if numbers else {}

    def units(self, **which: object) -> Iterator[UnitRow]:
        """Units expected to report within the total, narrowed by filters."""
        return unit_rows(self.query.expected_units().filter(**which))

    def _expected(self, tier: str, unit: int) -> Set[Month]:
        expected_of, months = self.catalogue.expected_of, self.query.months
        return {month for month in months if self.field in expected_of(tier, unit, month)}

    @cached_property
    def _undivided(self) -> dict[int, Set[Month]]:
        """Months reported at level `chung` by unit id; queried only where the sums have any."""
        query, catalogue, months = self.query, self.catalogue, defaultdict(set)
        if not (catalogue.field_rows or catalogue.procedure_rows):
            return months
        undivided = replace(query, field=catalogue.fields[catalogue.undivided], wider=query)
        if not any(part.tally.reported for part in partial_tallies(undivided)):
            return months
        editions = query.editions.filter(
            query.within("submission__unit__"), submission__month__range=query.run
        )
        rows = editions.dossier_counts().filter(field=catalogue.undivided, answered=True)
        for unit, month in rows.values_list("edition__submission__unit_id", "edition__submission__month"):
            months[unit].add(query.by_number[month])
        return months

    def _rosters(self) -> Iterator[tuple[int | None, _Kinds]]:
        query = self.query
        yield None, query.expected_then
        if not query.below:
            return
        if query.today is not None:
            for heir in query.successor_history.rows:
                counted = query.successor_history.expected_then(heir, query.spans, once=True)
                yield heir.unit.pk, [_only_tier(kinds, query.tier) for kinds in counted]
            return
        itself = roster.expected_itself(query.unit, query.spans, external=query.external)
        yield query.unit.pk, [_with_both_tiers(query.of_tier(tiers)) for tiers in itself]
        for child, counted in query.expected_by_child.items():
            yield child.pk, [_with_both_tiers(tiers) for tiers in counted]

    def _places(self, unit: Unit | UnitRow) -> list[tuple[int | None, str]]:
        query = self.query
        return [
            (place, tier)
            for place, tier in query.places(unit).items()
            if query.tier in (None, tier) and (place is None or query.below)
        ]


def field_expectation(query: FiguresQuery) -> FieldExpectation | None:
    """The expectation of the query's field, cached on the widest query; None for all fields."""
    if query.field is None:
        return None
    expectations, field = query.widest.expectations, query.field.pk
    if field not in expectations:
        expectations[field] = FieldExpectation(query.widest, field)
    return expectations[field]


def expected_in_total(query: FiguresQuery) -> Iterator[tuple[str, Month, int]]:
    """(tier, month, expected reports), of the query's field if it has one."""
    expectation = field_expectation(query)
    if expectation is not None:
        for place, tier, month, number in expectation.counted:
            if place is None and month.number in query.by_number:
                yield tier, month, number
        return
    for month, tiers in zip(query.months, query.expected, strict=True):
        for tier, number in tiers.items():
            yield tier, month, number


def expected_in_rows(query: FiguresQuery) -> Counter[int]:
    """Expected reports of the query's field over the period, by the id of the row's unit."""
    expected: Counter[int] = Counter()
    for place, _, month, number in field_expectation(query).counted:
        if place is not None and month.number in query.by_number:
            expected[place] += number
    return expected


def missing_of_field(query: FiguresQuery, months: Iterable[Month], number: int) -> list[MissingUnitMonth]:
    """Unit-months where the query's field is missing: without any report, or reported with the field left blank.
    `number`: how many are missing by the sums; blanks are queried only if it differs from the missing reports.
    """
    catalogue, field = field_expectation(query).catalogue, query.field.pk
    missing = [
        month
        for month in missing_unit_months(query, months)
        if field in catalogue.expected_of(month.tier, month.unit, month.missing.month)
    ]
    if number != len(missing):
        missing += [unit_month for _, unit_month in units_with_blanks(query, [field])]
    return sorted(missing, key=lambda unit_month: unit_month.missing.month)


def _only_tier(kinds: dict[tuple[str, str], int], tier: str | None) -> dict[tuple[str, str], int]:
    return kinds if tier is None else {key: number for key, number in kinds.items() if key[1] == tier}


def _with_both_tiers(tiers: dict[str, int]) -> dict[tuple[str, str], int]:
    return {(tier, tier): number for tier, number in tiers.items()}


# Expected reports by (field id, month).
ExpectedByField = dict[tuple[int, Month], int]


def field_rows(query: FiguresQuery, missing: list[MissingUnitMonth]) -> list[RowInput]:
    """One row for each field that is expected or reported, in the order of the catalogue."""
    catalogue = Catalogue(query.calendar)
    tallies = partial_tallies(query, by_field=True)
    expected_reports = _expected_by_field(query, catalogue)
    _move_undivided(query, catalogue, tallies, expected_reports)
    missing_in = _missing_by_field(catalogue, missing)
    _add_left_blank(query, tallies, expected_reports, missing_in)
    rows = []
    for number, field in catalogue.fields.items():
        reported = [(part.month, part.tally) for part in tallies if part.field == number]
        expected = [
            (month, Tally.expecting(expected_reports[number, month]))
            for month in query.months
            if expected_reports[number, month]
        ]
        if reported or expected:
            extra = {"pk": number}
            rows.append(RowInput(field.code, field.name, [*reported, *expected], missing_in[number], extra))
    return rows


def _expected_by_field(query: FiguresQuery, catalogue: Catalogue) -> ExpectedByField:
    """Computed once per tier for units that no catalogue row lists, one by one for those that are listed."""
    expected: ExpectedByField = defaultdict(int)
    listed = _listed_units(query, catalogue)
    for month, (start, end), kinds in zip(query.months, query.spans, query.expected_then, strict=True):
        others: Counter[str] = Counter()
        for (tier, _), number in kinds.items():
            others[tier] += number
        for unit in listed:
            if unit.expected_to_report(start, end):
                others[unit.tier] -= 1
                for field in catalogue.expected(unit, month):
                    expected[field, month] += 1
        for tier, number in others.items():
            for field in catalogue.expected_of(tier, 0, month):
                expected[field, month] += number
    return expected


def _listed_units(query: FiguresQuery, catalogue: Catalogue) -> list[Unit]:
    return list(query.expected_units().filter(pk__in=catalogue.listed))


def _move_undivided(
    query: FiguresQuery, catalogue: Catalogue, tallies: list[PartialTally], expected: ExpectedByField
) -> None:
    """Unit-months that reported `chung` although the catalogue divides them are expected to report only `chung`."""
    divides = catalogue.field_rows or catalogue.procedure_rows
    if not divides or not any(part.field == catalogue.undivided and part.tally.reported for part in tallies):
        return
    for unit, tier, number in _reported_fields(query, field=catalogue.undivided, answered=True).values_list(
        "edition__submission__unit_id", "edition__submission__unit__tier", "edition__submission__month"
    ):
        month = Month.from_number(number)
        for field in catalogue.expected_of(tier, unit, month):
            expected[field, month] -= 1
        expected[catalogue.undivided, month] += 1


def _reported_fields(query: FiguresQuery, **which: object):
    editions = query.editions.filter(query.within("submission__unit__"), submission__month__range=query.run)
    return editions.dossier_counts().filter(**which)


def _missing_by_field(
    catalogue: Catalogue, missing: Iterable[MissingUnitMonth]
) -> dict[int, list[MissingMonth]]:
    """Unit-months without any report, in each field expected of them."""
    by_field: dict[int, list[MissingMonth]] = defaultdict(list)
    for unit_month in missing:
        for field in catalogue.expected_of(unit_month.tier, unit_month.unit, unit_month.missing.month):
            by_field[field].append(unit_month.missing)
    return by_field


def _add_left_blank(
    query: FiguresQuery,
    tallies: list[PartialTally],
    expected: ExpectedByField,
    missing_in: dict[int, list[MissingMonth]],
) -> None:
    """Add those who reported but left a field blank; queried only for fields whose counts do not match."""
    shortfall: dict[int, int] = defaultdict(int)
    for (field, _), number in expected.items():
        shortfall[field] += number
    for part in tallies:
        shortfall[part.field] -= part.tally.reported
    incomplete = [field for field, number in shortfall.items() if number != len(missing_in[field])]
    if incomplete:
        for field, unit_month in units_with_blanks(query, incomplete):
            missing_in[field].append(unit_month.missing)


def units_with_blanks(query: FiguresQuery, fields: list[int]) -> Iterator[tuple[int, MissingUnitMonth]]:
    """(field id, unit-month) reported with the field left blank, by month; one query."""
    answered = DossierCount.objects.filter(
        edition=OuterRef("edition"), field=OuterRef("field"), answered=True
    )
    rows = (
        _reported_fields(query, answered=False, field__in=fields)
        .exclude(Exists(answered))
        .select_related("edition__submission__unit")
    )
    yielded = set()
    for row in rows.order_by("edition__submission__month", "pk"):
        submission = row.edition.submission
        if (row.field_id, submission.pk) not in yielded:
            yielded.add((row.field_id, submission.pk))
            yield (
                row.field_id,
                missing_unit_month(query, submission.unit, Month.from_number(submission.month)),
            )
