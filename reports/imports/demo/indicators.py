"""What the demo has beside dossiers: indicators with their values, and targets."""

from datetime import date
from typing import Any

from figures.periods import Period
from records.models import Indicator, IndicatorValue, RateTarget

from .fixture import holder


def load_indicators(rows: list[dict[str, Any]]) -> None:
    """Those that are not there yet, and the values of a unit that has none: what people made of them since the first
    run stays.
    """
    for order, one in enumerate(rows, 1):
        indicator, _ = Indicator.objects.get_or_create(
            code=one["code"],
            defaults={
                "name": one["name"],
                "numerator_name": one["numerator_name"],
                "denominator_name": one["denominator_name"],
                "counted_in": one["unit_of_count"],
                "tier": one["tier"],
                "group": one["group"],
                "order": order,
            },
        )
        unit, period = holder(one["unit"]), Period.parse(one["period"])
        if IndicatorValue.objects.filter(indicator=indicator, unit=unit).exists():
            continue
        values = {period: {**one, "source": one["source"]}, period.same_last_year(): one["prior"]}
        for which, value in values.items():
            IndicatorValue.objects.create(
                indicator=indicator,
                unit=unit,
                period=which.code,
                numerator=value["numerator"],
                denominator=value["denominator"],
                target=value.get("target"),
                source=value.get("source", "Số dựng"),
            )


def load_targets(rows: list[dict[str, Any]]) -> None:
    """Of units without any: changed or removed ones stay as people left them."""
    kept = set(RateTarget.objects.values_list("unit__code", flat=True))
    for one in rows:
        if one["unit"] in kept:
            continue
        RateTarget.objects.create(
            unit=holder(one["unit"]),
            rate=one["rate"],
            tier=one["tier"],
            valid_from=date.fromisoformat(one["valid_from"]),
            percent=one["percent"],
            source=one["source"],
        )
