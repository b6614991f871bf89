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

# Who owes: (rows by number of their unit; None: the total, with the tier there, month, how many).
ExpectedReports = list[tuple[int | None, str, Month, int]]
# How many owe a report, month by month, by the tier they had then and the one that they count under.
_Kinds = list[dict[tuple[str, str], int]]


class FieldExpectation:
    """Of all months of a question; catalogue and roster are read once. A unit-month reported at level `chung` owes that
    field and no other.
    """

    def __init__(self, query: FiguresQuery, field: int) -> None:
        self.question, self.field = query, field
        self.catalogue = Catalogue(query.calendar)
        self._of_tier: dict[str, Set[Month]] = {}

    @cached_property
    def counted(self) -> ExpectedReports:
        """In the total and, where the question has rows, in each of them."""
        owed: Counter[tuple[int | None, str, Month]] = Counter()
        for place, several in self._rosters():
            for month, kinds in zip(self.question.months, several, strict=True):
                for (tier, into), number in kinds.items():
                    if month in self.of_tier(tier):
                        owed[place, into, month] += number
        for unit in self.particular.values():
            usual, own = self.of_tier(unit.tier) & self.reporting(unit), self.months_of(unit)
            for place, tier in self._places(unit):
                owed.update((place, tier, month) for month in own - usual)
                owed.subtract((place, tier, month) for month in usual - own)
        return [(*key, number) for key, number in owed.items() if number]

    def of_tier(self, tier: str) -> Set[Month]:
        """The months in which units of a tier that no row lists owe the field, whoever reports."""
        if tier not in self._of_tier:
            self._of_tier[tier] = self._expected(tier, 0)
        return self._of_tier[tier]

    def months_of(self, unit: UnitRow) -> Set[Month]:
        """The months in which a unit owes the field."""
        listed = unit.pk in self.catalogue.listed
        owed = self._expected(unit.tier, unit.pk) if listed else self.of_tier(unit.tier)
        if unit.pk in self._undivided:
            undivided = self._undivided[unit.pk]
            owed = owed | undivided if self.field == self.catalogue.undivided else owed - undivided
        return owed & self.reporting(unit)

    def differs(self, unit: UnitRow) -> Set[Month]:
        """The months in which it owes the field and others of its tier do not, or the other way round."""
        return self.months_of(unit) ^ (self.of_tier(unit.tier) & self.reporting(unit))

    def reporting(self, unit: UnitRow) -> Set[Month]:
        """The months in which a unit owes a report."""
        spans = zip(self.question.months, self.question.spans, strict=True)
        return {month for month, span in spans if unit.expected_to_report(*span)}

    @cached_property
    def particular(self) -> dict[int, UnitRow]:
        """Units that may owe other months than their tier, by number. One query; none without any."""
        numbers = self.catalogue.listed | self._undivided.keys()
        return {unit.pk: unit for unit in self.units(pk__in=numbers)} if numbers else {}

    def units(self, **which: object) -> Iterator[UnitRow]:
        """Those (by conditions on their columns) that owe a report of some month which is part of the total."""
        return unit_rows(self.question.owing().filter(**which))

    def _expected(self, tier: str, unit: int) -> Set[Month]:
        of, months = self.catalogue.expected_of, self.question.months
        return {month for month in months if self.field in of(tier, unit, month)}

    @cached_property
    def _undivided(self) -> dict[int, Set[Month]]:
        """Months of units that were reported at level `chung`; looked for only where the sums tell of any."""
        question, catalogue, found = self.question, self.catalogue, defaultdict(set)
        if not (catalogue.field_rows or catalogue.procedure_rows):
            return found
        undivided = replace(question, field=catalogue.fields[catalogue.undivided], wider=question)
        if not any(part.tally.reported for part in partial_tallies(undivided)):
            return found
        editions = question.editions.filter(
            question.within("submission__unit__"), submission__month__range=question.run
        )
        rows = DossierCount.objects.filter(edition__in=editions, field=catalogue.undivided, answered=True)
        for unit, month in rows.values_list("edition__submission__unit_id", "edition__submission__month"):
            found[unit].add(question.by_number[month])
        return found

    def _rosters(self) -> Iterator[tuple[int | None, _Kinds]]:
        question = self.question
        yield None, question.expected_then
        if not question.below:
            return
        if question.today is not None:
            for heir in question.carried.rows:
                counted = question.carried.expected_then(heir, question.spans, once=True)
                yield heir.unit.pk, [_of_tier(kinds, question.tier) for kinds in counted]
            return
        itself = roster.expected_itself(question.unit, question.spans, external=question.external)
        yield question.unit.pk, [_with_both_tiers(question.of_tier(tiers)) for tiers in itself]
        for child, counted in question.expected_by_child.items():
            yield child.pk, [_with_both_tiers(tiers) for tiers in counted]

    def _places(self, unit: Unit | UnitRow) -> list[tuple[int | None, str]]:
        question = self.question
        return [
            (place, tier)
            for place, tier in question.places(unit).items()
            if question.tier in (None, tier) and (place is None or question.below)
        ]


