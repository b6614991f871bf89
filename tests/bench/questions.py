"""P1: the figures of a country beside those of a district."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from figures.periods import Period
from records.generating.country import HALF_YEAR, LAST_DAY, MERGER, Scale
from records.queries.calendar import calendar
from records.queries.summary import summary, trend
from units.models import Unit

from .databases import use, vendor
from .measuring import Act, Result, versus

GOAL = 1.6
# Of the country as it was before: twenty times the groups.
GOAL_BEFORE = 3.0
ACROSS = Period.parse("2025-M04..M09")


def figures_of(
    connection: Any, top: Unit, scale: Scale, today: date | None = None, period: Period = HALF_YEAR
) -> Act:
    """What leadership asks: totals by tier with completeness, the units below, 24 months; in one database. `today`: by
    the units of that day.
    """

    def ask() -> None:
        with use(connection):
            days = calendar()
            summary(Unit.objects.get(pk=top.pk), period, by="unit", calendar=days, today=today)
            trend(Unit.objects.get(pk=top.pk), scale.period, calendar=days, today=today)

    return ask


def rows(nation: tuple, district: tuple) -> Iterator[Result]:
    """Both are (connection, top unit, scale)."""
    ours, reference = versus(figures_of(*nation), figures_of(*district))
    yield Result(f"P1 figures: country ÷ district, {vendor()}", str(nation[2]), ours, reference, goal=GOAL)


def merged_rows(merged: tuple, district: tuple) -> Iterator[Result]:
    """The country that was merged, a half-year across the merger, by both bases; and one of its new provinces."""
    top = merged[1]
    with use(merged[0]):
        province = Unit.objects.filter(parent=top.pk, active_from=MERGER).order_by("pk").first()
    reference = figures_of(*district)
    for name, unit in (("country", top), ("province", province)):
        for basis, today in (("as reported", None), ("by today's units", LAST_DAY)):
            act = figures_of(merged[0], unit, merged[2], today, ACROSS)
            times = versus(act, reference)
            title = f"P1 figures {basis}: {name} merged in 2025 ÷ district, {vendor()}"
            yield Result(title, str(merged[2]), *times, goal=GOAL_BEFORE)
