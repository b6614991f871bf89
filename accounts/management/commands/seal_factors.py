"""Put every second factor under the first of the keys that the environment names."""

import sys

from django.core.management.base import BaseCommand

from accounts import second_factor


class Command(BaseCommand):
    help = (
        "Mã hóa lại khóa xác thực hai bước bằng khóa đầu tiên của CCHC_FACTOR_KEYS, sau khi thêm khóa mới vào "
        "trước khóa cũ. Ví dụ: seal_factors"
    )

    def handle(self, *args, **options):
        sealed, unreadable = second_factor.reseal_factors()
        self.stdout.write(f"Đã mã hóa lại {sealed} khóa xác thực hai bước.")
        for name in unreadable:
            self.stderr.write(f"{name}: không khóa nào trong CCHC_FACTOR_KEYS mở được; cần đặt lại.")
        if unreadable:
            sys.exit(1)
