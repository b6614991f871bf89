"""A table of figures as CSV and as XLSX with typed numbers and live formulas."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from figures import formatting
from figures.rates import Rate, Share
from figures.summary import ShareChange
from figures.tally import sum_reported
from spreadsheets.table_file import csv_lines, escape_formula
from spreadsheets.workbook import OPTIONS, write_source_sheet, xlsx_text

from .columns import COUNTS, RATES, SUM_OF, FlatRow, FlatTable, row_remark


def table_csv_bytes(flat: FlatTable) -> bytes:
    """The whole file; every row carries its period and completeness, since rows travel without their head."""
    head = [*flat.titles, "Kỳ", "Từ ngày", "Đến ngày", "Phạm vi"]
    rows = [list(_row(flat, row)) for row in (*flat.rows, flat.total)]
    return "".join(csv_lines([head, *rows])).encode()


def _row(flat: FlatTable, row: FlatRow) -> Iterator[str | int]:
    period, figures = flat.summary.period, row.figures
    yield from (escape_formula(text) for text in (row.name, row.key, row.section))
    for name in COUNTS:
        number = figures.counts[name]
        yield "" if number is None else number
    for rate in RATES:
        yield formatting.format_percent(figures.share(rate.key).percent)
    if flat.changes:
        before = row.change.before if row.change else None
        yield formatting.format_percent(before.percent) if before else ""
        # Without "+", which begins a formula.
        yield formatting.format_points(row.change.points).lstrip("+") if row.change else ""
    yield figures.completeness.reported
    yield figures.completeness.expected
    yield row_remark(row)
    yield period.code
    yield formatting.format_day(period.start)
    yield formatting.format_day(period.end)
    yield escape_formula(flat.scope)


TEXTS = 3  # name, key, group stand before the counts
HEAD = 3  # title, period, then the column heads
# Differences in percentage points.
POINTS, POINTS_WHOLE = '"+"0.{0};"−"0.{0};0.{0}', '"+"0;"−"0;0'


@dataclass(frozen=True)
class SheetLine:
    """A row of a sheet. `adds` are the places of the lines (from 0) that its counts in `summed` add up."""

    row: FlatRow
    adds: range | Sequence[int] = ()
    summed: frozenset[str] = frozenset(COUNTS)
    strong: bool = False


def table_xlsx_bytes(flat: FlatTable) -> bytes:
    """The workbook: sheet "Số liệu" with a frozen head, and sheet "Nguồn" that says where the figures come from."""
    buffer = BytesIO()
    summary = flat.summary
    lines = [SheetLine(row) for row in flat.rows]
    lines.append(SheetLine(flat.total, range(len(flat.rows)), flat.summed, strong=True))
    told = f"{flat.period}; {summary.completeness_text}; {flat.scope}"
    with xlsxwriter.Workbook(buffer, OPTIONS) as book:
        FigureSheet(book, "Số liệu", flat.titles).write(
            f"{summary.unit_name}: {summary.period.label}", told, lines
        )
        write_source_sheet(book, flat.source)
    return buffer.getvalue()


class FormulaSheet:
    """A sheet with a title, a line about it and a frozen head, written strictly from top to bottom (constant memory
    forgets finished rows). `width` is of the first column, in letters.
    """

    def __init__(
        self, book: xlsxwriter.Workbook, name: str, titles: Sequence[str], width: int = 34, others: float = 10
    ) -> None:
        self.book, self.titles = book, titles
        self.sheet = book.add_worksheet(name)
        self.formats: dict[tuple[str, bool], xlsxwriter.format.Format] = {}
        self.sheet.freeze_panes(HEAD, 1)
        self.sheet.set_column(0, 0, width)
        self.sheet.set_column(1, len(titles) - 1, others)
        # Printed on A4 across, all columns on a page, the head on each.
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(HEAD - 1)

    def head(self, title: str, told: str) -> None:
        self.text(0, 0, title, True)
        self.sheet.write_string(1, 0, xlsx_text(told))
        head = self.book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self.sheet.set_row(HEAD - 1, 78)
        for place, one in enumerate(self.titles):
            self.sheet.write_string(HEAD - 1, place, one, head)

    def text(self, at: int, column: int, text: str, bold: bool = False) -> None:
        self.sheet.write_string(at, column, xlsx_text(text), self.style("@", bold))

    def number(self, at: int, column: int, number: int | None, bold: bool = False) -> None:
        """A count; blank where nobody reported it."""
        style = self.style("#,##0", bold)
        if number is None:
            self.sheet.write_blank(at, column, None, style)
        else:
            self.sheet.write_number(at, column, number, style)

    def share(self, at: int, column: int, above: str, below: str, share: Share, bold: bool = False) -> None:
        """A rate as a formula of cells, shown with the decimals that it is printed with; "—" where there is none."""
        if share.percent is None or not share.denominator:
            self.sheet.write_string(at, column, "—", self.style("General", bold))
            return
        value = share.numerator / share.denominator
        formula = f'=IF(N({below})=0,"—",({above})/{below})'
        self.sheet.write_formula(at, column, formula, self._rate_style(share, bold), value)

    def change(self, at: int, column: int, change: ShareChange | None, bold: bool = False) -> None:
        """Last year's rate and the difference in points; blank where they are not known."""
        before = change.before if change else None
        if before is None:
            self.sheet.write_blank(at, column, None, self.style("General", bold))
        else:
            self.sheet.write_number(
                at, column, before.numerator / before.denominator, self._rate_style(before, bold)
            )
        if change is None or change.points is None:
            self.sheet.write_blank(at, column + 1, None, self.style("General", bold))
        else:
            decimals = len(change.points.partition(".")[2])
            self.sheet.write_number(at, column + 1, float(change.points), self.points_style(decimals, bold))

    def points_style(self, decimals: int, bold: bool = False) -> xlsxwriter.format.Format:
        """Of a difference in percentage points, with its sign."""
        return self.style(POINTS.format("0" * decimals) if decimals else POINTS_WHOLE, bold)

    def _rate_style(self, share: Share, bold: bool) -> xlsxwriter.format.Format:
        decimals = len((share.percent or "").partition(".")[2])
        # Exactly none and exactly all are printed 0% and 100%.
        exact = share.numerator in (0, share.denominator)
        return self.style("0%" if exact or not decimals else f"0.{'0' * decimals}%", bold)

    def style(self, number: str, bold: bool) -> xlsxwriter.format.Format:
        key = (number, bold)
        if key not in self.formats:
            align = {"align": "right"} if number != "@" else {}
            self.formats[key] = self.book.add_format({"num_format": number, "bold": bold, **align})
        return self.formats[key]


