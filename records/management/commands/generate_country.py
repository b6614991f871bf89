"""Generate a whole country for performance tests and trials."""

from dataclasses import replace

from django.core.management.base import BaseCommand, CommandError

from figures.formatting import format_count
from records.generate import country
from records.models import Edition
from units.models import Tier, Unit, UnitKind

SCALES = {"now": country.NATION, "before": country.BEFORE, "merged": country.MERGED}
MOST_MONTHS = 120
# One report in so many is missing.
GAPS = 97


class Command(BaseCommand):
    help = (
        "Tạo dữ liệu minh họa cả nước trong cơ sở dữ liệu trống. "
        "Ví dụ: python manage.py generate_country --units now --months 60"
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--units",
            required=True,
            choices=tuple(SCALES),
            help="now: 3.321 xã, 34 tỉnh; before: 10.035 xã, 696 huyện, 63 tỉnh; "
            "merged: before, sáp nhập ngày 1/7/2025 thành now",
        )
        parser.add_argument("--months", type=int, default=60, help="số tháng, đến hết 12/2025")

    def handle(self, *args, units, months, **options):
        if not 1 <= months <= MOST_MONTHS:
            raise CommandError(f"Số tháng từ 1 đến {MOST_MONTHS}.", returncode=2)
        if Unit.objects.exists():
            raise CommandError("Cơ sở dữ liệu đã có đơn vị: chỉ tạo trong cơ sở dữ liệu trống.", returncode=1)
        country.fill_country(replace(SCALES[units], months=months, gaps=GAPS))
        country.settle_database()
        committees = Unit.objects.filter(kind=UnitKind.COMMITTEE)
        for tier in (Tier.PROVINCE, Tier.DISTRICT, Tier.COMMUNE):
            if number := committees.filter(tier=tier).count():
                self.stdout.write(f"{tier.label}: {format_count(number)} đơn vị")
        self.stdout.write(f"Báo cáo tháng đã duyệt: {format_count(Edition.objects.count())}")
