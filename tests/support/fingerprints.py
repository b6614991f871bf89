"""SHA-256 of each table of a database and of its schema: equal fingerprints mean equal rows and schema."""

import hashlib
import re
from collections.abc import Iterable
from typing import Any

SCHEMA = "schema"
_SCHEMA_OF = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT GLOB 'sqlite_*' ORDER BY type, name",
    "postgresql": """
        SELECT 'column', table_name, column_name, data_type, is_nullable, column_default
            FROM information_schema.columns WHERE table_schema = current_schema()
        UNION ALL SELECT 'index', tablename, indexname, indexdef, '', ''
            FROM pg_indexes WHERE schemaname = current_schema()
        UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', ''
            FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
        UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), '', ''
            FROM pg_trigger WHERE NOT tgisinternal
        ORDER BY 1, 2, 3""",
}
_TABLES_OF = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename",
}
# PostgreSQL spells casts and brackets of a list differently after dump and restore.
_SPELLED = re.compile(r"::(character varying|text)(\[\])?|[()]")
_COLUMNS_OF = {
    "sqlite": "SELECT name FROM pragma_table_info('{}') ORDER BY name",
    "postgresql": "SELECT attname FROM pg_attribute WHERE attrelid = '\"{}\"'::regclass AND attnum > 0 "
    "AND NOT attisdropped ORDER BY attname",
}


def table_digests(connection: Any, vendor: str) -> dict[str, str]:
    """Digest by table name, and that of the schema under `SCHEMA`; `connection` is a driver's or Django's.

    vendor: "sqlite" or "postgresql". Rows are sorted by their text, so that their physical order does not matter. On
    SQLite sorting needs memory for the largest table.
    """
    cursor = connection.cursor()
    cursor.execute(_SCHEMA_OF[vendor])
    digests = {SCHEMA: _digest(_SPELLED.sub("", str(row)) for row in cursor.fetchall())}
    cursor.execute(_TABLES_OF[vendor])
    for (name,) in cursor.fetchall():
        cursor.execute(_rows_in_order(connection, vendor, name))
        digests[name] = _digest(iter(cursor.fetchone, None))
    return digests


def differing(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Names of tables that differ."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _rows_in_order(connection: Any, vendor: str, name: str) -> str:
    """Columns sorted by name: a copied table may have another column order."""
    cursor = connection.cursor()
    cursor.execute(_COLUMNS_OF[vendor].format(name))
    columns = [f'"{column}"' for (column,) in cursor.fetchall()]
    row = f"ROW({', '.join(columns)})::text" if vendor == "postgresql" else ", ".join(columns)
    places = ", ".join(str(place) for place in range(1, 2 if vendor == "postgresql" else len(columns) + 1))
    return f'SELECT {row} FROM "{name}" ORDER BY {places}'  # noqa: S608 (names are the database's own, and quoted)


def _digest(rows: Iterable[object]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(repr(row).encode())
    return digest.hexdigest()
