"""Comparison with last year counts exactly the units expected to report throughout both periods, in any tree."""

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

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vacuumed_tables")]
PERIODS = [Period.parse(code) for code in ("2022-H1", "2022-M03..M09", "2022-M06")]
# The last one overlaps its own period of last year.
PERIODS += [Period.of(Month(2021, 10), Month(2022, 9)), Period.of(Month(2021, 7), Month(2022, 10))]
# Trend (units below, their sums and reports, the roster), then comparison.
MOST_QUERIES = 5 + 7


def expected_comparison(query: FiguresQuery, world: World) -> tuple[Summary, Summary, list[str]]:
    """Both sides and the excluded units, added up unit by unit and month by month."""
    earlier = query.period.same_last_year()
    months = sorted({*earlier.months, *query.period.months})
    throughout = days(earlier.first)[1], days(query.period.last)[0]
    spans = [(days(period.first)[0], days(period.last)[1]) for period in (earlier, query.period)]
    by_tier, left_out = defaultdict(list), []
    reports = {
        (edition.submission.unit_id, edition.submission.month): Tally(
            tuple(getattr(edition, name) for name in MEASURES),
            tuple(getattr(edition, f"blank_{whole}") for whole in WHOLES),
            1,
        ).counting(opens=edition.submission.opens, closes=edition.submission.closes)
        for edition in Edition.objects.select_related("submission")
    }
    for unit in within(query, world):
        if not any(unit.expected_to_report(*span) for span in spans):
            continue
        if not (unit.active_from <= throughout[0] and (unit.reporting_ends or date.max) >= throughout[1]):
            left_out.append(unit)
            continue
        for month in months:
            tally = reports.get((unit.pk, month.number), Tally.empty())
            by_tier[unit.tier].append((month, tally + Tally.expecting(1)))
    sides = [
        build_summary(
            unit=query.unit.code,
            unit_name=query.unit.name,
            period=period,
            tiers=by_tier,
            external=query.external,
        )
        for period in (query.period, earlier)
    ]
    left_out.sort(key=lambda unit: (unit.folded, unit.pk))
    return *sides, [unit.name for unit in left_out]


def within(query: FiguresQuery, world: World) -> Iterator[Unit]:
    for unit in world.units:
        if unit.path.startswith(query.unit.path) and query.tier in (None, unit.tier):
            if query.external or unit.kind != "external":
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
        query = FiguresQuery(unit, period, DEFAULT_CALENDAR, "approved", external, tier, by, 1)
        with CaptureQueriesContext(connection) as queries:
            against = past_figures(ShownPeriods(query)).against
        assert len(queries) <= MOST_QUERIES, [captured["sql"] for captured in queries]
        *sides, left_out = expected_comparison(query, world)
        if not left_out:
            assert against is None, (unit.code, period.code)
            continue
        assert against.number == len(left_out) and list(against.left_out) == left_out[: len(against.left_out)]
        for ours, theirs in zip((against.current, against.before), sides, strict=True):
            assert figure_values(ours.total) == figure_values(theirs.total), (
                unit.code,
                period.code,
                tier,
                external,
            )
            # A tier without comparable units is listed too.
            tiers = {
                name: figure_values(figures) for name, figures in ours.tiers if figures.completeness.expected
            }
            assert tiers == {name: figure_values(figures) for name, figures in theirs.tiers}


def test_excluded_units_are_not_searched_in_name_order():
    """Without sorting, PostgreSQL would scan the whole index on names for its order."""
    nation = country.fill_country(MERGED)
    for unit in places_of_today(nation)[1:]:
        query = FiguresQuery(
            unit, Period.parse("2025-M04..M09"), DEFAULT_CALENDAR, "approved", False, None, None, 1
        )
        with plans(unit, "enable_sort") as scans:
            assert ShownPeriods(query).comparable.names_left_out
        assert scans == [], (unit, scans)


def test_as_of_an_earlier_day_the_same_units_are_excluded():
    """On a day when all had been approved; such figures have no stored sums and are added up."""
    world = World(3)
    for unit in (unit for unit in world.units if unit.has_children):
        query = FiguresQuery(unit, PERIODS[0], DEFAULT_CALENDAR, "approved", False, None, "unit", 1)
        now, then = (
            past_figures(ShownPeriods(replace(query, as_of=day))).against for day in (None, date(2023, 3, 1))
        )
        if now is None:
            assert then is None
            continue
        assert then.left_out == now.left_out
        for ours, theirs in zip((then.current, then.before), (now.current, now.before), strict=True):
            assert figure_values(ours.total) == figure_values(theirs.total)


def figure_values(figures: Figures) -> tuple:
    return (
        figures.completeness.reported,
        figures.completeness.expected,
        figures.counts,
        figures.shares,
        figures.rates,
    )


def test_in_a_merged_country_no_report_is_read_for_excluded_units():
    """The roster counts them and names the first; none of their reports is read."""
    nation = country.fill_country(MERGED)
    query = FiguresQuery(
        nation, Period.parse("2025-M04..M09"), DEFAULT_CALENDAR, "approved", False, None, "unit", 1
    )
    with plans(nation) as scans, CaptureQueriesContext(connection) as queries:
        against = past_figures(ShownPeriods(query)).against
    assert scans == []
    assert not [captured["sql"] for captured in queries if "records_edition" in captured["sql"]]
    reporting = Unit.objects.reporting()
    assert against.number == reporting.count() > NAMED
    assert list(against.left_out) == [unit.name for unit in reporting.order_by("folded", "pk")[:NAMED]]
    for side in (against.current, against.before):
        assert side.total.completeness.expected == 0
        assert set(side.total.counts.values()) == {None}
