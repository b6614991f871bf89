"""Render a review as PDF."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from reports.models import Review
from reports.pdf import drawing
from reports.printing import copies


def review_of(pk: int) -> Review:
    """The review with an id. Raises CommandError (exit 1) where there is none."""
    review = Review.objects.filter(pk=pk).select_related("unit__parent").first() if pk < 2**63 else None
    if review is None:
        raise CommandError(f"Không có báo cáo số {pk}.")
    return review


class Command(BaseCommand):
    help = (
        "Xuất báo cáo sơ kết, tổng kết ra PDF: dự thảo theo số liệu hiện có, báo cáo đã chốt là đúng tệp đã lưu. "
        "Ví dụ: python manage.py render_review 1 --output bao-cao.pdf"
    )

    def add_arguments(self, parser):
        parser.add_argument("review", type=int, metavar="ID", help="số của báo cáo trong địa chỉ trang")
        parser.add_argument("--output", required=True, metavar="FILE.pdf", help="tệp PDF sẽ ghi")

    def handle(self, *args, review, output, **options):
        review = review_of(review)
        try:
            content = copies.current_pdf(review, demo=settings.DEMO, following=lambda pages: None)
            Path(output).write_bytes(content)
        except OSError as error:
            raise CommandError(f"Không ghi được PDF: {error}") from error
        except drawing.PdfNotDrawn as undrawn:
            raise CommandError(str(undrawn)) from undrawn
        state = review.get_state_display().lower()
        self.stderr.write(f"Đã ghi {output} ({len(content)} byte): {review.title}, {state}.")
