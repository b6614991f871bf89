"""Indicators other than dossiers: what is asked for, and what a unit reports for a period."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from figures.periods import Period
from figures.rules_indicators import check
from ledger import log
from records.models import Indicator, IndicatorValue
from records.queries.indicator_entry import Asked, asked, plain, subject, version
from units.models import Unit

from .common import name_of
from .errors import Refused

OVERTAKEN = "Người khác vừa sửa chỉ tiêu của đơn vị và kỳ này."


@transaction.atomic
def save_values(
    unit: Unit,
    period: Period,
    values: Mapping[int, Mapping[str, Any]],
    *,
    by: Any,
    at: datetime,
    seen: str | None = None,
) -> int:
    """Store cells of indicators (by number); a cell that is not given stays, None is "not reported". Where nothing is
    left the row goes. Returns how many indicators changed.

    Errors: Refused("stale") where what is stored is not what `seen` (queries.indicator_entry.version) stands for,
    Refused("not_served"), and the codes of figures.rules_indicators.check.
    """
    Unit.objects.select_for_update(of=("self",), no_key=True).get(pk=unit.pk)
    lines = asked(unit, period)
    if seen is not None and seen != version(lines):
        raise Refused("stale", OVERTAKEN)
    known = {one.indicator.pk: one for one in lines}
    changed = {}
    for number, cells in values.items():
        if number not in known:
            raise Refused("not_served", "Đơn vị này không báo cáo chỉ tiêu đó.")
        if told := _store(known[number], unit, period, cells, by, at):
            changed[known[number].indicator.code] = told
    if changed:
        detail = {"unit": unit.code, "period": period.code, "values": changed}
        log.append("indicators.save", by=by, subject=subject(unit, period), detail=detail, at=at)
    return len(changed)


def _store(
    one: Asked, unit: Unit, period: Period, cells: Mapping[str, Any], by: Any, at: datetime
) -> dict[str, dict[str, Any]]:
    before = one.cells
    after = before | dict(cells)
    if any(after[cell] is not None for cell in after.keys() - one.indicator.served - {"source"}):
        raise Refused("not_served", f"{one.indicator.name}: chỉ tiêu này không có ô đó.")
    for fault in check(after):
        raise Refused(fault.code, f"{one.indicator.name}: {fault.message}")
    changed = {
        name: {"old": plain(before[name]), "new": plain(value)}
        for name, value in after.items()
        if plain(before[name]) != plain(value)
    }
    if not changed:
        return {}
    row = one.value or IndicatorValue(indicator=one.indicator, unit=unit, period=period.code)
    if all(value in (None, "") for value in after.values()):
        row.delete()
        return changed
    for name, value in after.items():
        setattr(row, name, value)
    row.saved_by, row.saved_at = name_of(by), at
    row.save()
    return changed


def presets(path: Path) -> list[dict[str, Any]]:
    """The indicators that such reports often have: data, because offices vary them."""
    return json.loads(path.read_text(encoding="utf-8"))["indicators"]


@transaction.atomic
def define(rows: Iterable[Mapping[str, Any]], *, by: Any, at: datetime) -> list[Indicator]:
    """Add indicators by their code; one that is there stays as it is. Returns the new ones.

    A row: `code`, `name`, `numerator_name`, `counted_in`, and where they apply `denominator_name`, `tier`, `group`,
    `quoted`.
    """
    given = list(rows)
    there = set(
        Indicator.objects.filter(code__in=[one["code"] for one in given]).values_list("code", flat=True)
    )
    last = Indicator.objects.aggregate(last=Max("order"))["last"] or 0
    new = [
        Indicator(order=last + place, **one)
        for place, one in enumerate((one for one in given if one["code"] not in there), 1)
    ]
    Indicator.objects.bulk_create(new)
    if new:
        told = {one.code: one.name for one in new}
        log.append("indicators.define", by=by, subject="indicators", detail={"new": told}, at=at)
    return new


@transaction.atomic
def retire(indicator: Indicator, retired: bool, *, by: Any, at: datetime) -> None:
    """Ask for an indicator no more, or again; what was reported stays."""
    kept = Indicator.objects.select_for_update().get(pk=indicator.pk)
    if kept.retired == retired:
        return
    kept.retired = retired
    kept.save(update_fields=["retired"])
    detail = {"code": kept.code, "old": not retired, "new": retired}
    log.append("indicators.retire", by=by, subject="indicators", detail=detail, at=at)
