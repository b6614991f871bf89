"""The figures of one field of the catalogue, where who owes it follows from the dated catalogue."""

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import cached_property

from figures.periods import Month
from figures.summary import RowInput, Summary, build_summary
from figures.tally import Tally
from records.models import Field
from records.summary.aggregation import partial_tallies, tallies_of_total
from records.summary.by_field import ExpectedReports, FieldExpectation, units_with_blanks
from records.summary.by_unit import missing_by_row
from records.summary.figures_query import FiguresQuery, PartialTally
from records.summary.missing import MissingUnitMonth, missing_unit_months
from records.summary.queries import missing_by_tier
from records.summary.territory import territory
from units.models import Unit

# Who owes the field follows from the dated catalogue; a unit-month reported at level `chung` owes no other
# field.

Monthly = dict[str, list[tuple[Month, Tally]]]


@dataclass(frozen=True)
class FieldFigures:
    """One field over all months of a question; catalogue and subtree are read once, whatever is then asked of them."""

    reach: FiguresQuery
    field: Field

    def monthly(self) -> Monthly:
        """Tallies by tier and month, with what is expected."""
        return _by_tier(self.reach, partial_tallies(self.reach, only=self.field.pk), self.owed.counted)

    def summary(self, query: FiguresQuery) -> Summary:
        """The Summary of a period within the reach, with rows by "unit" or "month" (by field there is only the one)."""
        within = set(query.months)
        owed = [one for one in self.owed.counted if one[2] in within]
        reported = partial_tallies(query, by_child=query.below, only=self.field.pk)
        lacking = self._lacking(query, reported, owed)
        return build_summary(
            unit=query.unit.key_on(query.named_on),
            unit_name=query.unit.name,
            period=query.period,
            tiers=_by_tier(query, reported, owed),
            missing=missing_by_tier(lacking),
            by=query.by,
            rows=self._rows(query, reported, owed, lacking),
            calendar=query.calendar,
            basis=query.basis,
            units_of=query.today,
            territory=None if query.today is None else territory(query),
            handover=query.handover,
            include=query.include,
            as_of=query.as_of,
            external=query.external,
            decimals=query.decimals,
        )

    def unit_rows(self, query: FiguresQuery) -> list[RowInput]:
        """Rows by unit of a period within the reach, without who is silent. Three queries at most."""
        within = set(query.months)
        reported = partial_tallies(query, by_child=True, only=self.field.pk)
        return self._unit_rows(query, reported, [one for one in self.owed.counted if one[2] in within], [])

    @cached_property
    def owed(self) -> FieldExpectation:
        """Who owes the field."""
        return FieldExpectation(self.reach, self.field.pk)

    def _lacking(
        self, query: FiguresQuery, reported: Iterable[PartialTally], owed: ExpectedReports
    ) -> list[MissingUnitMonth]:
        """Who owes the field and did not report it: silent altogether, or only here. Asked where numbers differ."""
        short: dict[Month, int] = defaultdict(int)
        for place, _, month, number in owed:
            short[month] += number if place is None else 0
        for part in tallies_of_total(query, reported):
            short[part.month] -= part.tally.reported
        months = [month for month, number in short.items() if number]
        found = [
            month
            for month in missing_unit_months(query, months)
            if self.field.pk in self.owed.catalogue.expected_of(month.tier, month.unit, month.one.month)
        ]
        if sum(short.values()) != len(found):
            found += [one for _, one in units_with_blanks(query, [self.field.pk])]
        return sorted(found, key=lambda one: one.one.month)

    def _rows(
        self,
        query: FiguresQuery,
        reported: list[PartialTally],
        owed: ExpectedReports,
        lacking: list[MissingUnitMonth],
    ) -> list[RowInput] | None:
        if query.below:
            return self._unit_rows(query, reported, owed, lacking)
        if query.by != "field":
            return None
        every = [pair for several in _by_tier(query, reported, owed).values() for pair in several]
        missing = [one.one for one in lacking]
        return [RowInput(self.field.code, self.field.name, every, missing, extra={"pk": self.field.pk})]

    def _unit_rows(
        self,
        query: FiguresQuery,
        reported: list[PartialTally],
        owed: ExpectedReports,
        lacking: list[MissingUnitMonth],
    ) -> list[RowInput]:
        unit = query.unit
        monthly: dict[int, list[tuple[Month, Tally]]] = defaultdict(list)
        for part in reported:
            if part.child is not None or query.today is None:
                monthly[part.child or unit.pk].append((part.month, part.tally))
        for place, _, month, number in owed:
            if place is not None:
                monthly[place].append((month, Tally.expecting(number)))
        missing = missing_by_row(query, lacking)
        return [
            RowInput(
                one.key_on(query.named_on),
                one.name,
                monthly[one.pk],
                missing[one.pk],
                extra={
                    "pk": one.pk,
                    "code": one.code,
                    "tier": one.tier,
                    "kind": one.kind,
                    "has_children": one.has_children and one.pk != unit.pk,
                },
            )
            for one in self._named(monthly.keys())
            if query.external or not one.external
        ]

    def _named(self, numbers: Set[int]) -> list[Unit]:
        """The units in the order of tier and name: asked for once, as long as a later period shows no others."""
        known = self._known
        if not numbers <= {one.pk for one in known}:
            known[:] = Unit.objects.filter(pk__in=numbers).order_by("tier", "folded", "pk")
        return [one for one in known if one.pk in numbers]

    @cached_property
    def _known(self) -> list[Unit]:
        return []


def _by_tier(query: FiguresQuery, reported: list[PartialTally], owed: ExpectedReports) -> Monthly:
    monthly: Monthly = defaultdict(list)
    for part in tallies_of_total(query, reported):
        monthly[part.tier].append((part.month, part.tally))
    for place, tier, month, number in owed:
        if place is None:
            monthly[tier].append((month, Tally.expecting(number)))
    return dict(monthly)
