"""P1: the figures of a country beside those of a district."""

from collections.abc import Iterator
from typing import Any

from records.queries.calendar import calendar
from records.queries.summary import summary, trend
from units.models import Unit

from .country import HALF_YEAR, Scale
from .databases import use, vendor
from .measuring import Act, Result, versus

GOAL = 1.6


def figures_of(connection: Any, top: Unit, scale: Scale) -> Act:
    """What leadership asks: totals by tier with completeness, the units below, 24 months; in one database."""

    def ask() -> None:
        with use(connection):
            days = calendar()
            summary(Unit.objects.get(pk=top.pk), HALF_YEAR, by="unit", calendar=days)
            trend(Unit.objects.get(pk=top.pk), scale.period, calendar=days)

    return ask


def rows(nation: tuple, district: tuple) -> Iterator[Result]:
    """Both are (connection, top unit, scale)."""
    ours, reference = versus(figures_of(*nation), figures_of(*district))
    yield Result(f"P1 figures: country ÷ district, {vendor()}", str(nation[2]), ours, reference, goal=GOAL)
