"""Estimates for split units: numbers are apportioned to all successors by the largest remainder."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from django.db.models import Count, Q

from figures.rounding import apportioned_part
from figures.tally import Tally
from records.models import DossierCount
from records.storage.tallies import column_sums, tally_from_values
from units.succession import inheritance
from units.succession.inheritance import WHOLE, HistorySuccessor

from .query import FiguresQuery, PartialTally
from .split_actuals import SplitActuals
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


def apportioned_tallies(
    question: FiguresQuery, heirs: CurrentUnits, by_field: bool, only: int | None
) -> Iterator[PartialTally]:
    """The parts of split units that come to each place. No query where nothing was split, else two."""
    places: dict[int, set[int | None]] = defaultdict(set)
    by_place, carried = dict(heirs), question.carried
    for place, heir in heirs:
        for one in heir.sources:
            if not one.undivided:
                places[one.unit].add(place)
    if not places:
        return
    found = inheritance.history_successors(carried.day, Q(source__in=sorted(places)))
    # What an end without a successor would have had is carried nowhere: the last share.
    shares = {unit: _shares(found[unit]) for unit in places}
    recounted = SplitActuals(sorted(places), found, question.run, carried.day)
    wanted = {
        unit: [
            one
            for place in theirs
            for one in _successors_in_place(question, place, by_place[place], found[unit], unit)
        ]
        for unit, theirs in places.items()
    }
    together: dict[tuple[int | None, str, int, int], list[Tally]] = defaultdict(list)
    for row in _reported(question, sorted(places), by_field, only):
        for place, tier, ends in wanted[row.unit]:
            told = recounted.part_of(row.unit, row.month, row.field, row.tally.numbers, ends)
            if told is None:
                whole = len(ends) == len(shares[row.unit])
                told = apportioned_part(row.tally.numbers, shares[row.unit], ends), not whole
            tally = Tally(told[0], row.tally.lacks, row.tally.reported, estimated=told[1])
            if question.added_up:
                tally = tally.counting(opens=row.opens, closes=row.closes)
            if by_field:
                yield PartialTally(question.by_number[row.month], tier, tally, place, row.field)
            else:
                together[place, tier, row.unit, row.month].append(tally)
    for (place, tier, _, month), tallies in together.items():
        # One report, whatever the number of its fields.
        added = Tally.total(tallies)
        one = Tally(added.numbers, added.lacks, 1, estimated=added.estimated)
        yield PartialTally(question.by_number[month], tier, one, place)


def _shares(ends: Sequence[HistorySuccessor]) -> list[Fraction]:
    shares = [one.share for one in ends]
    rest = WHOLE - sum(shares)
    return [*shares, rest] if rest else shares


def _successors_in_place(
    question: FiguresQuery, place: int | None, heir: CurrentUnit, ends: Sequence[HistorySuccessor], unit: int
) -> Iterator[_TargetPlace]:
    """By tier those of the successors that are in the place, external bodies only where they are asked for."""
    found: dict[str, set[int]] = defaultdict(set)
    carried = question.carried
    for at, end in enumerate(ends):
        here = end.path.startswith(heir.unit.path) if heir.whole else end.heir == heir.unit.pk
        tier = carried.sources[unit].tier if carried.over else end.tier
        if here and (carried.over or carried.external or not end.external) and question.tier in (None, tier):
            found[tier].add(at)
    if carried.over and heir.unit.pk == unit:
        found[carried.sources[unit].tier].add(len(ends))
    if place is not None and found:
        # A row is told in all tiers together: one report, and whole where all its parts are there.
        found = {next(iter(found)): set().union(*found.values())}
    for tier, several in found.items():
        yield place, tier, frozenset(several)


def _reported(
    question: FiguresQuery, units: list[int], by_field: bool, only: int | None
) -> Iterator[_ReportedNumbers]:
    """Numbers by unit, month and field; procedures of a field are added before anything is divided."""
    editions = question.editions.filter(
        submission__unit__in=units, submission__month__range=question.run
    ).order_by()
    counts = DossierCount.objects.order_by().filter(edition__in=editions)
    if only is not None:
        counts = counts.filter(field=only)
    answered = Count("edition", distinct=True, filter=Q(answered=True))
    of_submission = (f"edition__submission__{name}" for name in ("unit_id", "month", "opens", "closes"))
    rows = counts.values_list(*of_submission, "field_id").annotate(_reported=answered, **column_sums())
    for unit, month, opens, closes, field, reported, *numbers in rows:
        yield _ReportedNumbers(unit, month, field, opens, closes, tally_from_values(numbers, reported))
