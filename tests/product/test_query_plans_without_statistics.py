"""Figures without statistics: whatever size PostgreSQL assumes of the tables, it does not try all combinations."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import product

import pytest
from django.db import connection

from figures.periods import Period
from records.calendar.queries import stored_calendar
from records.generate import country
from records.models import DossierCount, Field, Stage
from records.summary.aggregation import tallies_of_editions
from records.summary.figures_query import FiguresQuery, PartialTally
from records.summary.queries import summary
from tests.records.conftest import fields as fields
from tests.records.summary.test_thanh_liem import TODAY
from tests.records.summary.test_thanh_liem import merged as merged
from tests.units.succession import successions
from units.tree.queries import resolve_code
from units.tree.rules import UnitDraft

from .test_query_plans import SCALE, nodes, places, plans

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vacuumed_tables")]

# Rows and pages in the statistics of each table: unknown, as after the first import; or none, as after an ANALYZE of
# tables whose inserts were rolled back.
STATISTICS = {"never analyzed": (-1, 0), "analyzed empty": (0, 1)}


def forget_statistics(rows: int, pages: int) -> None:
    """Without them SQLite plans by its indexes alone."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("ANALYZE")
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


@contextmanager
def repetitions() -> Iterator[list[tuple[int, str]]]:
    """Collects how often PostgreSQL repeats the innermost step of each query of counts, with the query; nothing on
    SQLite.
    """
    collected: list[tuple[int, str]] = []

    def explain(execute: Callable, sql: str, params, many: bool, context: dict):
        if "records_dossiercount" in sql and connection.vendor == "postgresql":
            execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params, many, context)
            explained = context["cursor"].fetchone()[0]
            [plan] = json.loads(explained) if isinstance(explained, str) else explained
            collected.append((max(node["Actual Loops"] for node in nodes(plan["Plan"])), sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield collected


@pytest.mark.parametrize("statistics", STATISTICS)
def test_counts_by_todays_units_are_read_once_without_statistics(merged, fields, statistics: str) -> None:
    """PostgreSQL compared the counts of each edition with all editions, reports and units: for one district of demo
    data that took more than twenty minutes.
    """
    split, on = resolve_code("13489", TODAY), date(2026, 1, 1)
    halves = [
        UnitDraft(f"13489-{number}", f"Nửa {number}", "committee", "commune", on, parent=split.parent)
        for number in (1, 2)
    ]
    successions.replace([split], [successions.Part(half, Fraction(1, 2)) for half in halves], on, by=None)
    period = Period.parse("2022-M01..M03")
    cases = product(
        (merged.old, merged.new), (None, "unit", "field", "month"), Stage.values, (None, fields.chung)
    )
    queries = [
        FiguresQuery(unit, period, include=include, by=by, field=field, today=TODAY)
        for unit, by, include, field in cases
    ]
    before = [summary(query) for query in queries]
    forget_statistics(*STATISTICS[statistics])
    most = DossierCount.objects.count()
    for query, expected in zip(queries, before, strict=True):
        with repetitions() as collected:
            assert summary(replace(query)) == expected
        assert [one for one in collected if one[0] > most] == [], (query.unit, query.by, query.field)
