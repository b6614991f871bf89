"""Check the file of a frozen review."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from figures.formatting import format_day
from reports.verification import verdict as verification_verdict


class Command(BaseCommand):
    help = (
        "Kiểm tra tệp PDF của báo cáo đã chốt: từng byte, số liệu kèm trong tệp, mẫu in và số liệu giữ trong "
        "cơ sở dữ liệu; mã thoát 1 nếu có chỗ khác. Ví dụ: python manage.py verify_review bao-cao.pdf"
    )

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE.pdf", help="tệp PDF cần kiểm tra")

    def handle(self, *args, file, **options):
        try:
            content = Path(file).read_bytes()
        except OSError as error:
            raise CommandError(f"Không đọc được tệp {file}.", returncode=2) from error
        verdict = verification_verdict.check_file(content)
        if not verdict.valid:
            for fault in verdict.faults:
                self.stdout.write(fault)
            raise CommandError("Không hợp lệ.")
        review = verdict.review
        closed = format_day(timezone.localtime(review.frozen_at).date())
        self.stdout.write(f"Hợp lệ: {review.title}, {review.unit}, chốt số liệu ngày {closed}.")
        for note in verdict.notes:
            self.stderr.write(note)
        for figure in verdict.newer:
            self.stderr.write(
                f"Số liệu đã được sửa sau khi chốt: {figure.whom}, {figure.what}: {figure.old} → {figure.new}."
            )
