"""What the import commands share: arguments, messages and exit codes (0 done, 1 refused, 2 wrong use)."""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User


class ImportCommand(BaseCommand):
    """Subclasses give `run(source, filename, by=)`."""

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", help="tệp CSV hoặc XLSX")
        parser.add_argument("--by", metavar="USER", help="tên đăng nhập của người nhập (ghi vào nhật ký)")

    def handle(self, *args, file, by, **options):
        path = Path(file)
        if not path.is_file():
            raise CommandError(f"Không có tệp {file}.", returncode=2)
        actor = None
        if by:
            actor = User.objects.filter(username=by).first()
            if actor is None:
                raise CommandError(f"Không có người dùng {by}.", returncode=2)
        result = self.run(path, path.name, by=actor)
        for fault in result.faults:
            self.stderr.write(f"{path.name}: {fault}")
        if result.faults:
            self.stderr.write(f"Có {result.total} lỗi; chưa ghi gì.")
            sys.exit(1)
        self.stdout.write(f"Đã ghi {result.written} dòng, {result.unchanged} dòng không thay đổi.")
