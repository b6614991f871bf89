"""P1: the figures of a country beside those of a district."""

from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Any

from figures.periods import Month, Period
from records.calendar.queries import stored_calendar
from records.generate.country import HALF_YEAR, LAST, LAST_DAY, MERGER, CountryScale
from records.summary.figures_query import FiguresQuery
from records.summary.missing import missing_unit_months
from records.summary.queries import summary
from reports.dashboard.views import MOST_MISSING
from units.models import Tier, Unit

from .databases import use, vendor
from .measurement import Act, Result, versus

GOAL = 1.6
# Of the country as it was before: twenty times the groups.
GOAL_BEFORE = 3.0
ACROSS = Period.parse("2025-M04..M09")
BASES = (("as reported", None), ("by today's units", LAST_DAY))


def figures_of(
    connection: Any,
    top: Unit,
    scale: CountryScale,
    today: date | None = None,
    period: Period = HALF_YEAR,
    most_named: int | None = None,
) -> Act:
    """What leadership asks: totals by tier with completeness, the units below, 24 months; in one database. `today`: by
    the units of that day; `most_named`: where more reports lack, they are counted only.
    """

    def ask() -> None:
        with use(connection):
            days = stored_calendar()
            unit = Unit.objects.get(pk=top.pk)
            summary(FiguresQuery(unit, period, by="unit", calendar=days, today=today, most_named=most_named))
            unit = Unit.objects.get(pk=top.pk)
            summary(FiguresQuery(unit, scale.period, days, by="month", today=today, most_named=0))

    return ask


def rows(nation: tuple, district: tuple, name: str = "country", goal: float = GOAL) -> Iterator[Result]:
    """Both are (connection, top unit, scale)."""
    ours, reference = versus(figures_of(*nation), figures_of(*district))
    yield Result(f"P1 figures: {name} ÷ district, {vendor()}", str(nation[2]), ours, reference, goal=goal)


def places_of(merged: tuple) -> list[tuple[str, Unit]]:
    """Of the country that was merged itself, one of its new provinces, and a commune of that one."""
    connection, top, _ = merged
    with use(connection):
        province = Unit.objects.filter(parent=top.pk, active_from=MERGER).order_by("pk").first()
        commune = Unit.objects.filter(parent=province, tier=Tier.COMMUNE).order_by("pk").first()
    return [("country", top), ("province", province), ("commune", commune)]


def merged_rows(merged: tuple, district: tuple) -> Iterator[Result]:
    """A half-year across the merger of the country, a new province and a new commune: by both bases beside a district,
    and by today's units beside as reported.
    """
    reference = figures_of(*district)
    for name, unit in places_of(merged):
        acts = [figures_of(merged[0], unit, merged[2], today, ACROSS) for _, today in BASES]
        for (basis, _), act in zip(BASES, acts, strict=True):
            times = versus(act, reference)
            title = f"P1 figures {basis}: {name} merged in 2025 ÷ district, {vendor()}"
            yield Result(title, str(merged[2]), *times, goal=GOAL_BEFORE if name == "country" else None)
        title = f"P1 figures of a {name} merged in 2025: by today's units ÷ as reported, {vendor()}"
        yield Result(title, str(merged[2]), *versus(*reversed(acts)))


def gap_rows(gaps: tuple, district: tuple) -> Iterator[Result]:
    """The same half-year where one report in a hundred is missing, in every province: the figures of the country as its
    page asks, with how many lack, and those of the country and of a new province with each of them by name. And the
    list alone.
    """
    reference = figures_of(*district)
    asked = [("country", MOST_MISSING), ("country", None), ("province", None)]
    units = dict(places_of(gaps))
    for (name, most), (basis, today) in product(asked, BASES):
        times = versus(figures_of(gaps[0], units[name], gaps[2], today, ACROSS, most), reference)
        said = "all that lack named" if most is None else "as on its page"
        title = f"Gaps: figures {basis}, {name} merged in 2025, {said} ÷ district, {vendor()}"
        yield Result(title, str(gaps[2]), *times, goal=GOAL_BEFORE if most else None)
    times = versus(_all_silent(*gaps), _all_silent(*district))
    yield Result(
        f"Gaps: list of the silent of a half-year, country ÷ district, {vendor()}", str(gaps[2]), *times
    )


def _all_silent(connection: Any, top: Unit, scale: CountryScale) -> Act:
    def ask() -> None:
        with use(connection):
            if not missing_unit_months(
                FiguresQuery(Unit.objects.get(pk=top.pk), HALF_YEAR, stored_calendar())
            ):
                raise RuntimeError("nobody is silent")

    return ask


def long_rows(nation: tuple, district: tuple) -> Iterator[Result]:
    """Five years month by month, and who is silent in the last month; beside a district with as many months."""
    scale = str(nation[2])
    times = versus(*(_months(*place) for place in (nation, district)))
    yield Result(f"Country before 2025: 60 months compared ÷ district, {vendor()}", scale, *times)
    times = versus(*(_silent(place[0], place[1], LAST) for place in (nation, district)))
    yield Result(f"Country before 2025: list of the silent ÷ district, {vendor()}", scale, *times)


def _months(connection: Any, top: Unit, scale: CountryScale) -> Act:
    whole = Period.of(scale.months_kept[0], LAST)

    def ask() -> None:
        with use(connection):
            summary(FiguresQuery(Unit.objects.get(pk=top.pk), whole, by="month", calendar=stored_calendar()))

    return ask


def _silent(connection: Any, top: Unit, month: Month) -> Act:
    def ask() -> None:
        with use(connection):
            found = missing_unit_months(
                FiguresQuery(Unit.objects.get(pk=top.pk), Period.of(month, month), stored_calendar())
            )
            if len(found) != 3:
                raise RuntimeError(f"{len(found)} are silent")

    return ask
