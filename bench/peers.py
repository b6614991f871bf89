"""The same query in other tools: DuckDB, the SQL that a dashboard program sends, LibreOffice.

Only with scripts/bench --peers, which installs DuckDB. The query: dossiers received by channel, by province for a
half-year and by month for all months. For P4 DuckDB computes all that the product does: every measure and the number
of reports, by tier.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter
from django.db import connection as default

from figures.periods import Period
from records.calendar.queries import stored_calendar
from records.generate.country import HALF_YEAR, LAST, CountryScale
from records.storage import TALLY_COLUMNS
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from units.models import Unit

from .databases import use, vendor
from .measurement import Act, Result, versus

CHANNELS = ("received_direct", "received_online_partial", "received_online_full", "received_postal")
JOINED = """FROM {rows}
JOIN records_submission AS submission ON submission.id = edition.submission_id
JOIN units_unit AS unit ON unit.id = submission.unit_id
JOIN units_unit AS province ON province.id = CAST(NULLIF(split_part(unit.path, '/', 3), '') AS bigint)"""
# As Superset writes it for a chart over these tables: JOIN and GROUP BY, no stored sums.
FLAT = (
    JOINED
    + """
WHERE edition.state = 'approved' AND submission.month BETWEEN {first} AND {last}"""
)
# The rows to sum: per edition (sums of its fields), or every single count.
EDITIONS = "records_edition AS edition"
COUNTS = "records_dossiercount AS counted JOIN records_edition AS edition ON edition.id = counted.edition_id"
ROWS = 40_000
# Table → whether it has measures, whose type must be given: DuckDB would read an empty CSV column as text.
TABLES = {
    "records_dossiercount": True,
    "records_edition": True,
    "records_submission": False,
    "units_unit": False,
}
BY = ("province.name", "submission.month")
# Relative to scanning every count.
GOAL = 0.15
MACRO = Path(__file__).with_name("pivot.bas")


def rows(nation: tuple) -> Iterator[Result]:
    """`nation`: (connection, top unit, scale), on PostgreSQL."""
    connection, top, scale = nation
    ours = _ours(connection, top, scale)
    duck = _duckdb(connection)
    title = f"P4 figures of the country ÷ DuckDB over every count, {vendor()}"
    whole = _duckdb_act(duck, _all_measures_queries(scale))
    yield Result(title, str(scale), *versus(ours, whole), goal=GOAL)
    channels_title = "Peers: figures of the country ÷ DuckDB asked for the channels alone, over"
    by_count = _duckdb_act(duck, _queries(scale, COUNTS, _sums("counted")))
    yield Result(f"{channels_title} every count, PostgreSQL", str(scale), *versus(ours, by_count))
    added_up = _duckdb_act(duck, _queries(scale))
    yield Result(f"{channels_title} sums of each submission, PostgreSQL", str(scale), *versus(ours, added_up))
    title = f"Peers: the same ÷ the SQL that Superset sends, on the same {vendor()} (without Superset itself)"
    yield Result(title, str(scale), *versus(ours, _sql_act(connection, scale), times=5))
    with tempfile.TemporaryDirectory(prefix="cchc-pivot-") as folder:
        office = _libreoffice_act(Path(folder))
        title = f"Peers: the same ÷ a pivot of {ROWS:,} rows of XLSX in LibreOffice, opened and saved"
        yield Result(title, str(scale), *versus(ours, office, times=5))


def _ours(connection: Any, top: Unit, scale: CountryScale) -> Act:
    whole = Period.of(scale.months_kept[0], LAST)

    def compute() -> None:
        with use(connection):
            days = stored_calendar()
            summary(FiguresQuery(Unit.objects.get(pk=top.pk), HALF_YEAR, by="unit", calendar=days))
            summary(FiguresQuery(Unit.objects.get(pk=top.pk), whole, days, by="month", most_named=0))

    return compute


def _sums(table: str, names: Sequence[str] = CHANNELS) -> str:
    return ", ".join(f"SUM({table}.{name})" for name in names)


def _queries(scale: CountryScale, rows: str = EDITIONS, what: str = "", by: Sequence[str] = BY) -> list[str]:
    half = FLAT.format(rows=rows, first=HALF_YEAR.first.number, last=HALF_YEAR.last.number)
    whole = FLAT.format(rows=rows, first=scale.months_kept[0].number, last=LAST.number)
    # Month numbers and column names only, no outside input.
    return [
        " ".join(["SELECT", group, ",", what or _sums("edition"), source, "GROUP BY", group])
        for group, source in zip(by, (half, whole), strict=True)
    ]


def _all_measures_queries(scale: CountryScale) -> list[str]:
    """All of the product's figures; reports are counted in the smaller table."""
    by = [f"{group}, unit.tier" for group in BY]
    counts = _queries(scale, COUNTS, _sums("counted", TALLY_COLUMNS), by)
    return [*counts, *_queries(scale, EDITIONS, "COUNT(*)", by)]


def _sql_act(connection: Any, scale: CountryScale) -> Act:
    queries = _queries(scale)

    def execute() -> None:
        with use(connection), default.cursor() as cursor:
            for query in queries:
                cursor.execute(query)
                cursor.fetchall()

    return execute


def _duckdb(connection: Any) -> Any:
    """Copy the four tables to an in-memory DuckDB; not measured."""
    import duckdb

    base = duckdb.connect()
    with (
        tempfile.TemporaryDirectory(prefix="cchc-duckdb-") as folder,
        use(connection),
        default.cursor() as cursor,
    ):
        for table, measured in TABLES.items():
            path = Path(folder) / f"{table}.csv"
            with path.open("w", encoding="utf-8") as file:
                cursor.copy_expert(" ".join(["COPY", table, "TO STDOUT WITH (FORMAT csv, HEADER)"]), file)
            types = dict.fromkeys(TALLY_COLUMNS if measured else (), "INTEGER")
            source = f"read_csv(?, types = {types})" if types else "read_csv(?)"
            base.execute(" ".join(["CREATE TABLE", table, "AS SELECT * FROM", source]), [str(path)])
    return base


def _duckdb_act(base: Any, queries: list[str]) -> Act:
    return lambda: [base.execute(query).fetchall() for query in queries]


def _libreoffice_act(folder: Path) -> Act:
    """LibreOffice opens the workbook, makes the pivot and saves it; its profile is created beforehand."""
    source, target = folder / "rows.xlsx", folder / "pivot.ods"
    with xlsxwriter.Workbook(source, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ("province", "month", *CHANNELS))
        for row in range(1, ROWS + 1):
            sheet.write_row(
                row, 0, (f"Tỉnh {row % 34 + 1}", 202101 + row % 12, *(row % prime for prime in (31, 9, 7, 2)))
            )
    profile = folder / "profile"
    office = ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore"]
    environment = os.environ | {"HOME": str(folder)}
    # A first start makes the profile, with an empty module in which the macro is put.
    subprocess.run([*office, "--terminate_after_init"], check=True, capture_output=True, env=environment)
    module = profile / "user" / "basic" / "Standard" / "Module1.xba"
    module.write_text(MODULE.format(escape(MACRO.read_text(encoding="utf-8"))), encoding="utf-8")
    command = [*office, f'macro:///Standard.Module1.Made("{source.as_uri()}", "{target.as_uri()}")']

    def pivot() -> None:
        target.unlink(missing_ok=True)
        subprocess.run(command, check=True, capture_output=True, env=environment, timeout=300)
        if not target.exists():
            raise RuntimeError("LibreOffice made no pivot")

    return pivot


MODULE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">
{}</script:module>
"""
