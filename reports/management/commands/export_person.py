"""Write everything stored about a person, as JSON."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from core.command import ExampleCommand, user_or_error
from reports.person_export import export_person


class Command(ExampleCommand):
    help = (
        "In ra mọi dữ liệu cá nhân của một người dùng ở dạng JSON, để trả lời yêu cầu của người đó (Nghị định "
        "356/2025/NĐ-CP: trong 2 ngày làm việc). Không có mật khẩu, khóa truy cập, mã xác thực. Việc xuất được ghi "
        "nhật ký."
    )
    example = "export_person xa-13474 --by quantri > xa-13474.json"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="TÊN_ĐĂNG_NHẬP", help="tên đăng nhập của người yêu cầu")
        parser.add_argument("--by", metavar="USER", help="tên đăng nhập của người xuất (ghi vào nhật ký)")

    def handle(self, *args: Any, **options: Any) -> None:
        by = user_or_error(options["by"])
        data = export_person(user_or_error(options["username"]), by=by, at=timezone.now())
        try:
            self.stdout.write(json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
            self.stdout.flush()
        except OSError as error:
            raise CommandError(f"Không ghi ra được, tệp nhận chưa đủ: {error.strerror}.") from error
        self.stderr.write("Đã xuất. Tệp này là dữ liệu cá nhân: chỉ giao cho chính người yêu cầu.")
