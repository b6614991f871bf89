"""Reports by field without statistics: whatever size PostgreSQL assumes of the tables, it uses an index."""

from itertools import product

import pytest
from django.db import connection

from records.calendar.queries import stored_calendar
from records.generate import country
from records.models import Field, Stage
from records.summary.aggregation import tallies_of_editions
from records.summary.figures_query import FiguresQuery, PartialTally

from .test_query_plans import SCALE, places, plans

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vacuumed_tables")]

# Rows and pages in the statistics of each table: unknown, as after the first import; or none, as after an ANALYZE of
# tables whose inserts were rolled back.
STATISTICS = {"never analyzed": (-1, 0), "analyzed empty": (0, 1)}


def forget_statistics(rows: int, pages: int) -> None:
    """Without them SQLite plans by its indexes alone."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_stat1")
            cursor.execute("ANALYZE sqlite_schema")
            return
        cursor.execute(
            "DELETE FROM pg_statistic USING pg_class "
            "WHERE starelid = pg_class.oid AND relnamespace = current_schema()::regnamespace"
        )
        cursor.execute(
            "UPDATE pg_class SET reltuples = %s, relpages = %s "
            "WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'i')",
            [rows, pages],
        )


def _place(part: PartialTally) -> tuple:
    return part.month, part.child, part.field


@pytest.mark.parametrize("statistics", STATISTICS)
def test_reports_by_field_are_read_through_indexes_without_statistics(statistics: str) -> None:
    """A join of two tables that PostgreSQL believed empty compared all pairs: minutes for ten provinces."""
    nation, days = country.fill_country(SCALE), stored_calendar()
    cases = product(places(nation)[1:], Stage.values, (None, Field.objects.get(code="ho-tich")))
    queries = [
        FiguresQuery(unit, country.HALF_YEAR, days, include, field=field) for unit, include, field in cases
    ]
    tallies = [list(tallies_of_editions(query, by_field=True)) for query in queries]
    assert all(tallies)
    forget_statistics(*STATISTICS[statistics])
    for query, before in zip(queries, tallies, strict=True):
        with plans(query.unit) as scans:
            now = list(tallies_of_editions(query, by_field=True))
        assert scans == [], (query.unit, query.include, query.field, scans)
        assert sorted(now, key=_place) == sorted(before, key=_place)
