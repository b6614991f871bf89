"""Reviews: the list with a new draft, one review on the screen, and its PDF."""

from datetime import date
from itertools import zip_longest
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from cchc_dashboard import clock
from records.queries.calendar import calendar
from reports import actions
from reports.forms.reviews import NewReviewForm, NumberForm, ReasonForm
from reports.forms.signed import SignedForm
from reports.models import Review, ReviewState
from reports.outlets import copies, marked, offered, pdf, printed, svg
from reports.outlets.page_tables import reviews_file
from reports.queries import asking, document, meeting, reviews
from reports.queries.signed import signed_files
from units import access
from units.access import Right, requires
from units.models import Unit
from units.tablefile import file_of

from .discussed import discussed

PER_PAGE = 50
CHIPS = {
    ReviewState.DRAFT: "draft",
    ReviewState.COMMENT: "wait",
    ReviewState.FROZEN: "lock",
    ReviewState.ISSUED: "ok",
}


def review_for(request: HttpRequest, pk: int, right: Right = Right.READ) -> Review:
    """The review with its unit; 404 for outsiders and unknown numbers, 403 for those who may only read. Units that were
    asked for comments read it while it is put to comment.
    """
    found = Review.objects.select_related("unit__parent", "replaces").filter(pk=pk).first()
    if found and right is Right.READ and not access.allowed(request.user, right, found.unit, request.day):
        if asking.may_read(request.user, found, request.day):
            return found
    access.check(request.user, right, found.unit if found else None, request.day)
    return found


@requires(Right.READ)
def review_list(request: HttpRequest) -> HttpResponse:
    """All reviews that the reader may see; a POST opens a draft."""
    units = reviews.drafting_units(request.user, request.day)
    form = NewReviewForm(request.POST if request.method == "POST" else None, units, calendar(), request.day)
    if request.method == "POST":
        if not units:
            access.check(request.user, Right.EDIT, access.home_unit(request.user, request.day), request.day)
        if form.is_valid():
            opened = _open(request, form)
            if opened is not None:
                return redirect("review", opened.pk)
    every = reviews.visible(request.user, request.day)
    if file := file_of(request, {"": lambda: reviews_file(every.iterator(1_000), clock.now())}):
        return file
    found = list(every[:PER_PAGE])
    rows = [(one, CHIPS[one.state]) for one in found]
    context = {"rows": rows, "form": form if units else None}
    return render(request, "reports/review/list.html", context, status=422 if form.errors else 200)


def _open(request: HttpRequest, form: NewReviewForm) -> Review | None:
    unit: Unit = form.cleaned_data["unit"]
    access.check(request.user, Right.EDIT, unit, request.day)
    period = form.cleaned_data["period"]
    try:
        opened = actions.draft_whole(
            unit,
            period,
            by=request.user,
            at=clock.now(),
            demo=settings.DEMO,
            units_of=form.units_of(),
        )
    except actions.Refused as refused:
        form.add_error(None, str(refused))
        return None
    messages.success(
        request,
        "Đã lập dự thảo: câu, bảng, nhiệm vụ theo số liệu đã duyệt. Hãy đọc lại và viết tiếp.",
    )
    return opened


@requires(Right.READ)
@require_safe
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """One review on the screen: a draft from the figures of now, a frozen one from what was frozen."""
    return page(request, review_for(request, pk))


def page(
    request: HttpRequest, found: Review, *, status: int = 200, refused: str = "", **forms: Any
) -> HttpResponse:
    """The review's page, with what was refused: words, or forms in place of empty ones."""
    doc = document.current(found, demo=settings.DEMO)
    may = {
        "edit": access.allowed(request.user, Right.EDIT, found.unit, request.day),
        "close": access.allowed(request.user, Right.CLOSE, found.unit, request.day),
    }
    shown, told = printed.view(doc), meeting.of(found)
    warnings = [] if found.is_frozen else reviews.before_signing(found, doc, request.day)
    shape = marked.shape(doc)
    pks = [] if found.is_frozen else list(found.sections.values_list("pk", flat=True))
    context = shown | {
        "found": found,
        "sections": [
            section | {"marked": text, "pk": pk}
            for section, text, pk in zip_longest(shown["sections"], shape.sections, pks)
        ],
        "shape": shape,
        "accepting": may["edit"] and not found.is_frozen,
        "points": [] if found.is_frozen else _points(found, doc, pks, may["edit"], request.day),
        "see_chip": "part" if warnings else "ok",
        "see_word": f"{len(warnings)} việc" if warnings else "Đủ",
        "first_section": pks[0] if pks else None,
        "refused": refused,
        "chip": CHIPS[found.state],
        "may": may,
        "bars": [
            svg.share_bar(row.name, row.now) for row in shown["tier_rows"] if row.now.counts["received"]
        ],
        "warnings": warnings,
        "meeting": told,
        "files": offered.files(found, doc, told),
        "version": "" if found.is_frozen else document.seen_version(doc),
        "corrections": reviews.corrections(found),
        "newer": reviews.newer_figures(doc) if found.is_frozen else [],
        "signed": signed_files(found),
        "signed_form": forms.get("signed_form") or SignedForm(),
        "compared": forms.get("compared"),
        "successor": found.replaced_by.order_by("pk").first(),
        "reason_form": forms.get("reason_form") or ReasonForm(None, needed=bool(warnings)),
        "number_form": forms.get("number_form") or NumberForm(None, found, request.day),
    }
    context |= discussed(request, found, forms.get("comment_form"), forms.get("comment_wrong", ""))
    return render(request, "reports/review/page.html", context, status=status)


def _points(
    found: Review, doc: dict[str, Any], pks: list[int], may_edit: bool, day: date
) -> list[dict[str, str]]:
    """What the document lacks, each with the address where the reader sees to it."""
    told = []
    for point in reviews.incomplete(found, doc, day):
        to = "#phu-luc" if point.aim == "units" else ""
        if point.aim == "edit" and may_edit:
            to = reverse("review_edit", args=[found.pk])
        elif point.aim.isdigit():
            order = int(point.aim)
            to = reverse("review_section", args=[found.pk, pks[order - 1]]) if may_edit else f"#muc-{order}"
        told.append({"text": point.text, "to": to})
    asked = reverse("review_asking", args=[found.pk]) if may_edit else "#gop-y"
    return told + [{"text": text, "to": asked} for text in asking.open_points(found)]


def undrawn_page(request: HttpRequest, found: Review, undrawn: pdf.NotDrawn) -> HttpResponse:
    """The review's page where its PDF could not be drawn: 429 while others are, else 422 and what to do."""
    busy = isinstance(undrawn, pdf.Busy)
    answer = page(request, found, status=429 if busy else 422, refused=str(undrawn))
    if busy:
        answer.headers["Retry-After"] = "60"
    return answer


@requires(Right.READ)
@require_safe
def review_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The review as PDF: the kept bytes of a frozen one, else the draft."""
    found = review_for(request, pk)
    try:
        content = copies.current(found, demo=settings.DEMO)
    except copies.Lost as lost:
        told = f"{lost} Hãy báo người quản trị khôi phục từ bản sao lưu."
        return page(request, found, status=503, refused=told)
    except copies.Long:
        return redirect("review_drawing", pk)
    except pdf.NotDrawn as undrawn:
        return undrawn_page(request, found, undrawn)
    response = HttpResponse(content, content_type="application/pdf")
    kind = "bao-cao" if found.is_frozen else "du-thao"
    response.headers["Content-Disposition"] = (
        f'attachment; filename="{kind}-cchc-{found.period}-{found.pk}.pdf"'
    )
    return response
