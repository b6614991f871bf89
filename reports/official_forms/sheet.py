"""The lines of an official form, and its sheet in the official layout with live formulas."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from figures.form_definitions import FIRST, Cells, NumberedColumn, OfficialForm
from figures.formatting import format_signed, tier_name
from figures.summary import Summary
from figures.tally import sum_reported
from records.official_form_upload.reader import DOSSIER_FORM, official_forms
from spreadsheets.cells import column_letters
from spreadsheets.xlsx_writer import Sheet, xlsx_text

LETTERS = "ABCDEG"
TOTAL = "Tổng cộng"


@dataclass(frozen=True)
class FormRow:
    """A line with a cell for each column of figures; None is "not reported". `key` is the field's or unit's code."""

    mark: str
    name: str
    cells: Cells
    is_total: bool = False
    key: str = ""


def form_table(doc: dict[str, Any]) -> dict[str, Any]:
    """Template context `official`, `form_rows`, `form_note` of a document, by the form in force at its period's end."""
    form = official_forms().on(DOSSIER_FORM, date.fromisoformat(doc["review"]["to"]))
    assert form is not None  # it is bundled
    figures = Summary.from_dict(doc["figures"])
    total = figures.total
    parts = [(field["tier"], Summary.from_dict(field["figures"])) for field in doc["by_field"]]
    rows = form_lines(form, parts, total.counts)
    return {
        "official": form,
        "form_rows": rows,
        "form_note": form.note(total.counts, estimated=total.estimated, handover=bool(figures.handover)),
    }


def form_lines(
    form: OfficialForm, parts: Sequence[tuple[str, Summary]], total: Mapping[str, int | None]
) -> list[FormRow]:
    """Each tier with its fields that are reported or not expected, and the total if there are several tiers."""
    rows: list[FormRow] = []
    for place, (tier, summary) in enumerate(parts):
        rows.append(FormRow(LETTERS[place], tier_name(tier), form.cells(summary.total.counts), True))
        rows += [
            FormRow(str(number), row.name, form.cells(row.figures.counts), key=row.key)
            for number, row in enumerate(summary.rows, 1)
            if row.figures.completeness.reported or not row.figures.completeness.expected
        ]
    if len(parts) > 1:
        rows.append(FormRow("", TOTAL, form.cells(total), True))
    return rows


def lines_below(rows: Sequence[FormRow], place: int) -> list[tuple[int, FormRow]]:
    """The lines that a total sums, with their places: a tier's fields, or for the grand total the tiers, else all
    lines.
    """
    row = rows[place]
    if not row.is_total:
        return []
    if not row.mark:
        tiers = [(at, line) for at, line in enumerate(rows) if line.is_total and line.mark]
        return tiers or [(at, line) for at, line in enumerate(rows) if not line.is_total]
    lines = []
    for at in range(place + 1, len(rows)):
        if rows[at].is_total:
            break
        lines.append((at, rows[at]))
    return lines


def form_notes(form: OfficialForm, note: str) -> list[str]:
    """The notes below the table: the form's rules, and where measures without a column were counted."""
    uncounted = f"{form.lacking}: {note}" if form.lacking else note
    return [text for text in (f"{form.rules}." if form.rules else "", uncounted) if text]


def broken_identities(form: OfficialForm, rows: Iterable[FormRow]) -> list[str]:
    """The lines with a violated identity, with the identity and the difference."""
    return [
        f"{row.name}: {identity.words}, lệch {format_signed(gap)}"
        for row in rows
        for identity, gap in form.gaps(row.cells)
    ]


def unequal_totals(form: OfficialForm, rows: Sequence[FormRow]) -> list[str]:
    """Totals that differ from the sum of their lines, by column; for example where a unit reports its own total."""
    sentences = []
    for at, row in enumerate(rows):
        parts = lines_below(rows, at)
        for column in form.columns if parts else ():
            place = form.places[column.number]
            added, total = sum_reported(part.cells[place] for _, part in parts), row.cells[place]
            if added is not None and total is not None and added != total:
                sentences.append(
                    f"{row.name}, cột ({column.number}): lệch {format_signed(total - added)} so với các dòng"
                )
    return sentences


GROUPS = 5  # the row of the groups of columns; heads and numbers follow
LINES = GROUPS + 3
LATE = 8  # the column in which the right part of the head begins


@dataclass(frozen=True)
class FormHead:
    """The head of a form: reporting and receiving unit, period and coverage."""

    reporting: str
    receiving: str
    period: str
    days: str
    coverage: str


class OfficialFormSheet(Sheet):
    """A line for each tier or unit, field and total, with notes below."""

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
        """Form number left, title and period in the centre, units right."""
        late = min(LATE, len(self.titles) - 1)
        texts = (
            (0, 0, f"Biểu số {self.form.code}"),
            (0, 3, self.form.title.upper()),
            (0, late, f"Đơn vị báo cáo: {head.reporting}"),
            (1, 0, f"Ban hành theo {self.form.basis}"),
            (1, 3, f"Kỳ báo cáo: {head.period}"),
            (1, late, f"Đơn vị nhận báo cáo: {head.receiving}" if head.receiving else ""),
            (2, 3, f"({head.days})"),
            (3, 0, head.coverage),
            (4, late, f"Đơn vị tính: {self.form.counted_in}"),
        )
        bold = self.book.add_format({"bold": True})
        for row, column, text in texts:
            if text:
                self.sheet.write_string(
                    row, column, xlsx_text(text), bold if row == 0 and column < late else None
                )

    def _heads(self) -> None:
        """Groups, heads, numbers; a group is one merged cell, as on paper."""
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
        for place, column in enumerate(self.form.numbers):
            self.sheet.write_string(GROUPS + 2, place, f"({column})", number)

    def _row(self, at: int, row: FormRow, parts: list[tuple[int, FormRow]]) -> None:
        self.text(at, 0, row.mark, row.is_total)
        self.text(at, 1, row.name, row.is_total)
        for column, value in zip(self.form.columns, row.cells, strict=True):
            formula = self._formula(at, column, row, parts)
            self.number(at, column.number - 1, value, row.is_total, formula)

    def _formula(
        self, at: int, column: NumberedColumn, row: FormRow, parts: list[tuple[int, FormRow]]
    ) -> str:
        """The formula of a cell from the form's columns or the lines below; "" for a plain number."""
        if column.subtracts:
            signed = "".join(f"{'-' if part < 0 else '+'}N({_cell(abs(part), at)})" for part in column.adds)
            return f"={signed.removeprefix('+')}"
        if column.adds:
            return f"=SUM({','.join(_cell(part, at) for part in column.adds)})"
        place = self.form.places[column.number]
        if parts and sum_reported(line.cells[place] for _, line in parts) == row.cells[place]:
            return f"=SUM({','.join(_run(column.number, [line for line, _ in parts]))})"
        return ""


def _run(column: int, lines: Sequence[int]) -> list[str]:
    """Cells of a column, consecutive ones as a range: a function takes at most 255 arguments."""
    if lines == list(range(lines[0], lines[-1] + 1)) and len(lines) > 2:
        return [f"{_cell(column, LINES + lines[0])}:{_cell(column, LINES + lines[-1])}"]
    return [_cell(column, LINES + line) for line in lines]


def _cell(column: int, at: int) -> str:
    return f"{column_letters(column - 1)}{at + 1}"
