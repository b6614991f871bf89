"""Setting the targets of rates for a reporting year."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from ledger import log
from records.models import RateTarget
from records.queries.target_entry import bounds, version, wanted
from units.models import Unit

from .errors import Refused

OVERTAKEN = "Người khác vừa sửa chỉ tiêu giao của năm này."
Target = tuple[Decimal | None, str]


@transaction.atomic
def set_targets(
    unit: Unit, year: int, given: Mapping[str, Target], *, by: Any, at: datetime, seen: str | None = None
) -> int:
    """Set targets (by queries.target_entry.Wanted.key: percent and source) for a reporting year; None takes one back.
    They hold from the first to the last day of the year, for the unit and what is below it. Returns how many changed.

    Errors: Refused("stale") where what is stored is not what `seen` stands for, Refused("not_served") for an unknown
    rate or tier.
    """
    Unit.objects.select_for_update(of=("self",), no_key=True).get(pk=unit.pk)
    lines = wanted(unit, year)
    if seen is not None and seen != version(lines):
        raise Refused("stale", OVERTAKEN)
    known = {one.key: one for one in lines}
    if unknown := given.keys() - known.keys():
        raise Refused("not_served", f"Không đặt chỉ tiêu giao được cho “{min(unknown)[:40]}”.")
    start, end = bounds(year)
    changed = {}
    for key, (percent, source) in given.items():
        one = known[key]
        if (percent, source if percent is not None else "") == (one.percent, one.source):
            continue
        changed[key] = {"old": [_text(one.percent), one.source], "new": [_text(percent), source]}
        rows = RateTarget.objects.filter(
            unit=unit, rate=one.rate, tier=one.tier, valid_from__gte=start, valid_from__lte=end
        )
        rows.delete()
        if percent is not None:
            RateTarget.objects.create(
                unit=unit,
                rate=one.rate,
                tier=one.tier,
                percent=percent,
                valid_from=start,
                valid_until=end,
                source=source,
            )
    if changed:
        detail = {"unit": unit.code, "year": year, "targets": changed}
        log.append("targets.set", by=by, subject=f"targets:{unit.pk}", detail=detail, at=at)
    return len(changed)


def _text(percent: Decimal | None) -> str | None:
    return None if percent is None else f"{percent.normalize():f}"
