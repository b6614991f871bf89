"""Write the open data package."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core import clock
from core.command import ExampleCommand
from reports.open_data.views import FolderNotEmpty, write_package


class Command(ExampleCommand):
    help = (
        "Xuất dữ liệu mở vào thư mục mới hoặc trống: datapackage.json và các tệp CSV (đơn vị, kế thừa, danh mục, "
        "báo cáo tháng, số hồ sơ, chỉ tiêu khác, báo cáo đã phát hành). Chỉ số liệu đã duyệt, không có tên người. "
        "import_units, import_successions, import_catalogue và import_counts đọc lại được."
    )
    example = "export_open_data /srv/du-lieu-mo/2022-08-12"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="THƯ_MỤC", help="thư mục mới hoặc trống")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row_counts = write_package(options["folder"], at=clock.now())
        except (FolderNotEmpty, OSError) as error:
            raise CommandError(str(error)) from error
        for name, count in row_counts.items():
            self.stdout.write(f"{name}: {count}")
