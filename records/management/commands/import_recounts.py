"""Import the real shares of successors in what split units had reported, from CSV or XLSX."""

from records.bulk_import.recounts import import_recounts
from units.lifecycle import imports


class Command(imports.ImportCommand):
    help = (
        "Nhập số tính lại của đơn vị đã chia tách (cột: unit,heir,month,field và các chỉ tiêu), thay cho ước tính. "
        "Ví dụ: python manage.py import_recounts tinh-lai.csv"
    )
    run = staticmethod(import_recounts)
