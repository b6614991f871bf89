"""The Excel form in: uploaded, looked at against what is stored, then stored whole or not at all."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from cchc_dashboard import clock
from figures.periods import Month
from records import actions
from records.actions import Refused, StaleEdition
from records.forms.grid import EntryForm
from records.forms.uploads import FormUpload
from records.imports.form_cells import Checked
from records.models import FormFile, Submission
from records.outlets.form_book import workbook
from records.queries.calendar import calendar
from records.queries.form_files import form_file_of
from units import access
from units.access import Right

from .fetch import editions_of, submission_for
from .form_months import attached
from .form_weighing import Weighed, weigh
from .locked import lock_part
from .storing import conflict
from .submission import STATUS

_STALE = "Báo cáo vừa được lưu ở nơi khác. Dưới đây là khác biệt so với số mới; hãy xem lại rồi ghi."


@access.requires(Right.ENTER)
def form_page(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the form of a month, to download and bring back. POST `file`: looked at, kept for its owner, not stored."""
    found = submission_for(request.user, pk, Right.ENTER, request.day)
    if request.method != "POST":
        return page_of(request, found, FormUpload())
    return take(request, found)


def take(request: HttpRequest, found: Submission | None, **context: Any) -> HttpResponse:
    """An upload for one month, or for all that the reader enters for. 400 with every fault and its cell; else the
    differences. What can be marked in a copy, or stored, is kept for its owner.
    """
    form = FormUpload(request.POST, request.FILES)
    if not form.is_valid():
        return page_of(request, found, form, status=400, **context)
    file = form.cleaned_data["file"]
    if file.size > settings.UPLOAD_MAX_BYTES:
        limit = settings.UPLOAD_MAX_BYTES // 1024 // 1024
        return render(request, "413.html", {"limit": limit}, status=413)
    content = file.read()
    weighed = weigh(request, content, found)
    if not weighed.checked:
        status = max((STATUS.get(one.code, 400) for one in weighed.refused), default=400)
        return page_of(request, found, form, weighed=weighed, status=status, **context)
    kept = actions.keep_form(content, file.name, found, by=request.user, at=clock.now())
    if weighed.blocked:
        return _look(request, kept, weighed, status=_status(weighed))
    if found is not None and weighed.checked[0].clashes:
        return _clash(request, found, weighed.checked[0], kept)
    return redirect("records:form_look", kept.token)


@access.requires(Right.SIGNED_IN)
def form_look(request: HttpRequest, token: str) -> HttpResponse:
    """GET: what a kept upload would change. POST `seen`: store it, all or nothing; again, nothing happens."""
    kept = _kept(request, token)
    if kept.stored_at is not None:
        messages.info(request, "Tệp này đã được ghi, không ghi lại.")
        return _back(kept)
    weighed = weigh(request, bytes(kept.content), kept.submission)
    if weighed.blocked:
        return _look(request, kept, weighed, status=_status(weighed))
    if kept.submission is not None and weighed.checked[0].clashes:
        return _clash(request, kept.submission, weighed.checked[0], kept)
    if request.method != "POST":
        return _look(request, kept, weighed)
    if request.POST.get("seen") != weighed.seen:
        return _look(request, kept, weighed, told=_STALE, status=409)
    return _stored(request, kept, weighed)


@access.requires(Right.SIGNED_IN)
@require_safe
def form_marked(request: HttpRequest, token: str) -> HttpResponse:
    """A copy of a kept upload in which every cell that is wrong or odd is coloured and says why."""
    kept = _kept(request, token)
    if kept.stored_at is not None:
        raise Http404
    weighed = weigh(request, bytes(kept.content), kept.submission)
    if not weighed.checked:
        raise Http404
    content = workbook([one.form for one in weighed.forms], weighed.copies())
    return attached(content, f"danh-dau-{weighed.forms[0].form.code}-{weighed.forms[0].form.month}")


def _kept(request: HttpRequest, token: str) -> FormFile:
    """The upload of its owner, who still enters for the unit; 404 for anybody else, and when its time is over."""
    kept = form_file_of(token, request.user, clock.now())
    if kept is None:
        raise Http404
    if kept.submission is not None:
        access.check(request.user, Right.ENTER, kept.submission.unit, request.day)
    return kept


def _stored(request: HttpRequest, kept: FormFile, weighed: Weighed) -> HttpResponse:
    try:
        actions.store_forms(kept, weighed.filled(), by=request.user, at=clock.now(), days=calendar())
    except StaleEdition:
        again = weigh(request, bytes(kept.content), kept.submission)
        return _look(request, kept, again, told=_STALE, status=409)
    except Refused as refusal:
        return _look(request, kept, weighed, told=refusal.message, status=STATUS.get(refusal.code, 400))
    cells = sum(len(one.changes) for one in weighed.changed)
    where = "" if kept.submission else f" của {len(weighed.changed)} báo cáo"
    messages.success(request, f"Đã ghi {cells} ô{where} từ tệp, còn là bản nháp. Hãy kiểm tra rồi gửi.")
    return _back(kept)


def _back(kept: FormFile) -> HttpResponse:
    return (
        redirect("records:check", kept.submission_id) if kept.submission_id else redirect("records:worklist")
    )


def _status(weighed: Weighed) -> int:
    """423 for a lock, 409 for a state that does not let the month be entered, 400 for what stands in the file."""
    return max((STATUS.get(one.code, 400) for one in weighed.remarks if one.blocks), default=400)


def page_of(
    request: HttpRequest,
    found: Submission | None,
    form: FormUpload,
    *,
    weighed: Weighed | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """The page to download and bring back from; after an upload that is not taken, with why (`weighed`)."""
    context |= {"form": form, "weighed": weighed, "limit": settings.UPLOAD_MAX_BYTES // 1024 // 1024}
    if found is None:
        return render(request, "records/forms.html", context, status=status)
    newest = editions_of(found, request.user)[-1]
    context |= {"found": found, "unit": found.unit, "edition": newest, **lock_part(request, found, newest)}
    return render(request, "records/form.html", context, status=status)


def _look(
    request: HttpRequest, kept: FormFile, weighed: Weighed, *, told: str = "", status: int = 200
) -> HttpResponse:
    remarks = weighed.remarks
    context = {
        "kept": kept,
        "found": kept.submission,
        "weighed": weighed,
        "told": told,
        "wrong": [one for one in remarks if one.blocks],
        "odd": [one for one in remarks if not one.blocks],
        "cells": sum(len(one.changes) for one in weighed.checked),
        "others": sum(one.kept for one in weighed.checked),
    }
    return render(request, "records/form_look.html", context, status=status)


def _clash(request: HttpRequest, found: Submission, checked: Checked, kept: FormFile) -> HttpResponse:
    """Two people changed the same cells: the page of the entry sheet asks which to keep."""
    days = calendar()
    end = days.span(Month.from_number(found.month)).end
    names = {line.key: line for line in checked.lines}
    typed = {"revision": str(checked.sheet.sign.revision)}
    differing: dict[Any, dict[str, tuple]] = {}
    for one in checked.changes:
        typed[one.name] = "" if one.after is None else str(one.after)
        if one.measure != "reason":
            differing.setdefault(one.key, {})[one.measure] = (one.after, one.before)
    form = EntryForm(names.values(), typed, day=end)
    form.is_valid()
    return conflict(request, found, form, StaleEdition(checked.month.edition, differing), kept)
