"""How many reports are there of those expected, counted in unit-months, which are missing, and which reminder
a day calls for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from .formatting import format_count
from .periods import Month

# Expected units come from the dated roster, never from what arrived: a silent unit must not vanish.


@dataclass(frozen=True, order=True)
class MissingMonth:
    """A unit (by its key) that has not reported a month; its name is for sentences and no part of the data."""

    unit: str
    month: Month
    name: str = field(default="", compare=False)

    def as_dict(self) -> dict[str, str]:
        """``{"unit", "month"}``."""
        return {"unit": self.unit, "month": str(self.month)}


@dataclass(frozen=True)
class Completeness:
    """So many unit-months reported of so many expected."""

    reported: int
    expected: int
    missing: tuple[MissingMonth, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every expected report is there; where nothing is expected, nothing is lacking."""
        return self.reported >= self.expected

    @property
    def silent(self) -> bool:
        """Whether reports are expected and none is there: to be listed apart and never ranked."""
        return self.reported == 0 and self.expected > 0

    def text(self, one_month: bool = False) -> str:
        """``94/96 báo cáo tháng``; for one month ``14/16 đơn vị``."""
        what = "đơn vị" if one_month else "báo cáo tháng"
        return f"{format_count(self.reported)}/{format_count(self.expected)} {what}"

    def by_unit(self) -> dict[str, list[MissingMonth]]:
        """What is missing, by unit key in the order given."""
        found: dict[str, list[MissingMonth]] = {}
        for one in self.missing:
            found.setdefault(one.unit, []).append(one)
        return found

    def as_dict(self) -> dict[str, Any]:
        """``{"reported", "expected", "missing": [{"unit", "month"}]}``."""
        return {
            "reported": self.reported,
            "expected": self.expected,
            "missing": [one.as_dict() for one in self.missing],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_dict`` wrote."""
        missing: Iterable[Mapping[str, str]] = data["missing"]
        return cls(
            data["reported"],
            data["expected"],
            tuple(
                MissingMonth(one["unit"], Month.parse(one["month"]), one.get("name", "")) for one in missing
            ),
        )


BEFORE, ON_DAY, AFTER = "before", "on_day", "after"
DAYS_BEFORE = 3
# Later the timer says nothing any more: who is silent that long is reminded by hand.
DAYS_AFTER = 30


def reminder_kind(due: date, day: date) -> str | None:
    """The kind of reminder that a day calls for, or None.

    A kind holds until the next one: three days before the due date until the eve, the day itself, from one day after
    it. So a timer that missed its day gives the kind late, and one that missed several gives the latest only.
    """
    distance = (day - due).days
    if distance == 0:
        return ON_DAY
    if distance < 0:
        return BEFORE if distance >= -DAYS_BEFORE else None
    return AFTER if distance <= DAYS_AFTER else None
