"""Figures of the parts of split units: estimates by the largest remainder, or actual figures if these add up to the
reported ones.
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
from records.models import Recount
from records.storage import column_sums, tally_from_values
from units.models import Unit
from units.succession import stored_lineage
from units.succession.stored_lineage import WHOLE, HistorySuccessor

from .figures_query import FiguresQuery, PartialTally
from .successor_history import CurrentUnit, CurrentUnits

# (row, None: the total; tier under which it counts there; positions of the successors in it).
_TargetPlace = tuple[int | None, str, frozenset[int]]


class _ReportedNumbers(NamedTuple):
    unit: int
    month: int
    field: int
    opens: bool
    closes: bool
    tally: Tally


def apportioned_tallies(query: FiguresQuery, heirs: CurrentUnits, by_field: bool) -> Iterator[PartialTally]:
    """The tallies of the parts of split units in each row. No query where nothing was split, else two."""
    places: dict[int, set[int | None]] = defaultdict(set)
    by_place, history = dict(heirs), query.successor_history
    for place, heir in heirs:
        for source in heir.sources:
            if not source.undivided:
                places[source.unit].add(place)
    if not places:
        return
    successors = stored_lineage.history_successors(history.day, Q(source__in=sorted(places)))
    # The share of an end without a successor counts nowhere; it stands last.
    shares = {unit: _shares(successors[unit]) for unit in places}
    recounted = SplitActuals(sorted(places), successors, query.run, history.day)
    targets = {
        unit: [
            target
            for place in theirs
            for target in _successors_in_place(query, place, by_place[place], successors[unit], unit)
        ]
        for unit, theirs in places.items()
    }
    together: dict[tuple[int | None, str, int, int], list[Tally]] = defaultdict(list)
    for row in _reported(query, sorted(places)):
        for place, tier, ends in targets[row.unit]:
            part = recounted.part_of(row.unit, row.month, row.field, row.tally.numbers, ends)
            if part is None:
                whole = len(ends) == len(shares[row.unit])
                part = apportioned_part(row.tally.numbers, shares[row.unit], ends), not whole
            tally = Tally(part[0], row.tally.blank_counts, row.tally.reported, estimated=part[1])
            if query.added_up:
                tally = tally.counting(opens=row.opens, closes=row.closes)
            if by_field:
                yield PartialTally(query.by_number[row.month], tier, tally, place, row.field)
            else:
                together[place, tier, row.unit, row.month].append(tally)
    for (place, tier, _, month), tallies in together.items():
        # One report, however many fields it has.
        added = Tally.total(tallies)
        report = Tally(added.numbers, added.blank_counts, 1, estimated=added.estimated)
        yield PartialTally(query.by_number[month], tier, report, place)


def _shares(ends: Sequence[HistorySuccessor]) -> list[Fraction]:
    shares = [end.share for end in ends]
    rest = WHOLE - sum(shares)
    return [*shares, rest] if rest else shares


def _successors_in_place(
    query: FiguresQuery, place: int | None, heir: CurrentUnit, ends: Sequence[HistorySuccessor], unit: int
) -> Iterator[_TargetPlace]:
    """The successors in the row, by tier; external bodies only if the query includes them."""
    by_tier: dict[str, set[int]] = defaultdict(set)
    history = query.successor_history
    for at, end in enumerate(ends):
        here = end.path.startswith(heir.unit.path) if heir.whole else end.heir == heir.unit.pk
        tier = history.sources[unit].tier if history.over else end.tier
        if here and (history.over or history.external or not end.external) and query.tier in (None, tier):
            by_tier[tier].add(at)
    if history.over and heir.unit.pk == unit:
        by_tier[history.sources[unit].tier].add(len(ends))
    if place is not None and by_tier:
        # A row shows all tiers together: one report, whole if all its parts are in the row.
        by_tier = {next(iter(by_tier)): set().union(*by_tier.values())}
    for tier, several in by_tier.items():
        yield place, tier, frozenset(several)


def _reported(query: FiguresQuery, units: list[int]) -> Iterator[_ReportedNumbers]:
    """Numbers by unit, month and field; procedures of a field are added up before apportioning."""
    editions = query.editions.filter(submission__unit__in=units, submission__month__range=query.run)
    counts = editions.dossier_counts()
    if query.field is not None:
        counts = counts.filter(field=query.field)
    answered = Count("edition", distinct=True, filter=Q(answered=True))
    of_submission = (f"edition__submission__{name}" for name in ("unit_id", "month", "opens", "closes"))
    rows = counts.values_list(*of_submission, "field_id").annotate(_reported=answered, **column_sums())
    for unit, month, opens, closes, field, reported, *numbers in rows:
        yield _ReportedNumbers(unit, month, field, opens, closes, tally_from_values(numbers, reported))


ActualNumbers = tuple[int | None, ...]


class SplitActuals:
    """The actual figures of the parts of some split units and months. One query; two more if there are any."""

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
        # The position of each end among the ends of its unit; the share that counts nowhere stands last.
        self._places = {
            old: {end.heir: place for place, end in enumerate(several)} for old, several in ends.items()
        }
        self._ways = self._successor_shares(day) if self._parts else {}

    def _successor_shares(self, day: date) -> dict[int, dict[int, Fraction]]:
        """The successors on the day of each direct successor, with their shares."""
        heirs = {heir for parts in self._parts.values() for heir in parts}
        over = set(Unit.objects.filter(pk__in=heirs, active_until__lt=day).values_list("pk", flat=True))
        successors = stored_lineage.history_successors(day, Q(source__in=sorted(over)))
        return {
            heir: {end.heir: end.share for end in successors[heir]} if heir in over else {heir: Fraction(1)}
            for heir in heirs
        }

    def part_of(
        self, unit: int, month: int, field: int, reported: ActualNumbers, selected: frozenset[int]
    ) -> tuple[ActualNumbers, bool] | None:
        """The part of the selected ends (by position), and whether some of it is still an estimate because a successor
        was split in turn. None without actual figures, or if they do not add up to the reported ones.
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
            inside = [at for at, (place, _) in enumerate(ends) if place in selected]
            estimated |= 0 < len(inside) < len(ends)
            for at, number in enumerate(numbers):
                if number is not None:
                    divided = apportion(number, [share for _, share in ends])
                    sums[at] = (sums[at] or 0) + sum(divided[index] for index in inside)
        return tuple(sums), estimated


def _adds_up(parts: Sequence[int | None], whole: int | None) -> bool:
    if whole is None:
        return all(part is None for part in parts)
    return None not in parts and sum(parts) == whole
