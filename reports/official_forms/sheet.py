"""An official form as a sheet in its own layout, with live formulas."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from figures.official_forms import FIRST, NumberedColumn, OfficialForm
from figures.tally import sum_reported
from spreadsheets.cells import column_letters
from spreadsheets.workbook import Sheet, xlsx_text

from .lines import FormRow, lines_below

GROUPS = 5  # the row of the groups of columns; heads and numbers follow
LINES = GROUPS + 3
LATE = 8  # the column in which the right part of the head begins


@dataclass(frozen=True)
class FormHead:
    """What stands over a form: whose figures, for whom, of which period, and what was counted how far."""

    reporting: str
    receiving: str
    period: str
    days: str
    told: str


class OfficialFormSheet(Sheet):
    """A line for each tier or unit, field and total; under them the form's rules and what it has no column for."""

    def __init__(self, book: Any, form: OfficialForm) -> None:
        name = re.sub(r"[\[\]:*?/\\']", "-", f"Biểu {form.code.partition('/')[0]}")[:31]
        titles = ["TT", form.name_head, *(column.head for column in form.columns)]
        super().__init__(book, name, titles, [6, 40, *(11 for _ in form.columns)])
        self.form = form
        self.sheet.freeze_panes(LINES, 2)
        self.sheet.repeat_rows(GROUPS, LINES - 1)

    def write(self, head: FormHead, rows: Sequence[FormRow], notes: Sequence[str]) -> None:
        self._top(head)
        self._heads()
        for place, row in enumerate(rows):
            self._row(LINES + place, row, lines_below(rows, place))
        for place, note in enumerate(notes, LINES + len(rows) + 1):
            self.sheet.write_string(place, 0, xlsx_text(note))

    def _top(self, head: FormHead) -> None:
        """Number left, title and period centre, who reports to whom right."""
        late = min(LATE, len(self.titles) - 1)
        texts = (
            (0, 0, f"Biểu số {self.form.code}"),
            (0, 3, self.form.title.upper()),
            (0, late, f"Đơn vị báo cáo: {head.reporting}"),
            (1, 0, f"Ban hành theo {self.form.basis}"),
            (1, 3, f"Kỳ báo cáo: {head.period}"),
            (1, late, f"Đơn vị nhận báo cáo: {head.receiving}" if head.receiving else ""),
            (2, 3, f"({head.days})"),
            (3, 0, head.told),
            (4, late, f"Đơn vị tính: {self.form.counted_in}"),
        )
        bold = self.book.add_format({"bold": True})
        for row, column, text in texts:
            if text:
                self.sheet.write_string(
                    row, column, xlsx_text(text), bold if row == 0 and column < late else None
                )

    def _heads(self) -> None:
        """Groups, heads, numbers; a group that spans columns is one cell, as on paper."""
        style = {"bold": True, "text_wrap": True, "align": "center", "valign": "vcenter", "border": 1}
        head = self.book.add_format(style)
        number = self.book.add_format({"italic": True, "align": "center", "border": 1})
        self.sheet.set_row(GROUPS + 1, 48)
        at = FIRST - 1
        for name, columns in self.form.heads:
            if len(columns) > 1:
                self.sheet.merge_range(GROUPS, at, GROUPS, at + len(columns) - 1, xlsx_text(name), head)
            elif name:
                self.sheet.write_string(GROUPS, at, xlsx_text(name), head)
            at += len(columns)
        for place, title in enumerate(self.titles):
            self.sheet.write_string(GROUPS + 1, place, xlsx_text(title), head)
        for place, one in enumerate(self.form.numbers):
            self.sheet.write_string(GROUPS + 2, place, f"({one})", number)

    def _row(self, at: int, row: FormRow, parts: list[tuple[int, FormRow]]) -> None:
        self.text(at, 0, row.mark, row.is_total)
        self.text(at, 1, row.name, row.is_total)
        for column, value in zip(self.form.columns, row.cells, strict=True):
            formula = self._formula(at, column, row, parts)
            self.number(at, column.number - 1, value, row.is_total, formula)

    def _formula(
        self, at: int, column: NumberedColumn, row: FormRow, parts: list[tuple[int, FormRow]]
    ) -> str:
        """What adds up to a cell: the columns that the form names, or the lines below; "" where it is a number."""
        if column.subtracts:
            signed = "".join(f"{'-' if part < 0 else '+'}N({_cell(abs(part), at)})" for part in column.adds)
            return f"={signed.removeprefix('+')}"
        if column.adds:
            return f"=SUM({','.join(_cell(part, at) for part in column.adds)})"
        place = self.form.places[column.number]
        if parts and sum_reported(one.cells[place] for _, one in parts) == row.cells[place]:
            return f"=SUM({','.join(_run(column.number, [line for line, _ in parts]))})"
        return ""


def _run(column: int, lines: Sequence[int]) -> list[str]:
    """Cells of a column, those that follow each other as one range: a formula takes 255 parts at most."""
    if lines == list(range(lines[0], lines[-1] + 1)) and len(lines) > 2:
        return [f"{_cell(column, LINES + lines[0])}:{_cell(column, LINES + lines[-1])}"]
    return [_cell(column, LINES + line) for line in lines]


def _cell(column: int, at: int) -> str:
    return f"{column_letters(column - 1)}{at + 1}"
