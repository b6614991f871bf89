"""Writes the workbook: a protected sheet for each unit's month, with only the input cells unlocked."""

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

from django.utils.text import capfirst

from core.text import clean_text
from figures import count_rules, measures
from figures.count_input import CountInputError, parse_count
from figures.measures import OPTIONAL
from figures.rule_catalogue import LARGEST_COUNT, RULES
from figures.tally import sum_reported
from records.submissions.lines import GridLine
from spreadsheets.cells import WEB_LIMITS, column_letters
from spreadsheets.xlsx_writer import cell_position, cell_range, new_workbook, print_across

from .layout import (
    BALANCE,
    INPUT,
    NAMES,
    NOT_SERVED,
    NOTE,
    OURS,
    REASON,
    SUM,
    CellRemark,
    FormColumn,
    FormMonth,
    UploadedCopy,
    form_columns,
)

_LINE = {"border": 1, "border_color": "#B8BFC7"}
_NUMBER = {**_LINE, "num_format": "#,##0", "align": "right"}
_WORDS = {**_LINE, "text_wrap": True, "valign": "top"}
_SUM = {**_NUMBER, "bg_color": "#EEF1F4"}
_BALANCE = {**_LINE, "bg_color": "#EEF1F4", "align": "center"}
_INPUT = {"locked": False, "bg_color": "#FFFBE6"}
_WRONG = {"bg_color": "#F8B4B4", "bold": True}
_ODD = {"bg_color": "#FBD38D"}


class FormStyles:
    """Formats of one workbook; cells are locked by the sheet's protection unless a format unlocks them."""

    def __init__(self, book: Any) -> None:
        add = book.add_format
        self.title = add({"bold": True, "font_size": 14})
        self.note = add({"font_color": "#4A5560"})
        self.text = add({"text_wrap": True, "valign": "top"})
        self.head = add({**_LINE, "bold": True, "text_wrap": True, "align": "center", "valign": "vcenter"})
        # Centred across its neighbours without merging them.
        self.group = add({**_LINE, "bold": True, "align": "center_across"})
        self.label = add({**_WORDS, "bold": True})
        self.sum = add(_SUM)
        self.total = add({**_NUMBER, "bg_color": "#EEF1F4", "bold": True})
        self.number = add({**_NUMBER, "font_color": "#4A5560"})
        self.balance = add(_BALANCE)
        self.off = add({"font_color": "#B42318", "bold": True})
        self.not_served = add(
            {**_LINE, "pattern": 14, "fg_color": "#D5DAE0", "font_color": "#4A5560", "align": "center"}
        )
        states = (("", {}), ("odd", _ODD), ("wrong", _WRONG))
        looks = (("number", _NUMBER), ("words", _WORDS))
        self._inputs = {
            (kind, state): add({**look, **_INPUT, **more}) for kind, look in looks for state, more in states
        }
        looks = (("number", _SUM), ("words", _BALANCE))
        self._locked = {
            (kind, state): add({**look, **more}) for kind, look in looks for state, more in states
        }

    def input(self, state: str = "", *, words: bool = False) -> Any:
        """An input cell; `state`: "", "odd" or "wrong"."""
        return self._inputs["words" if words else "number", state]

    def locked(self, state: str = "", *, words: bool) -> Any:
        """A sum, or the balance in words."""
        return self._locked["words" if words else "number", state]


FIRST_LINE = 6  # the row of the first line, from 0
FIRST_COUNT_COLUMN = 2  # after code and name
_WIDTHS = {BALANCE: 12, REASON: 34}
_INSTRUCTIONS = (
    "Nhập vào các ô nền vàng; các ô khác đã khóa. Chỉ nhập số nguyên từ 0. Để trống là chưa báo, khác với 0. Ô gạch "
    f"chéo ghi “{NOT_SERVED}”: lĩnh vực không có hình thức đó. BCCI: bưu chính công ích."
)
_COMMON_REASONS = (
    "Đã đối chiếu, số đúng theo sổ theo dõi",
    "Kỳ trước báo thiếu, đã đối chiếu lại",
    "Tăng theo đợt hồ sơ tập trung",
    "Giảm so với các tháng trước, số đúng",
    "Không phát sinh hồ sơ",
)
_PROTECTION_OPTIONS = {"format_columns": True, "format_rows": True}


def set_frame(sheet: Any, columns: Sequence[FormColumn]) -> None:
    """Widths, frozen panes, print settings, protection."""
    sheet.set_column(0, 0, None, None, {"hidden": True})
    sheet.set_column(1, 1, 26)
    for place, column in enumerate(columns, FIRST_COUNT_COLUMN):
        sheet.set_column(place, place, _WIDTHS.get(column.kind, 10.5))
    sheet.freeze_panes(FIRST_LINE, FIRST_COUNT_COLUMN)
    print_across(sheet, 3, 4)
    sheet.protect("", _PROTECTION_OPTIONS)


