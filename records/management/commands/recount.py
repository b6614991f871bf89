"""Rebuild or check the derived sums."""

import sys

from django.core.management.base import BaseCommand
from django.db import transaction

from ledger import log
from records.stored_sums import recount
from units.succession import positions, stored_lineage
from units.tree import roster


class Command(BaseCommand):
    help = (
        "Tính lại mọi tổng từ số hồ sơ đã nhập; --check chỉ so sánh. Ví dụ: python manage.py recount --check"
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--check", action="store_true", help="không ghi; có khác biệt thì kết thúc với mã 1"
        )

    def handle(self, *args, check, **options):
        if not check:
            self.stdout.write(f"Đã tính lại; {_recount()} dòng trước đó khác.")
            return
        differences = [
            (
                f"Số đơn vị phải báo cáo dưới đơn vị {item.group}, {item.tier}, ngày {item.on:%d/%m/%Y}",
                f"đang ghi mở {item.stored[0]}, đóng {item.stored[1]}; "
                f"tính lại mở {item.counted[0]}, đóng {item.counted[1]}",
            )
            for item in roster.check()
        ]
        missing, extra = stored_lineage.check()
        differences += [(f"Lịch sử của đơn vị {line.heir}", f"thiếu {line}") for line in sorted(missing)]
        differences += [(f"Lịch sử của đơn vị {line.heir}", f"thừa {line}") for line in sorted(extra)]
        missing, extra = positions.check()
        differences += [(f"Nơi kế thừa của đơn vị {line.unit}", f"thiếu {line}") for line in sorted(missing)]
        differences += [(f"Nơi kế thừa của đơn vị {line.unit}", f"thừa {line}") for line in sorted(extra)]
        differences += recount.sum_differences()
        for place, detail in differences:
            self.stderr.write(f"{place}: {detail}")
        if differences:
            self.stderr.write(f"Có {len(differences)} chỗ khác với số tính lại.")
            sys.exit(1)
        self.stdout.write("Mọi tổng đều đúng.")


@transaction.atomic
def _recount() -> int:
    """Returns the number of rows that were wrong; logged, because shown figures change with them."""
    wrong = roster.rebuild() + stored_lineage.rebuild() + positions.rebuild() + recount.recount_sums()
    if wrong:
        log.append("sums.recount", by=None, subject="sums", detail={"rows": wrong})
    return wrong
