"""Verify the hash chain of the log and compare it with all anchors."""

import argparse
import re
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.command import ExampleCommand
from ledger import log, timer_runs
from ledger.log import PurgedHashes


def anchor(text: str) -> log.Anchor:
    """Parse NUMBER:HASH as `verify_log` and `backup` print it."""
    match = re.fullmatch(r"([0-9]{1,18}):([0-9A-Fa-f]{64})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"“{text}” không phải mốc dạng SỐ:MÃ_BĂM (64 chữ số thập lục phân).")
    return log.Anchor(int(match[1]), match[2].lower(), "mốc nêu trong lệnh")


def _purged_in_words(purged: int) -> str:
    return f" (đến mục số {purged} đã thanh lý, còn giữ mã băm)" if purged else ""


class Command(ExampleCommand):
    help = (
        "Kiểm tra nhật ký: mọi mục còn nguyên, đúng thứ tự, không thiếu, và khớp với các mốc giữ trong báo cáo "
        "đã ban hành. In ra mốc hiện tại SỐ:MÃ_BĂM; mã thoát 1 và mục sai đầu tiên nếu nhật ký đã bị thay đổi."
    )
    example = f"verify_log --anchor 1:{'0' * 64}"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchor",
            action="append",
            type=anchor,
            default=[],
            metavar="SỐ:MÃ_BĂM",
            help="mốc đã giữ ở nơi khác; có thể nêu nhiều lần",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        anchors = [*log.external_anchors(), *options["anchor"]]
        number, hash_ = log.head()
        with timer_runs.record(timer_runs.VERIFY_LOG) as run:
            faults = log.verify(anchors)
            run.good = not faults
            run.words = faults[0].message if faults else f"{number} mục, {len(anchors)} mốc"
        for fault in faults:
            self.stdout.write(fault.message)
        if faults:
            raise CommandError(f"Nhật ký không còn nguyên vẹn. {faults[0].message}")
        self.stdout.write(f"{number}:{hash_}")
        purged = PurgedHashes().last
        self.stderr.write(
            f"Nhật ký nguyên vẹn: {number} mục{_purged_in_words(purged)}, đã đối chiếu {len(anchors)} mốc."
        )
