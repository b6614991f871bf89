"""Import units from CSV or XLSX."""

from units.imports import import_units

from . import _import


class Command(_import.ImportCommand):
    help = (
        "Nhập đơn vị từ tệp CSV hoặc XLSX (cột: code,name,kind,tier,parent,active_from,active_until[,reports]). "
        "Ví dụ: python manage.py import_units fixtures/thanhliem/units.csv"
    )
    run = staticmethod(import_units)
