"""Close the figures of a review and freeze it."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from core import web
from core.clock import now, today
from reports import document, freezing, review_access
from reports.freezing import before_signing
from reports.pdf import drawing
from reports.printing import copies
from units.access.queries import is_allowed

from .render_review import review_of


class Command(BaseCommand):
    help = (
        "Chốt số liệu báo cáo, trình ký: giữ nguyên số liệu, lời văn, mẫu in và tệp PDF từ nay về sau. "
        "Ví dụ: python manage.py issue_review 1 --by lanhdao --reason 'Đã đối chiếu với các đơn vị'"
    )

    def add_arguments(self, parser):
        parser.add_argument("review", type=int, metavar="ID", help="số của báo cáo trong địa chỉ trang")
        parser.add_argument(
            "--by", required=True, metavar="USER", help="tên đăng nhập của lãnh đạo chốt số liệu"
        )
        parser.add_argument("--reason", default="", metavar="TEXT", help="lý do chốt khi còn cảnh báo")
        parser.add_argument(
            "--qr", action="store_true", default=settings.REVIEW_QR, help="in mã QR dẫn đến trang kiểm tra"
        )

    def handle(self, *args, review, by, reason, qr, **options):
        review, user = review_of(review), User.objects.filter(username=by, is_active=True).first()
        if user is None:
            raise CommandError(f"Không có người dùng {by}.")
        if not is_allowed(user, web.Right.CLOSE, review.unit, today()):
            raise CommandError(
                f"{by} không có quyền chốt số liệu báo cáo của {review.unit}: cần vai trò lãnh đạo."
            )
        if review.is_frozen:
            raise CommandError("Báo cáo đã chốt số liệu. Hãy lập bản thay thế nếu cần sửa.")
        at = now()
        try:
            doc = document.build_document(review, demo=settings.DEMO)
            for warning in before_signing(review, doc, today()):
                self.stderr.write(f"Lưu ý: {warning}")
            frozen = copies.draw_frozen_copy(doc, at=at, qr=qr, following=lambda pages: None)
            review = freezing.freeze(
                review, frozen.document, frozen.content, frozen.form, by=user, at=at, reason=reason
            )
        except (review_access.ReviewError, drawing.PdfNotDrawn) as error:
            raise CommandError(str(error)) from error
        self.stderr.write(f"Đã chốt số liệu, trình ký: {review.title}. SHA-256 của tệp PDF:")
        self.stdout.write(review.pdf_sha256)
