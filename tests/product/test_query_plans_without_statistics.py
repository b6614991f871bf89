"""Reports by field, without statistics: whatever PostgreSQL thinks of the tables, each row is found by an index."""

from itertools import product

import pytest
from django.db import connection

from records.calendar.queries import stored_calendar
from records.generate import country
from records.models import Field, Stage
from records.summary.aggregation import tallies_of_editions
from records.summary.figures_query import FiguresQuery, PartialTally

from .test_query_plans import SCALE, places, plans

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tables_as_new")]

# Rows and pages that it knows of each table: none yet, as after the first import; or none, of tables that held nothing
# but what had been taken back when they were looked at.
UNTOLD = {"never looked at": (-1, 0), "taken for empty": (0, 1)}


def forget_statistics(rows: int, pages: int) -> None:
    """SQLite plans by its indexes alone where it has none."""
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


@pytest.mark.parametrize("known", UNTOLD)
def test_reports_by_field_are_read_through_indexes_without_statistics(known: str) -> None:
    """Joined, PostgreSQL went through all pairs of two tables that it took for empty: minutes, for ten provinces."""
    nation, days = country.fill_country(SCALE), stored_calendar()
    cases = product(places(nation)[1:], Stage.values, (None, Field.objects.get(code="ho-tich")))
    queries = [
        FiguresQuery(unit, country.HALF_YEAR, days, include, field=field) for unit, include, field in cases
    ]
    tallies = [list(tallies_of_editions(query, by_field=True)) for query in queries]
    assert all(tallies)
    forget_statistics(*UNTOLD[known])
    for query, before in zip(queries, tallies, strict=True):
        with plans(query.unit) as found:
            now = list(tallies_of_editions(query, by_field=True))
        assert found == [], (query.unit, query.include, query.field, found)
        assert sorted(now, key=_place) == sorted(before, key=_place)
