"""Figures of the parts of split units: estimates by the largest remainder, or real figures as long as they
add up to what was reported.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from django.db.models import Count, Q

from figures.measures import MEASURES
from figures.rounding import apportion, apportioned_part
from figures.tally import Tally
from records.models import DossierCount, Recount
from records.storage import column_sums, tally_from_values
from units.models import Unit
from units.succession import inheritance
from units.succession.inheritance import WHOLE, HistorySuccessor

from .figures_query import FiguresQuery, PartialTally
from .successor_history import CurrentUnit, CurrentUnits

# Of one place: the tier under which it counts there, and which of the successors are in it.
_TargetPlace = tuple[int | None, str, frozenset[int]]


class _ReportedNumbers(NamedTuple):
    unit: int
    month: int
    field: int
    opens: bool
    closes: bool
    tally: Tally


def apportioned_tallies(query: FiguresQuery, heirs: CurrentUnits, by_field: bool) -> Iterator[PartialTally]:
    """The parts of split units that come to each place. No query where nothing was split, else two."""
    places: dict[int, set[int | None]] = defaultdict(set)
    by_place, carried = dict(heirs), query.carried
    for place, heir in heirs:
        for source in heir.sources:
            if not source.undivided:
                places[source.unit].add(place)
    if not places:
        return
    found = inheritance.history_successors(carried.day, Q(source__in=sorted(places)))
    # What an end without a successor would have had is carried nowhere: the last share.
    shares = {unit: _shares(found[unit]) for unit in places}
    recounted = SplitActuals(sorted(places), found, query.run, carried.day)
    wanted = {
        unit: [
            one
            for place in theirs
            for one in _successors_in_place(query, place, by_place[place], found[unit], unit)
        ]
        for unit, theirs in places.items()
    }
    together: dict[tuple[int | None, str, int, int], list[Tally]] = defaultdict(list)
    for row in _reported(query, sorted(places)):
        for place, tier, ends in wanted[row.unit]:
            told = recounted.part_of(row.unit, row.month, row.field, row.tally.numbers, ends)
            if told is None:
                whole = len(ends) == len(shares[row.unit])
                told = apportioned_part(row.tally.numbers, shares[row.unit], ends), not whole
            tally = Tally(told[0], row.tally.blank_counts, row.tally.reported, estimated=told[1])
            if query.added_up:
                tally = tally.counting(opens=row.opens, closes=row.closes)
            if by_field:
                yield PartialTally(query.by_number[row.month], tier, tally, place, row.field)
            else:
                together[place, tier, row.unit, row.month].append(tally)
    for (place, tier, _, month), tallies in together.items():
        # One report, whatever the number of its fields.
        added = Tally.total(tallies)
        one = Tally(added.numbers, added.blank_counts, 1, estimated=added.estimated)
        yield PartialTally(query.by_number[month], tier, one, place)


def _shares(ends: Sequence[HistorySuccessor]) -> list[Fraction]:
    shares = [one.share for one in ends]
    rest = WHOLE - sum(shares)
    return [*shares, rest] if rest else shares


def _successors_in_place(
    query: FiguresQuery, place: int | None, heir: CurrentUnit, ends: Sequence[HistorySuccessor], unit: int
) -> Iterator[_TargetPlace]:
    """By tier those of the successors that are in the place, external bodies only where they are asked for."""
    found: dict[str, set[int]] = defaultdict(set)
    carried = query.carried
    for at, end in enumerate(ends):
        here = end.path.startswith(heir.unit.path) if heir.whole else end.heir == heir.unit.pk
        tier = carried.sources[unit].tier if carried.over else end.tier
        if here and (carried.over or carried.external or not end.external) and query.tier in (None, tier):
            found[tier].add(at)
    if carried.over and heir.unit.pk == unit:
        found[carried.sources[unit].tier].add(len(ends))
    if place is not None and found:
        # A row is told in all tiers together: one report, and whole where all its parts are there.
        found = {next(iter(found)): set().union(*found.values())}
    for tier, several in found.items():
        yield place, tier, frozenset(several)


def _reported(query: FiguresQuery, units: list[int]) -> Iterator[_ReportedNumbers]:
    """Numbers by unit, month and field; procedures of a field are added before anything is divided."""
    editions = query.editions.filter(
        submission__unit__in=units, submission__month__range=query.run
    ).order_by()
    counts = DossierCount.objects.order_by().filter(edition__in=editions)
    if query.field is not None:
        counts = counts.filter(field=query.field)
    answered = Count("edition", distinct=True, filter=Q(answered=True))
    of_submission = (f"edition__submission__{name}" for name in ("unit_id", "month", "opens", "closes"))
    rows = counts.values_list(*of_submission, "field_id").annotate(_reported=answered, **column_sums())
    for unit, month, opens, closes, field, reported, *numbers in rows:
        yield _ReportedNumbers(unit, month, field, opens, closes, tally_from_values(numbers, reported))


ActualNumbers = tuple[int | None, ...]


class SplitActuals:
    """The recounts of some units and months. One query; two more where there are any."""

    def __init__(
        self,
        units: Sequence[int],
        ends: Mapping[int, Sequence[HistorySuccessor]],
        run: tuple[int, int],
        day: date,
    ) -> None:
        self._parts: dict[tuple[int, int, int], dict[int, ActualNumbers]] = defaultdict(dict)
        rows = Recount.objects.filter(old__in=units, month__range=run).order_by("heir")
        for old, month, field, heir, *numbers in rows.values_list("old", "month", "field", "heir", *MEASURES):
            self._parts[old, month, field][heir] = tuple(numbers)
        # Where each end stands among all ends of the unit; what is carried nowhere stands last.
        self._places = {
            old: {end.heir: place for place, end in enumerate(several)} for old, several in ends.items()
        }
        self._ways = self._on(day) if self._parts else {}

    def _on(self, day: date) -> dict[int, dict[int, Fraction]]:
        """Whom a direct successor is itself carried to on the day."""
        heirs = {heir for parts in self._parts.values() for heir in parts}
        over = set(Unit.objects.filter(pk__in=heirs, active_until__lt=day).values_list("pk", flat=True))
        found = inheritance.history_successors(day, Q(source__in=sorted(over)))
        return {
            heir: {end.heir: end.share for end in found[heir]} if heir in over else {heir: Fraction(1)}
            for heir in heirs
        }

    def part_of(
        self, unit: int, month: int, field: int, reported: ActualNumbers, wanted: frozenset[int]
    ) -> tuple[ActualNumbers, bool] | None:
        """Of what was reported the part of the wanted ends (by their places), and whether some of it is an estimate
        still: a successor was split in its turn. None where nothing was recounted, or it is not what is reported now.
        """
        parts = self._parts.get((unit, month, field))
        if not parts or any(
            not _adds_up(column, whole) for *column, whole in zip(*parts.values(), reported, strict=True)
        ):
            return None
        sums: list[int | None] = [None] * len(MEASURES)
        estimated = False
        for heir, numbers in parts.items():
            way = self._ways[heir]
            places = self._places[unit]
            ends = [(places.get(end, len(places)), share) for end, share in sorted(way.items())]
            rest = Fraction(1) - sum(share for _, share in ends)
            ends += [(len(places), rest)] if rest else []
            inside = [at for at, (place, _) in enumerate(ends) if place in wanted]
            estimated |= 0 < len(inside) < len(ends)
            for at, number in enumerate(numbers):
                if number is not None:
                    divided = apportion(number, [share for _, share in ends])
                    sums[at] = (sums[at] or 0) + sum(divided[one] for one in inside)
        return tuple(sums), estimated


def _adds_up(parts: Sequence[int | None], whole: int | None) -> bool:
    if whole is None:
        return all(part is None for part in parts)
    return None not in parts and sum(parts) == whole
