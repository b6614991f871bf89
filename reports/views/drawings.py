"""A long PDF on its way: ask for it, look how far it is, give it up."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from cchc_dashboard import clock
from ledger import jobs
from reports import actions
from reports.models import Drawing, Review
from reports.outlets import copies, printed
from reports.queries import document
from units import access
from units.access import Right, requires

from .reviews import page, review_for

EVERY = 3  # seconds after which the page asks again, by the browser itself


@requires(Right.READ)
@require_safe
def review_drawing(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the PDF of a long review is: it can be left, found again, and given up."""
    found = review_for(request, pk)
    drawing = found.drawings.select_related("asked_by").last()
    jobs.wake()
    ready = found.is_frozen
    if not ready and not (drawing and drawing.is_open):
        ready = copies.is_drawn(found, document.build(found, demo=settings.DEMO))
    context = {
        "found": found,
        "drawing": drawing,
        "ready": ready,
        "before": _before(drawing),
        "most": max(drawing.total, drawing.done + 1) if drawing else 1,
        "may_cancel": bool(drawing) and drawing.is_open and _may_cancel(request, drawing),
    }
    answer = render(request, "reports/review/drawing.html", context)
    if drawing and drawing.is_open:
        # By a header and not in the page: it needs no script, and what reads the page aloud is not told of it.
        answer.headers["Refresh"] = str(EVERY)
    return answer


@requires(Right.READ)
def review_draw(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the PDF of a long draft. What is short, kept or frozen is there at once."""
    found = review_for(request, pk)
    if request.method != "POST":
        return redirect("review_drawing", pk)
    if not found.is_frozen:
        pages = printed.expected_pages(document.build(found, demo=settings.DEMO))
        if pages >= copies.LONG:
            return asked(request, found, pages)
    return redirect("review_pdf", pk)


@requires(Right.READ)
def review_draw_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Give up a drawing that is on its way: whoever asked for it, or who may edit the review."""
    found = review_for(request, pk)
    drawing = found.drawings.last()
    if request.method == "POST" and drawing:
        if not _may_cancel(request, drawing):
            messages.error(request, "Chỉ người đã yêu cầu hoặc người tổng hợp báo cáo hủy được việc vẽ PDF.")
        elif jobs.cancel(drawing):
            messages.success(request, "Đã hủy việc vẽ PDF.")
    return redirect("review_drawing", pk)


def asked(
    request: HttpRequest, found: Review, pages: int, closing: tuple[str, str, bool] | None = None
) -> HttpResponse:
    """Put a long PDF in the queue and show how far it is; 429 where too many wait."""
    told = {"by": request.user, "at": clock.now(), "expected": pages, "closing": closing}
    try:
        actions.ask_drawing(found, **told)
    except actions.Full as full:
        answer = page(request, found, status=429, refused=str(full))
        answer.headers["Retry-After"] = "120"
        return answer
    jobs.wake()
    return redirect("review_drawing", found.pk)


def _may_cancel(request: HttpRequest, drawing: Drawing) -> bool:
    own = drawing.asked_by_id == request.user.pk
    return own or access.allowed(request.user, Right.EDIT, drawing.review.unit, request.day)


def _before(drawing: Drawing | None) -> int:
    """How many jobs come before this one."""
    return jobs.before(drawing) if drawing and drawing.is_open else 0
