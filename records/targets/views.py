"""The page of the targets of a year: read by all who read the unit, set by its editors."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core import clock
from core.text import clean_text
from core.web import rights
from core.web.rights import Right
from figures.formatting import format_count, format_decimal
from figures.indicator_rules import SHARE, read_decimal
from records.calendar.queries import stored_calendar
from records.errors import ActionRefused
from records.indicators.files import decimal_rate_cell
from records.indicators.forms import SOURCE_LENGTH
from spreadsheets.table_file import TableColumn, TableFile, requested_file, table_rows
from units.access.queries import is_allowed, unit_for
from units.models import Unit

from . import actions
from .queries import TargetEntry, target_entries, targets_version

TARGET_COLUMNS = (
    TableColumn("rate", "Tỷ lệ", "rate_name", width=50),
    TableColumn("tier", "Cấp", "tier_name"),
    TableColumn("percent", "Chỉ tiêu giao (%)", lambda one: decimal_rate_cell(one.percent)),
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


@rights.requires(Right.READ)
@require_safe
def unit_targets(request: HttpRequest, pk: int) -> HttpResponse:
    """`?year=2022`; by default the reporting year that runs."""
    unit = unit_for(request.user, pk, request.day)
    year = _year(request, request.GET.get("year"))
    table = {"": lambda: targets_file(unit, year, target_entries(unit, year), clock.now())}
    if file := requested_file(request, table):
        return file
    return _page(request, unit, year)


@rights.requires(Right.EDIT)
def save_targets(request: HttpRequest, pk: int) -> HttpResponse:
    """POST the targets of a year: all are stored, or none and each fault is told at its cell (422)."""
    unit = unit_for(request.user, pk, request.day, Right.EDIT)
    if request.method != "POST":
        return redirect("records:targets", pk)
    year = _year(request, request.POST.get("year"))
    given, faults = _read(target_entries(unit, year), request.POST)
    if faults:
        return _page(request, unit, year, faults=faults, status=422)
    seen = request.POST.get("version", "")
    try:
        number = actions.set_targets(unit, year, given, by=request.user, at=clock.now(), seen=seen)
    except ActionRefused as refused:
        return _page(request, unit, year, refused=refused.message, seen=seen, status=409)
    told = f"Đã lưu: {format_count(number)} chỉ tiêu giao thay đổi." if number else "Không có gì thay đổi."
    messages.success(request, told)
    return redirect(f"{reverse('records:targets', args=[pk])}?year={year}")


def _years(request: HttpRequest) -> list[int]:
    running = stored_calendar().month_of(request.day).year
    return list(range(running + YEARS_AHEAD, running - YEARS_BACK - 1, -1))


def _year(request: HttpRequest, text: str | None) -> int:
    years = _years(request)
    if not text:
        return years[YEARS_AHEAD]
    found = next((year for year in years if str(year) == text), None)
    if found is None:
        raise Http404
    return found


def _read(lines: list[TargetEntry], data) -> tuple[dict[str, actions.TargetValue], dict[str, str]]:
    """What was sent, by key; a row that was not sent stays."""
    given, faults = {}, {}
    for one in lines:
        text = data.get(f"percent-{one.key}")
        if text is None:
            continue
        percent, fault = read_decimal("target", text, SHARE)
        if fault:
            faults[f"percent-{one.key}"] = fault.message
        source = clean_text(data.get(f"source-{one.key}", ""))
        if len(source) > SOURCE_LENGTH:
            faults[f"source-{one.key}"] = f"Căn cứ tối đa {SOURCE_LENGTH} ký tự."
        given[one.key] = (percent, source if percent is not None else "")
    return given, faults


def _page(
    request: HttpRequest,
    unit: Unit,
    year: int,
    *,
    faults: dict[str, str] | None = None,
    refused: str = "",
    seen: str = "",
    status: int = 200,
) -> HttpResponse:
    lines = target_entries(unit, year)
    sent = request.POST if faults or refused else {}
    rows = []
    for one in lines:
        names = (f"percent-{one.key}", f"source-{one.key}")
        stored = ("" if one.percent is None else format_decimal(f"{one.percent.normalize():f}"), one.source)
        cells = [
            (name, sent.get(name, text), (faults or {}).get(name, ""))
            for name, text in zip(names, stored, strict=True)
        ]
        rows.append((one, *cells, _inherited_target(one, unit)))
    labels = {f"percent-{one.key}": f"{one.rate_name}, {one.tier_name.lower()}" for one in lines}
    context = {
        "unit": unit,
        "year": year,
        "years": _years(request),
        "rows": rows,
        "may": is_allowed(request.user, Right.EDIT, unit, request.day),
        "version": seen or targets_version(lines),
        "refused": refused,
        "faults": [
            (name, labels.get(name.replace("source-", "percent-"), ""), told)
            for name, told in (faults or {}).items()
        ],
    }
    return render(request, "records/targets/targets.html", context, status=status)


def _inherited_target(one: TargetEntry, unit: Unit) -> str:
    """The target that holds where none is set for the year."""
    if one.otherwise is None:
        return ""
    whose = "" if one.otherwise.unit_id == unit.pk else f" của {one.otherwise.unit.name}"
    return f"Không đặt thì theo {format_decimal(f'{one.otherwise.percent.normalize():f}')}%{whose}"
