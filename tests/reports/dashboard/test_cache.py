"""A rendered page is cached per version, view, day and visible units above."""

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
STATE = PageState(FiguresQuery(UNIT, Period.parse("2022-H1"), DEFAULT_CALENDAR), DAY, "351")


@pytest.fixture
def world(monkeypatch):
    """Version and transaction set by the test; `drawn` counts renderings."""
    world = SimpleNamespace(version=("a", 5), drawn=0)
    connection = SimpleNamespace(in_atomic_block=False, settings_dict={"NAME": "test"})
    monkeypatch.setattr(dashboard_cache, "connection", connection)
    monkeypatch.setattr(dashboard_cache, "page_version", lambda *args: world.version)
    world.connection = connection
    cache.clear()
    yield world
    cache.clear()


def view_page(world, state=STATE, above=(1,)) -> int:
    """Requests the page; the number of renderings so far."""

    def draw() -> str:
        world.drawn += 1
        return f"page {world.drawn}"

    dashboard_cache.cached(state, above, draw)
    return world.drawn


def test_the_same_view_is_drawn_once(world):
    assert [view_page(world), view_page(world)] == [1, 1]


def test_another_version_is_drawn_again(world):
    view_page(world)
    world.version = ("a", 6)
    assert view_page(world) == 2


def test_another_view_or_reach_is_another_page(world):
    view_page(world)
    assert view_page(world, above=()) == 2
    months_of_the_year = Calendar.of([(Month(2020, 1), None)])
    others = {"period": Period.parse("2022-Q1")}, {"today": DAY}, {"calendar": months_of_the_year}
    for number, other in enumerate(others, 3):
        assert view_page(world, state=replace(STATE, query=replace(STATE.query, **other))) == number


@pytest.mark.parametrize("state", ["empty log", "transaction"])
def test_nothing_is_cached_in_a_transaction_or_without_a_version(world, state):
    if state == "empty log":
        world.version = None
    else:
        world.connection.in_atomic_block = True
    assert [view_page(world), view_page(world)] == [1, 2]
