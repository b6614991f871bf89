"""What is done to a review: edit, comment, state, figures, freezing, long PDF, number, signed file,
replacement.
"""

import re
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core import clock
from core.web import Right, outcome_message, requires
from ledger import jobs
from reports import closing as reports_closing
from reports import document, review_access
from reports.closing import before_signing
from reports.consultation import actions as consultation_actions
from reports.consultation.queries import comment_units
from reports.consultation.views import CommentForm, ReplyForm
from reports.drafting import actions as drafting_actions
from reports.models import Asking, AskKind, Drawing, Review, SectionComment, SignedKind
from reports.pdf import drawing, foreign
from reports.printing import copies, print_view
from reports.review_access import ReviewError, review_for
from reports.verification import signed_files
from units.access.queries import is_allowed, require_right
from units.models import Unit

from .forms import (
    INCOMPLETE,
    ClosingReasonForm,
    IssueNumberForm,
    ReviewHeaderForm,
    SignedFileForm,
    TaskForms,
    task_forms,
)
from .views import pdf_error_page, review_page

EVERY = 3  # seconds after which the page asks again, by the browser itself


@requires(Right.READ)
@require_safe
def review_drawing(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the PDF of a long review is: it can be left, found again, and given up."""
    found = review_for(request, pk)
    drawing = found.drawings.select_related("asked_by").last()
    jobs.start_worker()
    ready = found.is_frozen
    if not ready and not (drawing and drawing.is_open):
        ready = copies.is_cached(found, document.build_document(found, demo=settings.DEMO))
    context = {
        "found": found,
        "drawing": drawing,
        "ready": ready,
        "before": _before(drawing),
        "most": max(drawing.total, drawing.done + 1) if drawing else 1,
        "may_cancel": bool(drawing) and drawing.is_open and _may_cancel(request, drawing),
    }
    answer = render(request, "reports/reviews/pdf_job.html", context)
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
        pages = print_view.expected_pages(document.build_document(found, demo=settings.DEMO))
        if pages >= copies.LONG:
            return queue_and_show(request, found, pages)
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


def queue_and_show(
    request: HttpRequest, found: Review, pages: int, closing: tuple[str, str, bool] | None = None
) -> HttpResponse:
    """Put a long PDF in the queue and show how far it is; 429 where too many wait."""
    told = {"by": request.user, "at": clock.now(), "expected": pages, "closing": closing}
    try:
        reports_closing.queue_drawing(found, **told)
    except reports_closing.QueueFull as full:
        answer = review_page(request, found, status=429, refused=str(full))
        answer.headers["Retry-After"] = "120"
        return answer
    jobs.start_worker()
    return redirect("review_drawing", found.pk)


def _may_cancel(request: HttpRequest, drawing: Drawing) -> bool:
    own = drawing.asked_by_id == request.user.pk
    return own or is_allowed(request.user, Right.EDIT, drawing.review.unit, request.day)


def _before(drawing: Drawing | None) -> int:
    """How many jobs come before this one."""
    return jobs.count_before(drawing) if drawing and drawing.is_open else 0


# What a form may send: a name is "=12.3.4567" at most, and a text has its limits too.
MOST_NAME, MOST_NAMES = 40, 2000


def review_action(right: Right) -> Callable:
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
            except review_access.ReviewError as refused:
                return review_page(request, review_for(request, pk, right), status=409, refused=str(refused))

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
    form, tasks = ReviewHeaderForm(data, found), task_forms(data, found)
    context = {"found": found, "form": form, "tasks": tasks, "version": document.header_version(found)}
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
    return render(request, "reports/reviews/edit.html", context, status=status)


def _saved(request: HttpRequest, found: Review, form: ReviewHeaderForm, tasks: TaskForms) -> int:
    """The status of saving what was sent: 302 saved, 409 another version, 422 wrong."""
    version = request.POST.get("version", "")
    if version != document.header_version(found):
        return 409
    if tasks.broken or not form.is_valid() or not tasks.is_valid():
        return 422
    try:
        drafting_actions.edit_draft(
            found, by=request.user, at=clock.now(), tasks=tasks.tasks(), version=version, **form.changes()
        )
    except review_access.ReviewError:
        return 409
    return 302


@review_action(Right.EDIT)
def review_state(request: HttpRequest, found: Review) -> HttpResponse:
    """Draft ↔ for comment."""
    drafting_actions.set_state(found, request.POST.get("state", ""), by=request.user, at=clock.now())
    messages.success(request, "Đã chuyển trạng thái dự thảo.")
    return redirect("review", found.pk)


@review_action(Right.EDIT)
def review_figures(request: HttpRequest, found: Review) -> HttpResponse:
    """Accept what has become of figures in the text, as it was seen: `accept` names them (actions.accept_figures)."""
    names = [name for name in request.POST.getlist("accept") if len(name) <= MOST_NAME][:MOST_NAMES]
    drafting_actions.accept_figures(
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


@review_action(Right.CLOSE)
def review_freeze(request: HttpRequest, found: Review) -> HttpResponse:
    """Close the figures and put the review to signature, as the leader has seen it; what is left to see to needs a
    reason.
    """
    if found.is_frozen:
        raise review_access.ReviewError("Báo cáo đã chốt số liệu.")
    at, doc = clock.now(), document.build_document(found, demo=settings.DEMO)
    if request.POST.get("version") != document.document_version(doc):
        raise review_access.StaleReview(reports_closing.CHANGED)
    form = ClosingReasonForm(request.POST, needed=bool(before_signing(found, doc, request.day)))
    if not form.is_valid():
        return review_page(request, found, status=422, reason_form=form)
    pages = print_view.expected_pages(doc)
    if pages >= copies.LONG:
        chosen = (request.POST["version"], form.cleaned_data["reason"], form.cleaned_data["qr"])
        return queue_and_show(request, found, pages, chosen)
    try:
        closed = copies.draw_frozen_copy(doc, at=at, qr=form.cleaned_data["qr"])
    except drawing.PdfNotDrawn as undrawn:
        return pdf_error_page(request, found, undrawn)
    reason = form.cleaned_data["reason"]
    reports_closing.freeze(
        found, closed.document, closed.content, closed.form, by=request.user, at=at, reason=reason
    )
    messages.success(request, "Đã chốt số liệu, trình ký. Bản PDF này không thay đổi nữa; hãy tải về để ký.")
    return redirect("review", found.pk)


@review_action(Right.EDIT)
def review_number(request: HttpRequest, found: Review) -> HttpResponse:
    """Number and day of the signed review, once; a correction says why."""
    form = IssueNumberForm(request.POST, found, request.day)
    if not form.is_valid():
        return review_page(request, found, status=422, number_form=form)
    reports_closing.record_issue(found, **form.cleaned_data, by=request.user, at=clock.now())
    messages.success(request, "Đã ghi số, ngày ban hành.")
    return redirect("review", found.pk)


@review_action(Right.EDIT)
def review_replace(request: HttpRequest, found: Review) -> HttpResponse:
    """A new draft with the same text and the figures of now."""
    new = drafting_actions.replace_review(found, by=request.user, at=clock.now())
    messages.success(request, "Đã lập bản thay thế với số liệu hiện có. Bản đã chốt vẫn giữ nguyên.")
    return redirect("review", new.pk)


@review_action(Right.EDIT)
def review_signed(request: HttpRequest, found: Review) -> HttpResponse:
    """Keep the signed file; one that lacks frozen figures only with a reason."""
    if not found.is_frozen:
        raise review_access.ReviewError("Chỉ tải lên bản đã ký sau khi đã chốt số liệu, trình ký.")
    form = SignedFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return review_page(request, found, status=422, signed_form=form)
    if form.cleaned_data["file"].size > settings.UPLOAD_MAX_BYTES:
        limit = settings.UPLOAD_MAX_BYTES // 1024 // 1024
        return render(request, "413.html", {"limit": limit}, status=413)
    content = form.cleaned_data["file"].read()
    try:
        compared = signed_files.compare_signed_file(content, found)
    except foreign.ReaderBusy as busy:
        answer = review_page(request, found, status=429, refused=str(busy))
        answer.headers["Retry-After"] = "60"
        return answer
    except (signed_files.UnrelatedFile, foreign.UnreadablePdf, copies.LostFile) as refused:
        form.add_error("file", str(refused))
        return review_page(request, found, status=422, signed_form=form)
    reason = form.cleaned_data["reason"].strip()
    if compared.missing and not reason:
        form.add_error(
            "reason", "Tệp thiếu số liệu đã chốt. Nếu đúng là bản đã ký, ghi lý do và chọn lại tệp."
        )
        return review_page(request, found, status=422, signed_form=form, compared=compared)
    reports_closing.keep_signed_file(
        found, content, compared.kind, compared.as_dict(), by=request.user, at=clock.now(), reason=reason
    )
    messages.success(request, _DONE[compared.kind])
    return redirect("review", found.pk)


_DONE = {
    SignedKind.INTACT: "Đã lưu bản đã ký: bản đã chốt nguyên vẹn, chữ ký số khớp nội dung tệp.",
    SignedKind.TEXT: "Đã lưu bản đã ký và so từng con số với bản đã chốt.",
    SignedKind.PICTURE: "Đã lưu bản đã ký. Tệp là bản quét không có chữ: hãy đối chiếu số liệu bằng mắt.",
}


@requires(Right.READ)
@require_safe
def review_signed_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The signed file as it was uploaded; `?lan=1` the first one, without it the newest."""
    found = review_for(request, pk)
    files = list(found.signed_files.order_by("pk"))
    if not files:
        return review_page(request, found, status=409, refused="Chưa tải lên bản đã ký của báo cáo này.")
    asked = request.GET.get("lan", str(len(files)))
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    if not 1 <= number <= len(files):
        raise Http404
    try:
        content = copies.stored_file(files[number - 1].name)
    except copies.LostFile as lost:
        told = f"{lost} Hãy báo người quản trị khôi phục từ bản sao lưu."
        return review_page(request, found, status=503, refused=told)
    response = HttpResponse(content, content_type="application/pdf")
    name = f"bao-cao-da-ky-cchc-{found.period}-{found.pk}-{number}.pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _back(found: Review) -> HttpResponse:
    return redirect(reverse("review", args=[found.pk]) + "#gop-y")


def _voices(request: HttpRequest, found: Review) -> list[Unit]:
    """In whose name the sender may speak; 403 for who only reads."""
    voices = comment_units(request.user, found, request.day)
    if not voices and not is_allowed(request.user, Right.COMMENT, found.unit, request.day):
        raise PermissionDenied("Bạn chỉ được xem dự thảo này.")
    return voices


@requires(Right.COMMENT)
def review_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """POST a comment on a section or the whole draft."""
    found = review_for(request, pk)
    voices = _voices(request, found)
    if request.method != "POST":
        return _back(found)
    if not voices:
        return review_page(request, found, status=409, refused=consultation_actions.CLOSED)
    form = CommentForm(request.POST, list(found.sections.order_by("order")), voices)
    if not form.is_valid():
        return review_page(request, found, status=422, comment_form=form)
    section, unit = form.chosen()
    words = form.cleaned_data["text"]
    try:
        consultation_actions.add_comment(
            found, words, unit=unit, section=section, by=request.user, at=clock.now()
        )
    except ReviewError as refused:
        return review_page(request, found, status=409, refused=str(refused), comment_form=form)
    messages.success(request, "Đã ghi ý kiến.")
    return _back(found)


@requires(Right.SIGNED_IN)
def comment_reply(request: HttpRequest, pk: int) -> HttpResponse:
    """POST a reply to a comment; an editor of the review may settle it at once."""
    said = SectionComment.objects.select_related("review__unit").filter(pk=pk).first()
    if said is None:
        raise Http404
    found = review_for(request, said.review_id)
    edits = is_allowed(request.user, Right.EDIT, found.unit, request.day)
    voices = _voices(request, found)
    if request.method != "POST":
        return _back(found)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        told = " ".join(message for each in form.errors.values() for message in each)
        return review_page(request, found, status=422, comment_wrong=told)
    resolution, words = form.cleaned_data["resolution"], form.cleaned_data["text"]
    try:
        if resolution:
            if not edits:
                raise PermissionDenied("Người tổng hợp báo cáo giải quyết ý kiến.")
            consultation_actions.resolve_comment(
                said, resolution, words, unit=found.unit, by=request.user, at=clock.now()
            )
        elif voices:
            unit = found.unit if found.unit in voices else voices[0]
            consultation_actions.add_comment(
                found, words, unit=unit, parent=said, by=request.user, at=clock.now()
            )
        else:
            raise ReviewError(consultation_actions.CLOSED)
    except ReviewError as refused:
        return review_page(request, found, status=409, comment_wrong=str(refused))
    messages.success(request, "Đã giải quyết ý kiến." if resolution else "Đã trả lời.")
    return _back(found)


@requires(Right.SIGNED_IN)
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: the asked unit has nothing to say to the draft."""
    one = Asking.objects.select_related("unit", "review__unit").filter(pk=pk, kind=AskKind.COMMENT).first()
    if one is None or not is_allowed(request.user, Right.READ, one.unit, request.day):
        raise Http404
    require_right(request.user, Right.FILL, one.unit, request.day)
    if request.method == "POST":
        with outcome_message(request, "Đã ghi: đơn vị nhất trí, không có ý kiến thêm.", ReviewError):
            consultation_actions.agree(one, by=request.user, at=clock.now())
    return redirect("records:worklist")
