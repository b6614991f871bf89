"""What the import commands share: arguments, messages and exit codes (0 done, 1 refused, 2 wrong use)."""

import sys

from django.core.management.base import BaseCommand

from core.command import existing_path, user_or_error


class ImportCommand(BaseCommand):
    """Subclasses give `run(source, filename, by=)`."""

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", help="tệp CSV hoặc XLSX")
        parser.add_argument("--by", metavar="USER", help="tên đăng nhập của người nhập (ghi vào nhật ký)")

    def handle(self, *args, file, by, **options):
        path = existing_path(file)
        result = self.run(path, path.name, by=user_or_error(by or None))
        for fault in result.faults:
            self.stderr.write(f"{path.name}: {fault}")
        if result.faults:
            self.stderr.write(f"Có {result.total} lỗi; chưa ghi gì.")
            sys.exit(1)
        self.stdout.write(f"Đã ghi {result.written} dòng, {result.unchanged} dòng không thay đổi.")
