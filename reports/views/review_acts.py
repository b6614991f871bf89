"""What is done to a review: edit its text, ask for comments, close its figures, record its number, replace it."""

import re
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from cchc_dashboard import clock
from reports import actions
from reports.forms.reviews import INCOMPLETE, NumberForm, ReasonForm, TaskForms, TextForm, task_forms
from reports.models import Review
from reports.outlets import copies, pdf, printed
from reports.queries import document, reviews
from units.access import Right, requires

from . import drawings
from .reviews import page, review_for, undrawn_page

# What a form may send: a name is "=12.3.4567" at most, and a text has its limits too.
MOST_NAME, MOST_NAMES = 40, 2000


def acting(right: Right) -> Callable:
    """A POST view that changes a review: right declared and checked; anything but POST leads to the review's page."""

    def declare(view: Callable[[HttpRequest, Review], HttpResponse]):
        @requires(right)
        @wraps(view)
        def guarded(request: HttpRequest, pk: int) -> HttpResponse:
            found = review_for(request, pk, right)
            if request.method != "POST":
                return redirect("review", pk)
            try:
                return view(request, found)
            except actions.Refused as refused:
                return page(request, review_for(request, pk, right), status=409, refused=str(refused))

        return guarded

    return declare


@requires(Right.EDIT)
def review_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """What stands around the sections of a draft, in plain fields. What somebody else has changed meanwhile is not
    overwritten.
    """
    found = review_for(request, pk, Right.EDIT)
    if found.is_frozen:
        messages.error(request, "Báo cáo đã chốt số liệu, không sửa được nữa. Hãy lập bản thay thế.")
        return redirect("review", pk)
    data = request.POST if request.method == "POST" else None
    form, tasks = TextForm(data, found), task_forms(data, found)
    context = {"found": found, "form": form, "tasks": tasks, "version": document.content_version(found)}
    context["sections"] = found.sections.all()
    status = 200
    if data is not None:
        status = _saved(request, found, form, tasks)
    if status == 302:
        messages.success(request, "Đã lưu báo cáo.")
        return redirect("review", pk)
    if status == 409:
        # Sending this page again must not overwrite either: it keeps the version that it was opened with.
        context["version"] = request.POST.get("version", "")
    context |= {"stale": status == 409, "wrong": status == 422, "told": INCOMPLETE if tasks.broken else ""}
    return render(request, "reports/review/edit.html", context, status=status)


def _saved(request: HttpRequest, found: Review, form: TextForm, tasks: TaskForms) -> int:
    """The status of saving what was sent: 302 saved, 409 another version, 422 wrong."""
    version = request.POST.get("version", "")
    if version != document.content_version(found):
        return 409
    if tasks.broken or not form.is_valid() or not tasks.is_valid():
        return 422
    try:
        actions.edit(
            found, by=request.user, at=clock.now(), tasks=tasks.tasks(), version=version, **form.changes()
        )
    except actions.Refused:
        return 409
    return 302


@acting(Right.EDIT)
def review_state(request: HttpRequest, found: Review) -> HttpResponse:
    """Draft ↔ for comment."""
    actions.set_state(found, request.POST.get("state", ""), by=request.user, at=clock.now())
    messages.success(request, "Đã chuyển trạng thái dự thảo.")
    return redirect("review", found.pk)


@acting(Right.EDIT)
def review_figures(request: HttpRequest, found: Review) -> HttpResponse:
    """Accept what has become of figures in the text, as it was seen: `accept` names them (actions.accept_figures)."""
    names = [name for name in request.POST.getlist("accept") if len(name) <= MOST_NAME][:MOST_NAMES]
    actions.accept_figures(
        found,
        names,
        by=request.user,
        at=clock.now(),
        demo=settings.DEMO,
        version=request.POST.get("version", ""),
    )
    messages.success(request, "Đã nhận số liệu mới vào lời văn.")
    if request.POST.get("back") == "edit":
        return redirect("review_edit", found.pk)
    return redirect(reverse("review", args=[found.pk]) + _place(names))


def _place(names: list[str]) -> str:
    """Where on the review's page a sentence stands that was accepted by itself."""
    one = re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", names[0]) if len(names) == 1 else None
    return f"#cau-{one[0].replace('.', '-')}" if one else ""


@acting(Right.CLOSE)
def review_freeze(request: HttpRequest, found: Review) -> HttpResponse:
    """Close the figures and put the review to signature, as the leader has seen it; what is left to see to needs a
    reason.
    """
    if found.is_frozen:
        raise actions.Refused("Báo cáo đã chốt số liệu.")
    at, doc = clock.now(), document.build(found, demo=settings.DEMO)
    if request.POST.get("version") != document.seen_version(doc):
        raise actions.Stale(actions.CHANGED)
    form = ReasonForm(request.POST, needed=bool(reviews.before_signing(found, doc, request.day)))
    if not form.is_valid():
        return page(request, found, status=422, reason_form=form)
    pages = printed.expected_pages(doc)
    if pages >= copies.LONG:
        chosen = (request.POST["version"], form.cleaned_data["reason"], form.cleaned_data["qr"])
        return drawings.asked(request, found, pages, chosen)
    try:
        closed = copies.closed(doc, at=at, qr=form.cleaned_data["qr"])
    except pdf.NotDrawn as undrawn:
        return undrawn_page(request, found, undrawn)
    reason = form.cleaned_data["reason"]
    actions.freeze(found, closed.document, closed.content, closed.form, by=request.user, at=at, reason=reason)
    messages.success(request, "Đã chốt số liệu, trình ký. Bản PDF này không thay đổi nữa; hãy tải về để ký.")
    return redirect("review", found.pk)


@acting(Right.EDIT)
def review_number(request: HttpRequest, found: Review) -> HttpResponse:
    """Number and day of the signed review, once; a correction says why."""
    form = NumberForm(request.POST, found, request.day)
    if not form.is_valid():
        return page(request, found, status=422, number_form=form)
    actions.record_issue(found, **form.cleaned_data, by=request.user, at=clock.now())
    messages.success(request, "Đã ghi số, ngày ban hành.")
    return redirect("review", found.pk)


@acting(Right.EDIT)
def review_replace(request: HttpRequest, found: Review) -> HttpResponse:
    """A new draft with the same text and the figures of now."""
    new = actions.replacement(found, by=request.user, at=clock.now())
    messages.success(request, "Đã lập bản thay thế với số liệu hiện có. Bản đã chốt vẫn giữ nguyên.")
    return redirect("review", new.pk)
