"""No query of a page reads a whole table: on both databases its plan uses an index.

Only tables that grow with units and months are checked, and no times. On PostgreSQL, plan types that only suit small
tables are switched off, so that a full scan appears only where no index can be used.
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

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vacuumed_tables")]

# Not units_rosterstep: it has a handful of rows for each group, and the country reads all groups.
GROWING = {"records_dossiercount", "records_edition", "records_groupsum", "records_submission", "units_unit"}
GROWING |= {"records_missingreport", "units_inherited", "units_place", "units_succession"}
SMALL_TABLE_PLANS = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
# Large enough that a planner with statistics chooses the same plans as for the whole country.
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
    """Collects full scans of growing tables, each with its query. `without`: more planner settings of PostgreSQL to
    switch off.
    """
    scans: list[str] = []
    scanned = _scans_on_sqlite if connection.vendor == "sqlite" else _scans_on_postgresql
    planning = False
    checked = GROWING
    if unit and unit.tier == Tier.COUNTRY and connection.vendor == "postgresql":
        # All groups are read: with a test's few rows PostgreSQL is right to scan the table.
        checked = GROWING - {"records_groupsum", "records_edition", "units_unit"}
    if not Inherited.objects.exists():
        # On an empty table any index will do.
        checked = checked - {"units_inherited", "units_place"}

    def explain(execute: Callable, sql: str, params, many: bool, context: dict):
        nonlocal planning
        if sql.startswith("SELECT") and not planning:
            planning = True
            scans.extend(f"{table}: {sql}" for table in scanned(sql, params, without) if table in checked)
            planning = False
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield scans


def _scans_on_sqlite(sql: str, params, _without) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        steps = [row[3] for row in cursor.fetchall()]
    names = {alias: table for table, alias in _ALIAS.findall(sql)}
    # ANY(column) walks through all values of the index's first column: all groups, to read some.
    scanned = [step.split()[1] for step in steps if step.startswith("SCAN ") or "(ANY(" in step]
    return [table for name in scanned if (table := names.get(name, name)) in GROWING]


def _scans_on_postgresql(sql: str, params, without: tuple[str, ...]) -> list[str]:
    with connection.cursor() as cursor:
        for setting in (*SMALL_TABLE_PLANS, *without):
            cursor.execute(f"SET LOCAL {setting} = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        explained = cursor.fetchone()[0]
        for setting in (*SMALL_TABLE_PLANS, *without):
            cursor.execute(f"SET LOCAL {setting} = on")
    [plan] = json.loads(explained) if isinstance(explained, str) else explained
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
    """A sequential scan, or an index scan without a condition, except on the small index of open editions."""
    if node["Node Type"] == "Seq Scan":
        return True
    without = node["Node Type"].startswith("Index") and "Index Cond" not in node
    return without and node["Index Name"] != "edition_one_open"


def places(nation: Unit, *, new: bool = False) -> list[Unit]:
    """The country, a province, a commune; `new`: those that opened with the merger."""
    provinces = Unit.objects.filter(parent=nation).order_by("pk")
    province = (provinces.filter(active_from=country.MERGER) if new else provinces).first()
    commune = Unit.objects.filter(parent=province, tier=Tier.COMMUNE).order_by("pk").last()
    return [nation, province, commune]


def test_figures_are_read_through_indexes(nation: Unit) -> None:
    days = stored_calendar()
    for unit, by, include in product(places(nation), (None, "unit", "field", "month"), Stage.values):
        with plans(unit) as scans:
            summary(FiguresQuery(unit, country.HALF_YEAR, by=by, include=include, calendar=days))
        assert scans == [], (unit, by, include, scans)


def test_trend_and_missing_are_read_through_indexes(nation: Unit) -> None:
    days = stored_calendar()
    for unit in places(nation):
        with plans(unit) as scans:
            past_figures(ShownPeriods(FiguresQuery(unit, country.HALF_YEAR, days)))
            assert len(missing_unit_months(FiguresQuery(unit, country.HALF_YEAR, days))) in (
                0,
                country.SILENT_UNITS,
            )
        assert scans == [], (unit, scans)


def test_an_earlier_day_is_read_through_indexes(nation: Unit) -> None:
    """Not for the country: an earlier day has no sums, so that reads all editions of the period."""
    days = stored_calendar()
    for unit, by in product(places(nation)[1:], (None, "unit", "field", "month")):
        with plans(unit) as scans:
            earlier = summary(
                FiguresQuery(unit, country.HALF_YEAR, by=by, calendar=days, as_of=country.LAST_DAY)
            )
        assert scans == [], (unit, by, scans)
        now = summary(FiguresQuery(unit, country.HALF_YEAR, by=by, calendar=days))
        assert earlier.total == now.total and earlier.rows == now.rows


def test_history_by_todays_units_is_read_through_indexes() -> None:
    """For the country, a province and a commune of today, a closed district and a closed commune."""
    nation, days = country.fill_country(MERGED), stored_calendar()
    today = places_of_today(nation)
    period = periods.Period.parse("2025-M02..M07")
    for unit, by, include in product(today, (None, "unit", "field", "month"), Stage.values):
        with plans(unit) as scans:
            summary(FiguresQuery(unit, period, by=by, include=include, calendar=days, today=country.LAST_DAY))
        assert scans == [], (unit, by, include, scans)
    for unit in today:
        with plans(unit) as scans:
            past_figures(ShownPeriods(FiguresQuery(unit, period, days, today=country.LAST_DAY)))
        assert scans == [], (unit, scans)


def test_closed_units_are_not_searched_name_by_name() -> None:
    """If it could not sort, the planner would read a whole index of names for its order."""
    nation = country.fill_country(MERGED)
    period = periods.Period.parse("2025-M02..M07")
    for unit in places_of_today(nation)[1:]:
        query = FiguresQuery(unit, period, stored_calendar(), by="unit", today=country.LAST_DAY)
        assert query.successor_history.heirs(True)
        with plans(unit, "enable_sort") as scans:
            territory(query)
        assert scans == [], (unit, scans)


def places_of_today(nation: Unit) -> list[Unit]:
    _, province, commune = places(nation, new=True)
    district = Unit.objects.filter(tier=Tier.DISTRICT, kind="committee").order_by("pk").first()
    return [nation, province, commune, district, Unit.objects.filter(parent=district).first()]


@pytest.mark.parametrize("scale", [SCALE, MERGED])
def test_pages_are_read_through_indexes(scale: country.CountryScale, client: Client, settings) -> None:
    """For readers of the country, a province, a commune, also where units have merged."""
    settings.DEMO_TODAY = country.LAST_DAY
    nation = country.fill_country(scale)
    for unit in places(nation, new=scale is MERGED):
        user = User.objects.create(username=f"user-{unit.pk}")
        for role in (Role.VIEWER, Role.REVIEWER):
            Membership.objects.create(user=user, unit=unit, role=role, valid_from=country.START)
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        for address in ADDRESSES:
            with plans(unit) as scans:
                response = client.get(address)
            assert response.status_code == 200, address
            assert scans == [], (unit, address, scans)
        # No index serves part of a name: units alone are scanned, once for the count and once for the page.
        with plans(unit) as scans:
            # A single match redirects to its page.
            assert client.get("/reports/units/?find=xa").status_code in (200, 302)
        assert {scan.partition(":")[0] for scan in scans} <= {"units_unit"} and len(scans) <= 2, (unit, scans)


def test_a_full_scan_is_detected() -> None:
    """Guards these tests: a query without an index is detected."""
    with plans() as scans:
        list(Unit.objects.filter(legal_basis="x").order_by())
    assert len(scans) == 1


def test_whether_units_moved_is_read_through_indexes() -> None:
    nation = country.fill_country(MERGED)
    for unit in places_of_today(nation):
        with plans(unit) as scans:
            stored_lineage.figures_can_differ(unit, country.LAST_DAY)
        assert scans == [], (unit, scans)
