"""Import monthly counts from CSV or XLSX."""

import json
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from cchc_dashboard.clock import now
from records.imports.counts import APPROVED, DRAFT, SENT, import_counts
from records.imports.report import Report
from units.models import User


def actor(name: str | None) -> User | None:
    """The user of a sign-in name; wrong use where there is none."""
    if not name:
        return None
    found = User.objects.filter(username=name).first()
    if found is None:
        raise CommandError(f"Không có người dùng {name}.", returncode=2)
    return found


def existing(files: list[str]) -> list[Path]:
    """The files as paths; wrong use where one is not there."""
    paths = [Path(name) for name in files]
    for path in paths:
        if not path.is_file():
            raise CommandError(f"Không có tệp {path}.", returncode=2)
    return paths


class Command(BaseCommand):
    help = (
        "Nhập số liệu hồ sơ hằng tháng từ tệp CSV hoặc XLSX; mỗi tệp ghi trọn vẹn hoặc không ghi gì. "
        "Ví dụ: python manage.py import_counts fixtures/thanhliem/counts-2022.csv --approve --by tonghop"
    )

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", metavar="FILE", help="tệp CSV hoặc XLSX")
        state = parser.add_mutually_exclusive_group()
        state.add_argument("--draft", action="store_true", help="để ở trạng thái đang nhập")
        state.add_argument("--approve", action="store_true", help="duyệt luôn; --by là người duyệt")
        parser.add_argument("--by", metavar="USER", help="tên đăng nhập của người nhập hoặc người duyệt")
        parser.add_argument("--dry-run", action="store_true", help="chỉ kiểm tra, không ghi")
        parser.add_argument("--format", choices=("text", "json"), default="text", help="dạng kết quả")

    def handle(self, *args, files, draft, approve, by, dry_run, format, **options):
        becomes = DRAFT if draft else APPROVED if approve else SENT
        paths, user = existing(files), actor(by)
        report = Report()
        for path in paths:
            report.add(import_counts(path, path.name, at=now(), by=user, becomes=becomes, dry_run=dry_run))
        if format == "json":
            self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False, indent=1))
        else:
            tell(self, report, dry_run)
        if report.errors:
            sys.exit(1)


def tell(command: BaseCommand, report: Report, dry_run: bool = False) -> None:
    """The report in words: faults on stderr, the result on stdout."""
    for name, fault in report.errors:
        command.stderr.write(f"{name}: {fault}")
    for name, fault in report.warnings:
        command.stderr.write(f"{name}: cảnh báo: {fault}")
    if report.errors:
        command.stderr.write(f"Có {report.wrong} lỗi; tệp có lỗi không được ghi.")
    done = "Sẽ ghi" if dry_run else "Đã ghi"
    command.stdout.write(
        f"{done} {report.written} dòng, {report.unchanged} dòng không thay đổi, {report.warned} cảnh báo."
    )
