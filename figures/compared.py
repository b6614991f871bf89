"""Both sides of a comparison with the same period last year, where not the same units owed reports in both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from figures.summary import Summary
from figures.writing import count

# Named in a sentence; more are counted.
MOST = 6


@dataclass(frozen=True)
class Compared:
    """Both sides without the units that cannot be compared, and the names of those that are left out."""

    current: Summary
    before: Summary
    left_out: tuple[str, ...]

    @property
    def told(self) -> str:
        """Vietnamese: which units the comparison leaves out."""
        return (
            "So với cùng kỳ chỉ tính các đơn vị báo cáo suốt cả hai kỳ; không tính "
            f"{count(len(self.left_out))} đơn vị: {self.names}."
        )

    @property
    def names(self) -> str:
        """The units that are left out, the first of them by name."""
        more = " và những đơn vị khác" if len(self.left_out) > MOST else ""
        return "; ".join(self.left_out[:MOST]) + more

    def as_dict(self) -> dict[str, Any]:
        """For a review that is frozen as data."""
        return {
            "now": self.current.as_record(),
            "before": self.before.as_record(),
            "left_out": list(self.left_out),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_dict`` wrote."""
        sides = (Summary.from_dict(data[name]) for name in ("now", "before"))
        return cls(*sides, tuple(data["left_out"]))