def field_expectation(query: FiguresQuery) -> FieldExpectation | None:
    """Who owes the field that is asked for, read once for the widest question; None: all fields are asked for."""
    if query.field is None:
        return None
    known, field = query.widest.expectations, query.field.pk
    if field not in known:
        known[field] = FieldExpectation(query.widest, field)
    return known[field]


def expected_in_total(query: FiguresQuery) -> Iterator[tuple[str, Month, int]]:
    """How many reports are expected, of the field where one is asked for, by tier and month."""
    owed = field_expectation(query)
    if owed is not None:
        for place, tier, month, number in owed.counted:
            if place is None and month.number in query.by_number:
                yield tier, month, number
        return
    for month, tiers in zip(query.months, query.expected, strict=True):
        for tier, number in tiers.items():
            yield tier, month, number


def expected_in_rows(query: FiguresQuery) -> Counter[int]:
    """How many reports of the field that is asked for are expected in the period, by the row of a unit."""
    found: Counter[int] = Counter()
    for place, _, month, number in field_expectation(query).counted:
        if place is not None and month.number in query.by_number:
            found[place] += number
    return found


def missing_of_field(query: FiguresQuery, months: Iterable[Month], number: int) -> list[MissingUnitMonth]:
    """Who owes the field that is asked for and did not report it in some of these months: silent altogether, or only
    here. `number` is how many lack by the sums: blanks are looked for where more lack than are silent.
    """
    catalogue, field = field_expectation(query).catalogue, query.field.pk
    found = [
        month
        for month in missing_unit_months(query, months)
        if field in catalogue.expected_of(month.tier, month.unit, month.one.month)
    ]
    if number != len(found):
        found += [one for _, one in units_with_blanks(query, [field])]
    return sorted(found, key=lambda one: one.one.month)


def _of_tier(kinds: dict[tuple[str, str], int], tier: str | None) -> dict[tuple[str, str], int]:
    return kinds if tier is None else {key: number for key, number in kinds.items() if key[1] == tier}


def _with_both_tiers(tiers: dict[str, int]) -> dict[tuple[str, str], int]:
    return {(tier, tier): number for tier, number in tiers.items()}


# How many unit-months owe a field.
ExpectedByField = dict[tuple[int, Month], int]


def field_rows(query: FiguresQuery, lacking: list[MissingUnitMonth]) -> list[RowInput]:
    """One row for each field that is expected or reported, in the order of the catalogue."""
    catalogue = Catalogue(query.calendar)
    found = partial_tallies(query, by_field=True)
    owed = _expected_by_field(query, catalogue)
    _move_undivided(query, catalogue, found, owed)
    silent_in = _missing_by_field(catalogue, lacking)
    _add_left_blank(query, found, owed, silent_in)
    rows = []
    for number, field in catalogue.fields.items():
        reported = [(part.month, part.tally) for part in found if part.field == number]
        expected = [
            (month, Tally.expecting(owed[number, month])) for month in query.months if owed[number, month]
        ]
        if reported or expected:
            extra = {"pk": number}
            rows.append(RowInput(field.code, field.name, [*reported, *expected], silent_in[number], extra))
    return rows


