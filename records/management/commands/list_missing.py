"""Who has neither sent nor approved figures."""

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
        # A draft or a returned edition is no report: only what was sent or approved counts.
        asked = {"unit": unit, "period": month, "include": Stage.SUBMITTED.value, "external": external}
        query = parse_arguments(asked, unit_of=lambda code, day: unit_with_code(code, day) if code else None)
        # Without a unit everybody is asked about.
        units = [query.unit] if unit else Unit.objects.filter(parent=None).order_by("folded")
        found = [month.one for root in units for month in missing_unit_months(replace(query, unit=root))]
        if format == "json":
            rows = [{"unit": one.unit, "name": one.name, "month": str(one.month)} for one in found]
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1))
            return
        for one in found:
            self.stdout.write(f"{one.month}  {one.unit}  {one.name}")
        self.stderr.write(f"{len(found)} báo cáo còn thiếu.")
