"""Figures of one field equal those added up report by report, whatever the scopes of the catalogue."""

from collections.abc import Iterable
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
from tests.reports.year_on_year.test_comparable_units import PERIODS, figure_values, within

from .random_fields import FieldWorld, expected_months, reports_of, sum_reports

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vacuumed_tables")]


def field_query(unit, period, field, *, external=False, tier=None, by=None, today=None) -> FiguresQuery:
    return FiguresQuery(unit, period, DEFAULT_CALENDAR, "approved", external, tier, by, 1, field, None, today)


def half_of(world: FieldWorld, cases: Iterable[tuple]) -> list[tuple]:
    """Half of the cases, drawn by the seed: the seeds together have all kinds."""
    every = list(cases)
    return world.random.sample(every, k=len(every) // 2)


@pytest.mark.parametrize("seed", range(4))
def test_equals_adding_up_report_by_report(seed):
    world = FieldWorld(seed)
    groups = [unit for unit in world.units if unit.has_children]
    leaves = world.random.sample([unit for unit in world.units if not unit.has_children], k=4)
    for unit, field in half_of(world, product([*groups, *leaves], Field.objects.all())):
        external, tier = world.random.random() < 0.5, world.random.choice([None, None, "commune"])
        query = field_query(unit, PERIODS[0], field, external=external, tier=tier, by="unit")
        ours, theirs = summary(query), sum_reports(query, world)
        where = unit.code, field.code, tier, external
        assert figure_values(ours.total) == figure_values(theirs.total), where
        assert {name: figure_values(figures) for name, figures in ours.tiers} == {
            name: figure_values(figures) for name, figures in theirs.tiers
        }, where
        units = list(within(query, world))
        for row in ours.rows:
            below = [unit for unit in units if f"/{row.extra['pk']}/" in unit.path]
            if row.extra["pk"] == unit.pk:
                below = [own for own in units if own.pk == unit.pk]
            assert figure_values(row.figures) == figure_values(sum_reports(query, world, below).total), (
                where,
                row.key,
            )


def test_expected_reports_of_a_field_come_from_the_roster():
    """Neither all units nor all reports are read, and every plan uses an index."""
    nation = country.fill_country(MERGED)
    field, period = Field.objects.get(code="ho-tich"), periods.Period.parse("2025-M02..M07")
    for unit, by, today in product(
        places_of_today(nation), (None, "unit", "month"), (None, country.LAST_DAY)
    ):
        query = field_query(unit, period, field, by=by, today=today)
        with plans(unit) as scans, CaptureQueriesContext(connection) as captured:
            summary(query)
        assert scans == [], (unit, by, today, scans)
        if unit == nation:
            report_queries = [entry["sql"] for entry in captured if '"edition__submission' in entry["sql"]]
            assert not report_queries, (by, today, report_queries)


@pytest.mark.parametrize("seed", range(6))
def test_comparison_counts_units_expected_to_report_the_field_throughout(seed):
    """The other units are named, and no row that contains one of them shows a change."""
    world = FieldWorld(seed)
    groups = [unit for unit in world.units if unit.has_children]
    leaves = world.random.sample([unit for unit in world.units if not unit.has_children], k=4)
    not_divided = reports_of(world.undivided)
    for unit, field, period in half_of(world, product([*groups, *leaves], Field.objects.all(), PERIODS[:2])):
        external, tier = world.random.random() < 0.5, world.random.choice([None, None, "commune"])
        query = field_query(unit, period, field, external=external, tier=tier, by="unit")
        earlier = period.same_last_year()
        months = {*earlier.months, *period.months}
        expected = {
            below: expected_months(below, field, months, not_divided) for below in within(query, world)
        }
        left_out = [below for below, reported in expected.items() if reported and reported != months]
        left_out.sort(key=lambda below: (below.folded, below.pk))
        against = past_figures(ShownPeriods(query)).against
        where = (unit.code, field.code, period.code, tier, external)
        rows = with_changes(ShownPeriods(query), summary(query)).rows
        for row in rows:
            if any(f"/{row.extra['pk']}/" in below.path for below in left_out if row.extra["pk"] != unit.pk):
                assert row.change.before is None, (where, row.key)
        if not left_out:
            assert against is None, where
            continue
        assert list(against.left_out) == [below.name for below in left_out], where
        assert against.number == len(left_out) and against.field == field.name
        comparable = [below for below, reported in expected.items() if reported == months]
        for ours, period_of_side in ((against.current, period), (against.before, earlier)):
            theirs = sum_reports(query, world, comparable, period_of_side)
            assert figure_values(ours.total) == figure_values(theirs.total), where
            tiers = {
                name: figure_values(figures) for name, figures in ours.tiers if figures.completeness.expected
            }
            assert tiers == {name: figure_values(figures) for name, figures in theirs.tiers}, where
