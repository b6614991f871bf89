"""Indicators other than dossiers: this period beside the one before it and the same one last year."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from figures.periods import Period
from figures.rounding import percent, points
from records.models import Indicator, IndicatorValue
from units.models import Unit


@dataclass(frozen=True)
class Reported:
    """One value: counts, and their percentage where the indicator has a denominator."""

    numerator: int | None
    denominator: int | None
    percent: str | None


@dataclass(frozen=True)
class IndicatorLine:
    """An indicator in a period. `change` is in points of the printed percentages; `met` None without a target."""

    indicator: Indicator
    now: Reported
    last_year: Reported | None
    previous: Reported | None
    target: Decimal | None
    change: str | None
    met: bool | None
    source: str

    @property
    def is_share(self) -> bool:
        return self.indicator.is_share


def indicators(unit: Unit, period: Period, *, decimals: int = 1) -> list[IndicatorLine]:
    """What the unit reported for the period, in the order of the indicators. One query."""
    last_year, previous = period.same_last_year(), period.previous()
    values = (
        IndicatorValue.objects.filter(unit=unit)
        .filter(Q(period=period.code) | Q(period=last_year.code) | Q(period=previous.code))
        .select_related("indicator")
    )
    found: dict[str, dict[int, IndicatorValue]] = {}
    for value in values:
        found.setdefault(value.period, {})[value.indicator_id] = value
    now = found.get(period.code, {})
    return [
        _line(
            value,
            found.get(last_year.code, {}).get(number),
            found.get(previous.code, {}).get(number),
            decimals,
        )
        for number, value in sorted(
            now.items(), key=lambda one: (one[1].indicator.order, one[1].indicator.code)
        )
    ]


def _line(
    value: IndicatorValue, last_year: IndicatorValue | None, previous: IndicatorValue | None, decimals: int
) -> IndicatorLine:
    now = _reported(value, decimals)
    before = _reported(last_year, decimals) if last_year else None
    return IndicatorLine(
        value.indicator,
        now,
        before,
        _reported(previous, decimals) if previous else None,
        value.target,
        points(now.percent, before.percent) if before else None,
        _met(value),
        value.source,
    )


def _reported(value: IndicatorValue, decimals: int) -> Reported:
    return Reported(value.numerator, value.denominator, percent(value.numerator, value.denominator, decimals))


def _met(value: IndicatorValue) -> bool | None:
    """Held against the counts themselves, not against the rounded percentage."""
    if value.target is None or value.numerator is None or not value.denominator:
        return None
    return value.numerator * 100 >= value.target * value.denominator
