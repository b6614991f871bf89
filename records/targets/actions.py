"""Sets the targets of rates for a reporting year."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from ledger import log
from records.errors import ActionRefused
from records.models import RateTarget
from units.models import Unit

from .queries import reporting_year_bounds, target_entries, targets_version

_ONE_DAY = timedelta(1)
# The last day of what has none; the day after it can be told, too.
_FOREVER = date.max - _ONE_DAY
CHANGED_MEANWHILE = "Người khác vừa sửa chỉ tiêu giao của năm này."
TargetValue = tuple[Decimal | None, str]


@transaction.atomic
def set_targets(
    unit: Unit, year: int, given: Mapping[str, TargetValue], *, by: Any, at: datetime, seen: str | None = None
) -> int:
    """Set targets (by queries.target_entry.Wanted.key: percent and source) for a reporting year; None takes one back.
    They hold from the first to the last day of the year, for the unit and what is below it. Of a target that began in
    the year and lasts beyond it the later years stay, unless it is taken back. Returns how many changed.

    Errors: Refused("stale") where what is stored is not what `seen` stands for, Refused("not_served") for an unknown
    rate or tier.
    """
    Unit.objects.select_for_update(of=("self",), no_key=True).get(pk=unit.pk)
    lines = target_entries(unit, year)
    if seen is not None and seen != targets_version(lines):
        raise ActionRefused("stale", CHANGED_MEANWHILE)
    known = {one.key: one for one in lines}
    if unknown := given.keys() - known.keys():
        raise ActionRefused("not_served", f"Không đặt chỉ tiêu giao được cho “{min(unknown)[:40]}”.")
    start, end = reporting_year_bounds(year)
    changed = {}
    for key, (percent, source) in given.items():
        one = known[key]
        if (percent, source if percent is not None else "") == (one.percent, one.source):
            continue
        changed[key] = {"old": [_text(one.percent), one.source], "new": [_text(percent), source]}
        begun = RateTarget.objects.filter(
            unit=unit, rate=one.rate, tier=one.tier, valid_from__gte=start, valid_from__lte=end
        )
        if percent is None:
            begun.delete()
        else:
            _remainder_of(end, begun)
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


def _remainder_of(end: date, begun: QuerySet[RateTarget]) -> None:
    """What is left of these targets of one rate and tier once another one holds until `end`: where two of them are in
    force at once, or one was set for a later year, the one that began later counts.
    """
    for row in begun.order_by("-valid_from"):
        beside = RateTarget.objects.filter(unit=row.unit_id, rate=row.rate, tier=row.tier, valid_from__gt=end)
        taken = dict(beside.values_list("valid_from", "valid_until"))
        first = end + _ONE_DAY
        while first in taken:
            first = (taken[first] or _FOREVER) + _ONE_DAY
        if first <= (row.valid_until or _FOREVER):
            row.valid_from = first
            row.save(update_fields=["valid_from"])
        else:
            row.delete()


def _text(percent: Decimal | None) -> str | None:
    return None if percent is None else f"{percent.normalize():f}"
