"""A table of figures as CSV and as XLSX with typed numbers and live formulas."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from figures import formatting
from figures.rates import Rate, Share
from figures.summary import ShareChange
from figures.tally import sum_reported
from spreadsheets.cells import column_letters
from spreadsheets.table_writer import csv_lines, escape_formula
from spreadsheets.xlsx_writer import HEAD, Sheet, new_workbook, percent_format, write_source_sheet

from .columns import COUNTS, RATES, SUM_OF, FlatRow, FlatTable, row_remark


def table_csv_bytes(flat: FlatTable) -> bytes:
    """The whole file; every row has its period and completeness, since rows get copied without the head."""
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
# Differences in percentage points.
POINTS, POINTS_WHOLE = '"+"0.{0};"−"0.{0};0.{0}', '"+"0;"−"0;0'


@dataclass(frozen=True)
class SheetLine:
    """A row of a sheet. Its counts in `summed` are sums of the lines with the indexes `adds` (from 0)."""

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
    basis = f"{flat.period}; {summary.completeness_text}; {flat.scope}"
    with new_workbook(buffer) as book:
        FigureSheet(book, "Số liệu", flat.titles).write(
            f"{summary.unit_name}: {summary.period.label}", basis, lines
        )
        write_source_sheet(book, flat.source)
    return buffer.getvalue()


class FormulaSheet(Sheet):
    """A sheet of shares and their changes, as formulas where possible."""

    head_height = 78

    def share(self, at: int, column: int, above: str, below: str, share: Share, bold: bool = False) -> None:
        """A rate as a formula, shown with its printed decimals; "—" if there is none."""
        if share.percent is None or not share.denominator:
            self.no_rate(at, column, bold)
            return
        value = share.numerator / share.denominator
        self.rate(at, column, f"({above})", below, value, _decimals(share), bold)

    def change(self, at: int, column: int, change: ShareChange | None, bold: bool = False) -> None:
        """Last year's rate and the difference in points; blank if unknown."""
        before = change.before if change else None
        if before is None:
            self.sheet.write_blank(at, column, None, self.style("General", bold))
        else:
            style = self.style(percent_format(_decimals(before)), bold)
            self.sheet.write_number(at, column, before.numerator / before.denominator, style)
        if change is None or change.points is None:
            self.sheet.write_blank(at, column + 1, None, self.style("General", bold))
        else:
            decimals = len(change.points.partition(".")[2])
            self.sheet.write_number(at, column + 1, float(change.points), self.points_style(decimals, bold))

    def points_style(self, decimals: int, bold: bool = False) -> Any:
        """The style of a signed difference in percentage points."""
        return self.style(POINTS.format("0" * decimals) if decimals else POINTS_WHOLE, bold)


def _decimals(share: Share) -> int:
    """The printed decimals; none for exactly 0% and 100%."""
    exact = share.numerator in (0, share.denominator)
    return 0 if exact else len((share.percent or "").partition(".")[2])


class FigureSheet(FormulaSheet):
    """A row for each unit, field or month: texts, counts, rates, completeness and remark."""

    column = {name: TEXTS + place for place, name in enumerate(COUNTS)}
    letter = {name: column_letters(place) for name, place in column.items()}

    def __init__(self, book: Any, name: str, titles: Sequence[str]) -> None:
        super().__init__(book, name, titles, [34, 24, *(10 for _ in titles[2:])])

    def write(self, title: str, basis: str, lines: Sequence[SheetLine]) -> None:
        self.changes = any(line.row.change for line in lines)
        self.head(title, basis)
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
        """A number, or a SUM formula if its parts add up to the server's count."""
        counts = line.row.figures.counts
        number, cells = counts[name], ""
        if line.adds and name in line.summed:
            if sum_reported(lines[place].row.figures.counts[name] for place in line.adds) == number:
                cells = self._cells(name, line.adds)
        elif not line.adds and name in SUM_OF:
            cells = ",".join(self._cell(part, at) for part in SUM_OF[name])
        self.number(at, self.column[name], number, line.strong, f"=SUM({cells})" if cells else "")

    def _under(self, rate: Rate, at: int) -> str:
        cells = [self._cell(name, at) for name in rate.under]
        return cells[0] if len(cells) == 1 else f"({'+'.join(f'N({cell})' for cell in cells)})"

    def _cell(self, name: str, at: int) -> str:
        return f"{self.letter[name]}{at + 1}"

    def _cells(self, name: str, places: range | Sequence[int]) -> str:
        if isinstance(places, range):
            return f"{self._cell(name, HEAD + places[0])}:{self._cell(name, HEAD + places[-1])}"
        return ",".join(self._cell(name, HEAD + place) for place in places)
