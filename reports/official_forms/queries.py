"""What official forms are filled from: figures by tier and field, or indicators."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from core.db.snapshot import snapshot
from figures.official_forms import Values
from figures.periods import Period
from figures.summary import Summary
from figures.tally import sum_reported
from records.models import IndicatorValue
from records.summary.queries import summary
from records.summary.query import FiguresQuery
from units.models import Unit, UnitKind

Parts = list[tuple[str, Summary]]


@snapshot()
def dossier_figures(query: FiguresQuery) -> tuple[Summary, Parts]:
    """The figures of what is asked, of all tiers and fields, and by tier those of each field. A few queries a tier."""
    query = replace(query, tier=None, by=None)
    now = summary(query)
    return now, [(tier, summary(replace(query, by="field", tier=tier))) for tier, _ in now.tiers]


@dataclass(frozen=True)
class ReportedIndicators:
    """What a unit directly below (or the unit itself, where it has none) reported of some sources."""

    key: str
    name: str
    values: Values


@dataclass(frozen=True)
class IndicatorReports:
    """`lines` of who reported any, of `asked` units; `own` is what the unit says of all of them together."""

    lines: tuple[ReportedIndicators, ...]
    own: Values
    asked: int

    @property
    def total(self) -> Values:
        """By source: what the unit itself reported, else the sum of those below."""
        names = {name for line in self.lines for name in line.values} | set(self.own)
        return {
            name: sum_reported(line.values.get(name) for line in self.lines)
            if self.own.get(name) is None
            else self.own[name]
            for name in names
        }


def indicator_figures(
    unit: Unit, period: Period, bounds: tuple[date, date], sources: Iterable[str], *, external: bool = False
) -> IndicatorReports:
    """What was reported for the period of "code.numerator", "code.denominator". Two queries."""
    wanted = frozenset(sources)
    below = Unit.objects.filter(parent=unit).active_within(*bounds)
    if not external:
        below = below.exclude(kind=UnitKind.EXTERNAL)
    units = list(below.order_by("kind", "folded", "pk")) or [unit]
    found: dict[int, dict[str, int | None]] = {}
    values = IndicatorValue.objects.filter(unit__in=[unit, *units], period=period.code)
    for pk, code, *counts in values.values_list("unit_id", "indicator__code", "numerator", "denominator"):
        for part, number in zip(("numerator", "denominator"), counts, strict=True):
            if f"{code}.{part}" in wanted:
                found.setdefault(pk, {})[f"{code}.{part}"] = number
    lines = tuple(
        ReportedIndicators(one.key_on(bounds[1]), one.name, found[one.pk])
        for one in units
        if any(number is not None for number in found.get(one.pk, {}).values())
    )
    own = found.get(unit.pk, {}) if units != [unit] else {}
    return IndicatorReports(lines, own, len(units))
