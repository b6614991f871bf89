"""An official form filled from figures, for page, XLSX, CSV and PDF, and its comparison with an uploaded one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from io import BytesIO
from operator import attrgetter

from core.database import snapshot
from core.text import fold
from figures import formatting
from figures.form_definitions import NumberedColumn, OfficialForm, Values
from figures.formatting import format_count, format_day
from figures.measures import MEASURES, measure_label
from figures.periods import Calendar, Month, Period
from figures.summary import Dates, Summary
from figures.tally import sum_reported
from records.catalogue import Catalogue
from records.models import Edition, IndicatorValue, State
from records.official_form_upload.reader import OfficialLine, read_official_sheet
from records.storage import measures_of_row
from records.submissions.checks import counts_of_edition
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from reports.tables import columns
from spreadsheets.cells import FileFaults
from spreadsheets.xlsx_writer import new_workbook, write_source_sheet, xlsx_text
from units.models import Unit, UnitKind

from . import sheet
from .sheet import FormHead, FormRow, OfficialFormSheet

Parts = list[tuple[str, Summary]]


@snapshot()
def dossier_figures(query: FiguresQuery) -> tuple[Summary, Parts]:
    """The figures of a query over all tiers and fields, and by tier those of each field. A few queries a tier."""
    query = replace(query, tier=None, by=None)
    whole = summary(query)
    return whole, [(tier, summary(replace(query, by="field", tier=tier))) for tier, _ in whole.tiers]


@dataclass(frozen=True)
class ReportedIndicators:
    """The indicator values of a unit by source."""

    key: str
    name: str
    values: Values


@dataclass(frozen=True)
class IndicatorReports:
    """`lines` of the units that reported, out of `expected`; `own` are the totals that the parent unit reported."""

    lines: tuple[ReportedIndicators, ...]
    own: Values
    expected: int

    @property
    def total(self) -> Values:
        """By source: the unit's own value, else the sum of the units below."""
        names = {name for line in self.lines for name in line.values} | set(self.own)
        return {
            name: sum_reported(line.values.get(name) for line in self.lines)
            if self.own.get(name) is None
            else self.own[name]
            for name in names
        }


def indicator_figures(
    unit: Unit, period: Period, bounds: tuple[date, date], sources: Iterable[str], *, external: bool = False
) -> IndicatorReports:
    """The reported values of sources ("code.numerator", "code.denominator") of the units directly below, or of the
    unit itself where it has none. Two queries.
    """
    names = frozenset(sources)
    below = Unit.objects.filter(parent=unit).active_within(*bounds)
    if not external:
        below = below.exclude(kind=UnitKind.EXTERNAL)
    units = list(below.order_by("kind", "folded", "pk")) or [unit]
    reported: dict[int, dict[str, int | None]] = {}
    values = IndicatorValue.objects.filter(unit__in=[unit, *units], period=period.code)
    for pk, code, *counts in values.values_list("unit_id", "indicator__code", "numerator", "denominator"):
        for part, number in zip(("numerator", "denominator"), counts, strict=True):
            if f"{code}.{part}" in names:
                reported.setdefault(pk, {})[f"{code}.{part}"] = number
    lines = tuple(
        ReportedIndicators(unit.key_on(bounds[1]), unit.name, reported[unit.pk])
        for unit in units
        if any(number is not None for number in reported.get(unit.pk, {}).values())
    )
    own = reported.get(unit.pk, {}) if units != [unit] else {}
    return IndicatorReports(lines, own, len(units))


TEMPLATE = "reports/printing/official_form.html"
INDICATORS = "Chỉ tiêu do các đơn vị báo cáo cho kỳ này trên hệ thống theo dõi cải cách hành chính"
PARTS = {"numerator": "số đạt", "denominator": "tổng số"}


@dataclass(frozen=True)
class FilledForm:
    """A form with its rows. `coverage`: scope and completeness in words; `notes` go below the table; `broken` are
    lines with a violated identity; `sources` are pairs for the sheet of sources.
    """

    form: OfficialForm
    reporting: str
    receiving: str
    period: Dates
    rows: Sequence[FormRow]
    coverage: str
    complete: bool
    notes: Sequence[str]
    broken: Sequence[str]
    sources: Sequence[tuple[str, str]]

    @property
    def days(self) -> str:
        """First and last day, as printed below the title."""
        return f"từ ngày {format_day(self.period.start)} đến ngày {format_day(self.period.end)}"

    @property
    def empty(self) -> bool:
        """Whether no cell is reported."""
        return all(cell is None for row in self.rows for cell in row.cells)

    def name(self, kind: str) -> str:
        """The end of the file's name, after the unit's code: ii-06a-2022-H1.xlsx."""
        return f"{self.form.key}-{self.period.code}.{kind}"


