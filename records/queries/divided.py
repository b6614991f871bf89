"""What was split: the numbers of a unit, month and field are divided over all its successors by the largest remainder.

Every part is an estimate; together they are the number that was reported, to the dossier. Where all parts of a unit
come to one place nothing was divided there, and nothing is estimated.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from django.db.models import Count, Q

from figures.apportion import part_of
from figures.counts import Tally
from records.models import DossierCount
from units import inheritance
from units.inheritance import WHOLE, Successor

from .carried import Heir, Heirs
from .question import Part, Question
from .recounted import Recounts
from .rows import tally_in, totals

# Of one place: the tier under which it counts there, and which of the successors are in it.
_Wanted = tuple[int | None, str, frozenset[int]]


class _Reported(NamedTuple):
    unit: int
    month: int
    field: int
    opens: bool
    closes: bool
    tally: Tally


def divided(question: Question, heirs: Heirs, by_field: bool, only: int | None) -> Iterator[Part]:
    """The parts of split units that come to each place. No query where nothing was split, else two."""
    places: dict[int, set[int | None]] = defaultdict(set)
    by_place, carried = dict(heirs), question.carried
    for place, heir in heirs:
        for one in heir.sources:
            if not one.undivided:
                places[one.unit].add(place)
    if not places:
        return
    found = inheritance.successors(carried.day, Q(source__in=sorted(places)))
    # What an end without a successor would have had is carried nowhere: the last share.
    shares = {unit: _shares(found[unit]) for unit in places}
    recounted = Recounts(sorted(places), found, question.run, carried.day)
    wanted = {
        unit: [
            one for place in theirs for one in _wanted(question, place, by_place[place], found[unit], unit)
        ]
        for unit, theirs in places.items()
    }
    together: dict[tuple[int | None, str, int, int], list[Tally]] = defaultdict(list)
    for row in _reported(question, sorted(places), by_field, only):
        for place, tier, ends in wanted[row.unit]:
            told = recounted.part_of(row.unit, row.month, row.field, row.tally.numbers, ends)
            if told is None:
                whole = len(ends) == len(shares[row.unit])
                told = part_of(row.tally.numbers, shares[row.unit], ends), not whole
            tally = Tally(told[0], row.tally.lacks, row.tally.reported, estimated=told[1])
            if question.added_up:
                tally = tally.counting(opens=row.opens, closes=row.closes)
            if by_field:
                yield Part(question.by_number[row.month], tier, tally, place, row.field)
            else:
                together[place, tier, row.unit, row.month].append(tally)
    for (place, tier, _, month), tallies in together.items():
        # One report, whatever the number of its fields.
        added = Tally.total(tallies)
        one = Tally(added.numbers, added.lacks, 1, estimated=added.estimated)
        yield Part(question.by_number[month], tier, one, place)


def _shares(ends: Sequence[Successor]) -> list[Fraction]:
    shares = [one.share for one in ends]
    rest = WHOLE - sum(shares)
    return [*shares, rest] if rest else shares


def _wanted(
    question: Question, place: int | None, heir: Heir, ends: Sequence[Successor], unit: int
) -> Iterator[_Wanted]:
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


def _reported(question: Question, units: list[int], by_field: bool, only: int | None) -> Iterator[_Reported]:
    """Numbers by unit, month and field; procedures of a field are added before anything is divided."""
    editions = question.editions.filter(
        submission__unit__in=units, submission__month__range=question.run
    ).order_by()
    counts = DossierCount.objects.order_by().filter(edition__in=editions)
    if only is not None:
        counts = counts.filter(field=only)
    answered = Count("edition", distinct=True, filter=Q(answered=True))
    of_submission = (f"edition__submission__{name}" for name in ("unit_id", "month", "opens", "closes"))
    rows = counts.values_list(*of_submission, "field_id").annotate(_reported=answered, **totals())
    for unit, month, opens, closes, field, reported, *numbers in rows:
        yield _Reported(unit, month, field, opens, closes, tally_in(numbers, reported))
