"""Import fields and procedures from CSV or XLSX."""

import json
import sys

from django.core.management.base import BaseCommand

from core.clock import now
from core.command import existing_path, user_or_error
from records.bulk_import.catalogue import import_catalogue

from .import_counts import print_report


class Command(BaseCommand):
    help = (
        "Nhập danh mục lĩnh vực và thủ tục từ tệp CSV hoặc XLSX. "
        "Ví dụ: python manage.py import_catalogue fixtures/thanhliem/catalogue.csv"
    )

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", help="tệp CSV hoặc XLSX")
        parser.add_argument("--by", metavar="USER", help="tên đăng nhập của người nhập (ghi vào nhật ký)")
        parser.add_argument("--format", choices=("text", "json"), default="text", help="dạng kết quả")

    def handle(self, *args, file, by, format, **options):
        path = existing_path(file)
        report = import_catalogue(path, path.name, at=now(), by=user_or_error(by or None))
        if format == "json":
            self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False, indent=1))
        else:
            print_report(self, report)
        if report.errors:
            sys.exit(1)
