"""The table of tokens as a file."""

from datetime import datetime

from django.db.models import QuerySet

from spreadsheets.table_file import ROWS_AT_ONCE, TableColumn, TableFile, table_rows
from units.models import Token

TOKENS = (
    TableColumn("name", "Hệ thống", width=34),
    TableColumn("unit", "Đơn vị", "unit.name", width=30),
    TableColumn("scopes", "Được làm", width=40),
    TableColumn("created_by", "Người cấp", lambda one: str(one.created_by or ""), width=30),
    TableColumn("expires_at", "Hết hạn", width=20),
    TableColumn("last_used_at", "Dùng lần cuối", width=20),
    TableColumn("revoked_at", "Thu hồi lúc", width=20),
    TableColumn("answered", "Người cấp còn quản trị", lambda one: "Có" if one.answered else "Không"),
)


def tokens_file(tokens: QuerySet[Token], at: datetime) -> TableFile:
    """Tokens of other systems (`units.tokens.queries.managed_tokens`); nothing of a token itself is known."""
    rows = table_rows(TOKENS, tokens.iterator(ROWS_AT_ONCE))
    return TableFile("khoa-truy-cap", "Khóa truy cập của hệ thống khác", TOKENS, rows, at)
