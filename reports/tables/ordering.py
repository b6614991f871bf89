"""Rows of a Summary in the order of one column, with unknown values last."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from figures.summary import Figures, SummaryRow


@dataclass(frozen=True)
class TableEntry:
    """A row of a Summary with what ordering and drawing need besides its figures."""

    row: SummaryRow
    folded: str
    href: str
    section: str
    note: str

    @property
    def figures(self) -> Figures:
        return self.row.figures

    @property
    def ranked(self) -> bool:
        """Whether everything expected is there; a unit that lacks reports never ranks, least of all as 0."""
        completeness = self.figures.completeness
        return completeness.expected > 0 and completeness.complete


def _count(name: str) -> Callable[[TableEntry], Any]:
    return lambda entry: entry.figures.counts[name]


def _share(key: str) -> Callable[[TableEntry], Any]:
    def exact(entry: TableEntry):
        share = entry.figures.share(key)
        if share.numerator is None or not share.denominator:
            return None
        # Whole numbers: rates are compared exactly, not by their rounded text.
        return share.numerator * 10**12 // share.denominator

    return exact


def _change(entry: TableEntry) -> Decimal | None:
    change = entry.row.change
    return Decimal(change.points) if change and change.points is not None else None


VALUES: dict[str, Callable[[TableEntry], Any]] = {
    "name": lambda entry: entry.folded,
    "received": _count("received"),
    "direct": _count("received_direct"),
    "online": _count("received_online"),
    "postal": _count("received_postal"),
    "online_share": _share("online"),
    "change": _change,
    "on_time": _share("on_time"),
    "pending_late": _count("pending_late"),
    "completeness": lambda entry: entry.figures.completeness.reported,
}


def sort_entries(entries: list[TableEntry], column: str, *, descending: bool) -> None:
    """Order them in place, "—" last in both directions, equal ones by name; by name alone without a column."""
    entries.sort(key=lambda entry: entry.folded)
    if column:
        value = VALUES[column]
        known = [entry for entry in entries if value(entry) is not None]
        unknown = [entry for entry in entries if value(entry) is None]
        known.sort(key=value, reverse=descending)
        entries[:] = known + unknown