class FigureSheet(FormulaSheet):
    """A row for each unit, field or month: its texts, all counts, the rates, completeness, and what must be known."""

    column = {name: TEXTS + place for place, name in enumerate(COUNTS)}
    codes = 24  # a wider column for what the rows are called by programs
    letter = {name: xl_col_to_name(place) for name, place in column.items()}

    def write(self, title: str, told: str, lines: Sequence[SheetLine]) -> None:
        self.changes = any(line.row.change for line in lines)
        self.sheet.set_column(1, 1, self.codes)
        self.head(title, told)
        for place, line in enumerate(lines):
            self._row(HEAD + place, line, lines)

    def _row(self, at: int, line: SheetLine, lines: Sequence[SheetLine]) -> None:
        row, bold = line.row, line.strong
        for place, text in enumerate((row.name, row.key, row.section)):
            self.text(at, place, text, bold)
        for name in COUNTS:
            self._count(at, name, line, lines)
        after = TEXTS + len(COUNTS)
        for place, rate in enumerate(RATES):
            above = "+".join(f"N({self._cell(name, at)})" for name in rate.above)
            self.share(at, after + place, above, self._under(rate, at), row.figures.share(rate.key), bold)
        after += len(RATES)
        if self.changes:
            self.change(at, after, row.change, bold)
            after += 2
        self.number(at, after, row.figures.completeness.reported, bold)
        self.number(at, after + 1, row.figures.completeness.expected, bold)
        self.text(at, after + 2, row_remark(row), bold)

    def _count(self, at: int, name: str, line: SheetLine, lines: Sequence[SheetLine]) -> None:
        """A number, or a formula where the lines or cells that it is made of add up to what the server counted."""
        counts = line.row.figures.counts
        number, cells = counts[name], ""
        if line.adds and name in line.summed:
            if sum_reported(lines[place].row.figures.counts[name] for place in line.adds) == number:
                cells = self._cells(name, line.adds)
        elif not line.adds and name in SUM_OF:
            cells = ",".join(self._cell(part, at) for part in SUM_OF[name])
        if number is None or not cells:
            self.number(at, self.column[name], number, line.strong)
        else:
            style = self.style("#,##0", line.strong)
            self.sheet.write_formula(at, self.column[name], f"=SUM({cells})", style, number)

    def _under(self, rate: Rate, at: int) -> str:
        cells = [self._cell(name, at) for name in rate.under]
        return cells[0] if len(cells) == 1 else f"({'+'.join(f'N({cell})' for cell in cells)})"

    def _cell(self, name: str, at: int) -> str:
        return f"{self.letter[name]}{at + 1}"

    def _cells(self, name: str, places: range | Sequence[int]) -> str:
        if isinstance(places, range):
            return f"{self._cell(name, HEAD + places[0])}:{self._cell(name, HEAD + places[-1])}"
        return ",".join(self._cell(name, HEAD + place) for place in places)


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
