"""P1: the figures of a country compared with a district."""

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
# For the country before 2025: twenty times the groups.
GOAL_BEFORE = 3.0
ACROSS = Period.parse("2025-M04..M09")
BASES = (("as reported", None), ("by today's units", LAST_DAY))


def figures_act(
    connection: Any,
    top: Unit,
    scale: CountryScale,
    today: date | None = None,
    period: Period = HALF_YEAR,
    most_named: int | None = None,
) -> Act:
    """What a dashboard shows: totals by tier with completeness, the units below, all months. `today`: by the units of
    that day; `most_named`: more missing reports than this are only counted.
    """

    def compute() -> None:
        with use(connection):
            days = stored_calendar()
            unit = Unit.objects.get(pk=top.pk)
            summary(FiguresQuery(unit, period, by="unit", calendar=days, today=today, most_named=most_named))
            unit = Unit.objects.get(pk=top.pk)
            summary(FiguresQuery(unit, scale.period, days, by="month", today=today, most_named=0))

    return compute


def rows(nation: tuple, district: tuple, name: str = "country", goal: float = GOAL) -> Iterator[Result]:
    """Both are (connection, top unit, scale)."""
    ours, reference = versus(figures_act(*nation), figures_act(*district))
    yield Result(f"P1 figures: {name} ÷ district, {vendor()}", str(nation[2]), ours, reference, goal=goal)


def merged_units(merged: tuple) -> list[tuple[str, Unit]]:
    """Of the merged country: the country, one of its new provinces, and a commune of it."""
    connection, top, _ = merged
    with use(connection):
        province = Unit.objects.filter(parent=top.pk, active_from=MERGER).order_by("pk").first()
        commune = Unit.objects.filter(parent=province, tier=Tier.COMMUNE).order_by("pk").first()
    return [("country", top), ("province", province), ("commune", commune)]


def merged_rows(merged: tuple, district: tuple) -> Iterator[Result]:
    """A half-year across the merger, for the country, a new province and a new commune: both bases compared with a
    district, and current units with as reported.
    """
    reference = figures_act(*district)
    for name, unit in merged_units(merged):
        acts = [figures_act(merged[0], unit, merged[2], today, ACROSS) for _, today in BASES]
        for (basis, _), act in zip(BASES, acts, strict=True):
            times = versus(act, reference)
            title = f"P1 figures {basis}: {name} merged in 2025 ÷ district, {vendor()}"
            yield Result(title, str(merged[2]), *times, goal=GOAL_BEFORE if name == "country" else None)
        title = f"P1 figures of a {name} merged in 2025: by today's units ÷ as reported, {vendor()}"
        yield Result(title, str(merged[2]), *versus(*reversed(acts)))


def gap_rows(gaps: tuple, district: tuple) -> Iterator[Result]:
    """The same half-year with one report in a hundred missing everywhere: the country's figures as its page reads
    them, those of the country and a new province with each missing report named, and the list alone.
    """
    reference = figures_act(*district)
    cases = [("country", MOST_MISSING), ("country", None), ("province", None)]
    units = dict(merged_units(gaps))
    for (name, most), (basis, today) in product(cases, BASES):
        times = versus(figures_act(gaps[0], units[name], gaps[2], today, ACROSS, most), reference)
        naming = "all that lack named" if most is None else "as on its page"
        title = f"Gaps: figures {basis}, {name} merged in 2025, {naming} ÷ district, {vendor()}"
        yield Result(title, str(gaps[2]), *times, goal=GOAL_BEFORE if most else None)
    times = versus(_missing_act(*gaps), _missing_act(*district))
    yield Result(
        f"Gaps: list of the silent of a half-year, country ÷ district, {vendor()}", str(gaps[2]), *times
    )


def _missing_act(connection: Any, top: Unit, scale: CountryScale) -> Act:
    def list_missing() -> None:
        with use(connection):
            if not missing_unit_months(
                FiguresQuery(Unit.objects.get(pk=top.pk), HALF_YEAR, stored_calendar())
            ):
                raise RuntimeError("nobody is silent")

    return list_missing


def long_rows(nation: tuple, district: tuple) -> Iterator[Result]:
    """Five years by month, and the missing reports of the last month, compared with a district of as many months."""
    scale = str(nation[2])
    times = versus(*(_months_act(*place) for place in (nation, district)))
    yield Result(f"Country before 2025: 60 months compared ÷ district, {vendor()}", scale, *times)
    times = versus(*(_missing_in_month_act(place[0], place[1], LAST) for place in (nation, district)))
    yield Result(f"Country before 2025: list of the silent ÷ district, {vendor()}", scale, *times)


def _months_act(connection: Any, top: Unit, scale: CountryScale) -> Act:
    whole = Period.of(scale.months_kept[0], LAST)

    def compare() -> None:
        with use(connection):
            summary(FiguresQuery(Unit.objects.get(pk=top.pk), whole, by="month", calendar=stored_calendar()))

    return compare


def _missing_in_month_act(connection: Any, top: Unit, month: Month) -> Act:
    def list_missing() -> None:
        with use(connection):
            missing = missing_unit_months(
                FiguresQuery(Unit.objects.get(pk=top.pk), Period.of(month, month), stored_calendar())
            )
            if len(missing) != 3:
                raise RuntimeError(f"{len(missing)} are silent")

    return list_missing
