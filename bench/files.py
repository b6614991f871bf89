"""P11, P12, E1: large imports compared with Django alone and a Rust reader; large exports with XlsxWriter alone."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import xlsxwriter
from django.db import transaction
from python_calamine import CalamineWorkbook

from figures.measures import MEASURES
from records.bulk_import.counts import import_counts
from records.generate.country import HALF_YEAR, LAST, CountryScale
from records.models import DossierCount, Edition, Field, State, Submission
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from reports.tables.columns import COUNTS, RATES, FlatRow, FlatTable, flat_table
from reports.tables.files import table_xlsx_bytes
from units.models import Unit

from .counters import values
from .databases import use, vendor
from .measurement import Act, Result, versus

AT = datetime(2026, 2, 20, tzinfo=UTC)
Line = tuple[int, int, int, dict[str, int]]  # unit, month, field, measures


def import_rows(nation: tuple, folder: Path, number: int = 40_000) -> Iterator[Result]:
    """`number` rows of months without reports. Both sides are rolled back after each run."""
    connection, _, scale = nation
    with use(connection):
        lines = list(_lines(scale, number))
        path = _file(lines, folder)
        times = versus(partial(_import, path), _bulk_create_act(lines), times=5, warm=0)
    title = f"P11 import of counts, checked ÷ bulk_create unchecked, {vendor()}"
    yield Result(title, f"{len(lines):,} rows", *times, goal=1.0)


def _lines(scale: CountryScale, number: int) -> Iterator[Line]:
    """Rows that balance and whose opening is the closing of the month before (as in country.sql)."""
    units = list(Unit.objects.filter(reports=True).order_by("pk").values_list("pk", flat=True))
    fields = list(Field.objects.exclude(code=Field.UNDIVIDED).values_list("pk", flat=True))
    for later in range(1, 1 + -(-number // (len(units) * len(fields)))):
        place, month = scale.months + later, LAST.plus(later).number
        for unit in units[: number // len(fields)]:
            for field in fields:
                yield unit, month, field, values(unit, field, place)
        number -= len(units) * len(fields)


def _file(lines: list[Line], folder: Path) -> Path:
    codes = dict(Unit.objects.values_list("pk", "code"))
    fields = dict(Field.objects.values_list("pk", "code"))
    path = folder / "counts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["unit", "month", "field", "procedure", *MEASURES])
        for unit, month, field, numbers in lines:
            month_code = f"{month // 100}-M{month % 100:02}"
            writer.writerow(
                [codes[unit], month_code, fields[field], "", *(numbers.get(name, "") for name in MEASURES)]
            )
    return path


def _import(path: Path) -> None:
    with transaction.atomic():
        report = import_counts(path, path.name, at=AT)
        transaction.set_rollback(True)
    if report.errors:
        raise RuntimeError(f"the generated file is refused: {report.errors[:3]}")


def _bulk_create_act(lines: list[Line]) -> Act:
    """The same rows by bulk_create: no parsing, validation, history, group sums or log."""
    months: dict[tuple[int, int], list[tuple[int, dict[str, int]]]] = {}
    for unit, month, field, numbers in lines:
        months.setdefault((unit, month), []).append((field, numbers))

    def create() -> None:
        with transaction.atomic():
            submissions = Submission.objects.bulk_create(
                Submission(unit_id=unit, month=month, due_on=AT.date()) for unit, month in months
            )
            editions = Edition.objects.bulk_create(
                Edition(submission=submission, number=1, state=State.SENT) for submission in submissions
            )
            DossierCount.objects.bulk_create(
                DossierCount(edition=edition, field_id=field, answered=True, **numbers)
                for edition, counts in zip(editions, months.values(), strict=True)
                for field, numbers in counts
            )
            transaction.set_rollback(True)

    return create


def check_rows(nation: tuple, folder: Path, number: int = 40_000) -> Iterator[Result]:
    """A workbook of `number` rows read and validated, compared with a Rust reader that only reads it."""
    connection, _, scale = nation
    with use(connection):
        path = _workbook(_file(list(_lines(scale, number)), folder))
        times = versus(partial(_check, path), partial(_read_alone, path), times=5, warm=0)
    title = f"E1 XLSX read and checked ÷ python-calamine reading it alone, {vendor()}"
    yield Result(title, f"{number:,} rows × {4 + len(MEASURES)} columns", *times)


def _workbook(path: Path) -> Path:
    """Convert a CSV to a workbook with numeric cells."""
    target = path.with_suffix(".xlsx")
    with (
        path.open(encoding="utf-8", newline="") as file,
        xlsxwriter.Workbook(target, {"constant_memory": True}) as book,
    ):
        sheet = book.add_worksheet()
        for row_index, row in enumerate(csv.reader(file)):
            for column, text in enumerate(row):
                if row_index and column >= 4 and text:
                    sheet.write_number(row_index, column, int(text))
                elif text:
                    sheet.write_string(row_index, column, text)
    return target


def _check(path: Path) -> None:
    report = import_counts(path, path.name, at=AT, dry_run=True)
    if report.errors or not report.written:
        raise RuntimeError(f"the generated file is refused: {report.errors[:3]}")


def _read_alone(path: Path) -> None:
    CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def export_rows(nation: tuple, number: int = 40_000) -> Iterator[Result]:
    """A workbook of `number` rows as the dashboard exports them, compared with XlsxWriter alone."""
    connection, top, _ = nation
    with use(connection):
        figures = summary(FiguresQuery(Unit.objects.filter(parent=top).first(), HALF_YEAR, by="unit"))
    flat_rows = [FlatRow(row.name, row.key, "Cấp xã", row.figures) for row in figures.rows]
    start = flat_table(figures, [], filters="", made_at=AT)
    rows = tuple(flat_rows[place % len(flat_rows)] for place in range(number))
    whole = FlatTable(
        start.first, rows, start.total, start.count_titles, start.rate_titles, start.source, figures, False
    )
    times = versus(partial(table_xlsx_bytes, whole), partial(_xlsxwriter_alone, whole), times=5, warm=0)
    scale = f"{number:,} rows × {len(whole.titles)} columns"
    yield Result("P12 XLSX export ÷ XlsxWriter alone", scale, *times, goal=1.3)


def _xlsxwriter_alone(whole: FlatTable) -> bytes:
    """The same cells: texts, whole numbers, sums and rates as formulas with values."""
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        text, count, rate = (book.add_format({"num_format": code}) for code in ("@", "#,##0", "0.0%"))
        for row_index, row in enumerate(whole.rows):
            _row(sheet, row_index, row, (text, count, rate))
    return buffer.getvalue()


def _row(sheet: Any, at: int, row: FlatRow, styles: tuple) -> None:
    text, count, rate = styles
    for place, words in enumerate((row.name, row.key, row.section)):
        sheet.write_string(at, place, words, text)
    figures, after = row.figures, 3 + len(COUNTS)
    for place, name in enumerate(COUNTS, 3):
        if figures.counts[name] is None:
            sheet.write_blank(at, place, None, count)
        elif name in ("received_online", "received", "resolved", "pending"):
            sheet.write_formula(at, place, f"=SUM(A{at},B{at},C{at})", count, figures.counts[name])
        else:
            sheet.write_number(at, place, figures.counts[name], count)
    for place, rate_column in enumerate(RATES, after):
        share = figures.share(rate_column.key)
        formula = f'=IF(N(K{at})=0,"—",(N(D{at}))/K{at})'
        sheet.write_formula(at, place, formula, rate, share.numerator / share.denominator)
    after += len(RATES)
    sheet.write_number(at, after, figures.completeness.reported, count)
    sheet.write_number(at, after + 1, figures.completeness.expected, count)
    sheet.write_string(at, after + 2, "", text)
