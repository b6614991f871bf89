"""CSV and XLSX of what is seen: the same address as the page, the same rows in the same order."""

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cchc_dashboard import clock
from figures import writing
from reports.outlets.csvfile import csv_bytes
from reports.outlets.flat import Flat, flat
from reports.outlets.sheets import xlsx_bytes
from reports.queries.dashboard import figures_of
from reports.queries.ranking import with_changes
from units import access
from units.access import Right
from units.snapshot import snapshot

from .asked import Asked, BadQuestion, read
from .dashboard import wanted_of
from .rows import shown

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


@access.requires(Right.READ)
@require_safe
def csv_export(request: HttpRequest) -> HttpResponse:
    """The rows as CSV."""
    return _export(request, "csv", "text/csv; charset=utf-8")


@access.requires(Right.READ)
@require_safe
def xlsx_export(request: HttpRequest) -> HttpResponse:
    """The rows as XLSX with live formulas."""
    return _export(request, "xlsx", XLSX)


def _export(request: HttpRequest, kind: str, content_type: str) -> HttpResponse:
    try:
        asked = read(request)
        made = _flat(asked)
    except BadQuestion as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    body = csv_bytes(made) if kind == "csv" else xlsx_bytes(made)
    response = HttpResponse(body, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{_name(asked, kind)}"'
    return response


@snapshot()
def _flat(asked: Asked) -> Flat:
    wanted = wanted_of(asked)
    summary = with_changes(wanted, figures_of(wanted))
    filters = [f"lĩnh vực {wanted.field.name}"] if wanted.field else []
    if asked.tier:
        filters.append(writing.tier_name(asked.tier))
    if asked.q:
        filters.append(f"chỉ dòng có tên “{asked.q}”, tổng của mọi dòng")
    if settings.DEMO:
        filters.append("số liệu minh họa")
    made_at = clock.now()
    entries = shown(asked, summary).entries
    note = (
        "cơ quan ngoài Ủy ban nhân dân không được tính" if asked.unit.external and not asked.external else ""
    )
    return flat(summary, entries, asked="; ".join(filters), made_at=made_at, note=note)


def _name(asked: Asked, kind: str) -> str:
    """A name of plain letters: nothing of the address can break the header (acceptance S28)."""
    parts = [
        asked.unit.code,
        asked.period.code,
        asked.field,
        asked.tier,
        "ca-ngoai-uy-ban" if asked.external else "",
    ]
    parts += ["theo-don-vi-hien-nay"] if asked.basis == "today" else []
    parts += [f"den-het-{asked.as_of}" if asked.as_of else ""]
    parts += ["ca-chua-duyet" if asked.include == "submitted" else "", "loc" if asked.q else ""]
    return "-".join(["so-lieu", *(_UNSAFE.sub("-", part)[:40] for part in parts if part)]) + f".{kind}"
