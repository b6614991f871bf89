"""Query plans for the rows of a new province by today's units: indexed look-ups per old unit, without sorting."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from figures.periods import Period
from figures.tally import period_tally
from records.calendar.queries import stored_calendar
from records.generate import country
from records.summary.aggregation import partial_tallies
from records.summary.by_unit import unit_rows
from records.summary.figures_query import FiguresQuery
from records.summary.successor_tallies import group_tallies
from units.models import Inherited, Unit
from units.succession.stored_lineage import histories_on

from .test_query_plans import MERGED, SMALL_TABLE_PLANS, nodes, places_of_today

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vacuumed_tables")]


def test_reports_of_heirs_are_looked_for_unit_by_unit() -> None:
    """They are not searched among the whole country's reports of these months, and SQLite sums them without sorting."""
    province = places_of_today(country.fill_country(MERGED))[1]
    period = Period.parse("2025-M02..M07")
    query = FiguresQuery(province, period, stored_calendar(), by="unit", today=country.LAST_DAY)
    heirs = [row.unit.pk for row in query.successor_history.rows if row.sources]
    with index_conditions("records_submission") as conditions:
        rows = [part for part in partial_tallies(query, by_child=True) if part.child is not None]
    assert len(conditions) == 2
    assert all("unit_id" in condition and "SORT" not in condition for condition in conditions), conditions
    # Summed over the months: what a row takes over and, for July, what it reports itself.
    assert {(part.month, part.tier) for part in rows} == {(None, "")}
    several = Counter(part.child for part in rows)
    assert set(several) == set(heirs) and set(several.values()) == {1, 2}


def test_rows_of_groups_by_todays_units_are_added_up_group_by_group() -> None:
    """One database row for each old province, looked up by its id; SQLite sums them without sorting."""
    nation = country.fill_country(MERGED)
    period = Period.parse("2025-M02..M07")
    query = FiguresQuery(nation, period, stored_calendar(), by="unit", today=country.LAST_DAY)
    heirs = query.successor_history.heirs()
    groups = {source.unit for _, heir in heirs for source in heir.sources if source.sums}
    with index_conditions("records_groupsum") as conditions:
        rows = list(group_tallies(query, heirs, False))
    [condition] = conditions
    assert "group_id" in condition and "SORT" not in condition
    assert len(rows) == len(groups) > len({part.child for part in rows}) > 1


def test_histories_come_in_the_order_in_which_they_are_kept() -> None:
    """Whatever plan the database chooses: if a report split into two tiers is missing, one of them is named."""
    province = places_of_today(country.fill_country(MERGED))[1]
    below = list(Unit.objects.filter(parent=province))
    _, itself, _ = histories_on([province], below, country.LAST_DAY)
    for commune in below:
        stored = (
            Inherited.objects.filter(heir=commune, whole=False)
            .order_by("pk")
            .values_list("source", flat=True)
        )
        assert [source.unit for source in itself[commune.pk]] == [commune.pk, *stored]


def test_rows_of_one_tier_are_the_same() -> None:
    """They are read month by month, but those of all tiers over the period."""
    province = places_of_today(country.fill_country(MERGED))[1]
    tallies = {}
    for tier in (None, "commune"):
        query = FiguresQuery(
            province,
            Period.parse("2025-M02..M07"),
            stored_calendar(),
            tier=tier,
            by="unit",
            today=country.LAST_DAY,
        )
        rows = unit_rows(query, partial_tallies(query, by_child=True))
        tallies[tier] = {
            row.extra["pk"]: period_tally(row.monthly, query.period)
            for row in rows
            if row.extra["tier"] == "commune"
        }
    assert tallies[None] == tallies["commune"] != {}


@contextmanager
def index_conditions(table: str) -> Iterator[list[str]]:
    """Collects the index conditions with which each query reads a table, with SORT where SQLite sorts."""
    queries: list[tuple] = []
    conditions: list[str] = []

    def note(execute, sql, params, many, context):
        queries.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield conditions
    collect = _conditions_on_sqlite if connection.vendor == "sqlite" else _conditions_on_postgresql
    conditions += [collect(table, *query) for query in queries if f'"{table}"' in query[0]]


def _conditions_on_sqlite(table: str, sql: str, params) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        steps = [row[3].replace("USE TEMP B-TREE", "SORT") for row in cursor.fetchall()]
    return "; ".join(step for step in steps if table in step or "SORT" in step)


def _conditions_on_postgresql(table: str, sql: str, params) -> str:
    with connection.cursor() as cursor:
        for setting in SMALL_TABLE_PLANS:
            cursor.execute(f"SET LOCAL {setting} = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        [plan] = cursor.fetchone()[0]
        for setting in SMALL_TABLE_PLANS:
            cursor.execute(f"SET LOCAL {setting} = on")
    return "; ".join(str(node) for node in nodes(plan["Plan"]) if node.get("Relation Name") == table)
