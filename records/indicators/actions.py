"""Defines and retires indicators, and saves their values."""

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
from records.submissions.edition_log import actor_name
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
    version: str | None = None,
) -> int:
    """Store cells of indicators (by id); missing cells stay as they are, None is "not reported". A row without any
    value is deleted. Returns how many indicators changed.

    Errors: ActionRefused("stale") where `version` (queries.indicators_version) is not that of what is stored,
    ActionRefused("not_served"), and the codes of figures.indicator_rules.check_indicator.
    """
    Unit.objects.select_for_update(of=("self",), no_key=True).get(pk=unit.pk)
    lines = indicator_entries(unit, period)
    if version is not None and version != indicators_version(lines):
        raise ActionRefused("stale", CHANGED_MEANWHILE)
    by_id = {line.indicator.pk: line for line in lines}
    changed = {}
    for number, cells in values.items():
        if number not in by_id:
            raise ActionRefused("not_served", "Đơn vị này không báo cáo chỉ tiêu đó.")
        if cell_changes := _store(by_id[number], unit, period, cells, by, at):
            changed[by_id[number].indicator.code] = cell_changes
    if changed:
        detail = {"unit": unit.code, "period": period.code, "values": changed}
        log.append("indicators.save", by=by, subject=indicators_subject(unit, period), detail=detail, at=at)
    return len(changed)


def _store(
    entry: IndicatorEntry, unit: Unit, period: Period, cells: Mapping[str, Any], by: Any, at: datetime
) -> dict[str, dict[str, Any]]:
    before = entry.cells
    after = before | dict(cells)
    if any(after[cell] is not None for cell in after.keys() - entry.indicator.served - {"source"}):
        raise ActionRefused("not_served", f"{entry.indicator.name}: chỉ tiêu này không có ô đó.")
    for fault in check_indicator(after):
        raise ActionRefused(fault.code, f"{entry.indicator.name}: {fault.message}")
    changed = {
        name: {"old": logged_value(before[name]), "new": logged_value(value)}
        for name, value in after.items()
        if logged_value(before[name]) != logged_value(value)
    }
    if not changed:
        return {}
    row = entry.value or IndicatorValue(indicator=entry.indicator, unit=unit, period=period.code)
    if all(value in (None, "") for value in after.values()):
        row.delete()
        return changed
    for name, value in after.items():
        setattr(row, name, value)
    row.saved_by, row.saved_at = actor_name(by), at
    row.save()
    return changed


def read_presets(path: Path) -> list[dict[str, Any]]:
    """The indicators that such reports often have, from a data file."""
    return json.loads(path.read_text(encoding="utf-8"))["indicators"]


@transaction.atomic
def define_indicator(rows: Iterable[Mapping[str, Any]], *, by: Any, at: datetime) -> list[Indicator]:
    """Add indicators; those whose code exists already stay as they are. Returns the new ones.

    A row: `code`, `name`, `numerator_name`, `counted_in`, and optionally `denominator_name`, `tier`, `group`, `quoted`.
    """
    definitions = list(rows)
    there = set(
        Indicator.objects.filter(code__in=[definition["code"] for definition in definitions]).values_list(
            "code", flat=True
        )
    )
    last = Indicator.objects.aggregate(last=Max("order"))["last"] or 0
    new = [
        Indicator(order=last + place, **definition)
        for place, definition in enumerate(
            (definition for definition in definitions if definition["code"] not in there), 1
        )
    ]
    Indicator.objects.bulk_create(new)
    if new:
        names = {indicator.code: indicator.name for indicator in new}
        log.append("indicators.define", by=by, subject="indicators", detail={"new": names}, at=at)
    return new


@transaction.atomic
def retire_indicator(indicator: Indicator, retired: bool, *, by: Any, at: datetime) -> None:
    """Take an indicator out of use, or back into it; reported values stay."""
    stored = Indicator.objects.select_for_update().get(pk=indicator.pk)
    if stored.retired == retired:
        return
    stored.retired = retired
    stored.save(update_fields=["retired"])
    detail = {"code": stored.code, "old": not retired, "new": retired}
    log.append("indicators.retire", by=by, subject="indicators", detail=detail, at=at)