def fill_from_dossiers(
    form: OfficialForm, unit: Unit, figures: Summary, parts: Sequence[tuple[str, Summary]], filters: str = ""
) -> FilledForm:
    """Fill from figures by tier and field. The line of a single tier becomes the total and goes last."""
    rows = sheet.form_lines(form, parts, figures.total.counts)
    if len(parts) == 1:
        first, *fields = rows
        rows = [*fields, FormRow("", sheet.TOTAL, first.cells, True)]
    sources = list(columns.source_summary(figures, filters))
    counted, basis = (
        formatting.included_label(figures.include, figures.as_of),
        formatting.basis_label(figures.units_of),
    )
    external = "; có tính cơ quan ngoài Ủy ban nhân dân" if figures.external else ""
    coverage = f"{counted}; {figures.completeness_text}; {basis}{external}"
    note = form.note(figures.total.counts, estimated=figures.total.estimated, handover=bool(figures.handover))
    notes = sheet.form_notes(form, note)
    if figures.total.estimated or any(row.figures.estimated for _, part in parts for row in part.rows):
        notes = [formatting.ESTIMATED, *notes]
    notes = [*figures.handover.sentences(), *notes]
    return _filled(
        form, unit, figures.period, rows, coverage, notes, sources, figures.total.completeness.complete
    )


def fill_from_indicators(
    form: OfficialForm, unit: Unit, period: Dates, reports: IndicatorReports, filters: str = ""
) -> FilledForm:
    """Fill from indicators: a line for each unit that reported, and the total."""
    rows = [
        FormRow(str(number), line.name, form.cells(line.values), key=line.key)
        for number, line in enumerate(reports.lines, 1)
    ]
    rows.append(FormRow("", sheet.TOTAL, form.cells(reports.total), True))
    coverage = (
        f"{format_count(len(reports.lines))}/{format_count(reports.expected)} đơn vị đã báo cáo chỉ tiêu"
    )
    if reports.own:
        coverage += f"; tổng cộng do {unit.name} báo cáo"
    sources = [
        ("Đơn vị", f"{unit.name} ({unit.code})"),
        ("Kỳ báo cáo", f"{period.label} (từ {format_day(period.start)} đến {format_day(period.end)})"),
        ("Nguồn", INDICATORS),
        ("Mức độ đầy đủ", coverage),
        *([("Bộ lọc", filters)] if filters else []),
    ]
    complete = len(reports.lines) == reports.expected
    notes = sheet.form_notes(form, form.note(reports.total))
    return _filled(form, unit, period, rows, coverage, notes, sources, complete)


def fill_from_edition(form: OfficialForm, unit: Unit, edition: Edition, days: Calendar) -> FilledForm:
    """Fill from a unit's month as entered: a line for each field that is expected or has counts."""
    month = Month.from_number(edition.submission.month)
    catalogue = Catalogue(days)
    counts: dict[int, list[Mapping[str, int | None]]] = {pk: [] for pk in catalogue.expected(unit, month)}
    for row in counts_of_edition(edition):
        if row.answered:
            counts.setdefault(row.field_id, []).append(measures_of_row(row))
    if counts.get(catalogue.undivided):
        counts = {catalogue.undivided: counts[catalogue.undivided]}
    by_field = {
        pk: {name: sum_reported(row[name] for row in rows) for name in MEASURES}
        for pk, rows in counts.items()
    }
    rows = [
        FormRow(str(number), catalogue.fields[pk].name, form.cells(values), key=catalogue.fields[pk].code)
        for number, (pk, values) in enumerate(by_field.items(), 1)
    ]
    total = {name: sum_reported(values[name] for values in by_field.values()) for name in MEASURES}
    rows.append(FormRow("", sheet.TOTAL, form.cells(total), True))
    state = edition.get_state_display()
    sources = [("Đơn vị", f"{unit.name} ({unit.code})"), ("Kỳ báo cáo", month.label), ("Phạm vi", state)]
    period = Dates.of(Period.of_month(month), days)
    notes = sheet.form_notes(form, form.note(total))
    return _filled(form, unit, period, rows, state, notes, sources, edition.state == State.APPROVED)


def _filled(
    form: OfficialForm,
    unit: Unit,
    period: Dates,
    rows: Sequence[FormRow],
    coverage: str,
    notes: Sequence[str],
    sources: Sequence[tuple[str, str]],
    complete: bool,
) -> FilledForm:
    broken = sheet.broken_identities(form, rows) + sheet.unequal_totals(form, rows)
    return FilledForm(
        form,
        f"UBND {unit.name}" if unit.kind == UnitKind.COMMITTEE else unit.name,
        f"UBND {unit.parent.name}" if unit.parent else "",
        period,
        rows,
        coverage,
        complete,
        notes,
        broken,
        [("Biểu", f"{form.code}: {form.title}"), ("Ban hành theo", form.basis), *sources],
    )


