"""What the dossiers of the one-stop system count to in a month, beside what was declared; put into the draft
on request.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cchc_dashboard import clock
from figures.cases import COUNTED
from figures.measures import measure_label
from figures.periods import Month
from records.actions import Refused, case_files
from records.forms.cases import UploadForm
from records.forms.lines import Line
from records.imports.cases.roles import RETURNED_BY
from records.models import CaseFile, CaseFileState, Edition, State, Submission
from records.outlets.lists import cases_file
from records.queries.calendar import calendar
from records.queries.cases import behind, counting_file, counts_of_month, differences, mappings_of
from records.queries.catalogue import Catalogue
from records.queries.checks import counts_of
from units import access
from units.access import Right
from units.tablefile import file_of

from .fetch import acting, editions_of, shown_edition, submission_for, worked_on
from .lines import lines_of
from .submission import refused

A_PAGE = 100
SHOWN_FILES = 20


@dataclass(frozen=True)
class Cell:
    """One count: what was declared, what the dossiers give, whether they differ."""

    measure: str
    label: str
    declared: int | None
    counted: int | None
    differs: bool


@access.requires(Right.READ)
def cases(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the files of the unit, and what the one that counts gives for the month beside what was declared."""
    return page(request, submission_for(request.user, pk, Right.READ, request.day))


def page(
    request: HttpRequest, found: Submission, *, form: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    """Draw it; after an upload that was refused with its form."""
    month = Month.from_number(found.month)
    editions = editions_of(found, request.user)
    edition = shown_edition(editions, None, works_on_it=True)
    enters = access.allowed(request.user, Right.ENTER, found.unit, request.day)
    file = counting_file(found.unit, month)
    listed = CaseFile.objects.select_related("asked_by").filter(unit=found.unit)
    context = {
        "found": found,
        "unit": found.unit,
        "month": month,
        "file": file,
        "files": listed.exclude(state=CaseFileState.CANCELLED).order_by("-pk")[:SHOWN_FILES],
        "edition": edition,
        "enters": enters,
        "fills": enters and edition is not None and edition.state in (State.DRAFT, State.RETURNED),
        "form": form or (UploadForm(month, list(mappings_of(found.unit))) if enters else None),
        **(_compared(found, edition, file) if file and file.heads and edition else {}),
    }
    return render(request, "records/cases.html", context, status=status)


def _compared(found: Submission, edition: Edition, file: CaseFile) -> dict[str, Any]:
    catalogue, month = Catalogue(calendar()), Month.from_number(found.month)
    lines = lines_of(edition, catalogue)
    counted = counts_of_month(file, month, [line.key for line in lines], catalogue)
    stored = {(row.field_id, row.procedure_id): row for row in counts_of(edition)}
    odd = differences(counted, stored)
    day = catalogue.days.span(month).end
    rows = [(line, _cells(line, counted.get(line.key, {}), odd.get(line.key, {}), day)) for line in lines]
    return {
        "rows": rows,
        "heads": [measure_label(name, day) for name in COUNTED],
        "differing": sum(len(cells) for cells in odd.values()),
        "without_returns": RETURNED_BY not in file.heads,
    }


def _cells(line: Line, counted: dict[str, int | None], odd: dict[str, tuple], day: date) -> list[Cell]:
    return [
        Cell(name, measure_label(name, day), line.values[name], counted.get(name), name in odd)
        for name in COUNTED
    ]


@acting(Right.ENTER)
def fill(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST the revision that was seen: what the dossiers count to goes into the draft, as its clerk would type it."""
    month = Month.from_number(found.month)
    file = counting_file(found.unit, month)
    if file is None or not file.heads:
        return page(request, found, status=409)
    edition, catalogue = worked_on(found), Catalogue(calendar())
    keys = [line.key for line in lines_of(edition, catalogue)]
    counts = counts_of_month(file, month, keys, catalogue)
    typed = request.POST.get("revision", "")
    revision = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1
    try:
        case_files.fill_from_cases(edition, counts, by=request.user, revision=revision, at=clock.now())
    except Refused as refusal:
        return refused(request, found, refusal)
    messages.success(request, f"Đã lấy số từ tệp {file.name}. Hãy xem lại, bổ sung rồi kiểm tra và gửi.")
    return redirect("records:submission", found.pk)


@access.requires(Right.READ)
def case_rows(request: HttpRequest, pk: int) -> HttpResponse:
    """GET `so=received_direct&dong=ho-tich`: the dossiers behind one count, by pages."""
    found = submission_for(request.user, pk, Right.READ, request.day)
    month, measure = Month.from_number(found.month), request.GET.get("so", "")
    file = counting_file(found.unit, month)
    catalogue = Catalogue(calendar())
    keys = {_code(key, catalogue): key for key in _keys(found, catalogue)}
    line = request.GET.get("dong", "")
    if file is None or measure not in COUNTED or (line and line not in keys):
        if measure or line:
            raise Http404
        return redirect("records:cases", pk)
    span = catalogue.days.span(month)
    listed = behind(file, measure, span, keys.get(line))
    title = f"Hồ sơ của “{measure_label(measure, span.end)}”, {found.unit.name}, {month.label}"
    if told := file_of(request, {"": lambda: cases_file(title, listed, file.name, clock.now())}):
        return told
    context = {
        "found": found,
        "unit": found.unit,
        "file": file,
        "measure": measure_label(measure, span.end),
        "line": _name(keys[line], catalogue) if line else "",
        "page": Paginator(listed, A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "records/case_rows.html", context)


def _keys(found: Submission, catalogue: Catalogue) -> list[tuple[int, int | None]]:
    edition = found.editions.order_by("-number").first()
    return [line.key for line in lines_of(edition, catalogue)] if edition else []


def _code(key: tuple[int, int | None], catalogue: Catalogue) -> str:
    field = catalogue.fields[key[0]].code
    return f"{field}/{catalogue.procedures[key[1]].code}" if key[1] else field


def _name(key: tuple[int, int | None], catalogue: Catalogue) -> str:
    return catalogue.procedures[key[1]].name if key[1] else catalogue.fields[key[0]].name
