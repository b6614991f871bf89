"""One sheet of the Excel form: what is stored filled in, totals and balance as live formulas, last month underneath.

Last month stands in a block of its own and not between the rows, so that a block of numbers can be pasted in.
"""

from typing import Any

from django.utils.text import capfirst
from xlsxwriter.utility import xl_col_to_name, xl_range

from figures import rules
from figures.counts import added
from figures.measures import OPTIONAL
from figures.writing import CountError, parse_count
from records.forms.lines import Line
from units.words import clean

from .form_frame import FIRST, LEFT, frame, heads, validation
from .form_layout import (
    BALANCE,
    INPUT,
    NOT_SERVED,
    OURS,
    REASON,
    SUM,
    Column,
    Copy,
    FormMonth,
    columns,
)
from .form_styles import Styles


class FormSheet:
    """Writes one month; `copy`: the form as it came back, whose texts and remarks stand for what is stored."""

    def __init__(
        self, book: Any, name: str, styles: Styles, month: FormMonth, copy: Copy | None = None
    ) -> None:
        self.sheet = book.add_worksheet(name)
        self.styles, self.month, self.lines, self.copy = styles, month, month.lines, copy
        self.values = {line.code: self._shown(line) for line in self.lines}
        self.columns = columns(month.lines, month.end)
        self.places = {column.name: LEFT + place for place, column in enumerate(self.columns)}
        self.last = FIRST + len(self.lines) - 1

    def _shown(self, line: Line) -> dict[str, int | None]:
        """The numbers of a row: those typed where the form came back, else those stored."""
        texts = self.copy.texts if self.copy else {}
        return {
            name: _number(texts[line.code, name])
            if (line.code, name) in texts
            else self.month.value(line, name)
            for name in line.values
        }

    def write(self, *, notes: bool = True) -> None:
        """`notes`: remarks stand at their cells in words, not by colour only."""
        frame(self.sheet, self.columns)
        heads(self.sheet, self.styles, self.month, self.columns)
        said = _said(self.copy, notes)
        for at, line in enumerate(self.lines, FIRST):
            self._line(at, line, said)
        self._totals(self.last + 1)
        self._blanks(self.last + 2)
        self._before(self.last + 4)
        validation(self.sheet, self.styles, self.columns, self.last)

    def _line(self, at: int, line: Line, said: dict[tuple[str, str], tuple[str, str]]) -> None:
        self.sheet.write_string(at, 0, line.code)
        self.sheet.write_string(at, 1, clean(line.label), self.styles.label)
        values = self.values[line.code]
        for column in self.columns:
            place, key = self.places[column.name], (line.code, column.name)
            state, words = said.get(key, ("", ""))
            if words:
                self.sheet.write_comment(at, place, words, {"x_scale": 2.2, "y_scale": 1.4, "visible": False})
            if column.kind == SUM:
                self._sum(at, place, column, added(values[part] for part in column.parts), state)
            elif column.kind == BALANCE:
                self._balance(at, place, line, state)
            else:
                self._input(at, place, column, line, state)

    def _input(self, at: int, place: int, column: Column, line: Line, state: str) -> None:
        style = self.styles.input(state, words=column.kind == REASON)
        key = (line.code, column.name)
        if self.copy is not None and key in self.copy.texts:
            self._typed(at, place, self.copy.texts[key], style, number=column.kind == INPUT)
        elif column.kind == REASON:
            self._typed(at, place, clean(line.reason), style, number=False)
        elif column.name not in line.served and line.values[column.name] is None:
            self.sheet.write_string(at, place, NOT_SERVED, self.styles.not_served)
        else:
            value = self.values[line.code][column.name]
            self._typed(at, place, None if value is None else str(value), style, number=True)

    def _typed(self, at: int, place: int, text: str | None, style: Any, *, number: bool) -> None:
        """A count as a number, whatever else was typed as it was typed."""
        if not text:
            self.sheet.write_blank(at, place, None, style)
            return
        value = _number(text) if number else None
        if value is None:
            self.sheet.write_string(at, place, text[:32_000], style)
        else:
            self.sheet.write_number(at, place, value, style)

    def _sum(self, at: int, place: int, column: Column, value: int | None, state: str) -> None:
        first, last = (self.places[part] for part in (column.parts[0], column.parts[-1]))
        cells = xl_range(at, first, at, last)
        formula = f'=IF(COUNT({cells})=0,"",SUM({cells}))'
        style = self.styles.locked(state, words=False)
        self.sheet.write_formula(at, place, formula, style, "" if value is None else value)

    def _balance(self, at: int, place: int, line: Line, state: str) -> None:
        """The words of the page: khớp, lệch by how many, chưa đủ while a served cell is blank."""
        asked = [
            name for name in (*rules.COMES_IN, *rules.GOES_OUT) if name in line.served and name in self.places
        ]
        needed = [self._cell(name, at) for name in asked if name not in OPTIONAL]
        comes_in, goes_out = (
            ",".join(self._cell(name, at) for name in side if name in asked)
            for side in (rules.COMES_IN, rules.GOES_OUT)
        )
        gap = f"(SUM({comes_in})-SUM({goes_out}))"
        formula = (
            f'=IF(COUNT({",".join(needed)})<{len(needed)},"chưa đủ",IF({gap}=0,"khớp",'
            f'IF({gap}>0,"lệch +"&{gap},"lệch −"&-{gap})))'
        )
        words = _balance_words(rules.difference(self.values[line.code], line.served))
        self.sheet.write_formula(at, place, formula, self.styles.locked(state, words=True), words)

    def _totals(self, at: int) -> None:
        self._label(at, "Cộng")
        for column in self.columns:
            place = self.places[column.name]
            cells = xl_range(FIRST, place, self.last, place)
            if column.kind in (INPUT, SUM):
                parts = column.parts or (column.name,)
                value = added(self.values[line.code][part] for line in self.lines for part in parts)
                formula = f'=IF(COUNT({cells})=0,"",SUM({cells}))'
                self.sheet.write_formula(
                    at, place, formula, self.styles.total, "" if value is None else value
                )
            elif column.kind == BALANCE:
                off, lacking = f'COUNTIF({cells},"lệch*")', f'COUNTIF({cells},"chưa đủ")'
                formula = f'=IF({off}>0,{off}&" dòng",IF({lacking}>0,"chưa đủ","khớp"))'
                self.sheet.write_formula(at, place, formula, self.styles.balance, self._overall())

    def _overall(self) -> str:
        gaps = [rules.difference(self.values[line.code], line.served) for line in self.lines]
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
                cells = xl_range(FIRST, place, self.last, place)
                self.sheet.write_formula(at, place, f"=COUNTBLANK({cells})", self.styles.sum, blank)

    def _before(self, at: int) -> None:
        """What the month before counted, to compare with; of a first month what the units taken over left."""
        before = self.month.before
        self._label(at, f"{capfirst(before)}, để so sánh")
        for line_at, line in enumerate(self.lines, at + 1):
            self._label(line_at, line.label)
            values = line.last(self.month.month)
            for column in self.columns:
                if column.kind in (INPUT, SUM):
                    value = added(values.get(part) for part in column.parts or (column.name,))
                    if value is None:
                        self.sheet.write_blank(line_at, self.places[column.name], None, self.styles.number)
                    else:
                        self.sheet.write_number(line_at, self.places[column.name], value, self.styles.number)

    def _label(self, at: int, text: str) -> None:
        self.sheet.write_string(at, 0, OURS)
        self.sheet.write_string(at, 1, clean(text), self.styles.label)

    def _cell(self, name: str, at: int) -> str:
        return f"{xl_col_to_name(self.places[name])}{at + 1}"


def _number(text: str | None) -> int | None:
    """What was typed as a count; None where it is none."""
    try:
        return parse_count(text or "")
    except CountError:
        return None


def _balance_words(gap: int | None) -> str:
    if gap is None:
        return "chưa đủ"
    return f"lệch {'+' if gap > 0 else '−'}{abs(gap)}" if gap else "khớp"


def _said(copy: Copy | None, notes: bool) -> dict[tuple[str, str], tuple[str, str]]:
    """State and words of each cell that something is said about."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for one in copy.remarks if copy else ():
        if one.key is None:
            continue
        state, words = found.get(one.key, ("odd", ""))
        state = "wrong" if one.blocks else state
        found[one.key] = state, f"{words}\n{one.message}".strip() if notes else ""
    return found