def _expected_by_field(query: FiguresQuery, catalogue: Catalogue) -> ExpectedByField:
    """Units that no catalogue row lists share one answer per tier; those that are listed are looked at one by one."""
    owed: ExpectedByField = defaultdict(int)
    listed = _listed_units(query, catalogue)
    for month, (start, end), kinds in zip(query.months, query.spans, query.expected_then, strict=True):
        others: Counter[str] = Counter()
        for (tier, _), number in kinds.items():
            others[tier] += number
        for unit in listed:
            if unit.expected_to_report(start, end):
                others[unit.tier] -= 1
                for field in catalogue.expected(unit, month):
                    owed[field, month] += 1
        for tier, number in others.items():
            for field in catalogue.expected_of(tier, 0, month):
                owed[field, month] += number
    return owed


def _listed_units(query: FiguresQuery, catalogue: Catalogue) -> list[Unit]:
    return list(query.owing().filter(pk__in=catalogue.listed))


def _move_undivided(
    query: FiguresQuery, catalogue: Catalogue, found: list[PartialTally], owed: ExpectedByField
) -> None:
    """Unit-months that reported `chung` although the catalogue divides them owe `chung` and nothing else."""
    divides = catalogue.field_rows or catalogue.procedure_rows
    if not divides or not any(part.field == catalogue.undivided and part.tally.reported for part in found):
        return
    for unit, tier, number in _reported_fields(query, field=catalogue.undivided, answered=True).values_list(
        "edition__submission__unit_id", "edition__submission__unit__tier", "edition__submission__month"
    ):
        month = Month.from_number(number)
        for field in catalogue.expected_of(tier, unit, month):
            owed[field, month] -= 1
        owed[catalogue.undivided, month] += 1


def _reported_fields(query: FiguresQuery, **which: object):
    editions = query.editions.filter(query.within("submission__unit__"), submission__month__range=query.run)
    return DossierCount.objects.filter(edition__in=editions, **which)


def _missing_by_field(
    catalogue: Catalogue, lacking: Iterable[MissingUnitMonth]
) -> dict[int, list[MissingMonth]]:
    """Who is silent altogether, in each field they owe."""
    found: dict[int, list[MissingMonth]] = defaultdict(list)
    for one in lacking:
        for field in catalogue.expected_of(one.tier, one.unit, one.one.month):
            found[field].append(one.one)
    return found


def _add_left_blank(
    query: FiguresQuery,
    found: list[PartialTally],
    owed: ExpectedByField,
    silent_in: dict[int, list[MissingMonth]],
) -> None:
    """Name also those who reported but left a field blank; looked for only in fields where somebody must have."""
    lacking: dict[int, int] = defaultdict(int)
    for (field, _), number in owed.items():
        lacking[field] += number
    for part in found:
        lacking[part.field] -= part.tally.reported
    wanted = [field for field, number in lacking.items() if number != len(silent_in[field])]
    if wanted:
        for field, one in units_with_blanks(query, wanted):
            silent_in[field].append(one.one)


def units_with_blanks(query: FiguresQuery, fields: list[int]) -> Iterator[tuple[int, MissingUnitMonth]]:
    """Who reported a month but left these fields blank, by month; one query."""
    answered = DossierCount.objects.filter(
        edition=OuterRef("edition"), field=OuterRef("field"), answered=True
    )
    rows = (
        _reported_fields(query, answered=False, field__in=fields)
        .exclude(Exists(answered))
        .select_related("edition__submission__unit")
    )
    seen = set()
    for row in rows.order_by("edition__submission__month", "pk"):
        submission = row.edition.submission
        if (row.field_id, submission.pk) not in seen:
            seen.add((row.field_id, submission.pk))
            yield (
                row.field_id,
                missing_unit_month(query, submission.unit, Month.from_number(submission.month)),
            )
