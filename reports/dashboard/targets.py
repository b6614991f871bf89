"""Targets set for rates, and indicators other than dossiers, as plain data."""

from decimal import Decimal
from typing import Any

from figures.periods import Period
from figures.rounding import rounded_percent
from records.models import Indicator, IndicatorValue, RateTarget
from units.models import Unit


def rate_targets(unit: Unit, day) -> list[dict[str, str]]:
    """The targets in force on `day` for the unit, else those of its nearest ancestor that set any for the rate.

    `[{"rate", "tier", "percent", "source"}]`; tier "" is all tiers, percent is text with a dot.
    """
    holders = [unit.pk, *reversed(unit.ancestor_ids())]
    rows = RateTarget.objects.filter(unit__in=holders, valid_from__lte=day).order_by("valid_from")
    found: dict[tuple[str, str], tuple[int, Decimal, str]] = {}
    for rate, tier, holder, until, *told in rows.values_list(
        "rate", "tier", "unit_id", "valid_until", "percent", "source"
    ):
        place, key = holders.index(holder), (rate, tier)
        if (until is None or until >= day) and (key not in found or place <= found[key][0]):
            found[key] = (place, *told)
    return [
        {"rate": rate, "tier": tier, "percent": decimal_text(number), "source": source}
        for (rate, tier), (_, number, source) in sorted(found.items())
    ]


def reported_indicators(unit: Unit, period: Period, decimals: int) -> list[dict[str, Any]]:
    """The indicators reported for the unit and period, with the same period last year, in their order.

    One query, and one more where any is reported: most units have none.
    """
    before = period.same_last_year().code
    by_period: dict[str, dict[int, IndicatorValue]] = {period.code: {}, before: {}}
    for row in IndicatorValue.objects.filter(unit=unit, period__in=list(by_period)):
        by_period[row.period][row.indicator_id] = row
    reported = by_period[period.code]
    known = Indicator.objects.in_bulk(list(reported)) if reported else {}
    ordered = sorted(known.values(), key=lambda one: (one.order, one.code))
    return [_indicator(one, reported[one.pk], by_period[before].get(one.pk), decimals) for one in ordered]


def _indicator(
    of: Indicator, row: IndicatorValue, before: IndicatorValue | None, decimals: int
) -> dict[str, Any]:
    is_share = of.is_share
    return {
        "code": of.code,
        "name": of.name,
        "group": of.group,
        "numerator_name": of.numerator_name,
        "denominator_name": of.denominator_name,
        "counted_in": of.counted_in,
        "is_share": is_share,
        "numerator": row.numerator,
        "denominator": row.denominator,
        "percent": rounded_percent(row.numerator, row.denominator, decimals) if is_share else None,
        "target": None if row.target is None else decimal_text(row.target),
        "before_numerator": before.numerator if before else None,
        "before_denominator": before.denominator if before else None,
        "before_percent": rounded_percent(before.numerator, before.denominator, decimals)
        if before and is_share
        else None,
        "quoted": None if row.quoted is None else f"{row.quoted.normalize():f}",
        "quoted_on": row.quoted_on.isoformat() if row.quoted_on else "",
        "source": row.source,
    }


def decimal_text(number: Decimal) -> str:
    """A target as text with a dot and at least one decimal: Decimal("99.00") → "99.0"."""
    text = f"{number:f}".rstrip("0")
    return text + "0" if text.endswith(".") else text if "." in text else f"{text}.0"
