"""A row against the same period last year: the share received online, from printed figure to printed figure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from figures.rates import Share
from figures.results import Figures
from figures.rounding import points

RATE = "online"


@dataclass(frozen=True)
class Change:
    """``before`` is last year's share, ``points`` the difference in percentage points with a dot, such as "6.3"; each
    None where it is not known: the unit did not owe the same reports then, or one side lacks reports or has blanks.
    """

    before: Share | None = None
    points: str | None = None

    @classmethod
    def between(cls, now: Figures, before: Figures | None) -> Self:
        """Of the figures of the same unit (or the same units) in both periods; ``before`` None: not to be compared."""
        if before is None or not _whole(before):
            return cls()
        old = before.share(RATE)
        if old.percent is None:
            return cls()
        return cls(old, points(now.share(RATE).percent, old.percent) if _whole(now) else None)

    def as_dict(self) -> dict[str, Any]:
        """``{"online": {"points", "before"}}``."""
        return {RATE: {"points": self.points, "before": self.before.as_dict() if self.before else None}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_dict`` wrote."""
        one = data.get(RATE)
        if one is None:
            return cls()
        return cls(Share.from_dict(one["before"]) if one["before"] else None, one["points"])


def _whole(figures: Figures) -> bool:
    completeness = figures.completeness
    return completeness.expected > 0 and completeness.complete and not figures.share(RATE).partial
