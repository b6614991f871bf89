"""Slow reference for comparisons by current units: follows each succession, unit by unit."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

from figures.measures import MEASURES, WHOLES
from figures.periods import Month, Period
from figures.summary import Summary, build_summary
from figures.tally import Tally
from records.models import DossierCount, Submission
from records.summary.figures_query import FiguresQuery
from tests.records.summary.missing_reports import apportioned
from tests.reports.random_country import days
from units.models import Succession, Unit

DAY = timedelta(1)


class ComparisonOracle:
    """The expected comparison of a query over all fields."""

    def __init__(self, query: FiguresQuery) -> None:
        self.query, self.day = query, query.today
        self.units = {unit.pk: unit for unit in Unit.objects.all()}
        self.before, self.after = defaultdict(list), defaultdict(list)
        self.shares: dict[tuple[int, int], Fraction] = {}
        for link in Succession.objects.all():
            self.before[link.new_id].append(self.units[link.old_id])
            self.after[link.old_id].append(self.units[link.new_id])
            self.shares[link.old_id, link.new_id] = Fraction(link.share_numerator, link.share_denominator)
        earlier, later = query.period.same_last_year(), query.period
        self.months = sorted({*earlier.months, *later.months})
        self.periods = [(days(period.first)[0], days(period.last)[1]) for period in (earlier, later)]
        self.first_end, self.last_start = days(earlier.first)[1], days(later.last)[0]
        self.closed = query.unit.is_over(self.day)
        self.ends = {pk: self._ends(unit) for pk, unit in self.units.items()}
        self.parts = {pk: part for pk, unit in self.units.items() if (part := self._part(unit))}

    def _ends(self, unit: Unit) -> dict[int, Fraction]:
        if not unit.is_over(self.day):
            return {unit.pk: Fraction(1)}
        shares: dict[int, Fraction] = defaultdict(Fraction)
        for new in self.after[unit.pk]:
            for end, share in self._ends(new).items():
                shares[end] += share * self.shares[unit.pk, new.pk]
        return dict(shares)

    def _part(self, unit: Unit) -> set[int]:
        """Ids of current units that hold the unit's counted figures."""
        query = self.query
        if not unit.reports:
            return set()
        if self.closed:
            here = unit.path.startswith(query.unit.path) and query.tier in (None, unit.tier)
            here = here and (query.external or unit.kind != "external")
            return (set(self.ends[unit.pk]) or {unit.pk}) if here else set()
        ends = (self.units[end] for end in self.ends[unit.pk])
        return {
            end.pk
            for end in ends
            if end.path.startswith(query.unit.path)
            and query.tier in (None, end.tier)
            and (query.external or end.kind != "external")
        }

    def expected_to_report(self, unit: Unit) -> bool:
        return any(unit.expected_to_report(*span) for span in self.periods)

    def inside(self, unit: Unit) -> bool:
        return not self.closed or unit.path.startswith(self.query.unit.path)

    def reaches_through(self, unit: Unit, current_id: int) -> bool:
        """A unit without successors stands for itself."""
        if unit.pk == current_id and unit.is_over(self.day):
            last = unit.reporting_ends
            return unit.active_from <= self.first_end and last is not None and last >= self.last_start
        return self.reaches_back(unit) and self.reaches_forth(unit, current_id)

    def reaches_back(self, unit: Unit) -> bool:
        if unit.active_from <= self.first_end:
            return True
        olds = [
            old
            for old in self.before[unit.pk]
            if old.reports and old.reporting_ends == unit.active_from - DAY
        ]
        traceable = unit.active_from <= self.day and olds
        return bool(traceable) and all(self.inside(old) and self.reaches_back(old) for old in olds)

    def reaches_forth(self, unit: Unit, current_id: int) -> bool:
        last = unit.reporting_ends
        if last is None or last >= self.last_start:
            return True
        if not unit.is_over(self.day) or last != unit.active_until:
            return False
        news = (
            self.after[unit.pk]
            if self.closed
            else [n for n in self.after[unit.pk] if current_id in self.ends[n.pk]]
        )
        return bool(news) and all(
            self.inside(new) and new.reports and self.reaches_forth(new, current_id) for new in news
        )

    def excluded(self) -> dict[int, set[int]]:
        """Current units that are not comparable, and the units that each consists of."""
        sources_of = defaultdict(set)
        for pk, current_ids in self.parts.items():
            if self.expected_to_report(self.units[pk]):
                for current_id in current_ids:
                    sources_of[current_id].add(pk)
        excluded = {
            current_id
            for current_id, sources in sources_of.items()
            for source in sources
            if not self.reaches_through(self.units[source], current_id)
        }
        before: set[int] = set()
        while before != excluded:
            before = set(excluded)
            for current_id, sources in sources_of.items():
                if any(self.parts[source] & before for source in sources):
                    excluded.add(current_id)
        return {current_id: sources_of[current_id] for current_id in excluded}

    def ended(self) -> Iterator[Unit]:
        """Units below with no current unit, which were expected to report last year but not in the period."""
        query, (earlier, later) = self.query, self.periods
        for unit in self.units.values():
            here = unit.path.startswith(query.unit.path) or self.is_in_merged_group(unit)
            here = here and query.tier in (None, unit.tier)
            here = here and (query.external or unit.kind != "external")
            if (
                here
                and unit.reports
                and not self.closed
                and not self.ends[unit.pk]
                and unit.expected_to_report(*earlier)
            ):
                if unit.reporting_ends < later[0]:
                    yield unit

    def is_in_merged_group(self, unit: Unit) -> bool:
        """Whether all reporting units of some kind in a closed group above it went into the queried unit."""
        groups = [self.units[pk] for pk in unit.ancestor_ids()]
        return any(self.is_merged_in(group) for group in groups if group.is_over(self.day))

    def is_merged_in(self, group: Unit) -> bool:
        kinds: dict[tuple[str, bool], list[dict]] = defaultdict(list)
        for unit in self.units.values():
            if (
                unit.path.startswith(group.path)
                and unit.reports
                and (self.query.external or not unit.external)
            ):
                kinds[unit.tier, unit.external].append(self.ends[unit.pk])
        return any(all(self.is_wholly_inside(ends) for ends in histories) for histories in kinds.values())

    def is_wholly_inside(self, ends: dict[int, Fraction]) -> bool:
        inside = (self.units[end].path.startswith(self.query.unit.path) for end in ends)
        return sum(ends.values()) == 1 and all(inside)

    def names(self, excluded: dict[int, set[int]]) -> list[str]:
        units = [*(self.units[pk] for pk in excluded), *self.ended()]
        return [unit.name for unit in sorted(units, key=lambda unit: (unit.folded, unit.pk))]

    def rows(self, excluded: dict[int, set[int]]) -> set[int]:
        """Ids of rows that are or contain excluded units."""
        rows, above = set(excluded), self.query.unit
        for pk in excluded:
            path = self.units[pk].path
            if path.startswith(above.path):
                rest = path[len(above.path) :].strip("/")
                rows.add(int(rest.split("/")[0]) if rest else above.pk)
        return rows

    def sides(self, excluded: dict[int, set[int]]) -> list[Summary]:
        excluded_sources = set().union(*excluded.values())
        by_tier = defaultdict(list)
        for pk, current_ids in self.parts.items():
            unit = self.units[pk]
            if pk not in excluded_sources:
                tier = unit.tier if self.closed else self.units[min(current_ids)].tier
                for month in self.months:
                    if unit.expected_to_report(*days(month)):
                        by_tier[tier].append(
                            (month, self.report(unit, month, current_ids) + Tally.expecting(1))
                        )
        periods = (self.query.period, self.query.period.same_last_year())
        return [self._summary(period, by_tier) for period in periods]

    def report(self, unit: Unit, month: Month, current_ids: set[int]) -> Tally:
        submission = Submission.objects.filter(unit=unit, month=month.number).first()
        if submission is None:
            return Tally.empty()
        ends = self.ends[unit.pk] or {unit.pk: Fraction(1)}
        whole = self.closed or (current_ids == set(ends) and sum(ends.values()) == 1)
        tallies = [
            Tally(
                tuple(
                    number if whole or number is None else apportioned(number, ends, current_ids)
                    for number in (getattr(row, name) for name in MEASURES)
                ),
                tuple(getattr(row, f"blank_{name}") for name in WHOLES),
                0,
            )
            for row in DossierCount.objects.filter(edition__submission=submission)
        ]
        tally = Tally.total(tallies) + Tally(Tally.empty().numbers, Tally.empty().blank_counts, 1)
        alone = not self.query.unit.has_children and set(self.parts) == {self.query.unit.pk}
        return tally if alone else tally.counting(opens=submission.opens, closes=submission.closes)

    def _summary(self, period: Period, by_tier: dict) -> Summary:
        unit = self.query.unit
        return build_summary(
            unit=unit.code,
            unit_name=unit.name,
            period=period,
            tiers=by_tier,
            external=self.query.external,
        )
