"""The figures of a review as XLSX with live formulas."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any

from django.utils.text import capfirst

from figures import formatting
from figures.formatting import format_day, format_percent, tier_name
from figures.rates import Placement, Rate, Share, rates_in
from figures.summary import Figures, Summary, SummaryRow
from reports.official_forms import sheet
from reports.official_forms.sheet import FormHead, OfficialFormSheet
from reports.printing.print_view import indicator_result, missing_lines
from reports.tables import columns as tables_columns
from reports.tables.columns import FlatRow
from reports.tables.files import FigureSheet, FormulaSheet, SheetLine
from reports.year_on_year.comparison import ComparedSummaries
from spreadsheets.cells import column_letters
from spreadsheets.xlsx_writer import HEAD, new_workbook, percent_format, write_source_sheet, xlsx_text

TITLES = {
    "name": "Nội dung",
    "whom": "Cấp, nhóm",
    "above": "Số đạt",
    "under": "Tổng số",
    "percent": "Kỳ này (%)",
    "goal": "Chỉ tiêu giao (%)",
    "from_goal": "So với chỉ tiêu (điểm phần trăm)",
    "above_before": "Số đạt cùng kỳ",
    "under_before": "Tổng số cùng kỳ",
    "percent_before": "Cùng kỳ (%)",
    "from_before": "So với cùng kỳ (điểm phần trăm)",
    "note": "Ghi chú",
}
AT = {name: place for place, name in enumerate(TITLES)}


def review_xlsx_bytes(doc: dict[str, Any], *, moment: datetime, state: str) -> bytes:
    """The workbook of a review's document. `moment` (in the reader's time zone) dates it; `state` says whether it is a
    draft or when it was frozen. The same document and moment give the same bytes.
    """
    buffer, now = BytesIO(), Summary.from_dict(doc["figures"])
    before, end = Summary.from_dict(doc["last_year"]), date.fromisoformat(doc["review"]["to"])
    days = f"{format_day(now.period.start)} đến {format_day(end)}"
    basis = f"{state}; kỳ số liệu từ {days}; đã duyệt, {now.completeness_text}"
    basis += f"; {formatting.basis_label(now.units_of)}"
    columns, changes = (
        (tables_columns.count_titles(end), tables_columns.rate_titles()),
        any(row.change for row in now.rows),
    )
    with new_workbook(buffer) as book:
        book.set_properties(
            {"title": xlsx_text(doc["review"]["title"])[:255], "created": moment.replace(tzinfo=None)}
        )
        by_unit = FigureSheet(
            book, "Theo đơn vị", tables_columns.column_titles("Đơn vị", *columns, changes=changes)
        )
        by_unit.write(f"Kết quả theo đơn vị, {now.period.label}", basis, unit_lines(doc, now))
        by_field = FigureSheet(book, "Theo lĩnh vực", tables_columns.column_titles("Lĩnh vực", *columns))
        by_field.write(f"Kết quả theo lĩnh vực, {now.period.label}", basis, field_lines(doc, now))
        titles = tuple(TITLES.values())
        widths = [46, *(10 for _ in titles[1:])]
        _Comparison(book, "So sánh", titles, widths).write(doc, now, before, basis)
        _form(book, doc, now, basis)
        write_source_sheet(book, review_source_lines(doc, now, state, moment))
    return buffer.getvalue()


def _form(book: Any, doc: dict[str, Any], now: Summary, basis: str) -> None:
    """The annex as a sheet of the form's own layout."""
    context = sheet.form_table(doc)
    form, period = context["official"], now.period
    head = FormHead(
        doc["review"]["issuer_name"],
        doc["header"]["receiver"],
        period.label,
        f"từ ngày {format_day(period.start)} đến ngày {format_day(period.end)}",
        basis,
    )
    OfficialFormSheet(book, form).write(
        head, context["form_rows"], sheet.form_notes(form, context["form_note"])
    )


