"""Oracle for handovers inside a month: which columns of a report do not count in totals."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from units.models import Unit

from .oracle import span

OPENING = ("opening", "blank_opening")
CLOSING = ("pending_in_time", "pending_late", "awaiting", "blank_pending")


class HandoverOracle:
    """Successors and predecessors of each unit in plain lists."""

    def __init__(
        self, units: Mapping[int, Unit], links: Mapping[int, Sequence[tuple[int, Fraction]]]
    ) -> None:
        self.units = units
        self.to = {old: [units[new] for new, _ in several] for old, several in links.items()}
        self.by: dict[int, list[Unit]] = {}
        for old, several in self.to.items():
            for new in several:
                self.by.setdefault(new.pk, []).append(units[old])

    def left_out(self, pk: int, month: int) -> tuple[str, ...]:
        """Columns that do not count: openings are in the predecessors' reports, closings in the successors'."""
        unit, (start, end) = self.units[pk], span(month)
        last, columns = unit.reporting_ends, ()
        if start < unit.active_from <= end and any(old.reports for old in self.by.get(pk, ())):
            columns += OPENING
        if last is not None and start <= last < end and any(new.reports for new in self.to.get(pk, ())):
            columns += CLOSING
        return columns
