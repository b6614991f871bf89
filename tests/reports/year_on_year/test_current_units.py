"""Comparison by current units counts only those whose history covers both periods; the others are named."""

from datetime import date
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from figures.periods import DEFAULT_CALENDAR, Period
from records.generate import country
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from reports.dashboard.queries import ShownPeriods, past_figures, with_changes
from reports.year_on_year.comparable_units import NAMED
from reports.year_on_year.comparison import comparable_units
from reports.year_on_year.succession_breaks import BothPeriods
from tests.product.test_query_plans import MERGED, places_of_today, plans
from tests.reports.random_history import HistoryWorld
from units.models import Succession, Unit
from units.succession import stored_lineage
from units.tree import roster

from .oracle import ComparisonOracle
from .test_comparable_units import PERIODS, figure_values

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vacuumed_tables")]
# Trend and history, excluded units, and their figures.
MOST_QUERIES = 12 + 10 + 8
# Finding that no unit is excluded.
MOST_TO_FIND = 6
DAYS = [date(2022, 5, 1), date(2023, 1, 1)]


@pytest.mark.parametrize("seed", range(6))
def test_equals_the_oracle(seed):
    world = HistoryWorld(seed)
    country.settle_database()
    units = [unit for unit in world.units if unit.has_children]
    units += world.random.sample([unit for unit in world.units if not unit.has_children], k=5)
    for unit, period in product(units, PERIODS):
        external, tier = world.random.random() < 0.5, world.random.choice([None, None, "commune"])
        day = world.random.choice(DAYS)
        query = FiguresQuery(
            unit, period, DEFAULT_CALENDAR, "approved", external, tier, "unit", 1, None, None, day
        )
        oracle = ComparisonOracle(query)
        excluded, where = oracle.excluded(), (seed, unit.pk, period.code, external, tier, day)
        with CaptureQueriesContext(connection) as captured:
            against = past_figures(ShownPeriods(query)).against
        assert len(captured) <= MOST_QUERIES, [entry["sql"] for entry in captured]
        names = oracle.names(excluded)
        if not names:
            assert against is None, where
            continue
        assert against is not None, (where, names)
        assert (list(against.left_out), against.number) == (names, len(names)), where
        for ours, theirs in zip((against.current, against.before), oracle.sides(excluded), strict=True):
            assert figure_values(ours.total) == figure_values(theirs.total), where
            tiers = {
                name: figure_values(figures) for name, figures in ours.tiers if figures.completeness.expected
            }
            assert tiers == {name: figure_values(figures) for name, figures in theirs.tiers}, where
        rows = oracle.rows(excluded)
        for row in with_changes(ShownPeriods(query), summary(query)).rows:
            assert row.extra["pk"] not in rows or row.change.before is None, (where, row.key)


def test_in_a_merged_country_no_unit_is_listed():
    """All communes are new and have predecessors; no page reads them to find that out."""
    nation = country.fill_country(MERGED)
    for unit in places_of_today(nation):
        shown = shown_by_current_units(unit)
        assert shown.reach.successor_history.heirs(True)
        with CaptureQueriesContext(connection) as captured:
            comparable = shown.comparable
        with plans(unit) as scans:
            comparable_units(shown.reach, shown.query.period)
        assert scans == [], (unit, scans)
        if not unit.is_over(country.LAST_DAY):
            assert comparable is None and len(captured) <= MOST_TO_FIND, (unit, len(captured))
        assert not [entry["sql"] for entry in captured if "records_" in entry["sql"]]


def test_excluded_units_are_read_through_indexes():
    """Province with a commune without a predecessor, one partly joined to another, and one that ended; names are not
    searched in name order.
    """
    nation = country.fill_country(MERGED)
    _, province, commune, *_ = places_of_today(nation)
    Succession.objects.filter(new=commune).delete()
    old = Unit.objects.filter(tier="commune", active_from=country.START).order_by("pk").first()
    Succession.objects.filter(old=old).delete()
    Unit.objects.filter(pk=old.pk).update(active_until=date(2024, 8, 1))
    roster.rebuild()
    stored_lineage.rebuild()
    country.settle_database()
    for unit in (nation, province, commune):
        shown = shown_by_current_units(unit)
        assert shown.reach.successor_history.heirs(True)
        with plans(unit) as scans:
            names = shown.comparable.names_left_out
        assert scans == [] and commune.name in names, (unit, scans)
        assert (old.name in names) is (unit != commune)
        with plans(unit) as scans:
            past_figures(shown)
        assert scans == [], (unit, scans)
        if unit != commune:
            ended = BothPeriods(shown.reach, shown.query.period).ended_before
            with plans(unit, "enable_sort") as scans:
                assert ended.first_by_name(NAMED)[0] == old
            assert scans == [], (unit, scans)


def test_the_number_of_queries_does_not_grow_with_excluded_units():
    nation = country.fill_country(MERGED)
    numbers = []
    for new in list(Unit.objects.filter(tier="commune", active_from=country.MERGER).order_by("pk")[:3]):
        Succession.objects.filter(new=new).delete()
        stored_lineage.rebuild()
        shown = shown_by_current_units(nation)
        with CaptureQueriesContext(connection) as captured:
            past_figures(shown)
        numbers.append((shown.comparable.number_left_out, len(captured)))
    assert [excluded for excluded, _ in numbers] == [1, 2, 3] and len(
        {queries for _, queries in numbers}
    ) == 1


def shown_by_current_units(unit: Unit) -> ShownPeriods:
    arguments = unit, Period.parse("2025-M04..M09"), DEFAULT_CALENDAR, "approved", False, None, "unit", 1
    return ShownPeriods(FiguresQuery(*arguments, today=country.LAST_DAY))
