"""Targets of rates that a unit sets for a reporting year, with their page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core import clock, web
from core.text import clean_text
from core.web import Right
from figures.formatting import format_count, format_decimal, tier_name
from figures.indicator_rules import SHARE, read_decimal
from figures.periods import Period
from figures.rates import BY_KEY, WITH_TARGET
from ledger import log
from records.calendar.queries import stored_calendar
from records.indicators.queries import decimal_rate_cell
from records.indicators.views import SOURCE_LENGTH
from spreadsheets.table_writer import TableColumn, TableFile, requested_file, table_rows
from units.access.queries import is_allowed, unit_for
from units.models import Tier, Unit, subtree

from .errors import ActionRefused
from .models import RateTarget

ALL_TIERS = ""


@dataclass(frozen=True)
class TargetEntry:
    """A rate and tier ("" is all tiers) with the target set for the year; `otherwise`: the one that applies without it.
    `followed`: inherited from predecessors; `lasts`: it is valid beyond the year.
    """

    rate: str
    tier: str
    percent: Decimal | None = None
    source: str = ""
    otherwise: RateTarget | None = None
    followed: bool = False
    lasts: bool = False

    @property
    def key(self) -> str:
        """Its name in the form, like "on_time-commune"."""
        return f"{self.rate}-{self.tier}"

    @property
    def rate_name(self) -> str:
        return BY_KEY[self.rate].name

    @property
    def tier_name(self) -> str:
        return tier_name(self.tier) if self.tier else "Mọi cấp"


def target_entries(unit: Unit, year: int) -> list[TargetEntry]:
    """Every rate that may have a target, for each tier of the unit and of those below it. Four queries."""
    start, end = reporting_year_bounds(year)
    holders = [unit.pk, *reversed(unit.ancestor_ids())]
    rows = RateTarget.objects.filter(unit__in=holders, valid_from__lte=end)
    rows = rows.select_related("unit").order_by("valid_from")
    begun = [row for row in rows if row.unit_id == unit.pk and row.valid_from >= start]
    own = {(row.rate, row.tier): row for row in begun}
    others: dict[tuple[str, str], RateTarget] = {}
    for row in sorted(rows, key=lambda row: (-holders.index(row.unit_id), row.valid_from)):
        in_force = row.valid_until is None or row.valid_until >= end
        if in_force and row not in begun:
            others[row.rate, row.tier] = row
    return [
        _target_entry(rate.key, tier, own.get((rate.key, tier)), others.get((rate.key, tier)), end)
        for rate in WITH_TARGET
        for tier in (ALL_TIERS, *_tiers(unit, end))
    ]


def _target_entry(
    rate: str, tier: str, own: RateTarget | None, otherwise: RateTarget | None, end: date
) -> TargetEntry:
    if own is None:
        return TargetEntry(rate, tier, otherwise=otherwise)
    lasts = own.valid_until is None or own.valid_until > end
    return TargetEntry(rate, tier, own.percent, own.source, otherwise, own.followed, lasts)


def targets_version(lines: list[TargetEntry]) -> str:
    """A short hash of the stored targets, for the page's optimistic lock."""
    content = [(line.key, line.percent, line.source) for line in lines]
    return sha256(repr(content).encode()).hexdigest()[:16]


def reporting_year_bounds(year: int) -> tuple[date, date]:
    """First and last day of a reporting year."""
    return stored_calendar().bounds(Period.parse(str(year)))


def _tiers(unit: Unit, on: date) -> list[str]:
    below = Unit.objects.filter(subtree(unit.path), active_from__lte=on).exclude(active_until__lt=on)
    there = set(below.order_by().values_list("tier", flat=True).distinct())
    return [tier for tier in Tier.values if tier in there]


_ONE_DAY = timedelta(1)
# Stands for "no last day"; the day after it still is a date.
_FOREVER = date.max - _ONE_DAY
CHANGED_MEANWHILE = "Người khác vừa sửa chỉ tiêu giao của năm này."
TargetValue = tuple[Decimal | None, str]


