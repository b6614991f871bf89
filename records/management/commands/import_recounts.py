"""Import real recounts of what split units had reported, from CSV or XLSX."""

from records.imports.recounts import import_recounts
from units.management.commands import _import


class Command(_import.ImportCommand):
    help = (
        "Nhập số tính lại của đơn vị đã chia tách (cột: unit,heir,month,field và các chỉ tiêu), thay cho ước tính. "
        "Ví dụ: python manage.py import_recounts tinh-lai.csv"
    )
    run = staticmethod(import_recounts)
