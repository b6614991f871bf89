"""The rows of the grid of counts, and what was typed into them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from figures import rules
from figures.measures import MEASURES
from figures.periods import Month
from records.queries.past import RowKey

from .reasons import REASON_LENGTH, TOO_LONG


@dataclass(frozen=True)
class Line:
    """One row of the grid: a field, or a procedure of it. `values` are those stored."""

    key: RowKey
    code: str  # "ho-tich", or "ho-tich/1.000894": as the log names it
    label: str
    served: frozenset[str]
    values: Mapping[str, int | None]
    reason: str = ""
    of_procedure: bool = False
    proposed: int | None = None  # what the month before left open
    past: Mapping[int, Mapping[str, int | None]] = field(default_factory=dict)

    def name(self, measure: str) -> str:
        """The name of a cell in the form, and of a marked cell: "ho-tich-opening"."""
        return f"{self.code}-{measure}"

    def anchor(self, measure: str) -> str:
        """Where the cell stands on the page."""
        return f"o-{self.key[0]}-{self.key[1] or 0}-{measure}"

    def last(self, month: Month) -> Mapping[str, int | None]:
        """What the month before counted; nothing where it did not report the row."""
        return self.past.get(month.previous().number, {})


@dataclass(frozen=True)
class Typed:
    """What was typed, read: what can be stored, and by the name of its box what cannot, with code and message."""

    rows: Mapping[RowKey, Mapping[str, int | None]]
    reasons: Mapping[RowKey, str]
    faults: Mapping[str, tuple[str, str]]


def read_typed(lines: Iterable[Line], cells: Mapping[str, str], reasons: Mapping[str, str]) -> Typed:
    """`cells` by `Line.name()`, `reasons` by the code of their row; a name that no line has is a fault as well."""
    rows: dict[RowKey, dict[str, int | None]] = {}
    stated: dict[RowKey, str] = {}
    faults: dict[str, tuple[str, str]] = {}
    unread, unstated = dict(cells), dict(reasons)
    for line in lines:
        for measure in MEASURES:
            text = unread.pop(name := line.name(measure), None)
            if text is None:
                continue
            value, fault = rules.read_cell(measure, text, line.served)
            if fault:
                faults[name] = fault.code, fault.message
            else:
                rows.setdefault(line.key, {})[measure] = value
        reason = unstated.pop(line.code, None)
        if reason is None:
            continue
        if len(reason) > REASON_LENGTH:
            faults[line.name("reason")] = "too_long", TOO_LONG["max_length"]
        else:
            rows.setdefault(line.key, {})
            stated[line.key] = reason
    for name in (*unread, *(f"{code}-reason" for code in unstated)):
        faults[name] = "not_served", "Báo cáo này không có ô đó."
    return Typed(rows, stated, faults)
