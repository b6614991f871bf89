"""Load the demo data, once."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.clock import now
from reports import demo


class Command(BaseCommand):
    help = (
        "Nạp dữ liệu minh họa huyện Thanh Liêm, tháng 1/2021 đến tháng 7/2022; chạy lại không thay đổi gì. "
        "Ví dụ: CCHC_DEMO=1 python manage.py seed_demo"
    )

    def handle(self, *args, **options):
        if not settings.DEMO:
            raise CommandError(
                "Không nạp dữ liệu minh họa ngoài chế độ minh họa: đặt CCHC_DEMO=1 nếu thật sự muốn."
            )
        try:
            review = demo.load_demo(settings.BASE_DIR / "fixtures" / "thanhliem", now())
        except demo.FixtureError as error:
            raise CommandError(str(error)) from error
        self.stderr.write("Đã có dữ liệu minh họa huyện Thanh Liêm. Đăng nhập bằng mật khẩu “demo”:")
        for name, role in SIGN_INS:
            self.stderr.write(f"  {name:14} {role}")
        self.stderr.write(f"Báo cáo sơ kết: /reports/reviews/{review.pk}/, số trong địa chỉ là")
        self.stdout.write(str(review.pk))


SIGN_INS = (
    ("quantri", "quản trị"),
    ("lanhdao", "lãnh đạo UBND huyện"),
    ("tonghop", "công chức tổng hợp: duyệt số liệu, soạn báo cáo"),
    ("xa-13474", "công chức một cửa thị trấn Tân Thanh; mỗi xã một tài khoản xa-<mã xã>"),
    ("phong-noi-vu", "công chức Phòng Nội vụ; mỗi phòng một tài khoản"),
)
