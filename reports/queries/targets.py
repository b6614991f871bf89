"""Targets set for rates, and indicators other than dossiers, as a review needs them: plain data."""

from decimal import Decimal
from typing import Any

from django.db.models import Q

from figures.periods import Period
from figures.rounding import percent
from records.models import IndicatorValue, RateTarget
from units.models import Unit


def rate_targets(unit: Unit, day) -> list[dict[str, str]]:
    """The targets in force on `day` for the unit, else those of its nearest ancestor that set any for the rate.

    `[{"rate", "tier", "percent", "source"}]`; tier "" is all tiers, percent is text with a dot.
    """
    holders = [unit.pk, *reversed(unit.ancestor_ids())]
    rows = (
        RateTarget.objects.filter(unit_id__in=holders, valid_from__lte=day)
        .filter(Q(valid_until=None) | Q(valid_until__gte=day))
        .order_by("valid_from")
    )
    found: dict[tuple[str, str], RateTarget] = {}
    for row in rows:
        key = (row.rate, row.tier)
        if key not in found or holders.index(row.unit_id) <= holders.index(found[key].unit_id):
            found[key] = row
    return [
        {"rate": rate, "tier": tier, "percent": plain(row.percent), "source": row.source}
        for (rate, tier), row in sorted(found.items())
    ]


def indicators(unit: Unit, period: Period, decimals: int) -> list[dict[str, Any]]:
    """The indicators reported for the unit and period, with the same period last year, in their order."""
    before = period.same_last_year().code
    rows = IndicatorValue.objects.filter(unit=unit, period__in=[period.code, before]).select_related(
        "indicator"
    )
    by_period: dict[str, dict[int, IndicatorValue]] = {period.code: {}, before: {}}
    for row in rows.order_by("indicator__order", "indicator__code"):
        by_period[row.period][row.indicator_id] = row
    return [
        _indicator(row, by_period[before].get(number), decimals)
        for number, row in by_period[period.code].items()
    ]


def _indicator(row: IndicatorValue, before: IndicatorValue | None, decimals: int) -> dict[str, Any]:
    is_share = bool(row.indicator.denominator_name)
    return {
        "code": row.indicator.code,
        "name": row.indicator.name,
        "group": row.indicator.group,
        "numerator_name": row.indicator.numerator_name,
        "denominator_name": row.indicator.denominator_name,
        "counted_in": row.indicator.counted_in,
        "is_share": is_share,
        "numerator": row.numerator,
        "denominator": row.denominator,
        "percent": percent(row.numerator, row.denominator, decimals) if is_share else None,
        "target": None if row.target is None else plain(row.target),
        "before_numerator": before.numerator if before else None,
        "before_denominator": before.denominator if before else None,
        "before_percent": percent(before.numerator, before.denominator, decimals)
        if before and is_share
        else None,
        "source": row.source,
    }


def plain(number: Decimal) -> str:
    """A target as text with a dot and at least one decimal: Decimal("99.00") → "99.0"."""
    text = f"{number:f}".rstrip("0")
    return text + "0" if text.endswith(".") else text if "." in text else f"{text}.0"
