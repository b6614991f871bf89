"""Import successions (mergers and splits) from CSV or XLSX."""

from units.lifecycle import imports
from units.lifecycle.imports import import_successions


class Command(imports.ImportCommand):
    help = (
        "Nhập quan hệ kế thừa (sáp nhập, chia tách) từ tệp CSV hoặc XLSX (cột: old_code,new_code,on,share[,basis]). "
        "Ví dụ: python manage.py import_successions fixtures/thanhliem/successions-2025.csv"
    )
    run = staticmethod(import_successions)
