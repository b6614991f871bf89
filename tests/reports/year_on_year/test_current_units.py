"""By today's units only those are compared whose history reaches through both periods; the others are named."""

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

from .oracle import Oracle
from .test_comparable_units import PERIODS, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vacuumed_tables")]
# Of the trend and the history, of who is left out, and of what is taken from the whole.
MOST_QUERIES = 12 + 10 + 8
# What tells that nobody is left out.
MOST_TO_FIND = 6
DAYS = [date(2022, 5, 1), date(2023, 1, 1)]


@pytest.mark.parametrize("seed", range(6))
def test_equals_following_every_line_by_hand(seed):
    world = HistoryWorld(seed)
    country.settle_database()
    units = [unit for unit in world.units if unit.has_children]
    units += world.random.sample([unit for unit in world.units if not unit.has_children], k=5)
    for unit, period in product(units, PERIODS):
        external, tier = world.random.random() < 0.5, world.random.choice([None, None, "commune"])
        day = world.random.choice(DAYS)
        wanted = FiguresQuery(
            unit, period, DEFAULT_CALENDAR, "approved", external, tier, "unit", 1, None, None, day
        )
        oracle = Oracle(wanted)
        left, where = oracle.left(), (seed, unit.pk, period.code, external, tier, day)
        with CaptureQueriesContext(connection) as asked:
            found = past_figures(ShownPeriods(wanted)).against
        assert len(asked) <= MOST_QUERIES, [one["sql"] for one in asked]
        names = oracle.names(left)
        if not names:
            assert found is None, where
            continue
        assert found is not None, (where, names)
        assert (list(found.left_out), found.number) == (names, len(names)), where
        for ours, theirs in zip((found.current, found.before), oracle.sides(left), strict=True):
            assert told(ours.total) == told(theirs.total), where
            of_tiers = {name: told(one) for name, one in ours.tiers if one.completeness.expected}
            assert of_tiers == {name: told(one) for name, one in theirs.tiers}, where
        rows = oracle.rows(left)
        for row in with_changes(ShownPeriods(wanted), summary(wanted)).rows:
            assert row.extra["pk"] not in rows or row.change.before is None, (where, row.key)


def test_of_a_merged_country_nobody_is_listed():
    """All communes are new, and all have predecessors: none is read to find that out, on no page."""
    nation = country.fill_country(MERGED)
    for unit in places_of_today(nation):
        wanted = today_of(unit)
        assert wanted.reach.successor_history.heirs(True)
        with CaptureQueriesContext(connection) as asked:
            found = wanted.comparable
        with plans(unit) as whole:
            comparable_units(wanted.reach, wanted.query.period)
        assert whole == [], (unit, whole)
        if not unit.is_over(country.LAST_DAY):
            assert found is None and len(asked) <= MOST_TO_FIND, (unit, len(asked))
        assert not [one["sql"] for one in asked if "records_" in one["sql"]]


def test_who_is_left_out_is_found_through_indexes():
    """Of a merged country in which a province has a commune without a predecessor, one of which a part joined another,
    and one that ended; and no name is looked for in the order of names.
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
        wanted = today_of(unit)
        assert wanted.reach.successor_history.heirs(True)
        with plans(unit) as whole:
            names = wanted.comparable.names_left_out
        assert whole == [] and commune.name in names, (unit, whole)
        assert (old.name in names) is (unit != commune)
        with plans(unit) as whole:
            past_figures(wanted)
        assert whole == [], (unit, whole)
        if unit != commune:
            ended = BothPeriods(wanted.reach, wanted.query.period).ended_before
            with plans(unit, "enable_sort") as whole:
                assert ended.first_by_name(NAMED)[0] == old
            assert whole == [], (unit, whole)


def test_number_of_queries_does_not_follow_who_is_left_out():
    nation = country.fill_country(MERGED)
    numbers = []
    for new in list(Unit.objects.filter(tier="commune", active_from=country.MERGER).order_by("pk")[:3]):
        Succession.objects.filter(new=new).delete()
        stored_lineage.rebuild()
        wanted = today_of(nation)
        with CaptureQueriesContext(connection) as asked:
            past_figures(wanted)
        numbers.append((wanted.comparable.number_left_out, len(asked)))
    assert [left for left, _ in numbers] == [1, 2, 3] and len({several for _, several in numbers}) == 1


def today_of(unit: Unit) -> ShownPeriods:
    asked = unit, Period.parse("2025-M04..M09"), DEFAULT_CALENDAR, "approved", False, None, "unit", 1
    return ShownPeriods(FiguresQuery(*asked, today=country.LAST_DAY))
