"""Reading a case file as a job: rows go in by small transactions, so that nobody waits long for the database;
they count once all of them are read and nothing is wrong, and go out again otherwise.
"""

from collections import defaultdict
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from figures.periods import Month, Span
from ledger import jobs, planner
from records import bulk
from records.actions import case_files
from records.models import CaseCount, CaseFile, CaseRow
from records.queries.calendar import calendar
from records.queries.cases import local, repeated_codes
from records.queries.catalogue import Catalogue
from units.faults import Faults

from .mapping import Mapping
from .reading import Line, Reader
from .roles import CODE
from .sifting import Column, fault_of, staged_rows

BATCH = 5_000


def read(file: CaseFile, following: jobs.Following) -> None:
    """Read a staged file by its mapping and put it in force. Errors: jobs.Refused where anything is wrong, with the
    faults kept on the file; Cancelled where it was given up.
    """
    if not case_files.is_there(file):
        raise jobs.Refused("Tệp đã tải lên không còn trên máy chủ. Hãy tải tệp lên lại.")
    catalogue = Catalogue(calendar())
    months = list(Month.range(Month.from_number(file.first_month), Month.from_number(file.last_month)))
    columns = [Column(**one) for one in file.columns]
    reader = Reader(columns, Mapping.of(file.mapping), catalogue, file.unit, months)
    spans = [(month.number, catalogue.days.span(month)) for month in months]
    faults, counts = Faults(), defaultdict(lambda: defaultdict(int))
    case_files.clear(file)
    try:
        rows = _store(file, reader, spans, counts, faults, following)
        _judge(file, reader, rows, counts, faults)
        case_files.put_in_force(file, counts, rows=rows, at=timezone.now())
    except BaseException:
        case_files.clear(file)
        raise
    if rows >= bulk.MANY:
        planner.tell(CaseRow, CaseCount)
    case_files.place_of(file).unlink(missing_ok=True)
    case_files.drop_replaced(file.unit)


CASES = jobs.Kind(
    CaseFile,
    read,
    fault="Không đọc được tệp do lỗi của hệ thống. Hãy báo người quản trị.",
    related=("unit", "asked_by"),
)


def _store(
    file: CaseFile,
    reader: Reader,
    spans: list[tuple[int, Span]],
    counts: Any,
    faults: Faults,
    following: jobs.Following,
) -> int:
    """Insert the dossiers and count them on the way; returns how many there are."""
    rows = 0
    seen = _Followed(staged_rows(case_files.place_of(file)), following)
    found = reader.lines(seen, faults)
    while lines := list(islice(found, BATCH)):
        _count(lines, spans, counts)
        with transaction.atomic():
            bulk.insert_cases([_row(file, line) for line in lines])
        rows += len(lines)
    return rows


class _Followed:
    """Rows on their way, told of one by one."""

    def __init__(self, rows: Any, following: jobs.Following) -> None:
        self.rows, self.following = rows, following

    def __iter__(self) -> Any:
        for number, row in enumerate(self.rows):
            if number % 256 == 0:
                self.following(number)
            yield row


def _count(lines: list[Line], spans: list[tuple[int, Span]], counts: Any) -> None:
    for line in lines:
        for month, span in spans:
            for name in line.case.measures(span.start, span.end):
                counts[month, line.key][name] += 1


def _row(file: CaseFile, line: Line) -> tuple:
    case = line.case
    moments = (local(case.received), local(case.due), local(case.ended))
    return (file.pk, line.row, line.code, *line.key, case.channel, *moments, case.returned_by, case.state)


def _judge(file: CaseFile, reader: Reader, rows: int, counts: Any, faults: Faults) -> None:
    """Refuse the file where anything is wrong with it."""
    column = reader.columns[CODE]
    for code, first, others in repeated_codes(file, Faults.MOST):
        words = f"Mã hồ sơ {code} lặp lại dòng {first}."
        faults += [fault_of(row, column, "repeated_row", words) for row in others]
    if not faults and not counts:
        words = f"Không hồ sơ nào trong {rows} dòng thuộc tháng báo cáo đã chọn."
        faults.append(fault_of(1, None, "nothing_counted", words))
    if faults:
        listed = [fault.as_dict(file.name) for fault in faults.told()]
        case_files.refuse_reading(file, listed, faults.total)
        raise jobs.Refused(f"Tệp có {faults.total} lỗi; chưa nạp dòng nào.")
