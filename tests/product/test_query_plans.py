"""No question that pages ask reads a whole table: each plan, on either database, goes through an index.

Tables that grow with units and months are looked at; no seconds are asserted. On PostgreSQL the ways that only suit
small tables are switched off while planning, so that a whole reading shows up only where no index serves.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from figures import periods
from records.calendar.queries import stored_calendar
from records.generate import country
from records.models import Stage
from records.summary.figures_query import FiguresQuery
from records.summary.missing import missing_unit_months
from records.summary.queries import summary
from records.summary.territory import territory
from reports.dashboard.queries import ShownPeriods, past_figures
from units.models import Inherited, Membership, Role, Tier, Unit
from units.succession import stored_lineage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tables_as_new")]

# Not units_rosterstep: it holds a handful of rows for each group, and the country asks for all groups.
GROWING = {"records_dossiercount", "records_edition", "records_groupsum", "records_submission", "units_unit"}
GROWING |= {"records_missingreport", "units_inherited", "units_place", "units_succession"}
WAYS_OF_SMALL_TABLES = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
# Large enough that a planner with statistics chooses as it would for the country.
SCALE = country.CountryScale("ten provinces of twenty communes", 36, 10, 20)
MERGED = country.CountryScale(
    "ten provinces that became six", 36, 10, communes=200, districts=40, merged=(6, 70), gaps=7
)
ADDRESSES = ("/", "/?by=field", "/?by=month", "/records/", "/reports/reviews/")
_ALIAS = re.compile(r'"(\w+)" "?([A-Z]\d+|T\d+)"?\b')


@pytest.fixture
def nation() -> Unit:
    """The generated country, with statistics."""
    return country.fill_country(SCALE)


@contextmanager
def plans(unit: Unit | None = None, *without: str) -> Iterator[list[str]]:
    """Collects what reads a whole growing table: one line for each, with its query. `without`: further ways of
    PostgreSQL that are switched off while it plans.
    """
    found: list[str] = []
    whole = _whole_of_sqlite if connection.vendor == "sqlite" else _whole_of_postgresql
    planning = False
    looked_at = GROWING
    if unit and unit.tier == Tier.COUNTRY and connection.vendor == "postgresql":
        # All groups are asked for: at the size of a test PostgreSQL is right to read their few rows in one go.
        looked_at = GROWING - {"records_groupsum", "records_edition", "units_unit"}
    if not Inherited.objects.exists():
        # Of an empty table one index is as good as another.
        looked_at = looked_at - {"units_inherited", "units_place"}

    def explain(execute: Callable, sql: str, params, many: bool, context: dict):
        nonlocal planning
        if sql.startswith("SELECT") and not planning:
            planning = True
            found.extend(f"{table}: {sql}" for table in whole(sql, params, without) if table in looked_at)
            planning = False
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


def _whole_of_sqlite(sql: str, params, _without) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        steps = [row[3] for row in cursor.fetchall()]
    names = {alias: table for table, alias in _ALIAS.findall(sql)}
    # ANY(column) goes through every value that the first column of an index has: all groups, to read some.
    scanned = [step.split()[1] for step in steps if step.startswith("SCAN ") or "(ANY(" in step]
    return [table for name in scanned if (table := names.get(name, name)) in GROWING]


def _whole_of_postgresql(sql: str, params, without: tuple[str, ...]) -> list[str]:
    with connection.cursor() as cursor:
        for way in (*WAYS_OF_SMALL_TABLES, *without):
            cursor.execute(f"SET LOCAL {way} = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        found = cursor.fetchone()[0]
        for way in (*WAYS_OF_SMALL_TABLES, *without):
            cursor.execute(f"SET LOCAL {way} = on")
    [plan] = json.loads(found) if isinstance(found, str) else found
    return [
        node["Relation Name"]
        for node in nodes(plan["Plan"])
        if node.get("Relation Name") in GROWING and _reads_all(node)
    ]


def nodes(plan: dict) -> Iterator[dict]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def _reads_all(node: dict) -> bool:
    """A sequential scan, or one through an index without a condition on it; save the index of open editions, which
    holds only what is still to be decided.
    """
    if node["Node Type"] == "Seq Scan":
        return True
    without = node["Node Type"].startswith("Index") and "Index Cond" not in node
    return without and node["Index Name"] != "edition_one_open"


def places(nation: Unit, *, new: bool = False) -> list[Unit]:
    """The country, a province, a commune; or those that opened with the merger."""
    provinces = Unit.objects.filter(parent=nation).order_by("pk")
    province = (provinces.filter(active_from=country.MERGER) if new else provinces).first()
    commune = Unit.objects.filter(parent=province, tier=Tier.COMMUNE).order_by("pk").last()
    return [nation, province, commune]


def test_figures_are_read_through_indexes(nation: Unit) -> None:
    days = stored_calendar()
    for unit, by, include in product(places(nation), (None, "unit", "field", "month"), Stage.values):
        with plans(unit) as found:
            summary(FiguresQuery(unit, country.HALF_YEAR, by=by, include=include, calendar=days))
        assert found == [], (unit, by, include, found)


def test_trend_and_missing_are_read_through_indexes(nation: Unit) -> None:
    days = stored_calendar()
    for unit in places(nation):
        with plans(unit) as found:
            past_figures(ShownPeriods(FiguresQuery(unit, country.HALF_YEAR, days)))
            assert len(missing_unit_months(FiguresQuery(unit, country.HALF_YEAR, days))) in (
                0,
                country.SILENT_UNITS,
            )
        assert found == [], (unit, found)


def test_an_earlier_day_is_read_through_indexes(nation: Unit) -> None:
    """Of the country it reads all editions of the period: an earlier day has no sums."""
    days = stored_calendar()
    for unit, by in product(places(nation)[1:], (None, "unit", "field", "month")):
        with plans(unit) as found:
            told = summary(
                FiguresQuery(unit, country.HALF_YEAR, by=by, calendar=days, as_of=country.LAST_DAY)
            )
        assert found == [], (unit, by, found)
        now = summary(FiguresQuery(unit, country.HALF_YEAR, by=by, calendar=days))
        assert told.total == now.total and told.rows == now.rows


def test_history_by_todays_units_is_read_through_indexes() -> None:
    """The country, a province and a commune of today, a district and a commune that are over."""
    nation, days = country.fill_country(MERGED), stored_calendar()
    today = places_of_today(nation)
    period = periods.Period.parse("2025-M02..M07")
    for unit, by, include in product(today, (None, "unit", "field", "month"), Stage.values):
        with plans(unit) as found:
            summary(FiguresQuery(unit, period, by=by, include=include, calendar=days, today=country.LAST_DAY))
        assert found == [], (unit, by, include, found)
    for unit in today:
        with plans(unit) as found:
            past_figures(ShownPeriods(FiguresQuery(unit, period, days, today=country.LAST_DAY)))
        assert found == [], (unit, found)


def test_who_ended_is_not_looked_for_name_by_name() -> None:
    """With no way to sort, an index of names would be taken for its order and all of it be read."""
    nation = country.fill_country(MERGED)
    period = periods.Period.parse("2025-M02..M07")
    for unit in places_of_today(nation)[1:]:
        query = FiguresQuery(unit, period, stored_calendar(), by="unit", today=country.LAST_DAY)
        assert query.successor_history.heirs(True)
        with plans(unit, "enable_sort") as found:
            territory(query)
        assert found == [], (unit, found)


def places_of_today(nation: Unit) -> list[Unit]:
    _, province, commune = places(nation, new=True)
    district = Unit.objects.filter(tier=Tier.DISTRICT, kind="committee").order_by("pk").first()
    return [nation, province, commune, district, Unit.objects.filter(parent=district).first()]


@pytest.mark.parametrize("scale", [SCALE, MERGED])
def test_pages_are_read_through_indexes(scale: country.CountryScale, client: Client, settings) -> None:
    """Of who reads the country, a province, a commune; where units merged they have those that are over too."""
    settings.DEMO_TODAY = country.LAST_DAY
    nation = country.fill_country(scale)
    for unit in places(nation, new=scale is MERGED):
        user = User.objects.create(username=f"user-{unit.pk}")
        for role in (Role.VIEWER, Role.REVIEWER):
            Membership.objects.create(user=user, unit=unit, role=role, valid_from=country.START)
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        for address in ADDRESSES:
            with plans(unit) as found:
                response = client.get(address)
            assert response.status_code == 200, address
            assert found == [], (unit, address, found)
        # A part of a name is in no index: units are read, and nothing else, for the number found and for the page.
        with plans(unit) as found:
            # The only one found is shown at once.
            assert client.get("/reports/units/?find=xa").status_code in (200, 302)
        assert {told.partition(":")[0] for told in found} <= {"units_unit"} and len(found) <= 2, (unit, found)


def test_a_whole_reading_is_noticed() -> None:
    """The test itself: a question that no index serves is found out."""
    with plans() as found:
        list(Unit.objects.filter(legal_basis="x").order_by())
    assert len(found) == 1


def test_whether_units_moved_is_read_through_indexes() -> None:
    nation = country.fill_country(MERGED)
    for unit in places_of_today(nation):
        with plans(unit) as found:
            stored_lineage.figures_can_differ(unit, country.LAST_DAY)
        assert found == [], (unit, found)