def write_heads(sheet: Any, styles: FormStyles, month: FormMonth, columns: Sequence[FormColumn]) -> None:
    """Signature, title, heads, and the hidden row of column names."""
    sheet.write_string(0, 0, str(month.sign))
    name = clean_text(month.name)
    title = f"{capfirst(name)}: báo cáo {month.month.label}"
    for at, (text, style) in enumerate(
        ((title, styles.title), (month.period_note, styles.note), (_INSTRUCTIONS, styles.note))
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
    for place, column in enumerate(columns, FIRST_COUNT_COLUMN):
        # The name of a group of one column goes to the row with room for two lines.
        over = column.group if column.title and column.group != group else ""
        sheet.write(3, place, over, styles.group if column.title else styles.head)
        sheet.write_string(4, place, column.title or column.group, styles.head)
        sheet.write_string(5, place, column.name)
        group = column.group


def set_validation(sheet: Any, styles: FormStyles, columns: Sequence[FormColumn], last: int) -> None:
    """Accept whole numbers only, offer common reasons, and show a wrong balance in red."""
    places = {column.name: place for place, column in enumerate(columns, FIRST_COUNT_COLUMN)}
    for begin, end in _runs(columns):
        sheet.data_validation(
            FIRST_LINE, FIRST_COUNT_COLUMN + begin, last, FIRST_COUNT_COLUMN + end,
            {
                "validate": "integer", "criteria": "between", "minimum": 0, "maximum": LARGEST_COUNT,
                "error_title": "Số hồ sơ", "error_message": f"{RULES['not_whole'].demands} Từ 0 đến 999.999.999; "
                "chưa báo thì để trống.",
            },
        )  # fmt: skip
    reason = places[REASON]
    listed = {"validate": "list", "source": list(_COMMON_REASONS), "show_error": False}
    sheet.data_validation(FIRST_LINE, reason, last, reason, listed)
    off = {"type": "text", "criteria": "begins with", "value": "lệch", "format": styles.off}
    sheet.conditional_format(FIRST_LINE, places[BALANCE], last, places[BALANCE], off)


def _runs(columns: Sequence[FormColumn]) -> Iterator[tuple[int, int]]:
    """Places of the first and last column of each run of input columns."""
    start = None
    for place, column in enumerate(columns):
        if column.kind == INPUT and start is None:
            start = place
        elif column.kind != INPUT and start is not None:
            yield start, place - 1
            start = None


class UnitSheet:
    """Writes one month; `copy`: an uploaded form, whose texts and remarks replace what is stored."""

    def __init__(
        self, book: Any, name: str, styles: FormStyles, month: FormMonth, copy: UploadedCopy | None = None
    ) -> None:
        self.sheet = book.add_worksheet(name)
        self.styles, self.month, self.lines, self.copy = styles, month, month.lines, copy
        self.values = {line.code: self._shown(line) for line in self.lines}
        self.columns = form_columns(month.lines, month.end)
        self.places = {column.name: FIRST_COUNT_COLUMN + place for place, column in enumerate(self.columns)}
        self.last = FIRST_LINE + len(self.lines) - 1

    def _shown(self, line: GridLine) -> dict[str, int | None]:
        """The numbers of a row, as uploaded, else as stored."""
        texts = self.copy.texts if self.copy else {}
        return {
            name: _number(texts[line.code, name])
            if (line.code, name) in texts
            else self.month.value(line, name)
            for name in line.values
        }

    def write(self, *, notes: bool = True) -> None:
        """`notes`: write remarks as cell comments, not only as colours."""
        set_frame(self.sheet, self.columns)
        write_heads(self.sheet, self.styles, self.month, self.columns)
        remarks = _remarks_by_cell(self.copy, notes)
        for at, line in enumerate(self.lines, FIRST_LINE):
            self._line(at, line, remarks)
        self._totals(self.last + 1)
        self._blanks(self.last + 2)
        self._before(self.last + 4)
        set_validation(self.sheet, self.styles, self.columns, self.last)

    def _line(self, at: int, line: GridLine, remarks: dict[tuple[str, str], tuple[str, str]]) -> None:
        self.sheet.write_string(at, 0, line.code)
        self.sheet.write_string(at, 1, clean_text(line.label), self.styles.label)
        values = self.values[line.code]
        for column in self.columns:
            place, key = self.places[column.name], (line.code, column.name)
            state, words = remarks.get(key, ("", ""))
            if words:
                self.sheet.write_comment(at, place, words, {"x_scale": 2.2, "y_scale": 1.4, "visible": False})
            if column.kind == SUM:
                self._sum(at, place, column, sum_reported(values[part] for part in column.parts), state)
            elif column.kind == BALANCE:
                self._balance(at, place, line, state)
            else:
                self._input(at, place, column, line, state)

    def _input(self, at: int, place: int, column: FormColumn, line: GridLine, state: str) -> None:
        style = self.styles.input(state, words=column.kind == REASON)
        key = (line.code, column.name)
        if self.copy is not None and key in self.copy.texts:
            self._typed(at, place, self.copy.texts[key], style, number=column.kind == INPUT)
        elif column.kind == REASON:
            self._typed(at, place, clean_text(line.reason), style, number=False)
        elif column.name not in line.served and line.values[column.name] is None:
            self.sheet.write_string(at, place, NOT_SERVED, self.styles.not_served)
        else:
            value = self.values[line.code][column.name]
            self._typed(at, place, None if value is None else str(value), style, number=True)

    def _typed(self, at: int, place: int, text: str | None, style: Any, *, number: bool) -> None:
        """Write a count as a number, anything else as typed."""
        if not text:
            self.sheet.write_blank(at, place, None, style)
            return
        value = _number(text) if number else None
        if value is None:
            self.sheet.write_string(at, place, text[:32_000], style)
        else:
            self.sheet.write_number(at, place, value, style)

    def _sum(self, at: int, place: int, column: FormColumn, value: int | None, state: str) -> None:
        first, last = (self.places[part] for part in (column.parts[0], column.parts[-1]))
        cells = cell_range(at, first, at, last)
        formula = f'=IF(COUNT({cells})=0,"",SUM({cells}))'
        style = self.styles.locked(state, words=False)
        self.sheet.write_formula(at, place, formula, style, "" if value is None else value)

    def _balance(self, at: int, place: int, line: GridLine, state: str) -> None:
        """As on the page: khớp, lệch with the difference, or chưa đủ while a required cell is blank."""
        served = [
            name
            for name in (*measures.COMES_IN, *measures.GOES_OUT)
            if name in line.served and name in self.places
        ]
        needed = [self._cell(name, at) for name in served if name not in OPTIONAL]
        comes_in, goes_out = (
            ",".join(self._cell(name, at) for name in side if name in served)
            for side in (measures.COMES_IN, measures.GOES_OUT)
        )
        gap = f"(SUM({comes_in})-SUM({goes_out}))"
        formula = (
            f'=IF(COUNT({",".join(needed)})<{len(needed)},"chưa đủ",IF({gap}=0,"khớp",'
            f'IF({gap}>0,"lệch +"&{gap},"lệch −"&-{gap})))'
        )
        words = _balance_words(count_rules.balance_difference(self.values[line.code], line.served))
        self.sheet.write_formula(at, place, formula, self.styles.locked(state, words=True), words)

    def _totals(self, at: int) -> None:
        self._label(at, "Cộng")
        for column in self.columns:
            place = self.places[column.name]
            cells = cell_range(FIRST_LINE, place, self.last, place)
            if column.kind in (INPUT, SUM):
                parts = column.parts or (column.name,)
                value = sum_reported(self.values[line.code][part] for line in self.lines for part in parts)
                formula = f'=IF(COUNT({cells})=0,"",SUM({cells}))'
                self.sheet.write_formula(
                    at, place, formula, self.styles.total, "" if value is None else value
                )
            elif column.kind == BALANCE:
                off, incomplete = f'COUNTIF({cells},"lệch*")', f'COUNTIF({cells},"chưa đủ")'
                formula = f'=IF({off}>0,{off}&" dòng",IF({incomplete}>0,"chưa đủ","khớp"))'
                self.sheet.write_formula(at, place, formula, self.styles.balance, self._overall())

    def _overall(self) -> str:
        gaps = [count_rules.balance_difference(self.values[line.code], line.served) for line in self.lines]
        off = sum(bool(gap) for gap in gaps)
        return f"{off} dòng" if off else "chưa đủ" if None in gaps else "khớp"

    def _blanks(self, at: int) -> None:
        self._label(at, "Số ô còn để trống")
        for column in self.columns:
            if column.kind == INPUT and column.name not in OPTIONAL:
                place = self.places[column.name]
                blank = sum(
                    column.name in line.served and self.values[line.code][column.name] is None
                    for line in self.lines
                )
                cells = cell_range(FIRST_LINE, place, self.last, place)
                self.sheet.write_formula(at, place, f"=COUNTBLANK({cells})", self.styles.sum, blank)

    def _before(self, at: int) -> None:
        """The numbers of the month before, to compare with; in a first month the closing counts of the predecessors."""
        before = self.month.before
        self._label(at, f"{capfirst(before)}, để so sánh")
        for line_at, line in enumerate(self.lines, at + 1):
            self._label(line_at, line.label)
            values = line.last(self.month.month)
            for column in self.columns:
                if column.kind in (INPUT, SUM):
                    value = sum_reported(values.get(part) for part in column.parts or (column.name,))
                    if value is None:
                        self.sheet.write_blank(line_at, self.places[column.name], None, self.styles.number)
                    else:
                        self.sheet.write_number(line_at, self.places[column.name], value, self.styles.number)

    def _label(self, at: int, text: str) -> None:
        self.sheet.write_string(at, 0, OURS)
        self.sheet.write_string(at, 1, clean_text(text), self.styles.label)

    def _cell(self, name: str, at: int) -> str:
        return f"{column_letters(self.places[name])}{at + 1}"


def _number(text: str | None) -> int | None:
    """The text as a count; None where it is none."""
    try:
        return parse_count(text or "")
    except CountInputError:
        return None


def _balance_words(gap: int | None) -> str:
    if gap is None:
        return "chưa đủ"
    return f"lệch {'+' if gap > 0 else '−'}{abs(gap)}" if gap else "khớp"


def _remarks_by_cell(copy: UploadedCopy | None, notes: bool) -> dict[tuple[str, str], tuple[str, str]]:
    """State and words of each cell with remarks."""
    by_cell: dict[tuple[str, str], tuple[str, str]] = {}
    for remark in copy.remarks if copy else ():
        if remark.key is None:
            continue
        state, words = by_cell.get(remark.key, ("odd", ""))
        state = "wrong" if remark.blocks else state
        by_cell[remark.key] = state, f"{words}\n{remark.message}".strip() if notes else ""
    return by_cell


_MAX_SHEET_NAME = 31
_MAX_OTHER_PARTS = 20  # parts of a workbook besides its sheets, with a margin
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_REMARK_HEADS = ("Trang tính", "Ô", "Dòng, cột", "Cần sửa, cần xem")


def form_workbook(months: Sequence[FormMonth], copies: Mapping[int, UploadedCopy] | None = None) -> bytes:
    """A sheet for each month. `copies`: uploaded forms by id of the unit, to be marked; with very many sheets the last
    ones have colours only.
    """
    buffer = BytesIO()
    used_names: set[str] = set()
    with new_workbook(buffer, row_by_row=False) as book:
        styles = FormStyles(book)
        remarks = [remark for copy in (copies or {}).values() for remark in copy.remarks]
        if remarks:
            _write_remarks(book, styles, remarks, used_names)
        # Comments add three parts to a sheet, and an upload may have only so many.
        notes_left = (WEB_LIMITS.parts - len(months) - _MAX_OTHER_PARTS) // 3
        for month in months:
            copy = (copies or {}).get(month.unit)
            notes_left -= bool(copy and copy.remarks)
            UnitSheet(book, sheet_name(month.name, used_names), styles, month, copy).write(
                notes=notes_left >= 0
            )
    return buffer.getvalue()


def sheet_name(text: str, used_names: set[str]) -> str:
    """The text as a unique name of a sheet."""
    plain = clean_text(text).translate(_FORBIDDEN).strip()[:_MAX_SHEET_NAME].strip() or "Biểu"
    plain = capfirst(plain)
    name, number = plain, 1
    while name.lower() in used_names:
        number += 1
        tail = f" {number}"
        name = plain[: _MAX_SHEET_NAME - len(tail)] + tail
    used_names.add(name.lower())
    return name


def _write_remarks(
    book: Any, styles: FormStyles, remarks: Sequence[CellRemark], used_names: set[str]
) -> None:
    """All remarks, in a sheet of their own that uploads ignore."""
    sheet = book.add_worksheet(sheet_name("Cần sửa", used_names))
    sheet.set_column(0, 0, 0, None, {"hidden": True})
    sheet.set_column(1, 1, 24)
    sheet.set_column(2, 2, 8)
    sheet.set_column(3, 3, 40)
    sheet.set_column(4, 4, 100)
    sheet.write_string(0, 0, NOTE)
    sheet.write_string(
        0, 1, "Sửa các ô nêu dưới đây ở trang tính của đơn vị, lưu lại rồi nạp tệp này.", styles.title
    )
    for place, head in enumerate(_REMARK_HEADS, 1):
        sheet.write_string(1, place, head, styles.head)
    ordered = sorted(remarks, key=lambda remark: (not remark.blocks, remark.sheet, _position(remark.cell)))
    for at, remark in enumerate(ordered, 2):
        words = remark.message if remark.blocks else f"Cần xem: {remark.message}"
        for place, text in enumerate((remark.sheet, remark.cell, remark.place, words), 1):
            sheet.write_string(at, place, clean_text(text), styles.text)
    sheet.freeze_panes(2, 0)
    print_across(sheet)


def _position(cell: str) -> tuple[int, int]:
    return cell_position(cell) if cell else (-1, -1)
