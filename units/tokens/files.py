"""The table of tokens as a file."""

from datetime import datetime

from django.db.models import QuerySet

from spreadsheets.table_file import ROWS_AT_ONCE, TableColumn, TableFile
from units.models import Token

TOKENS = (
    TableColumn("name", "Hệ thống", width=34),
    TableColumn("unit", "Đơn vị", width=30),
    TableColumn("scopes", "Được làm", width=40),
    TableColumn("created_by", "Người cấp", width=30),
    TableColumn("expires_at", "Hết hạn", width=20),
    TableColumn("last_used_at", "Dùng lần cuối", width=20),
    TableColumn("revoked_at", "Thu hồi lúc", width=20),
    TableColumn("answered", "Người cấp còn quản trị"),
)


def tokens_file(tokens: QuerySet[Token], at: datetime) -> TableFile:
    """Tokens of other systems (`units.tokens.queries.managed_tokens`); nothing of a token itself is known."""
    rows = (
        (
            one.name,
            one.unit.name,
            one.scopes,
            str(one.created_by or ""),
            one.expires_at,
            one.last_used_at,
            one.revoked_at,
            "Có" if one.answered else "Không",
        )
        for one in tokens.iterator(ROWS_AT_ONCE)
    )
    return TableFile("khoa-truy-cap", "Khóa truy cập của hệ thống khác", TOKENS, rows, at)
