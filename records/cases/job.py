"""Reads a case file as a background job. Rows are inserted in small transactions and count only when all are valid."""

from collections import defaultdict
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from core import database
from figures.periods import Month, Span
from ledger import jobs
from records import storage
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.models import CaseCount, CaseFile, CaseRow
from spreadsheets.cells import FileFaults

from . import actions
from .column_filter import CODE, CaseColumn, staged_fault, staged_rows
from .mapping import ColumnMapping
from .queries import local_moment, repeated_codes
from .reader import CaseLine, CaseReader

BATCH = 5_000


def read_case_file(file: CaseFile, report_progress: jobs.ProgressCallback) -> None:
    """Read a staged file by its mapping and put it in force. Errors: jobs.JobRefused, with the faults stored on the
    file; jobs.JobCancelled.
    """
    if not actions.is_staged(file):
        raise jobs.JobRefused("Tệp đã tải lên không còn trên máy chủ. Hãy tải tệp lên lại.")
    catalogue = Catalogue(stored_calendar())
    months = list(Month.range(Month.from_number(file.first_month), Month.from_number(file.last_month)))
    columns = [CaseColumn(**column) for column in file.columns]
    reader = CaseReader(columns, ColumnMapping.of(file.mapping), catalogue, file.unit, months)
    spans = [(month.number, catalogue.days.span(month)) for month in months]
    faults, counts = FileFaults(), defaultdict(lambda: defaultdict(int))
    actions.clear_case_rows(file)
    try:
        rows = _store(file, reader, spans, counts, faults, report_progress)
        _refuse_faults(file, reader, rows, counts, faults)
        actions.put_case_file_in_force(file, counts, rows=rows, at=timezone.now())
    except BaseException:
        actions.clear_case_rows(file)
        raise
    if rows >= storage.ANALYZE_FROM_ROWS:
        database.analyze_tables(CaseRow, CaseCount)
    actions.staging_path(file).unlink(missing_ok=True)
    actions.drop_replaced(file.unit)


CASE_JOB = jobs.JobKind(
    CaseFile,
    read_case_file,
    fault="Không đọc được tệp do lỗi của hệ thống. Hãy báo người quản trị.",
    related=("unit", "asked_by"),
)


def _store(
    file: CaseFile,
    reader: CaseReader,
    spans: list[tuple[int, Span]],
    counts: Any,
    faults: FileFaults,
    report_progress: jobs.ProgressCallback,
) -> int:
    """Insert the dossiers and add them to `counts`; returns their number."""
    rows = 0
    progress_rows = _ProgressRows(staged_rows(actions.staging_path(file)), report_progress)
    case_lines = reader.lines(progress_rows, faults)
    while lines := list(islice(case_lines, BATCH)):
        _count(lines, spans, counts)
        with transaction.atomic():
            storage.insert_cases([_row(file, line) for line in lines])
        rows += len(lines)
    return rows


class _ProgressRows:
    """Passes rows on and reports progress every 256."""

    def __init__(self, rows: Any, report_progress: jobs.ProgressCallback) -> None:
        self.rows, self.report_progress = rows, report_progress

    def __iter__(self) -> Any:
        for number, row in enumerate(self.rows):
            if number % 256 == 0:
                self.report_progress(number)
            yield row


def _count(lines: list[CaseLine], spans: list[tuple[int, Span]], counts: Any) -> None:
    for line in lines:
        for month, span in spans:
            for name in line.case.measures(span.start, span.end):
                counts[month, line.key][name] += 1


def _row(file: CaseFile, line: CaseLine) -> tuple:
    case = line.case
    moments = (local_moment(case.received), local_moment(case.due), local_moment(case.ended))
    return (file.pk, line.row, line.code, *line.key, case.channel, *moments, case.returned_by, case.state)


def _refuse_faults(file: CaseFile, reader: CaseReader, rows: int, counts: Any, faults: FileFaults) -> None:
    """Refuse the file when it has faults. Errors: jobs.JobRefused."""
    column = reader.columns[CODE]
    for code, first, others in repeated_codes(file, FileFaults.MOST):
        words = f"Mã hồ sơ {code} lặp lại dòng {first}."
        faults += [staged_fault(row, column, "repeated_row", words) for row in others]
    if not faults and not counts:
        words = f"Không hồ sơ nào trong {rows} dòng thuộc tháng báo cáo đã chọn."
        faults.append(staged_fault(1, None, "nothing_counted", words))
    if faults:
        listed = [fault.as_dict(file.name) for fault in faults.listed()]
        actions.refuse_reading(file, listed, faults.total)
        raise jobs.JobRefused(f"Tệp có {faults.total} lỗi; chưa nạp dòng nào.")
