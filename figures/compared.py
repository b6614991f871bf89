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
    """Both sides without the units that cannot be compared: how many are left out, and their names, of many the first
    ones only.
    """

    current: Summary
    before: Summary
    left_out: tuple[str, ...]
    number: int
    # The name of the one field that is compared; empty: all of them.
    field: str = ""

    @property
    def told(self) -> str:
        """Vietnamese: which units the comparison leaves out, or that there is nothing to compare."""
        reports = f"báo cáo lĩnh vực {self.field}" if self.field else "báo cáo"
        if self.nobody:
            alone = self.left_out == (self.current.unit_name,)
            who = f"{self.current.unit_name} không" if alone else "không có đơn vị nào"
            return f"Không so với cùng kỳ: {who} {reports} suốt cả hai kỳ."
        return (
            f"So với cùng kỳ chỉ tính các đơn vị {reports} suốt cả hai kỳ; không tính "
            f"{count(self.number)} đơn vị: {self.names}."
        )

    @property
    def nobody(self) -> bool:
        """Whether no unit owed reports throughout both periods."""
        return not self.before.total.completeness.expected

    @property
    def names(self) -> str:
        """The units that are left out, the first of them by name."""
        more = " và những đơn vị khác" if self.number > MOST else ""
        return "; ".join(self.left_out[:MOST]) + more

    def as_dict(self) -> dict[str, Any]:
        """For a review that is frozen as data."""
        return {
            "now": self.current.as_record(),
            "before": self.before.as_record(),
            "left_out": list(self.left_out),
            "number": self.number,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_dict`` wrote."""
        sides = (Summary.from_dict(data[name]) for name in ("now", "before"))
        names = tuple(data["left_out"])
        # A document from before names all of them.
        return cls(*sides, names, data.get("number", len(names)))
