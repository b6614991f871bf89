"""Real figures of the parts of split units in place of estimates, as long as they add up to what was
reported.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

from django.db.models import Q

from figures.measures import MEASURES
from figures.rounding import apportion
from records.models import Recount
from units.models import Unit
from units.succession import inheritance
from units.succession.inheritance import HistorySuccessor

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
