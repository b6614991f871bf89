"""What surrounds the numbers of a sheet of the Excel form: columns, heads, protection, what may be typed."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.text import capfirst

from figures.rulebook import LARGEST_COUNT, RULES
from units.words import clean

from .form_layout import BALANCE, INPUT, NAMES, NOT_SERVED, OURS, REASON, Column, FormMonth
from .form_styles import Styles

FIRST = 6  # the row of the first line, from 0
LEFT = 2  # code and name stand before the numbers
_WIDTHS = {BALANCE: 12, REASON: 34}
_HOW = (
    "Nhập vào các ô nền vàng; các ô khác đã khóa. Chỉ nhập số nguyên từ 0. Để trống là chưa báo, khác với 0. Ô gạch "
    f"chéo ghi “{NOT_SERVED}”: lĩnh vực không có hình thức đó. BCCI: bưu chính công ích."
)
_REASONS = (
    "Đã đối chiếu, số đúng theo sổ theo dõi",
    "Kỳ trước báo thiếu, đã đối chiếu lại",
    "Tăng theo đợt hồ sơ tập trung",
    "Giảm so với các tháng trước, số đúng",
    "Không phát sinh hồ sơ",
)
_OPTIONS = {"format_columns": True, "format_rows": True}


def frame(sheet: Any, columns: Sequence[Column]) -> None:
    """Widths, what stays in sight, print, protection."""
    sheet.set_column(0, 0, None, None, {"hidden": True})
    sheet.set_column(1, 1, 26)
    for place, column in enumerate(columns, LEFT):
        sheet.set_column(place, place, _WIDTHS.get(column.kind, 10.5))
    sheet.freeze_panes(FIRST, LEFT)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(3, 4)
    sheet.protect("", _OPTIONS)


def heads(sheet: Any, styles: Styles, month: FormMonth, columns: Sequence[Column]) -> None:
    """Sign, title and heads; the hidden row of names."""
    sheet.write_string(0, 0, str(month.sign))
    name = clean(month.name)
    title = f"{capfirst(name)}: báo cáo {month.month.label}"
    for at, (text, style) in enumerate(
        ((title, styles.title), (month.told, styles.note), (_HOW, styles.note))
    ):
        if at:
            sheet.write_string(at, 0, OURS)
        sheet.write_string(at, 1, text, style)
    for at in (3, 4):
        sheet.write_string(at, 0, OURS)
    sheet.write_string(5, 0, NAMES)
    sheet.write_blank(3, 1, None, styles.head)
    sheet.write_string(4, 1, "Lĩnh vực", styles.head)
    sheet.set_row(4, 46)
    sheet.set_row(5, None, None, {"hidden": True})
    group = ""
    for place, column in enumerate(columns, LEFT):
        # A group of one column has its name where there is room for two lines.
        over = column.group if column.title and column.group != group else ""
        sheet.write(3, place, over, styles.group if column.title else styles.head)
        sheet.write_string(4, place, column.title or column.group, styles.head)
        sheet.write_string(5, place, column.name)
        group = column.group


def validation(sheet: Any, styles: Styles, columns: Sequence[Column], last: int) -> None:
    """Whole numbers only, in Vietnamese words; reasons that are often given; a balance that is off is red."""
    places = {column.name: place for place, column in enumerate(columns, LEFT)}
    for begin, end in _runs(columns):
        sheet.data_validation(
            FIRST, LEFT + begin, last, LEFT + end,
            {
                "validate": "integer", "criteria": "between", "minimum": 0, "maximum": LARGEST_COUNT,
                "error_title": "Số hồ sơ", "error_message": f"{RULES['not_whole'].demands} Từ 0 đến 999.999.999; "
                "chưa báo thì để trống.",
            },
        )  # fmt: skip
    reason = places[REASON]
    listed = {"validate": "list", "source": list(_REASONS), "show_error": False}
    sheet.data_validation(FIRST, reason, last, reason, listed)
    off = {"type": "text", "criteria": "begins with", "value": "lệch", "format": styles.off}
    sheet.conditional_format(FIRST, places[BALANCE], last, places[BALANCE], off)


def _runs(found: Sequence[Column]) -> Iterator[tuple[int, int]]:
    """Places of the first and last column of each stretch of cells to fill in with numbers."""
    start = None
    for place, column in enumerate(found):
        if column.kind == INPUT and start is None:
            start = place
        elif column.kind != INPUT and start is not None:
            yield start, place - 1
            start = None
