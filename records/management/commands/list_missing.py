"""List reports that were neither sent nor approved."""

import json
from dataclasses import replace

from django.core.management.base import BaseCommand

from records.models import Stage
from records.summary.missing import missing_unit_months
from records.summary.parameters import parse_arguments, unit_with_code
from units.models import Unit


class Command(BaseCommand):
    help = "Đơn vị chưa gửi báo cáo. Ví dụ: python manage.py list_missing --month 2022-M07 --unit 351"

    def add_arguments(self, parser):
        parser.add_argument("--month", required=True, metavar="P", help="tháng hoặc kỳ báo cáo")
        parser.add_argument("--unit", metavar="CODE", help="chỉ trong đơn vị này (mặc định: tất cả)")
        parser.add_argument("--external", action="store_true", help="kể cả cơ quan ngoài ủy ban")
        parser.add_argument("--format", choices=("text", "json"), default="text", help="dạng kết quả")

    def handle(self, *args, month, unit, external, format, **options):
        # Drafts and returned editions are no reports.
        arguments = {"unit": unit, "period": month, "include": Stage.SUBMITTED.value, "external": external}
        query = parse_arguments(
            arguments, unit_of=lambda code, day: unit_with_code(code, day) if code else None
        )
        # Without a unit, all of them.
        units = [query.unit] if unit else Unit.objects.filter(parent=None).order_by("folded")
        missing = [
            month.missing for root in units for month in missing_unit_months(replace(query, unit=root))
        ]
        if format == "json":
            rows = [{"unit": line.unit, "name": line.name, "month": str(line.month)} for line in missing]
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1))
            return
        for line in missing:
            self.stdout.write(f"{line.month}  {line.unit}  {line.name}")
        self.stderr.write(f"{len(missing)} báo cáo còn thiếu.")
