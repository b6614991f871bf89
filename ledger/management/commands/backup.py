"""Make a consistent copy of database and media while the server runs."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from core.command import ExampleCommand
from ledger import backup, timer_runs


class Command(ExampleCommand):
    help = (
        "Sao lưu cơ sở dữ liệu và tệp đính kèm vào thư mục mới hoặc trống, trong khi máy chủ vẫn chạy; "
        "manifest.json ghi mã SHA-256 của từng tệp. In ra mốc nhật ký SỐ:MÃ_BĂM để giữ ở nơi khác và đối chiếu bằng "
        "verify_log --anchor. Khóa bí mật CCHC_SECRET_KEY không nằm trong bản sao lưu."
    )
    example = "backup /srv/sao-luu/2022-08-12"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="THƯ_MỤC", help="thư mục mới hoặc trống")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with timer_runs.record(timer_runs.BACKUP) as run:
                manifest = backup.back_up(options["folder"], at=timezone.now())
                run.size = sum(path.stat().st_size for path in options["folder"].rglob("*") if path.is_file())
                run.words = f"{len(manifest['files'])} tệp"
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        number, hash_ = manifest["log_head"]
        self.stdout.write(f"{number}:{hash_}")
        self.stderr.write(f"Đã sao lưu {len(manifest['files'])} tệp vào {options['folder']}.")
