"""Import fields and procedures from CSV or XLSX."""

import json
import sys

from django.core.management.base import BaseCommand

from cchc_dashboard.clock import now
from records.imports.catalogue import import_catalogue

from .import_counts import actor, existing, tell


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
        path = existing([file])[0]
        report = import_catalogue(path, path.name, at=now(), by=actor(by))
        if format == "json":
            self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False, indent=1))
        else:
            tell(self, report)
        if report.errors:
            sys.exit(1)
