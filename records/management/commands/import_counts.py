"""Import monthly counts from CSV or XLSX."""

import json
import sys

from django.core.management.base import BaseCommand, CommandError

from core.clock import now
from core.command import existing_path, user_or_error
from figures.formatting import format_count
from records.bulk_import.counts import ImportReport, import_counts
from records.bulk_import.resumable import ImportedElsewhere, import_in_parts
from records.bulk_import.validation import APPROVED, DRAFT, SENT

# Rows between two lines of progress.
STEP = 50_000
ACTS = {"read": "Đã đọc", "check": "Đã kiểm tra", "write": "Đã ghi"}


class Command(BaseCommand):
    help = (
        "Nhập số liệu hồ sơ hằng tháng từ tệp CSV hoặc XLSX; mỗi tệp ghi trọn vẹn hoặc không ghi gì, trừ khi chọn "
        "--in-parts. "
        "Ví dụ: python manage.py import_counts fixtures/thanhliem/counts-2022.csv --approve --by tonghop"
    )

    _last_step = ("", 0)

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", metavar="FILE", help="tệp CSV hoặc XLSX")
        state = parser.add_mutually_exclusive_group()
        state.add_argument("--draft", action="store_true", help="để ở trạng thái đang nhập")
        state.add_argument("--approve", action="store_true", help="duyệt luôn; --by là người duyệt")
        parser.add_argument("--by", metavar="USER", help="tên đăng nhập của người nhập hoặc người duyệt")
        parser.add_argument(
            "--in-parts",
            action="store_true",
            help="tệp lớn: kiểm tra cả tệp rồi ghi từng phần, mỗi phần trọn báo cáo tháng của các đơn vị; "
            "bị dừng thì chạy lại cùng lệnh để ghi tiếp",
        )
        parser.add_argument("--dry-run", action="store_true", help="chỉ kiểm tra, không ghi")
        parser.add_argument("--format", choices=("text", "json"), default="text", help="dạng kết quả")

    def handle(self, *args, files, draft, approve, in_parts, by, dry_run, format, **options):
        becomes = DRAFT if draft else APPROVED if approve else SENT
        paths, user = [existing_path(name) for name in files], user_or_error(by or None)
        which = {"at": now(), "by": user, "becomes": becomes, "dry_run": dry_run}
        report = ImportReport()
        try:
            for path in paths:
                if in_parts:
                    report.add(import_in_parts(path, **which, on_progress=self._print_progress))
                else:
                    report.add(import_counts(path, path.name, **which))
        except ImportedElsewhere as error:
            raise CommandError(str(error), returncode=1) from error
        except KeyboardInterrupt:
            rest = (
                "phần đã ghi được giữ; chạy lại cùng lệnh để ghi tiếp"
                if in_parts
                else "tệp đang nhập không được ghi"
            )
            raise CommandError(f"Đã dừng: {rest}.", returncode=1) from None
        if format == "json":
            self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False, indent=1))
        else:
            outcome = (
                "phần có lỗi và các phần sau không được ghi" if in_parts else "tệp có lỗi không được ghi"
            )
            print_report(self, report, dry_run, outcome)
        if report.errors:
            sys.exit(1)

    def _print_progress(self, act: str, rows: int, total: int) -> None:
        """A line for every STEP rows, and at the end."""
        step = act, rows // STEP
        if step == self._last_step and rows != total:
            return
        self._last_step = step
        of = f"/{format_count(total)}" if total else ""
        self.stderr.write(f"{ACTS[act]} {format_count(rows)}{of} dòng")


def print_report(
    command: BaseCommand,
    report: ImportReport,
    dry_run: bool = False,
    outcome: str = "tệp có lỗi không được ghi",
) -> None:
    """The report in words: faults on stderr, the result on stdout."""
    for name, fault in report.errors:
        command.stderr.write(f"{name}: {fault}")
    for name, fault in report.warnings:
        command.stderr.write(f"{name}: cảnh báo: {fault}")
    if report.errors:
        command.stderr.write(f"Có {report.wrong} lỗi; {outcome}.")
    if report.earlier:
        command.stderr.write(f"Lần chạy trước đã ghi {format_count(report.earlier)} dòng; lần này ghi tiếp.")
    verb = "Sẽ ghi" if dry_run else "Đã ghi"
    command.stdout.write(
        f"{verb} {report.written} dòng, {report.unchanged} dòng không thay đổi, {report.warned} cảnh báo."
    )
