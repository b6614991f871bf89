"""Replace database and media with those of a backup."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from core.command import ExampleCommand
from ledger import backup


class Command(ExampleCommand):
    help = (
        "Khôi phục cơ sở dữ liệu và tệp đính kèm từ bản sao lưu, sau khi đã dừng máy chủ. Bản sao lưu bị hỏng hoặc bị "
        "sửa thì từ chối và không thay đổi gì. Nếu nơi khôi phục đang có dữ liệu, dữ liệu đó được sao lưu trước vào "
        "thư mục before-restore-… trong thư mục dữ liệu (CCHC_DATA)."
    )
    example = "restore /srv/sao-luu/2022-08-12"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="THƯ_MỤC", help="thư mục do lệnh backup tạo ra")
        parser.add_argument(
            "--discard",
            action="store_true",
            help="bỏ dữ liệu hiện có, không sao lưu trước (khi dữ liệu đó đã hỏng hoặc không đủ chỗ)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = backup.check_backup(options["folder"])
            if not options["discard"]:
                self._back_up_present_data()
            backup.restore(options["folder"], manifest)
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        number, hash_ = manifest["log_head"]
        self.stdout.write(f"{number}:{hash_}")
        self.stderr.write("Đã khôi phục. Hãy chạy migrate và verify_log trước khi mở lại máy chủ.")

    def _back_up_present_data(self) -> None:
        """In case the wrong backup is restored."""
        now = timezone.now()
        folder = Path(settings.DATA_DIR) / f"before-restore-{now:%Y%m%d-%H%M%S-%f}"
        try:
            if backup.holds_data():
                backup.back_up(folder, at=now)
                self.stderr.write(f"Dữ liệu hiện có đã được sao lưu vào {folder}.")
        except backup.BackupError as error:
            raise CommandError(
                f"Không sao lưu được dữ liệu hiện có (--discard để bỏ qua): {error}"
            ) from error
