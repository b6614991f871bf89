"""Import an export of single dossiers for one unit."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.clock import now
from core.command import existing_path, user_or_error
from figures.periods import Period, PeriodError
from ledger import jobs
from records.calendar.queries import stored_calendar
from records.cases import actions
from records.cases.column_filter import CaseColumn, WordTargets, filter_columns, targets_with
from records.cases.job import CASE_JOB
from records.cases.mapping import ColumnMapping, guess_mapping
from records.cases.queries import mappings_for
from records.cases.reader import reported_fields
from records.catalogue import Catalogue
from records.errors import ActionRefused
from records.models import CaseFile, CaseFileState
from spreadsheets.cells import BULK_LIMITS, UnreadableFile
from units.models import Unit
from units.tree.queries import resolve_code

PROGRESS_SECONDS = 5.0  # between two lines of progress


class Command(BaseCommand):
    help = (
        "Nạp danh sách hồ sơ (CSV hoặc XLSX) xuất từ hệ thống một cửa cho một đơn vị; ghi trọn vẹn hoặc không ghi gì. "
        "Cột được ghép theo tên đã lưu (--mapping) hoặc tự nhận biết. "
        "Ví dụ: python manage.py import_cases ho-so.csv --unit 13474 --period 2022-M07 --by xa-13474"
    )

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", help="tệp CSV hoặc XLSX, mỗi dòng một hồ sơ")
        parser.add_argument("--unit", required=True, metavar="CODE", help="mã đơn vị")
        parser.add_argument("--period", required=True, metavar="P", help="tháng hoặc các tháng báo cáo")
        parser.add_argument(
            "--mapping", metavar="NAME", help="tên cách ghép cột đã lưu; mặc định tự nhận biết"
        )
        parser.add_argument("--undue", action="store_true", help="hồ sơ không ghi ngày hẹn trả là trong hạn")
        parser.add_argument("--by", metavar="USER", help="tên đăng nhập của người nạp")
        parser.add_argument("--format", choices=("text", "json"), default="text", help="dạng kết quả")

    def handle(self, *args, file, unit, period, mapping, undue, by, format, **options):
        path = existing_path(file)
        try:
            months = Period.parse(period)
        except PeriodError as error:
            raise CommandError(str(error), returncode=2) from error
        holder = resolve_code(unit, stored_calendar().bounds(months)[1])
        if holder is None:
            raise CommandError(f"Không có đơn vị nào mang mã “{unit}”.", returncode=2)
        answer = self._read(path, holder, months, mapping, undue, user_or_error(by or None))
        self._print(answer, format)
        if answer["errors"]:
            sys.exit(1)

    def _read(
        self, path: Path, unit: Unit, period: Period, name: str | None, undue: bool, user: Any
    ) -> dict[str, Any]:
        staged, months = actions.new_staging_path(), (period.first, period.last)
        try:
            with path.open("rb") as source:
                filtered = filter_columns(source, staged, BULK_LIMITS)
        except UnreadableFile as refused:
            return _answer(0, [refused.fault.as_dict(path.name)])
        targets = targets_with(reported_fields(Catalogue(stored_calendar()), unit, period.months))
        mapping = _mapping(unit, name, filtered.columns, targets)
        mapping = ColumnMapping(mapping.columns, mapping.words, mapping.undue or undue)
        stamp = {"by": user, "at": now()}
        file = actions.keep_case_upload(
            unit, path.name, months, staged, filtered, mapping.as_dict(), **stamp, system=name or ""
        )
        gaps = mapping.gaps(filtered.columns, targets)
        if gaps:
            actions.delete_case_file(file)
            return _answer(0, [_mapping_fault(path.name, gap.message) for gap in gaps])
        try:
            reading = actions.request_reading(file, mapping.as_dict(), months, **stamp)
        except ActionRefused as refusal:
            actions.delete_case_file(file)
            return _answer(0, [_mapping_fault(path.name, refusal.message)])
        if reading.pk != file.pk:
            return _answer(0, [], unchanged=reading.done)
        return self._wait(reading)

    def _wait(self, file: CaseFile) -> dict[str, Any]:
        """Read the file here, or wait where a worker of the server has begun it. Interrupted, nothing of it stays."""
        try:
            if jobs.begin(file, timezone.now()):
                jobs.carry_out(replace(CASE_JOB, work=self._read_with_progress), file)
            file.refresh_from_db()
            while file.is_open:
                time.sleep(jobs.PAUSE)
                file.refresh_from_db()
        except KeyboardInterrupt:
            actions.delete_case_file(file)
            raise
        if file.state == CaseFileState.DONE:
            return _answer(file.done, [])
        if file.state == CaseFileState.FAILED:
            faults = file.faults or [_mapping_fault(file.name, file.words)]
            actions.delete_case_file(file)
            return _answer(0, faults)
        return _answer(0, [_mapping_fault(file.name, "Việc nạp tệp đã bị hủy.")])

    def _read_with_progress(self, file: CaseFile, report_progress: jobs.ProgressCallback) -> None:
        printed_at = time.monotonic()

        def progress(rows: int) -> None:
            nonlocal printed_at
            report_progress(rows)
            if time.monotonic() - printed_at > PROGRESS_SECONDS:
                printed_at = time.monotonic()
                self.stderr.write(f"Đã đọc {rows}/{file.total} dòng.")

        CASE_JOB.work(file, progress)

    def _print(self, answer: dict[str, Any], format: str) -> None:
        if format == "json":
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1))
            return
        for fault in answer["errors"]:
            place = (
                f"Dòng {fault['row']}, cột {fault['column']}" if fault["column"] else f"Dòng {fault['row']}"
            )
            self.stderr.write(f"{fault['file']}: {place}: {fault['message']}")
        self.stdout.write(f"Đã nạp {answer['written']} hồ sơ, {answer['unchanged']} hồ sơ không thay đổi.")


def _mapping(unit: Unit, name: str | None, columns: list[CaseColumn], targets: WordTargets) -> ColumnMapping:
    if name is None:
        return guess_mapping(columns, targets)
    saved = mappings_for(unit).filter(name=name).first()
    if saved is None:
        raise CommandError(f"Không có cách ghép cột nào tên là “{name}”.", returncode=2)
    return ColumnMapping.of(saved.content).fitted(columns, targets)


def _mapping_fault(name: str, message: str) -> dict[str, Any]:
    return {"file": name, "row": 1, "column": "", "code": "mapping", "message": message}


def _answer(written: int, errors: list[dict[str, Any]], unchanged: int = 0) -> dict[str, Any]:
    return {"written": written, "unchanged": unchanged, "errors": errors}