def unit_lines(doc: dict[str, Any], now: Summary) -> list[SheetLine]:
    """Tiers with their units below them, groups of several tiers, and the total of the tiers."""
    parts = [
        (tier, figures, [row for row in now.rows if doc["unit_tiers"].get(row.key) == tier])
        for tier, figures in now.tiers
    ]
    placed = {row.key for _, _, rows in parts for row in rows}
    lines, heads = _grouped(parts)
    lines += [SheetLine(_row(row, "")) for row in now.rows if row.key not in placed]
    return [*lines, *_total(now, heads)]


def field_lines(doc: dict[str, Any], now: Summary) -> list[SheetLine]:
    """Tiers with the fields reported or expected there, and the total of the tiers."""
    summaries = [(part["tier"], Summary.from_dict(part["figures"])) for part in doc["by_field"]]
    lines, heads = _grouped([(tier, summary.total, list(summary.rows)) for tier, summary in summaries])
    return [*lines, *_total(now, heads)]


def _grouped(parts: Iterable[tuple[str, Figures, Sequence[SummaryRow]]]) -> tuple[list[SheetLine], list[int]]:
    """Each tier with its rows, and the indexes of the tier lines."""
    lines: list[SheetLine] = []
    heads = []
    for tier, figures, rows in parts:
        heads.append(len(lines))
        below = range(len(lines) + 1, len(lines) + 1 + len(rows))
        name = tier_name(tier)
        lines.append(SheetLine(FlatRow(name, "", name, figures), below, strong=True))
        lines += [SheetLine(_row(row, name)) for row in rows]
    return lines, heads


def _total(now: Summary, heads: Sequence[int]) -> list[SheetLine]:
    row = FlatRow(f"Tổng: {now.unit_name}", now.unit, "", now.total)
    return [SheetLine(row, heads, strong=True)] if len(heads) != 1 else []


def _row(row: SummaryRow, section: str) -> FlatRow:
    return FlatRow(capfirst(row.name), row.key, section, row.figures, change=row.change)


class _Comparison(FormulaSheet):
    """A line for each rate of a tier and each indicator: now, against its target and the same period last year."""

    def write(self, doc: dict[str, Any], now: Summary, before: Summary, basis: str) -> None:
        if "compared" in doc:
            compared = ComparedSummaries.from_dict(doc["compared"])
            now, before, basis = compared.current, compared.before, f"{basis}. {compared.sentence}"
        self.head(f"So với chỉ tiêu giao và cùng kỳ, {now.period.label}", basis)
        for at, line in enumerate([*_rates(doc, now, before), *_indicators(doc)], HEAD):
            self._line(at, *line)

    def _line(
        self, at: int, name: str, whom: str, new: Share, old: Share | None, goal: str | None, note: str
    ) -> None:
        self.text(at, AT["name"], name)
        self.text(at, AT["whom"], whom)
        self._parts(at, ("above", "under", "percent"), new)
        self._parts(at, ("above_before", "under_before", "percent_before"), old)
        if goal is not None:
            # With the printed decimals: 99,0% and 100%.
            decimals = len(format_percent(goal).removesuffix("%").partition(",")[2])
            style = self.style(percent_format(decimals))
            self.sheet.write_number(at, AT["goal"], float(goal) / 100, style)
        now = (_cell("percent", at), new.percent)
        self._gap(at, AT["from_goal"], now, (_cell("goal", at), goal))
        self._gap(at, AT["from_before"], now, (_cell("percent_before", at), old.percent if old else None))
        self.text(at, AT["note"], note)

    def _parts(self, at: int, columns: tuple[str, str, str], share: Share | None) -> None:
        """Numerator, denominator and rate; a count that is not a share has only the first."""
        if share is None:
            return
        above, under, rate = columns
        self.number(at, AT[above], share.numerator)
        self.number(at, AT[under], share.denominator)
        self.share(at, AT[rate], f"N({_cell(above, at)})", _cell(under, at), share)

    def _gap(self, at: int, column: int, new: tuple[str, str | None], old: tuple[str, str | None]) -> None:
        """The difference in points of two rates as printed (rounded)."""
        if new[1] is None or old[1] is None:
            return
        places = [len(percent.partition(".")[2]) for _, percent in (new, old)]
        first, second = (
            f"ROUND({cell}*100,{at_})" for (cell, _), at_ in zip((new, old), places, strict=True)
        )
        most = max(places)
        value = round(float(new[1]) - float(old[1]), most)
        self.sheet.write_formula(
            at, column, f"=ROUND({first}-{second},{most})", self.points_style(most), value
        )


