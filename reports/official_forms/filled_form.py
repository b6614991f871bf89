"""An official form filled from figures, which page, XLSX, CSV and PDF are made from, and its comparison with
an uploaded one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from io import BytesIO
from operator import attrgetter

from core.database import snapshot
from core.text import fold
from figures import formatting
from figures.formatting import format_count, format_day
from figures.measures import MEASURES, measure_label
from figures.official_forms import NumberedColumn, OfficialForm, Values
from figures.periods import Calendar, Month, Period
from figures.summary import Dates, Summary
from figures.tally import sum_reported
from records.catalogue import Catalogue
from records.models import Edition, IndicatorValue, State
from records.official_form.reader import OfficialLine, read_official_sheet
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
    """The figures of what is asked, of all tiers and fields, and by tier those of each field. A few queries a tier."""
    query = replace(query, tier=None, by=None)
    now = summary(query)
    return now, [(tier, summary(replace(query, by="field", tier=tier))) for tier, _ in now.tiers]


@dataclass(frozen=True)
class ReportedIndicators:
    """What a unit directly below (or the unit itself, where it has none) reported of some sources."""

    key: str
    name: str
    values: Values


@dataclass(frozen=True)
class IndicatorReports:
    """`lines` of who reported any, of `asked` units; `own` is what the unit says of all of them together."""

    lines: tuple[ReportedIndicators, ...]
    own: Values
    asked: int

    @property
    def total(self) -> Values:
        """By source: what the unit itself reported, else the sum of those below."""
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
    """What was reported for the period of "code.numerator", "code.denominator". Two queries."""
    wanted = frozenset(sources)
    below = Unit.objects.filter(parent=unit).active_within(*bounds)
    if not external:
        below = below.exclude(kind=UnitKind.EXTERNAL)
    units = list(below.order_by("kind", "folded", "pk")) or [unit]
    found: dict[int, dict[str, int | None]] = {}
    values = IndicatorValue.objects.filter(unit__in=[unit, *units], period=period.code)
    for pk, code, *counts in values.values_list("unit_id", "indicator__code", "numerator", "denominator"):
        for part, number in zip(("numerator", "denominator"), counts, strict=True):
            if f"{code}.{part}" in wanted:
                found.setdefault(pk, {})[f"{code}.{part}"] = number
    lines = tuple(
        ReportedIndicators(unit.key_on(bounds[1]), unit.name, found[unit.pk])
        for unit in units
        if any(number is not None for number in found.get(unit.pk, {}).values())
    )
    own = found.get(unit.pk, {}) if units != [unit] else {}
    return IndicatorReports(lines, own, len(units))


TEMPLATE = "reports/printing/official_form.html"
INDICATORS = "Chỉ tiêu do các đơn vị báo cáo cho kỳ này trên hệ thống theo dõi cải cách hành chính"
PARTS = {"numerator": "số đạt", "denominator": "tổng số"}


@dataclass(frozen=True)
class FilledForm:
    """`told`: what was counted and how far; `notes` stand under the table; `broken` names the lines in which an
    identity does not hold; `sources` are pairs for the sheet that says where the figures come from.
    """

    form: OfficialForm
    reporting: str
    receiving: str
    period: Dates
    rows: Sequence[FormRow]
    told: str
    complete: bool
    notes: Sequence[str]
    broken: Sequence[str]
    sources: Sequence[tuple[str, str]]

    @property
    def days(self) -> str:
        """First and last day, as they stand under the title."""
        return f"từ ngày {format_day(self.period.start)} đến ngày {format_day(self.period.end)}"

    @property
    def empty(self) -> bool:
        """Whether nobody has reported any of it."""
        return all(cell is None for row in self.rows for cell in row.cells)

    def name(self, kind: str) -> str:
        """Of its file: ii-06a-2022-H1.xlsx; the unit's code is put before it by who knows it."""
        return f"{self.form.key}-{self.period.code}.{kind}"


def fill_from_dossiers(
    form: OfficialForm, unit: Unit, now: Summary, parts: Sequence[tuple[str, Summary]], asked: str = ""
) -> FilledForm:
    """From figures by tier and field. Where there is one tier, its line is the total and stands last."""
    rows = sheet.form_lines(form, parts, now.total.counts)
    if len(parts) == 1:
        first, *fields = rows
        rows = [*fields, FormRow("", sheet.TOTAL, first.cells, True)]
    sources = list(columns.source_summary(now, asked))
    counted, basis = formatting.included_label(now.include, now.as_of), formatting.basis_label(now.units_of)
    external = "; có tính cơ quan ngoài Ủy ban nhân dân" if now.external else ""
    told = f"{counted}; {now.completeness_text}; {basis}{external}"
    note = form.note(now.total.counts, estimated=now.total.estimated, handed=bool(now.handover))
    notes = sheet.form_notes(form, note)
    if now.total.estimated or any(row.figures.estimated for _, part in parts for row in part.rows):
        notes = [formatting.ESTIMATED, *notes]
    notes = [*now.handover.sentences(), *notes]
    return _filled(form, unit, now.period, rows, told, notes, sources, now.total.completeness.complete)


