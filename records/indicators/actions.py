"""Defines and retires indicators, and saves what a unit reports for them."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from figures.indicator_rules import check_indicator
from figures.periods import Period
from ledger import log
from records.errors import ActionRefused
from records.models import Indicator, IndicatorValue
from records.submissions.locks import actor_name
from units.models import Unit

from .queries import IndicatorEntry, indicator_entries, indicators_subject, indicators_version, logged_value

CHANGED_MEANWHILE = "Người khác vừa sửa chỉ tiêu của đơn vị và kỳ này."


@transaction.atomic
def save_indicator_values(
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
    Refused("not_served"), and the codes of figures.indicator_rules.check_indicator.
    """
    Unit.objects.select_for_update(of=("self",), no_key=True).get(pk=unit.pk)
    lines = indicator_entries(unit, period)
    if seen is not None and seen != indicators_version(lines):
        raise ActionRefused("stale", CHANGED_MEANWHILE)
    known = {line.indicator.pk: line for line in lines}
    changed = {}
    for number, cells in values.items():
        if number not in known:
            raise ActionRefused("not_served", "Đơn vị này không báo cáo chỉ tiêu đó.")
        if told := _store(known[number], unit, period, cells, by, at):
            changed[known[number].indicator.code] = told
    if changed:
        detail = {"unit": unit.code, "period": period.code, "values": changed}
        log.append("indicators.save", by=by, subject=indicators_subject(unit, period), detail=detail, at=at)
    return len(changed)


def _store(
    one: IndicatorEntry, unit: Unit, period: Period, cells: Mapping[str, Any], by: Any, at: datetime
) -> dict[str, dict[str, Any]]:
    before = one.cells
    after = before | dict(cells)
    if any(after[cell] is not None for cell in after.keys() - one.indicator.served - {"source"}):
        raise ActionRefused("not_served", f"{one.indicator.name}: chỉ tiêu này không có ô đó.")
    for fault in check_indicator(after):
        raise ActionRefused(fault.code, f"{one.indicator.name}: {fault.message}")
    changed = {
        name: {"old": logged_value(before[name]), "new": logged_value(value)}
        for name, value in after.items()
        if logged_value(before[name]) != logged_value(value)
    }
    if not changed:
        return {}
    row = one.value or IndicatorValue(indicator=one.indicator, unit=unit, period=period.code)
    if all(value in (None, "") for value in after.values()):
        row.delete()
        return changed
    for name, value in after.items():
        setattr(row, name, value)
    row.saved_by, row.saved_at = actor_name(by), at
    row.save()
    return changed


def add_presets(path: Path) -> list[dict[str, Any]]:
    """The indicators that such reports often have: data, because offices vary them."""
    return json.loads(path.read_text(encoding="utf-8"))["indicators"]


@transaction.atomic
def define_indicator(rows: Iterable[Mapping[str, Any]], *, by: Any, at: datetime) -> list[Indicator]:
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
def retire_indicator(indicator: Indicator, retired: bool, *, by: Any, at: datetime) -> None:
    """Ask for an indicator no more, or again; what was reported stays."""
    kept = Indicator.objects.select_for_update().get(pk=indicator.pk)
    if kept.retired == retired:
        return
    kept.retired = retired
    kept.save(update_fields=["retired"])
    detail = {"code": kept.code, "old": not retired, "new": retired}
    log.append("indicators.retire", by=by, subject="indicators", detail=detail, at=at)
