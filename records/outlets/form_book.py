"""The Excel form as a workbook: a protected sheet for each unit's month, only the cells to fill in unlocked.

No cell is merged (a title runs over its neighbours), so that a merged cell that comes back is somebody's own.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import xlsxwriter
from django.utils.text import capfirst
from xlsxwriter.utility import xl_cell_to_rowcol

from units.cells import WEB
from units.words import clean

from .form_layout import NOTE, Copy, FormMonth, Remark
from .form_sheet import FormSheet
from .form_styles import Styles

# Text is never taken for a formula, a number or an address.
OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,
}
_LONGEST_NAME = 31
_OTHER_PARTS = 20  # of a workbook beside its sheets, with room to spare
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_HEADS = ("Trang tính", "Ô", "Dòng, cột", "Cần sửa, cần xem")


def workbook(months: Sequence[FormMonth], copies: Mapping[int, Copy] | None = None) -> bytes:
    """A sheet for each month. `copies`, by number of the unit: the forms as they came back, marked; where very many
    sheets are, the last ones by colour only.
    """
    buffer = BytesIO()
    taken: set[str] = set()
    with xlsxwriter.Workbook(buffer, OPTIONS) as book:
        styles = Styles(book)
        remarks = [one for copy in (copies or {}).values() for one in copy.remarks]
        if remarks:
            _listed(book, styles, remarks, taken)
        # Notes cost a sheet three parts more, and the copy is to come back through the gate of uploads.
        noted = (WEB.parts - len(months) - _OTHER_PARTS) // 3
        for month in months:
            copy = (copies or {}).get(month.unit)
            noted -= bool(copy and copy.remarks)
            FormSheet(book, sheet_name(month.name, taken), styles, month, copy).write(notes=noted >= 0)
    return buffer.getvalue()


def sheet_name(text: str, taken: set[str]) -> str:
    """The text as the name of a sheet that no other has."""
    plain = clean(text).translate(_FORBIDDEN).strip()[:_LONGEST_NAME].strip() or "Biểu"
    plain = capfirst(plain)
    name, number = plain, 1
    while name.lower() in taken:
        number += 1
        tail = f" {number}"
        name = plain[: _LONGEST_NAME - len(tail)] + tail
    taken.add(name.lower())
    return name


def _listed(book: Any, styles: Styles, remarks: Sequence[Remark], taken: set[str]) -> None:
    """Everything that is said about the forms, in a sheet of its own that is not read when the file comes back."""
    sheet = book.add_worksheet(sheet_name("Cần sửa", taken))
    sheet.set_column(0, 0, 0, None, {"hidden": True})
    sheet.set_column(1, 1, 24)
    sheet.set_column(2, 2, 8)
    sheet.set_column(3, 3, 40)
    sheet.set_column(4, 4, 100)
    sheet.write_string(0, 0, NOTE)
    sheet.write_string(
        0, 1, "Sửa các ô nêu dưới đây ở trang tính của đơn vị, lưu lại rồi nạp tệp này.", styles.title
    )
    for place, head in enumerate(_HEADS, 1):
        sheet.write_string(1, place, head, styles.head)
    ordered = sorted(remarks, key=lambda one: (not one.blocks, one.sheet, _position(one.cell)))
    for at, one in enumerate(ordered, 2):
        said = one.message if one.blocks else f"Cần xem: {one.message}"
        for place, text in enumerate((one.sheet, one.cell, one.place, said), 1):
            sheet.write_string(at, place, clean(text), styles.text)
    sheet.freeze_panes(2, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _position(cell: str) -> tuple[int, int]:
    return xl_cell_to_rowcol(cell) if cell else (-1, -1)