def _cell(name: str, at: int) -> str:
    return f"{column_letters(AT[name])}{at + 1}"


def _compared_rates(doc: dict[str, Any]) -> list[Rate]:
    """The rates in the document: a frozen one lacks rates that were added later."""
    total = doc["figures"]["total"]
    return [rate for rate in rates_in(Placement.COMPARISON) if rate.key in total[rate.published]]


def _rates(doc: dict[str, Any], now: Summary, before: Summary) -> Iterator[tuple]:
    goals = {(target["rate"], target["tier"]): target["percent"] for target in doc["targets"]}
    earlier = dict(before.tiers)
    scopes = [(tier, tier_name(tier), figures, earlier.get(tier)) for tier, figures in now.tiers]
    if len(scopes) != 1:
        scopes.append(("", f"Chung {now.unit_name}", now.total, before.total))
    for rate in _compared_rates(doc):
        for tier, whom, figures, old in scopes:
            goal = goals.get((rate.key, tier), goals.get((rate.key, "")))
            new, earlier = figures.share(rate.key), old.share(rate.key) if old else None
            note = "chưa đủ số liệu" if new.partial or (earlier and earlier.partial) else ""
            yield rate.name, whom, new, earlier, goal, note


def _indicators(doc: dict[str, Any]) -> Iterator[tuple]:
    for indicator in doc["indicators"]:
        new = Share(indicator["percent"], indicator["numerator"], indicator["denominator"])
        old = Share(
            indicator["before_percent"], indicator["before_numerator"], indicator["before_denominator"]
        )
        notes = [indicator["counted_in"], indicator["source"]]
        if indicator.get("quoted") is not None:
            result = indicator_result(indicator)
            notes = [f"{result.parts}: {result.now}", indicator["source"]]
        note = "; ".join(part for part in notes if part)
        yield indicator["name"], indicator["group"], new, old, indicator["target"], note


def review_source_lines(
    doc: dict[str, Any], now: Summary, state: str, moment: datetime
) -> Iterator[tuple[str, str]]:
    """The review, its state, the source of its figures, formulas, verification address and time of making."""
    yield "Báo cáo", f"{doc['review']['title']} ({doc['review']['issuer_name']})"
    yield "Trạng thái", state
    if "compared" in doc:
        yield "So với cùng kỳ", ComparedSummaries.from_dict(doc["compared"]).sentence
    yield from tables_columns.source_lines(now, "số liệu minh họa" if doc["demo"] else "")
    for rate in _compared_rates(doc):
        if rate not in tables_columns.RATES:
            yield rate.name, rate.definition
    lines = missing_lines(now)
    yield "Chưa có báo cáo được duyệt", "; ".join(lines) if lines else "không có"
    yield (
        "Ô công thức",
        (
            "Tổng và tỷ lệ là công thức: sửa một số thì tổng, tỷ lệ tính lại. Điểm phần trăm là hiệu của hai tỷ lệ "
            "đã làm tròn, như trong báo cáo."
        ),
    )
    if doc.get("verify"):
        yield "Mã kiểm tra", f"{doc['verify']['code']} (kiểm tra tại {doc['verify']['address']})"
    yield "Nhật ký", f"{doc['log']['sequence']}:{doc['log']['hash']}"
    yield tables_columns.made_line(moment)
