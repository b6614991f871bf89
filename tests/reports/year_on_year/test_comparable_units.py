"""Comparing with last year: the units that owed throughout both periods, and nobody else, in any tree."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from figures.measures import MEASURES, WHOLES
from figures.periods import DEFAULT_CALENDAR, Month, Period
from figures.summary import Figures, Summary, build_summary
from figures.tally import Tally
from records.generate import country
from records.models import Edition
from records.summary.figures_query import FiguresQuery
from reports.dashboard.queries import ShownPeriods, past_figures
from reports.year_on_year.comparable_units import NAMED
from tests.product.test_query_plans import MERGED, places_of_today, plans
from tests.reports.random_country import World, days
from units.models import Unit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tables_as_new")]
PERIODS = [Period.parse(code) for code in ("2022-H1", "2022-M03..M09", "2022-M06")]
# The longer one has months of its own same period last year.
PERIODS += [Period.of(Month(2021, 10), Month(2022, 9)), Period.of(Month(2021, 7), Month(2022, 10))]
# Of the trend (units below, their sums and reports, the roster) and of the comparison.
MOST_QUERIES = 5 + 7


def compared(wanted: FiguresQuery, world: World) -> tuple[Summary, Summary, list[str]]:
    """Both sides and who is left out, unit by unit and month by month."""
    earlier = wanted.period.same_last_year()
    months = sorted({*earlier.months, *wanted.period.months})
    throughout = days(earlier.first)[1], days(wanted.period.last)[0]
    spans = [(days(one.first)[0], days(one.last)[1]) for one in (earlier, wanted.period)]
    found, left_out = defaultdict(list), []
    reports = {
        (one.submission.unit_id, one.submission.month): Tally(
            tuple(getattr(one, name) for name in MEASURES),
            tuple(getattr(one, f"blank_{whole}") for whole in WHOLES),
            1,
        ).counting(opens=one.submission.opens, closes=one.submission.closes)
        for one in Edition.objects.select_related("submission")
    }
    for unit in within(wanted, world):
        if not any(unit.expected_to_report(*span) for span in spans):
            continue
        if not (unit.active_from <= throughout[0] and (unit.reporting_ends or date.max) >= throughout[1]):
            left_out.append(unit)
            continue
        for month in months:
            told = reports.get((unit.pk, month.number), Tally.empty())
            found[unit.tier].append((month, told + Tally.expecting(1)))
    sides = [
        build_summary(
            unit=wanted.unit.code,
            unit_name=wanted.unit.name,
            period=period,
            tiers=found,
            external=wanted.external,
        )
        for period in (wanted.period, earlier)
    ]
    left_out.sort(key=lambda unit: (unit.folded, unit.pk))
    return *sides, [unit.name for unit in left_out]


def within(wanted: FiguresQuery, world: World) -> Iterator[Unit]:
    for unit in world.units:
        if unit.path.startswith(wanted.unit.path) and wanted.tier in (None, unit.tier):
            if wanted.external or unit.kind != "external":
                yield unit


@pytest.mark.parametrize("seed", range(12))
def test_equals_adding_up_unit_by_unit(seed):
    world = World(seed)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    groups = [unit for unit in world.units if unit.has_children]
    for unit, period in product(groups, PERIODS):
        external, tier = world.random.random() < 0.5, world.random.choice([None, None, "commune"])
        by = world.random.choice([None, "unit"])
        wanted = FiguresQuery(unit, period, DEFAULT_CALENDAR, "approved", external, tier, by, 1)
        with CaptureQueriesContext(connection) as asked:
            found = past_figures(ShownPeriods(wanted)).against
        assert len(asked) <= MOST_QUERIES, [one["sql"] for one in asked]
        *sides, left_out = compared(wanted, world)
        if not left_out:
            assert found is None, (unit.code, period.code)
            continue
        assert found.number == len(left_out) and list(found.left_out) == left_out[: len(found.left_out)]
        for ours, theirs in zip((found.current, found.before), sides, strict=True):
            assert told(ours.total) == told(theirs.total), (unit.code, period.code, tier, external)
            # A tier in which nobody can be compared is named all the same.
            of_tiers = {name: told(one) for name, one in ours.tiers if one.completeness.expected}
            assert of_tiers == {name: told(one) for name, one in theirs.tiers}


def test_who_is_left_out_is_not_looked_for_name_by_name():
    """With no way to sort, an index of names would be taken for its order and all of it be read."""
    nation = country.fill_country(MERGED)
    for unit in places_of_today(nation)[1:]:
        asked = FiguresQuery(
            unit, Period.parse("2025-M04..M09"), DEFAULT_CALENDAR, "approved", False, None, None, 1
        )
        with plans(unit, "enable_sort") as found:
            assert ShownPeriods(asked).comparable.names_left_out
        assert found == [], (unit, found)


def test_as_of_an_earlier_day_the_same_are_left_out():
    """By a day on which all had been approved: nothing is kept of such a day, all is added up."""
    world = World(3)
    for unit in (unit for unit in world.units if unit.has_children):
        wanted = FiguresQuery(unit, PERIODS[0], DEFAULT_CALENDAR, "approved", False, None, "unit", 1)
        now, then = (
            past_figures(ShownPeriods(replace(wanted, as_of=day))).against for day in (None, date(2023, 3, 1))
        )
        if now is None:
            assert then is None
            continue
        assert then.left_out == now.left_out
        for ours, theirs in zip((then.current, then.before), (now.current, now.before), strict=True):
            assert told(ours.total) == told(theirs.total)


def told(figures: Figures) -> tuple:
    return (
        figures.completeness.reported,
        figures.completeness.expected,
        figures.counts,
        figures.shares,
        figures.rates,
    )


def test_of_a_merged_country_nobody_is_read_to_be_left_out():
    """All are counted by the roster, the first of them are named; no report of theirs is looked at."""
    nation = country.fill_country(MERGED)
    wanted = FiguresQuery(
        nation, Period.parse("2025-M04..M09"), DEFAULT_CALENDAR, "approved", False, None, "unit", 1
    )
    with plans(nation) as whole, CaptureQueriesContext(connection) as asked:
        found = past_figures(ShownPeriods(wanted)).against
    assert whole == []
    assert not [one["sql"] for one in asked if "records_edition" in one["sql"]]
    reporting = Unit.objects.reporting()
    assert found.number == reporting.count() > NAMED
    assert list(found.left_out) == [unit.name for unit in reporting.order_by("folded", "pk")[:NAMED]]
    for side in (found.current, found.before):
        assert side.total.completeness.expected == 0
        assert set(side.total.counts.values()) == {None}
