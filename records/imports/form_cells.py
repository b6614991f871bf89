"""The cells of a form read by the rules of the page: what each changes, and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from figures import rules
from figures.measures import measure_label
from records.forms.lines import Line
from records.forms.reasons import REASON_LENGTH, TOO_LONG
from records.outlets.form_layout import BALANCE, NOT_SERVED, REASON, SUM, Remark, columns
from records.queries.at_hand import AtHand
from records.queries.checks import RowKey
from units.cells import Cell, Flawed
from units.words import clean

from .form_reading import Found, Sheet

# What an uploaded cell shows in its marked copy where nothing of it can be shown: no blank, which would be a number
# that is taken back.
_UNSHOWN = "?"


@dataclass(frozen=True)
class Changed:
    """A cell that the file changes; `name` as the form of the page names it."""

    key: RowKey
    measure: str
    name: str
    place: str
    cell: str
    before: int | str | None
    after: int | str | None


@dataclass(frozen=True)
class Clash:
    """A cell that somebody else changed since the form was downloaded, and the file too."""

    changed: Changed
    by: str
    at: datetime | None


@dataclass
class Checked:
    """One sheet. `texts` by (row code, column name), as they came. `kept`: how many cells only others changed since the
    form was downloaded; they stay as they are.
    """

    sheet: Sheet
    month: AtHand
    lines: Sequence[Line]
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    changes: list[Changed] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    kept: int = 0

    @property
    def blocked(self) -> bool:
        """Whether the file is refused for this sheet."""
        return any(one.blocks for one in self.remarks)

    def rows(self) -> dict[RowKey, dict[str, int | None]]:
        """What is to be stored, as the actions take it."""
        found: dict[RowKey, dict[str, int | None]] = {}
        for one in self.changes:
            cells = found.setdefault(one.key, {})
            if one.measure != REASON:
                cells[one.measure] = one.after
        return found

    def reasons(self) -> dict[RowKey, str]:
        """The reasons that the file changes."""
        return {one.key: one.after for one in self.changes if one.measure == REASON}


class Reading:
    """Reads each cell to fill in; what is wrong goes to the remarks, what differs from the stored to the changes."""

    def __init__(self, found: Checked, end: date) -> None:
        self.found, self.end = found, end
        self.names = [one.name for one in columns(found.lines, end) if one.kind not in (SUM, BALANCE)]

    def read(self) -> None:
        sheet = self.found.sheet
        for name in self.names:
            if name not in sheet.names:
                self._say(
                    "", None, "missing_column", f"Biểu thiếu cột “{self._label(name)}”. Hãy tải biểu mới."
                )
        known = {line.code for line in self.found.lines}
        for code, number in sheet.codes.items():
            if code not in known:
                self._say(f"A{number}", None, "outside_form", "Dòng này không có trong biểu. Hãy xóa dòng.")
        for line in self.found.lines:
            if line.code not in sheet.codes:
                self._say("", None, "missing_row", f"Biểu thiếu dòng “{line.label}”. Hãy tải biểu mới.")
                continue
            for name in self.names:
                if name in sheet.names:
                    (self._reason if name == REASON else self._count)(
                        line, name, sheet.found(line.code, name)
                    )

    def _count(self, line: Line, measure: str, found: Found) -> None:
        text, fault = typed(found.cell)
        before, value = line.values[measure], None
        if text == NOT_SERVED and measure not in line.served:
            text = ""
        if fault is None:
            value, broken = rules.read_cell(measure, text, line.served)
            if broken and value is not None and value == before:
                # Stood there before: it keeps no other number from being stored, as on the page.
                broken = None
            fault = (broken.code, broken.message) if broken else None
        if text or before is not None or measure in line.served:
            self.found.texts[line.code, measure] = text or (_UNSHOWN if fault else "")
        if fault:
            self._say(found.address, line, *fault, name=measure)
        elif value != before:
            self._change(line, measure, found, before, value)

    def _reason(self, line: Line, name: str, found: Found) -> None:
        text, fault = typed(found.cell)
        if isinstance(found.cell, Flawed) and fault is None:
            fault = found.cell.code, found.cell.message
        self.found.texts[line.code, name] = text or (_UNSHOWN if fault else "")
        if not fault and text == clean(line.reason):
            return
        if not fault and len(text) > REASON_LENGTH:
            fault = "too_long", TOO_LONG["max_length"]
        if fault:
            self._say(found.address, line, *fault, name=name)
        else:
            self._change(line, name, found, line.reason, text)

    def _change(self, line: Line, name: str, found: Found, before: Any, after: Any) -> None:
        place = f"{line.label}: {self._label(name)}"
        self.found.changes.append(
            Changed(line.key, name, line.name(name), place, found.address, before, after)
        )

    def _say(self, cell: str, line: Line | None, code: str, message: str, name: str = "") -> None:
        place = f"{line.label}: {self._label(name)}" if line else ""
        key = (line.code, name) if line else None
        self.found.remarks.append(Remark(self.found.sheet.name, cell, place, code, message, True, key))

    def _label(self, name: str) -> str:
        return "Lý do, ghi chú" if name == REASON else measure_label(name, self.end)


def typed(cell: Cell) -> tuple[str, tuple[str, str] | None]:
    """A cell as somebody would type what it shows, for the rules to read; and its fault where it shows nothing."""
    if not isinstance(cell, Flawed):
        return cell or "", None
    text = cell.shown
    if cell.code == "fraction":
        text = (cell.text or "").replace(".", ",")
    elif cell.code == "percent" and cell.text:
        text = f"{(Decimal(cell.text) * 100).normalize():f}%".replace(".", ",")
    elif cell.code == "date":
        text = cell.text or ""
    return text, None if text else (cell.code, cell.message)
