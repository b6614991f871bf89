"""Both sides of a comparison with the same period last year, without the units that cannot be compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from figures.formatting import format_count
from figures.periods import Period
from figures.summary import Summary, build_summary
from records.summary.by_field import FieldExpectation
from records.summary.queries import MonthlyTallies
from records.summary.query import FiguresQuery

from .comparable_field_units import ComparableFieldUnits
from .comparable_tallies import AnyComparableUnits, comparable_tallies
from .comparable_units import ComparableUnits
from .comparable_units_today import ComparableUnitsToday

# Named in a sentence; more are counted.
MOST = 6


@dataclass(frozen=True)
class ComparedSummaries:
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
            f"{format_count(self.number)} đơn vị: {self.names}."
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


# As reported, a unit that opened or closed meanwhile is taken out of both sides. By today's units history is
# carried over, and one is taken out in which it does not reach through both periods.
# Who is left out is named.


def comparable_units(
    reach: FiguresQuery, period: Period, owed: FieldExpectation | None = None
) -> AnyComparableUnits | None:
    """Who can be compared in a period and the same period last year; None where that are all. `owed`: who owes the
    field, where one is asked for. Two queries at most where units opened or closed or a field is not of all alike, by
    today's units ten; else one, and none of a unit without any below that reported throughout.
    """
    of_basis = ComparableUnits if reach.today is None else ComparableUnitsToday
    found: AnyComparableUnits = of_basis(reach, period)
    if owed is not None:
        found = ComparableFieldUnits(owed, period)
        if found.alike:
            found = of_basis(reach, period, owed.field, found.whole_tiers)
    return found if found.number_left_out else None


def compare_summaries(
    among: AnyComparableUnits, monthly: MonthlyTallies, before: Summary, field: str = ""
) -> ComparedSummaries:
    """Both sides without who is left out. `monthly` holds the months of both periods, by tier; `field` is the name of
    the field, where one is asked for. Six queries at most, whatever opened or closed.
    """
    tiers, period = comparable_tallies(among, monthly), among.period
    sides = [
        build_summary(
            unit=before.unit,
            unit_name=before.unit_name,
            period=when,
            tiers=tiers,
            calendar=among.reach.calendar,
            basis=before.basis,
            units_of=before.units_of,
            include=before.include,
            as_of=before.as_of,
            external=before.external,
            decimals=before.decimals,
        )
        for when in (period, period.same_last_year())
    ]
    return ComparedSummaries(*sides, among.names_left_out, among.number_left_out, field)
