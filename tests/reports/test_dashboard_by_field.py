"""One field: its figures are those of adding up report by report, whatever the catalogue says of whom."""

from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from figures import periods
from figures.periods import DEFAULT_CALENDAR
from records.generate import country
from records.models import Field
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from reports.dashboard.queries import ShownPeriods, past_figures, with_changes
from tests.product.test_query_plans import MERGED, places_of_today, plans
from tests.reports.year_on_year.test_comparable_units import PERIODS, told, within

from .random_fields import FieldWorld, added_up, owed, reports_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vacuumed_tables")]


def wanted_of(unit, period, field, *, external=False, tier=None, by=None, today=None) -> FiguresQuery:
    return FiguresQuery(unit, period, DEFAULT_CALENDAR, "approved", external, tier, by, 1, field, None, today)


@pytest.mark.parametrize("seed", range(4))
def test_equals_adding_up_report_by_report(seed):
    world = FieldWorld(seed)
    groups = [unit for unit in world.units if unit.has_children]
    leaves = world.random.sample([unit for unit in world.units if not unit.has_children], k=4)
    for unit, field in product([*groups, *leaves], Field.objects.all()):
        external, tier = world.random.random() < 0.5, world.random.choice([None, None, "commune"])
        wanted = wanted_of(unit, PERIODS[0], field, external=external, tier=tier, by="unit")
        ours, theirs = summary(wanted), added_up(wanted, world)
        where = unit.code, field.code, tier, external
        assert told(ours.total) == told(theirs.total), where
        assert {name: told(one) for name, one in ours.tiers} == {
            name: told(one) for name, one in theirs.tiers
        }, where
        units = list(within(wanted, world))
        for row in ours.rows:
            below = [unit for unit in units if f"/{row.extra['pk']}/" in unit.path]
            if row.extra["pk"] == unit.pk:
                below = [one for one in units if one.pk == unit.pk]
            assert told(row.figures) == told(added_up(wanted, world, below).total), (where, row.key)


def test_who_owes_a_field_is_read_from_the_roster():
    """Neither units nor reports of the whole country are looked at; and every plan goes through an index."""
    nation = country.fill_country(MERGED)
    field, period = Field.objects.get(code="ho-tich"), periods.Period.parse("2025-M02..M07")
    for unit, by, today in product(
        places_of_today(nation), (None, "unit", "month"), (None, country.LAST_DAY)
    ):
        wanted = wanted_of(unit, period, field, by=by, today=today)
        with plans(unit) as whole, CaptureQueriesContext(connection) as asked:
            summary(wanted)
        assert whole == [], (unit, by, today, whole)
        if unit == nation:
            of_reports = [one["sql"] for one in asked if '"edition__submission' in one["sql"]]
            assert not of_reports, (by, today, of_reports)


@pytest.mark.parametrize("seed", range(6))
def test_comparison_is_of_the_units_that_owed_the_field_throughout(seed):
    """Added up unit by unit; the others are named, and no row that holds one of them tells a change."""
    world = FieldWorld(seed)
    groups = [unit for unit in world.units if unit.has_children]
    leaves = world.random.sample([unit for unit in world.units if not unit.has_children], k=4)
    not_divided = reports_of(world.undivided)
    for unit, field, period in product([*groups, *leaves], Field.objects.all(), PERIODS[:2]):
        external, tier = world.random.random() < 0.5, world.random.choice([None, None, "commune"])
        wanted = wanted_of(unit, period, field, external=external, tier=tier, by="unit")
        earlier = period.same_last_year()
        months = {*earlier.months, *period.months}
        expected = {one: owed(one, field, months, not_divided) for one in within(wanted, world)}
        left_out = [one for one, several in expected.items() if several and several != months]
        left_out.sort(key=lambda one: (one.folded, one.pk))
        found, where = (
            past_figures(ShownPeriods(wanted)).against,
            (unit.code, field.code, period.code, tier, external),
        )
        rows = with_changes(ShownPeriods(wanted), summary(wanted)).rows
        for row in rows:
            if any(f"/{row.extra['pk']}/" in one.path for one in left_out if row.extra["pk"] != unit.pk):
                assert row.change.before is None, (where, row.key)
        if not left_out:
            assert found is None, where
            continue
        assert list(found.left_out) == [one.name for one in left_out], where
        assert found.number == len(left_out) and found.field == field.name
        stay = [one for one, several in expected.items() if several == months]
        for ours, when in ((found.current, period), (found.before, earlier)):
            theirs = added_up(wanted, world, stay, when)
            assert told(ours.total) == told(theirs.total), where
            of_tiers = {name: told(one) for name, one in ours.tiers if one.completeness.expected}
            assert of_tiers == {name: told(one) for name, one in theirs.tiers}, where
