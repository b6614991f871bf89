"""Who owes one field of the catalogue, month by month: by tier from the roster, as the catalogue says of units that no
row lists; what it says otherwise of others, and what was not divided by field, is looked at unit by unit.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Set
from functools import cached_property

from figures.periods import Month
from records.models import DossierCount
from units import roster
from units.light import LightUnit, light_units
from units.models import Unit

from .catalogue import Catalogue
from .parts import parts
from .question import Question

# Who owes: (rows by number of their unit; None: the total, with the tier there, month, how many).
Owed = list[tuple[int | None, str, Month, int]]
# How many owe a report, month by month, by the tier they had then and the one that they count under.
_Kinds = list[dict[tuple[str, str], int]]


class OwedField:
    """Of all months of a question; catalogue and roster are read once. A unit-month reported at level `chung` owes that
    field and no other.
    """

    def __init__(self, question: Question, field: int) -> None:
        self.question, self.field = question, field
        self.catalogue = Catalogue(question.days)
        self._of_tier: dict[str, Set[Month]] = {}

    @cached_property
    def counted(self) -> Owed:
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

    def months_of(self, unit: LightUnit) -> Set[Month]:
        """The months in which a unit owes the field."""
        listed = unit.pk in self.catalogue.listed
        owed = self._expected(unit.tier, unit.pk) if listed else self.of_tier(unit.tier)
        if unit.pk in self._undivided:
            undivided = self._undivided[unit.pk]
            owed = owed | undivided if self.field == self.catalogue.undivided else owed - undivided
        return owed & self.reporting(unit)

    def differs(self, unit: LightUnit) -> Set[Month]:
        """The months in which it owes the field and others of its tier do not, or the other way round."""
        return self.months_of(unit) ^ (self.of_tier(unit.tier) & self.reporting(unit))

    def reporting(self, unit: LightUnit) -> Set[Month]:
        """The months in which a unit owes a report."""
        spans = zip(self.question.months, self.question.spans, strict=True)
        return {month for month, span in spans if unit.owes(*span)}

    @cached_property
    def particular(self) -> dict[int, LightUnit]:
        """Units that may owe other months than their tier, by number. One query; none without any."""
        numbers = self.catalogue.listed | self._undivided.keys()
        return {unit.pk: unit for unit in self.units(pk__in=numbers)} if numbers else {}

    def units(self, **which: object) -> Iterator[LightUnit]:
        """Those (by conditions on their columns) that owe a report of some month which is part of the total."""
        return light_units(self.question.owing().filter(**which))

    def _expected(self, tier: str, unit: int) -> Set[Month]:
        of, months = self.catalogue.expected_of, self.question.months
        return {month for month in months if self.field in of(tier, unit, month)}

    @cached_property
    def _undivided(self) -> dict[int, Set[Month]]:
        """Months of units that were reported at level `chung`; looked for only where the sums tell of any."""
        question, catalogue, found = self.question, self.catalogue, defaultdict(set)
        if not (catalogue.field_rows or catalogue.procedure_rows):
            return found
        if not any(part.tally.reported for part in parts(question, only=catalogue.undivided)):
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
        yield question.unit.pk, [_twice(question.of_tier(tiers)) for tiers in itself]
        for child, counted in question.expected_by_child.items():
            yield child.pk, [_twice(tiers) for tiers in counted]

    def _places(self, unit: Unit | LightUnit) -> list[tuple[int | None, str]]:
        question = self.question
        return [
            (place, tier)
            for place, tier in question.places(unit).items()
            if question.tier in (None, tier) and (place is None or question.below)
        ]


def _of_tier(kinds: dict[tuple[str, str], int], tier: str | None) -> dict[tuple[str, str], int]:
    return kinds if tier is None else {key: number for key, number in kinds.items() if key[1] == tier}


def _twice(tiers: dict[str, int]) -> dict[tuple[str, str], int]:
    return {(tier, tier): number for tier, number in tiers.items()}