def form_xlsx_bytes(filled: FilledForm, made_at: datetime) -> bytes:
    """The workbook: the form, and the sheet "Nguồn" with the sources of figures and columns."""
    buffer = BytesIO()
    head = FormHead(filled.reporting, filled.receiving, filled.period.label, filled.days, filled.coverage)
    with new_workbook(buffer) as book:
        book.set_properties({"title": xlsx_text(f"{filled.form.code} {filled.period.label}")[:255]})
        OfficialFormSheet(book, filled.form).write(head, filled.rows, _under(filled))
        write_source_sheet(book, [*filled.sources, *_columns(filled), columns.made_line(made_at)])
    return buffer.getvalue()


def _under(filled: FilledForm) -> Iterator[str]:
    yield from filled.notes
    if filled.broken:
        yield f"Chỗ chưa khớp: {'; '.join(filled.broken)}."


def _columns(filled: FilledForm) -> Iterator[tuple[str, str]]:
    """Each column with the source of its figures."""
    for column in filled.form.columns:
        yield column.title, _made_of(column, filled)
    yield "Chỗ chưa khớp", "; ".join(filled.broken) or "không có"


def _made_of(column: NumberedColumn, filled: FilledForm) -> str:
    if column.adds:
        signs = ("− " if part < 0 else "+ " for part in column.adds)
        text = " ".join(f"{sign}cột ({abs(part)})" for sign, part in zip(signs, column.adds, strict=True))
        return text.removeprefix("+ ")
    return " + ".join(_source(source, filled) for source in column.sources)


def _source(source: str, filled: FilledForm) -> str:
    code, _, part = source.rpartition(".")
    if not code:
        return measure_label(source, filled.period.end).lower()
    return f"chỉ tiêu {code}, {PARTS[part]}"


# A form of a district or province is only compared, never imported: its figures are those of its units.

Key = tuple[str, str]  # of the tier, "" above all, and of the line itself


@dataclass(frozen=True)
class CellDifference:
    """A cell with its value in the system (`stored`) and in the file (`uploaded`); `cell` is its address there."""

    line: str
    column: NumberedColumn
    cell: str
    stored: int | None
    uploaded: int | None


@dataclass
class FormComparison:
    """`missing`: lines that only the system has; `unknown`: lines that only the file has."""

    differences: list[CellDifference] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    faults: FileFaults = field(default_factory=FileFaults)
    notes: list[str] = field(default_factory=list)
    lines: int = 0
    unreadable: bool = False

    @property
    def equal(self) -> bool:
        """Whether the file has the same figures."""
        return not (self.differences or self.missing or self.unknown or self.faults)


def compare_form(content: bytes, filled: FilledForm, unit: Unit) -> FormComparison:
    """Compare a file with a form; unreadable cells go to `faults`. Never raises for the file's contents."""
    sheet = read_official_sheet(content, filled.form, unit, filled.period)
    comparison = FormComparison(faults=sheet.faults, notes=sheet.notes, unreadable=sheet.unreadable)
    if sheet.unreadable or not (sheet.lines or sheet.totals):
        return comparison
    totals = {line.number for line in sheet.totals}
    listed = sorted((*sheet.lines, *sheet.totals), key=attrgetter("number"))
    uploaded = dict(_keyed((line.name, line.number in totals, line) for line in listed))
    stored = dict(_keyed((row.name, row.is_total, row) for row in filled.rows))
    comparison.lines = len(uploaded)
    comparison.missing = [row.name for key, row in stored.items() if key not in uploaded]
    comparison.unknown = [
        f"{line.name} (dòng {line.number})" for key, line in uploaded.items() if key not in stored
    ]
    for key, line in uploaded.items():
        if key in stored:
            comparison.differences += _differing(line, stored[key].cells, filled)
    return comparison


def _keyed(rows: Iterable[tuple[str, bool, object]]) -> Iterator[tuple[Key, object]]:
    """Each line with its key: tiers have fields of the same names."""
    tier = ""
    for name, is_total, row in rows:
        plain = fold(" ".join(name.split()))
        if is_total:
            tier = plain
        yield ("", plain) if is_total else (tier, plain), row


def _differing(
    line: OfficialLine, stored: tuple[int | None, ...], filled: FilledForm
) -> Iterator[CellDifference]:
    for column, mine in zip(filled.form.columns, stored, strict=True):
        uploaded = line.cells[column.number]
        # An unread cell has a fault, or is a total that follows from its parts.
        if column.number not in line.unread and uploaded != mine:
            cell = f"{line.letters[column.number]}{line.number}"
            yield CellDifference(line.name, column, cell, mine, uploaded)
