"""Counts reports received against expected in unit-months, lists the missing ones, and says which reminder is due."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from .formatting import format_count
from .periods import Month

# Expected units come from the dated roster, never from the reports: a unit without reports must not vanish.


@dataclass(frozen=True, order=True)
class MissingMonth:
    """A missing report: the key of the unit and its month. The name is for sentences, not for the data."""

    unit: str
    month: Month
    name: str = field(default="", compare=False)

    def as_dict(self) -> dict[str, str]:
        """``{"unit", "month"}``."""
        return {"unit": self.unit, "month": str(self.month)}


@dataclass(frozen=True)
class Completeness:
    """Unit-months reported and expected, with the missing ones."""

    reported: int
    expected: int
    missing: tuple[MissingMonth, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every expected report is there; true if none is expected."""
        return self.reported >= self.expected

    @property
    def silent(self) -> bool:
        """Whether reports are expected and none is there: listed separately and never ranked."""
        return self.reported == 0 and self.expected > 0

    def text(self, one_month: bool = False) -> str:
        """``94/96 báo cáo tháng``; for one month ``14/16 đơn vị``."""
        what = "đơn vị" if one_month else "báo cáo tháng"
        return f"{format_count(self.reported)}/{format_count(self.expected)} {what}"

    def by_unit(self) -> dict[str, list[MissingMonth]]:
        """The missing months by unit key, in the order of ``missing``."""
        by_unit: dict[str, list[MissingMonth]] = {}
        for month in self.missing:
            by_unit.setdefault(month.unit, []).append(month)
        return by_unit

    def as_dict(self) -> dict[str, Any]:
        """``{"reported", "expected", "missing": [{"unit", "month"}]}``."""
        return {
            "reported": self.reported,
            "expected": self.expected,
            "missing": [month.as_dict() for month in self.missing],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of ``as_dict``."""
        missing: Iterable[Mapping[str, str]] = data["missing"]
        return cls(
            data["reported"],
            data["expected"],
            tuple(
                MissingMonth(month["unit"], Month.parse(month["month"]), month.get("name", ""))
                for month in missing
            ),
        )


BEFORE, ON_DAY, AFTER = "before", "on_day", "after"
DAYS_BEFORE = 3
# Later the timer sends nothing: such units are reminded by hand.
DAYS_AFTER = 30


def reminder_kind(due: date, day: date) -> str | None:
    """The kind of reminder due on a day, or None: BEFORE in the three days before the due date, ON_DAY, then AFTER.

    So a timer run that comes late sends one reminder, of the current kind.
    """
    distance = (day - due).days
    if distance == 0:
        return ON_DAY
    if distance < 0:
        return BEFORE if distance >= -DAYS_BEFORE else None
    return AFTER if distance <= DAYS_AFTER else None
