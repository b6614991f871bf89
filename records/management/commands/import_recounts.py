"""Import real recounts of what split units had reported, from CSV or XLSX."""

from records.bulk_import.split_actuals import import_recounts
from units.lifecycle import import_command


class Command(import_command.ImportCommand):
    help = (
        "Nhập số tính lại của đơn vị đã chia tách (cột: unit,heir,month,field và các chỉ tiêu), thay cho ước tính. "
        "Ví dụ: python manage.py import_recounts tinh-lai.csv"
    )
    run = staticmethod(import_recounts)
