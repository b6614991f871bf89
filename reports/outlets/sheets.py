"""XLSX of what is seen, row by row with flat memory: typed numbers, and live formulas that give the same figures."""

from io import BytesIO

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from figures.rates import Share
from reports.outlets.csvfile import CONTROL
from reports.outlets.flat import COUNTS, PARTS, RATES, SUM_OF, Flat, FlatRow, remark

TEXTS = 3  # name, key, group stand before the counts
HEAD = 3  # title, period, then the column heads
_FIRST = HEAD + 1  # the first row of figures, counted from 1 as in a formula


def xlsx_bytes(flat: Flat) -> bytes:
    """The workbook: sheet "Số liệu" with a frozen head, and sheet "Nguồn" that says where the figures come from."""
    buffer = BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        _Figures(book, flat).write()
        _source(book, flat)
    return buffer.getvalue()


def plain(text: str) -> str:
    """Text without the control characters that no XLSX may hold (acceptance S25), and without its limit broken."""
    return text.translate(CONTROL)[:32_000]


class _Figures:
    """Writes the sheet of figures, strictly from top to bottom (constant memory forgets finished rows)."""

    def __init__(self, book: xlsxwriter.Workbook, flat: Flat) -> None:
        self.book, self.flat = book, flat
        self.sheet = book.add_worksheet("Số liệu")
        self.formats: dict[tuple[str, bool], xlsxwriter.format.Format] = {}
        self.column = {name: TEXTS + place for place, name in enumerate(COUNTS)}

    def write(self) -> None:
        sheet, flat = self.sheet, self.flat
        summary = flat.summary
        sheet.freeze_panes(HEAD, 1)
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, len(flat.titles) - 1, 13)
        sheet.write_string(
            0, 0, plain(f"{summary.unit_name}: {summary.period.label}"), self._format("@", True)
        )
        sheet.write_string(1, 0, plain(f"{flat.source[1][1]}; {summary.completeness_text}; {flat.scope}"))
        head = self.book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        for place, title in enumerate(flat.titles):
            sheet.write_string(HEAD - 1, place, title, head)
        for place, row in enumerate(flat.rows):
            self._row(HEAD + place, row, total=False)
        self._row(HEAD + len(flat.rows), flat.total, total=True)

    def _row(self, at: int, row: FlatRow, *, total: bool) -> None:
        words = self._format("@", total)
        for place, text in enumerate((row.name, row.key, row.section)):
            self.sheet.write_string(at, place, plain(text), words)
        for name in COUNTS:
            self._count(at, name, row, total=total)
        after = TEXTS + len(COUNTS)
        for place, key in enumerate(RATES):
            self._rate(at, after + place, key, row.figures.share(key), total)
        after += len(RATES)
        whole = self._format("#,##0", total)
        self.sheet.write_number(at, after, row.figures.completeness.reported, whole)
        self.sheet.write_number(at, after + 1, row.figures.completeness.expected, whole)
        self.sheet.write_string(at, after + 2, remark(row), words)

    def _count(self, at: int, name: str, row: FlatRow, *, total: bool) -> None:
        number, column, style = row.figures.counts[name], self.column[name], self._format("#,##0", total)
        if number is None:
            self.sheet.write_blank(at, column, None, style)
        elif total and self.flat.rows and name in self.flat.summed:
            letter = xl_col_to_name(column)
            formula = f"=SUM({letter}{_FIRST}:{letter}{at})"
            self.sheet.write_formula(at, column, formula, style, number)
        elif not total and name in SUM_OF:
            cells = ",".join(f"{xl_col_to_name(self.column[part])}{at + 1}" for part in SUM_OF[name])
            self.sheet.write_formula(at, column, f"=SUM({cells})", style, number)
        else:
            self.sheet.write_number(at, column, number, style)

    def _rate(self, at: int, column: int, key: str, share: Share, total: bool) -> None:
        if share.percent is None or not share.denominator:
            self.sheet.write_string(at, column, "—", self._format("@", total))
            return
        parts, whole = PARTS[key]
        above = "+".join(f"N({xl_col_to_name(self.column[part])}{at + 1})" for part in parts)
        below = f"{xl_col_to_name(self.column[whole])}{at + 1}"
        decimals = len(share.percent.partition(".")[2])
        # Exactly none and exactly all are printed 0% and 100%.
        exact = share.numerator in (0, share.denominator)
        style = self._format("0%" if exact or not decimals else f"0.{'0' * decimals}%", total)
        value = share.numerator / share.denominator
        self.sheet.write_formula(at, column, f'=IF(N({below})=0,"—",({above})/{below})', style, value)

    def _format(self, number: str, bold: bool) -> xlsxwriter.format.Format:
        key = (number, bold)
        if key not in self.formats:
            align = {"align": "right"} if number != "@" else {}
            self.formats[key] = self.book.add_format({"num_format": number, "bold": bold, **align})
        return self.formats[key]


def _source(book: xlsxwriter.Workbook, flat: Flat) -> None:
    sheet = book.add_worksheet("Nguồn")
    bold, wrap = (
        book.add_format({"bold": True, "valign": "top"}),
        book.add_format({"text_wrap": True, "valign": "top"}),
    )
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 110)
    for at, (label, text) in enumerate(flat.source):
        sheet.write_string(at, 0, label, bold)
        sheet.write_string(at, 1, plain(text), wrap)