def fill_from_indicators(
    form: OfficialForm, unit: Unit, period: Dates, found: IndicatorReports, asked: str = ""
) -> FilledForm:
    """From indicators: a line for each unit that reported any, and the total."""
    rows = [
        FormRow(str(number), one.name, form.cells(one.values), key=one.key)
        for number, one in enumerate(found.lines, 1)
    ]
    rows.append(FormRow("", sheet.TOTAL, form.cells(found.total), True))
    told = f"{format_count(len(found.lines))}/{format_count(found.asked)} đơn vị đã báo cáo chỉ tiêu"
    if found.own:
        told += f"; tổng cộng do {unit.name} báo cáo"
    sources = [
        ("Đơn vị", f"{unit.name} ({unit.code})"),
        ("Kỳ báo cáo", f"{period.label} (từ {format_day(period.start)} đến {format_day(period.end)})"),
        ("Nguồn", INDICATORS),
        ("Mức độ đầy đủ", told),
        *([("Bộ lọc", asked)] if asked else []),
    ]
    whole = len(found.lines) == found.asked
    notes = sheet.form_notes(form, form.note(found.total))
    return _filled(form, unit, period, rows, told, notes, sources, whole)


def fill_from_edition(form: OfficialForm, unit: Unit, edition: Edition, days: Calendar) -> FilledForm:
    """One month of one unit as it is entered: a line for each field that it reports or has numbers of."""
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
    told: str,
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
        told,
        complete,
        notes,
        broken,
        [("Biểu", f"{form.code}: {form.title}"), ("Ban hành theo", form.basis), *sources],
    )


def form_xlsx_bytes(filled: FilledForm, made_at: datetime) -> bytes:
    """The workbook: the form, and sheet "Nguồn" that says where its figures come from and what each column is."""
    buffer = BytesIO()
    head = FormHead(filled.reporting, filled.receiving, filled.period.label, filled.days, filled.told)
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
    """Each column of figures with what it is made of."""
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


# Of a district or a province nothing is read in: its figures are those of its units. What is told is where a
# file differs from them.

Key = tuple[str, str]  # of the tier, "" above all, and of the line itself


@dataclass(frozen=True)
class CellDifference:
    """A cell: `stored` by the system, `given` by the file; `cell` its address there."""

    line: str
    column: NumberedColumn
    cell: str
    stored: int | None
    given: int | None


@dataclass
class FormComparison:
    """`missing`: lines of the system that the file lacks; `unknown`: lines of the file that the system lacks."""

    differences: list[CellDifference] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    faults: FileFaults = field(default_factory=FileFaults)
    notes: list[str] = field(default_factory=list)
    lines: int = 0
    unreadable: bool = False

    @property
    def equal(self) -> bool:
        """Whether the file holds the same figures."""
        return not (self.differences or self.missing or self.unknown or self.faults)


def compare_form(content: bytes, filled: FilledForm, unit: Unit) -> FormComparison:
    """Hold a file against a form; what cannot be read goes to `faults`, by its cell. Nothing in the file raises."""
    sheet = read_official_sheet(content, filled.form, unit, filled.period)
    found = FormComparison(faults=sheet.faults, notes=sheet.notes, unreadable=sheet.unreadable)
    if sheet.unreadable or not (sheet.lines or sheet.totals):
        return found
    totals = {line.number for line in sheet.totals}
    listed = sorted((*sheet.lines, *sheet.totals), key=attrgetter("number"))
    given = dict(_keyed((line.name, line.number in totals, line) for line in listed))
    stored = dict(_keyed((row.name, row.is_total, row) for row in filled.rows))
    found.lines = len(given)
    found.missing = [row.name for key, row in stored.items() if key not in given]
    found.unknown = [f"{line.name} (dòng {line.number})" for key, line in given.items() if key not in stored]
    for key, line in given.items():
        if key in stored:
            found.differences += _differing(line, stored[key].cells, filled)
    return found


def _keyed(rows: Iterable[tuple[str, bool, object]]) -> Iterator[tuple[Key, object]]:
    """Each line under the tier that it stands below: fields of two tiers have the same names."""
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
        given = line.cells[column.number]
        # What cannot be read is told as a fault, or is a total that its parts tell.
        if column.number not in line.unread and given != mine:
            cell = f"{line.letters[column.number]}{line.number}"
            yield CellDifference(line.name, column, cell, mine, given)
