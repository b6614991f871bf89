"""Form II.06a as a sheet: its thirteen columns, with the form's own identities as live formulas."""

from collections.abc import Sequence
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from figures.counts import added

from . import form_06a
from .form_06a import FormRow
from .sheets import HEAD, Sheet

TITLES = (
    "Lĩnh vực giải quyết (2)",
    "TT (1)",
    "Tiếp nhận, tổng số (3)",
    "Tiếp nhận trực tuyến (4)",
    "Tiếp nhận trực tiếp, bưu chính (5)",
    "Từ kỳ trước (6)",
    "Đã giải quyết, tổng số (7)",
    "Giải quyết trước hạn (8)",
    "Giải quyết đúng hạn (9)",
    "Giải quyết quá hạn (10)",
    "Đang giải quyết, tổng số (11)",
    "Đang giải quyết trong hạn (12)",
    "Đang giải quyết quá hạn (13)",
)
# A column of the form and those that it adds up.
IDENTITIES = {3: (4, 5, 6), 7: (8, 9, 10), 11: (12, 13)}
FIRST = 3  # the form's number of the first column with figures


class FormSheet(Sheet):
    """A line for each tier, field and the total of the tiers; under them what the form has no column for."""

    def write(self, doc: dict[str, Any], title: str, told: str) -> None:
        self.head(title, told)
        made = form_06a.table(doc)
        rows: Sequence[FormRow] = made["form_rows"]
        for place, row in enumerate(rows):
            self._row(HEAD + place, row, _below(rows, place))
        note = f"Biểu không có cột cho hồ sơ rút, trả lại và hồ sơ chờ bổ sung: {made['form_note']}"
        self.text(HEAD + len(rows) + 1, 0, note)

    def _row(self, at: int, row: FormRow, below: list[tuple[int, FormRow]]) -> None:
        self.text(at, 0, row.name, row.is_total)
        self.text(at, 1, row.mark, row.is_total)
        for place, number in enumerate(row.cells):
            column = place + FIRST
            cells = self._cells(at, column, row, below)
            if number is None or not cells:
                self.number(at, column - 1, number, row.is_total)
            else:
                style = self.style("#,##0", row.is_total)
                self.sheet.write_formula(at, column - 1, f"=SUM({cells})", style, number)

    def _cells(self, at: int, column: int, row: FormRow, below: list[tuple[int, FormRow]]) -> str:
        """What adds up to a cell: the columns that the form names, or the lines below a tier."""
        if column in IDENTITIES:
            return ",".join(_cell(part, at) for part in IDENTITIES[column])
        place = column - FIRST
        if below and added(one.cells[place] for _, one in below) == row.cells[place]:
            return ",".join(_cell(column, HEAD + line) for line, _ in below)
        return ""


def _below(rows: Sequence[FormRow], place: int) -> list[tuple[int, FormRow]]:
    """The lines that a total adds up, with their places: of a tier its fields, of the whole the tiers."""
    row = rows[place]
    if not row.is_total:
        return []
    if not row.mark:
        return [(at, one) for at, one in enumerate(rows) if one.is_total and one.mark]
    found = []
    for at in range(place + 1, len(rows)):
        if rows[at].is_total:
            break
        found.append((at, rows[at]))
    return found


def _cell(column: int, at: int) -> str:
    return f"{xl_col_to_name(column - 1)}{at + 1}"