@transaction.atomic
def set_targets(
    unit: Unit,
    year: int,
    targets: Mapping[str, TargetValue],
    *,
    by: Any,
    at: datetime,
    version: str | None = None,
) -> int:
    """Set targets (TargetEntry.key → percent and source) of a reporting year, for the unit and those below it; a
    percent of None removes one. A target that began in the year and lasts beyond it stays in force for the later
    years, unless it is removed. Returns how many changed.

    Errors: ActionRefused("stale") where `version` is not that of what is stored, ActionRefused("not_served") for an
    unknown rate or tier.
    """
    Unit.objects.select_for_update(of=("self",), no_key=True).get(pk=unit.pk)
    lines = target_entries(unit, year)
    if version is not None and version != targets_version(lines):
        raise ActionRefused("stale", CHANGED_MEANWHILE)
    by_key = {line.key: line for line in lines}
    if unknown := targets.keys() - by_key.keys():
        raise ActionRefused("not_served", f"Không đặt chỉ tiêu giao được cho “{min(unknown)[:40]}”.")
    start, end = reporting_year_bounds(year)
    changed = {}
    for key, (percent, source) in targets.items():
        entry = by_key[key]
        if (percent, source if percent is not None else "") == (entry.percent, entry.source):
            continue
        changed[key] = {"old": [_text(entry.percent), entry.source], "new": [_text(percent), source]}
        begun = RateTarget.objects.filter(
            unit=unit, rate=entry.rate, tier=entry.tier, valid_from__gte=start, valid_from__lte=end
        )
        if percent is None:
            begun.delete()
        else:
            _remainder_of(end, begun)
            RateTarget.objects.create(
                unit=unit,
                rate=entry.rate,
                tier=entry.tier,
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
    """Shorten targets of one rate and tier to begin after `end`, and after targets set for later years; delete those
    with nothing left.
    """
    for row in begun.order_by("-valid_from"):
        beside = RateTarget.objects.filter(unit=row.unit_id, rate=row.rate, tier=row.tier, valid_from__gt=end)
        later = dict(beside.values_list("valid_from", "valid_until"))
        first = end + _ONE_DAY
        while first in later:
            first = (later[first] or _FOREVER) + _ONE_DAY
        if first <= (row.valid_until or _FOREVER):
            row.valid_from = first
            row.save(update_fields=["valid_from"])
        else:
            row.delete()


def _text(percent: Decimal | None) -> str | None:
    return None if percent is None else f"{percent.normalize():f}"


TARGET_COLUMNS = (
    TableColumn("rate", "Tỷ lệ", "rate_name", width=50),
    TableColumn("tier", "Cấp", "tier_name"),
    TableColumn("percent", "Chỉ tiêu giao (%)", lambda row: decimal_rate_cell(row.percent)),
    TableColumn("source", "Căn cứ", width=50),
)


def targets_file(unit: Unit, year: int, lines: Iterable[TargetEntry], at: datetime) -> TableFile:
    """The targets that a unit sets for a year."""
    rows = table_rows(TARGET_COLUMNS, lines)
    source = [("Đơn vị", f"{unit.name} ({unit.code})"), ("Năm", str(year))]
    return TableFile(
        "chi-tieu-giao", f"Chỉ tiêu giao năm {year}, {unit.name}", TARGET_COLUMNS, rows, at, source
    )


YEARS_BACK, YEARS_AHEAD = 3, 1


@web.requires(Right.READ)
@require_safe
def unit_targets(request: HttpRequest, pk: int) -> HttpResponse:
    """`?year=2022`; by default the current reporting year."""
    unit = unit_for(request.user, pk, request.day)
    year = _year(request, request.GET.get("year"))
    table = {"": lambda: targets_file(unit, year, target_entries(unit, year), clock.now())}
    if file := requested_file(request, table):
        return file
    return _page(request, unit, year)


@web.requires(Right.EDIT)
def save_targets(request: HttpRequest, pk: int) -> HttpResponse:
    """POST the targets of a year: all are stored, or none, with each fault at its cell (422)."""
    unit = unit_for(request.user, pk, request.day, Right.EDIT)
    if request.method != "POST":
        return redirect("records:targets", pk)
    year = _year(request, request.POST.get("year"))
    targets, faults = _read(target_entries(unit, year), request.POST)
    if faults:
        return _page(request, unit, year, faults=faults, status=422)
    version = request.POST.get("version", "")
    try:
        number = set_targets(unit, year, targets, by=request.user, at=clock.now(), version=version)
    except ActionRefused as refused:
        return _page(request, unit, year, refused=refused.message, version=version, status=409)
    message = f"Đã lưu: {format_count(number)} chỉ tiêu giao thay đổi." if number else "Không có gì thay đổi."
    messages.success(request, message)
    return redirect(f"{reverse('records:targets', args=[pk])}?year={year}")


def _years(request: HttpRequest) -> list[int]:
    running = stored_calendar().month_of(request.day).year
    return list(range(running + YEARS_AHEAD, running - YEARS_BACK - 1, -1))


def _year(request: HttpRequest, text: str | None) -> int:
    years = _years(request)
    if not text:
        return years[YEARS_AHEAD]
    chosen = next((year for year in years if str(year) == text), None)
    if chosen is None:
        raise Http404
    return chosen


def _read(lines: list[TargetEntry], data) -> tuple[dict[str, TargetValue], dict[str, str]]:
    """Targets and faults as sent, by key; rows that were not sent are left out."""
    targets, faults = {}, {}
    for line in lines:
        text = data.get(f"percent-{line.key}")
        if text is None:
            continue
        percent, fault = read_decimal("target", text, SHARE)
        if fault:
            faults[f"percent-{line.key}"] = fault.message
        source = clean_text(data.get(f"source-{line.key}", ""))
        if len(source) > SOURCE_LENGTH:
            faults[f"source-{line.key}"] = f"Căn cứ tối đa {SOURCE_LENGTH} ký tự."
        targets[line.key] = (percent, source if percent is not None else "")
    return targets, faults


def _page(
    request: HttpRequest,
    unit: Unit,
    year: int,
    *,
    faults: dict[str, str] | None = None,
    refused: str = "",
    version: str = "",
    status: int = 200,
) -> HttpResponse:
    lines = target_entries(unit, year)
    sent = request.POST if faults or refused else {}
    rows = []
    for line in lines:
        names = (f"percent-{line.key}", f"source-{line.key}")
        stored = (
            "" if line.percent is None else format_decimal(f"{line.percent.normalize():f}"),
            line.source,
        )
        cells = [
            (name, sent.get(name, text), (faults or {}).get(name, ""))
            for name, text in zip(names, stored, strict=True)
        ]
        rows.append((line, *cells, _inherited_target(line, unit)))
    labels = {f"percent-{line.key}": f"{line.rate_name}, {line.tier_name.lower()}" for line in lines}
    context = {
        "unit": unit,
        "year": year,
        "years": _years(request),
        "rows": rows,
        "may": is_allowed(request.user, Right.EDIT, unit, request.day),
        "version": version or targets_version(lines),
        "refused": refused,
        "faults": [
            (name, labels.get(name.replace("source-", "percent-"), ""), message)
            for name, message in (faults or {}).items()
        ],
    }
    return render(request, "records/targets/targets.html", context, status=status)


def _inherited_target(entry: TargetEntry, unit: Unit) -> str:
    """The target that applies where none is set for the year, in words."""
    if entry.otherwise is None:
        return ""
    whose = "" if entry.otherwise.unit_id == unit.pk else f" của {entry.otherwise.unit.name}"
    return f"Không đặt thì theo {format_decimal(f'{entry.otherwise.percent.normalize():f}')}%{whose}"
