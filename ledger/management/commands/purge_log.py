"""Delete the oldest part of the log."""

import argparse
from datetime import date
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from core.command import ExampleCommand, user_or_error
from ledger import log, purge


def day(text: str) -> date:
    """A day as 2022-06-30."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"“{text}” không phải ngày dạng 2022-06-30.") from error


class Command(ExampleCommand):
    help = (
        "Thanh lý nhật ký: xóa các mục cũ nhất, trước một ngày cách nay ít nhất 12 tháng (CCHC_LOG_MONTHS). Mã băm của "
        "từng mục được giữ lại, verify_log vẫn đối chiếu được với mọi mốc; mục về báo cáo và đơn vị được giữ nguyên. "
        "Hãy sao lưu (backup) trước và cất bản sao lưu đó."
    )
    example = "purge_log --before 2021-08-01 --by quantri"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--before", type=day, required=True, metavar="NGÀY", help="xóa các mục trước ngày này"
        )
        parser.add_argument(
            "--by", metavar="USER", help="tên đăng nhập của người thực hiện (ghi vào nhật ký)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        before, by = options["before"], user_or_error(options["by"])
        try:
            purge.check(before, timezone.localdate())
            deleted = 0
            while (part := purge.purge_entries(before, by=by, at=timezone.now())) is not None:
                deleted += part.last - part.first + 1 - part.left
        except purge.PurgeRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write("{}:{}".format(*log.head()))
        self.stderr.write(f"Đã xóa {deleted} mục. Hãy giữ mốc SỐ:MÃ_BĂM ở trên cùng bản sao lưu mới.")
