"""A second opinion on who can be compared by today's units: each line of succession followed by hand, unit by unit."""

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
from tests.records.summary.missing_reports import divided
from tests.reports.random_country import days
from units.models import Succession, Unit

DAY = timedelta(1)


class Oracle:
    """Of what is asked of a country: all fields, or one that some owe (`owed`: months by number of the unit)."""

    def __init__(self, wanted: FiguresQuery) -> None:
        self.wanted, self.day = wanted, wanted.today
        self.units = {unit.pk: unit for unit in Unit.objects.all()}
        self.before, self.after = defaultdict(list), defaultdict(list)
        self.shares: dict[tuple[int, int], Fraction] = {}
        for one in Succession.objects.all():
            self.before[one.new_id].append(self.units[one.old_id])
            self.after[one.old_id].append(self.units[one.new_id])
            self.shares[one.old_id, one.new_id] = Fraction(one.share_numerator, one.share_denominator)
        earlier, later = wanted.period.same_last_year(), wanted.period
        self.months = sorted({*earlier.months, *later.months})
        self.periods = [(days(one.first)[0], days(one.last)[1]) for one in (earlier, later)]
        self.first_end, self.last_start = days(earlier.first)[1], days(later.last)[0]
        self.over = wanted.unit.is_over(self.day)
        self.ends = {pk: self._ends(unit) for pk, unit in self.units.items()}
        self.parts = {pk: part for pk, unit in self.units.items() if (part := self._part(unit))}

    def _ends(self, unit: Unit) -> dict[int, Fraction]:
        if not unit.is_over(self.day):
            return {unit.pk: Fraction(1)}
        found: dict[int, Fraction] = defaultdict(Fraction)
        for new in self.after[unit.pk]:
            for end, share in self._ends(new).items():
                found[end] += share * self.shares[unit.pk, new.pk]
        return dict(found)

    def _part(self, unit: Unit) -> set[int]:
        """The units of the day that hold what counts of a unit."""
        wanted = self.wanted
        if not unit.reports:
            return set()
        if self.over:
            here = unit.path.startswith(wanted.unit.path) and wanted.tier in (None, unit.tier)
            here = here and (wanted.external or unit.kind != "external")
            return (set(self.ends[unit.pk]) or {unit.pk}) if here else set()
        ends = (self.units[end] for end in self.ends[unit.pk])
        return {
            end.pk
            for end in ends
            if end.path.startswith(wanted.unit.path)
            and wanted.tier in (None, end.tier)
            and (wanted.external or end.kind != "external")
        }

    def owed(self, unit: Unit) -> bool:
        return any(unit.expected_to_report(*span) for span in self.periods)

    def inside(self, unit: Unit) -> bool:
        return not self.over or unit.path.startswith(self.wanted.unit.path)

    def reaches_through(self, unit: Unit, heir: int) -> bool:
        """Who is carried nowhere stands by itself."""
        if unit.pk == heir and unit.is_over(self.day):
            last = unit.reporting_ends
            return unit.active_from <= self.first_end and last is not None and last >= self.last_start
        return self.reaches_back(unit) and self.reaches_forth(unit, heir)

    def reaches_back(self, unit: Unit) -> bool:
        if unit.active_from <= self.first_end:
            return True
        olds = [
            old
            for old in self.before[unit.pk]
            if old.reports and old.reporting_ends == unit.active_from - DAY
        ]
        known = unit.active_from <= self.day and olds
        return bool(known) and all(self.inside(old) and self.reaches_back(old) for old in olds)

    def reaches_forth(self, unit: Unit, heir: int) -> bool:
        last = unit.reporting_ends
        if last is None or last >= self.last_start:
            return True
        if not unit.is_over(self.day) or last != unit.active_until:
            return False
        news = (
            self.after[unit.pk] if self.over else [n for n in self.after[unit.pk] if heir in self.ends[n.pk]]
        )
        return bool(news) and all(
            self.inside(new) and new.reports and self.reaches_forth(new, heir) for new in news
        )

    def left(self) -> dict[int, set[int]]:
        """What is left out: units of the day, and what each is made of."""
        made = defaultdict(set)
        for pk, heirs in self.parts.items():
            if self.owed(self.units[pk]):
                for heir in heirs:
                    made[heir].add(pk)
        left = {
            heir
            for heir, sources in made.items()
            for source in sources
            if not self.reaches_through(self.units[source], heir)
        }
        before: set[int] = set()
        while before != left:
            before = set(left)
            for heir, sources in made.items():
                if any(self.parts[source] & before for source in sources):
                    left.add(heir)
        return {heir: made[heir] for heir in left}

    def ended(self) -> Iterator[Unit]:
        """Below the unit: no history holds them, and they owed nothing in the period."""
        wanted, (earlier, later) = self.wanted, self.periods
        for unit in self.units.values():
            here = unit.path.startswith(wanted.unit.path) or self.came_with_its_group(unit)
            here = here and wanted.tier in (None, unit.tier)
            here = here and (wanted.external or unit.kind != "external")
            if (
                here
                and unit.reports
                and not self.over
                and not self.ends[unit.pk]
                and unit.expected_to_report(*earlier)
            ):
                if unit.reporting_ends < later[0]:
                    yield unit

    def came_with_its_group(self, unit: Unit) -> bool:
        """Whether a group above it is over and everything of some kind that reported below it came to what is asked."""
        groups = [self.units[pk] for pk in unit.ancestor_ids()]
        return any(self.came(group) for group in groups if group.is_over(self.day))

    def came(self, group: Unit) -> bool:
        kinds: dict[tuple[str, bool], list[dict]] = defaultdict(list)
        for unit in self.units.values():
            if (
                unit.path.startswith(group.path)
                and unit.reports
                and (self.wanted.external or not unit.external)
            ):
                kinds[unit.tier, unit.external].append(self.ends[unit.pk])
        return any(all(self.whole_inside(ends) for ends in several) for several in kinds.values())

    def whole_inside(self, ends: dict[int, Fraction]) -> bool:
        inside = (self.units[end].path.startswith(self.wanted.unit.path) for end in ends)
        return sum(ends.values()) == 1 and all(inside)

    def names(self, left: dict[int, set[int]]) -> list[str]:
        units = [*(self.units[pk] for pk in left), *self.ended()]
        return [unit.name for unit in sorted(units, key=lambda one: (one.folded, one.pk))]

    def rows(self, left: dict[int, set[int]]) -> set[int]:
        """Rows of who is left out, or that hold them."""
        found, above = set(left), self.wanted.unit
        for pk in left:
            path = self.units[pk].path
            if path.startswith(above.path):
                rest = path[len(above.path) :].strip("/")
                found.add(int(rest.split("/")[0]) if rest else above.pk)
        return found

    def sides(self, left: dict[int, set[int]]) -> list[Summary]:
        gone = set().union(*left.values())
        found = defaultdict(list)
        for pk, heirs in self.parts.items():
            unit = self.units[pk]
            if pk not in gone:
                tier = unit.tier if self.over else self.units[min(heirs)].tier
                for month in self.months:
                    if unit.expected_to_report(*days(month)):
                        found[tier].append((month, self.report(unit, month, heirs) + Tally.expecting(1)))
        periods = (self.wanted.period, self.wanted.period.same_last_year())
        return [self._built(period, found) for period in periods]

    def report(self, unit: Unit, month: Month, heirs: set[int]) -> Tally:
        kept = Submission.objects.filter(unit=unit, month=month.number).first()
        if kept is None:
            return Tally.empty()
        ends = self.ends[unit.pk] or {unit.pk: Fraction(1)}
        whole = self.over or (heirs == set(ends) and sum(ends.values()) == 1)
        told = [
            Tally(
                tuple(
                    number if whole or number is None else divided(number, ends, heirs)
                    for number in (getattr(row, name) for name in MEASURES)
                ),
                tuple(getattr(row, f"blank_{name}") for name in WHOLES),
                0,
            )
            for row in DossierCount.objects.filter(edition__submission=kept)
        ]
        one = Tally.total(told) + Tally(Tally.empty().numbers, Tally.empty().blank_counts, 1)
        alone = not self.wanted.unit.has_children and set(self.parts) == {self.wanted.unit.pk}
        return one if alone else one.counting(opens=kept.opens, closes=kept.closes)

    def _built(self, period: Period, found: dict) -> Summary:
        unit = self.wanted.unit
        return build_summary(
            unit=unit.code,
            unit_name=unit.name,
            period=period,
            tiers=found,
            external=self.wanted.external,
        )
