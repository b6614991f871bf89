"""Totals that the oracles compute, the editions they read and how they apportion."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from records.models import Edition
from units.models import Unit

MEASURES = ("opening", "received_direct", "received_postal", "pending_late")
Numbers = dict[str, int | None]
NOWHERE = 1_000_000


@dataclass
class Totals:
    """Reports counted and expected, sums, missing unit-months, and whether a share was apportioned."""

    reported: int = 0
    expected: int = 0
    sums: Numbers = field(default_factory=lambda: dict.fromkeys(MEASURES))
    missing: set[tuple[str, int]] = field(default_factory=set)
    estimated: bool = False

    def __add__(self, other: "Totals") -> "Totals":
        sums = {name: sum_known([value, other.sums[name]]) for name, value in self.sums.items()}
        missing, estimated = self.missing | other.missing, self.estimated or other.estimated
        return Totals(
            self.reported + other.reported, self.expected + other.expected, sums, missing, estimated
        )


def sum_known(parts: list[int | None]) -> int | None:
    present = [part for part in parts if part is not None]
    return sum(present) if present else None


def unit_key(unit: Unit, day: date) -> str:
    closed = unit.active_until is not None and unit.active_until < day
    return f"{unit.code}@{unit.active_until}" if closed else unit.code


def counting_editions(include: str) -> list[int]:
    """Ids of the counting edition of each submission: the approved one, or the one sent after it."""
    states = ["approved"] if include == "approved" else ["approved", "sent"]
    editions = Edition.objects.filter(state__in=states).order_by("submission", "number")
    return list(dict(editions.values_list("submission", "pk")).values())


def with_remainder(ends: dict[int, Fraction]) -> dict[int, Fraction]:
    """The ends, with the share that has no successor under `NOWHERE`."""
    rest = 1 - sum(ends.values())
    return ends | {NOWHERE: rest} if rest else ends


def apportioned(value: int, ends: dict[int, Fraction], chosen: Iterable[int]) -> int:
    """The part of a number that goes to the chosen ends, by largest remainders."""
    ends = with_remainder(ends)
    order = sorted(ends)
    parts = {pk: value * ends[pk] // 1 for pk in order}
    left = value - sum(parts.values())
    by_rest = sorted(order, key=lambda pk: (-(value * ends[pk] - parts[pk]), -ends[pk], pk))
    for pk in by_rest[: int(left)]:
        parts[pk] += 1
    return int(sum(parts[pk] for pk in chosen))
