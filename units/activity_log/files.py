"""The log in words as a file."""

from collections.abc import Iterable
from datetime import datetime

from spreadsheets.table_file import TableColumn, TableFile, table_rows

from .queries import LogLine

LOG = (
    TableColumn("at", "Thời điểm", width=20),
    TableColumn("what", "Việc", width=34),
    TableColumn("detail", "Chi tiết", width=70),
    TableColumn("actor", "Người thực hiện", width=34),
)


def log_file(title: str, lines: Iterable[LogLine], at: datetime) -> TableFile:
    """The log of a unit, person or token in words, all of it."""
    return TableFile("nhat-ky", title, LOG, table_rows(LOG, lines), at)
