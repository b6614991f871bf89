"""What the second opinions of figures are told in, and which editions they look at."""

from dataclasses import dataclass, field
from datetime import date

from records.models import Edition
from units.models import Unit

MEASURES = ("opening", "received_direct", "received_postal", "pending_late")
Numbers = dict[str, int | None]


@dataclass
class Told:
    """Reported, expected, sums, who is missing and whether something was divided."""

    reported: int = 0
    expected: int = 0
    sums: Numbers = field(default_factory=lambda: dict.fromkeys(MEASURES))
    missing: set[tuple[str, int]] = field(default_factory=set)
    estimated: bool = False

    def __add__(self, other: "Told") -> "Told":
        sums = {name: added([one, other.sums[name]]) for name, one in self.sums.items()}
        missing, estimated = self.missing | other.missing, self.estimated or other.estimated
        return Told(self.reported + other.reported, self.expected + other.expected, sums, missing, estimated)


def added(parts: list[int | None]) -> int | None:
    there = [one for one in parts if one is not None]
    return sum(there) if there else None


def key(unit: Unit, day: date) -> str:
    over = unit.active_until is not None and unit.active_until < day
    return f"{unit.code}@{unit.active_until}" if over else unit.code


def in_force(include: str) -> list[int]:
    """Of each submission the edition that counts: the approved one, or the one that was sent after it."""
    states = ["approved"] if include == "approved" else ["approved", "sent"]
    found = Edition.objects.filter(state__in=states).order_by("submission", "number")
    return list(dict(found.values_list("submission", "pk")).values())
