"""A drawn page is kept only while its version stands, for the same view, day and reader's reach."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
from django.core.cache import cache

from figures.periods import DEFAULT_CALENDAR, Calendar, Month, Period
from records.summary.figures_query import FiguresQuery
from reports.dashboard import cache as dashboard_cache
from reports.dashboard.params import PageState

DAY = date(2022, 8, 12)
UNIT = SimpleNamespace(pk=7, has_children=True)
ASKED = PageState(FiguresQuery(UNIT, Period.parse("2022-H1"), DEFAULT_CALENDAR), DAY, "351")


@pytest.fixture
def world(monkeypatch):
    """The version and the transaction as the test wants them; `drawn` counts the drawings."""
    world = SimpleNamespace(version=("a", 5), drawn=0)
    connection = SimpleNamespace(in_atomic_block=False, settings_dict={"NAME": "test"})
    monkeypatch.setattr(dashboard_cache, "connection", connection)
    monkeypatch.setattr(dashboard_cache, "page_version", lambda *asked: world.version)
    world.connection = connection
    cache.clear()
    yield world
    cache.clear()


def seen(world, asked=ASKED, above=(1,)) -> int:
    def draw() -> str:
        world.drawn += 1
        return f"page {world.drawn}"

    dashboard_cache.cached(asked, above, draw)
    return world.drawn


def test_the_same_view_is_drawn_once(world):
    assert [seen(world), seen(world)] == [1, 1]


def test_another_version_draws_anew(world):
    seen(world)
    world.version = ("a", 6)
    assert seen(world) == 2


def test_another_view_or_reach_is_another_page(world):
    seen(world)
    assert seen(world, above=()) == 2
    months_of_the_year = Calendar.of([(Month(2020, 1), None)])
    others = {"period": Period.parse("2022-Q1")}, {"today": DAY}, {"calendar": months_of_the_year}
    for number, other in enumerate(others, 3):
        assert seen(world, asked=replace(ASKED, query=replace(ASKED.query, **other))) == number


@pytest.mark.parametrize("state", ["empty log", "transaction"])
def test_nothing_is_kept_without_a_firm_ground(world, state):
    if state == "empty log":
        world.version = None
    else:
        world.connection.in_atomic_block = True
    assert [seen(world), seen(world)] == [1, 2]
