"""Import units from CSV or XLSX."""

from units.lifecycle import imports
from units.lifecycle.imports import import_units


class Command(imports.ImportCommand):
    help = (
        "Nhập đơn vị từ tệp CSV hoặc XLSX (cột: code,name,kind,tier,parent,active_from,active_until[,reports]). "
        "Ví dụ: python manage.py import_units fixtures/thanhliem/units.csv"
    )
    run = staticmethod(import_units)
