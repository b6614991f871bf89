"""Actions on a review: edit, comment, state, figures, freezing, long PDF, number, signed file, replacement."""

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
from core.text import parse_digits
from core.web import Right, attachment, outcome_message, requires
from ledger import jobs
from reports import document, freezing, review_access
from reports.consultation import actions as consultation_actions
from reports.consultation.queries import comment_units
from reports.consultation.views import CommentForm, ReplyForm
from reports.drafting import actions as drafting_actions
from reports.freezing import before_signing
from reports.models import Asking, AskKind, Drawing, Review, SectionComment, SignedKind
from reports.pdf import drawing, foreign_files
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

EVERY = 3  # seconds between reloads of the job's page


@requires(Right.READ)
@require_safe
def review_drawing(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress of a long PDF, with its download or a button to cancel it."""
    review = review_for(request, pk)
    drawing = review.drawings.select_related("asked_by").last()
    jobs.start_worker()
    ready = review.is_frozen
    if not ready and not (drawing and drawing.is_open):
        ready = copies.is_cached(review, document.build_document(review, demo=settings.DEMO))
    context = {
        "found": review,
        "drawing": drawing,
        "ready": ready,
        "before": _before(drawing),
        "most": max(drawing.total, drawing.done + 1) if drawing else 1,
        "may_cancel": bool(drawing) and drawing.is_open and _may_cancel(request, drawing),
    }
    answer = render(request, "reports/reviews/pdf_job.html", context)
    if drawing and drawing.is_open:
        # A header instead of a script or a live region: it works without scripts and does not disturb screen readers.
        answer.headers["Refresh"] = str(EVERY)
    return answer


@requires(Right.READ)
def review_draw(request: HttpRequest, pk: int) -> HttpResponse:
    """Queue the PDF of a long draft; short and frozen ones are downloaded at once."""
    review = review_for(request, pk)
    if request.method != "POST":
        return redirect("review_drawing", pk)
    if not review.is_frozen:
        pages = print_view.expected_pages(document.build_document(review, demo=settings.DEMO))
        if pages >= copies.LONG:
            return queue_and_show(request, review, pages)
    return redirect("review_pdf", pk)


@requires(Right.READ)
def review_draw_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancel a job: allowed for the user who started it and for editors of the review."""
    review = review_for(request, pk)
    drawing = review.drawings.last()
    if request.method == "POST" and drawing:
        if not _may_cancel(request, drawing):
            messages.error(request, "Chỉ người đã yêu cầu hoặc người tổng hợp báo cáo hủy được việc vẽ PDF.")
        elif jobs.cancel(drawing):
            messages.success(request, "Đã hủy việc vẽ PDF.")
    return redirect("review_drawing", pk)


def queue_and_show(
    request: HttpRequest, review: Review, pages: int, closing: tuple[str, str, bool] | None = None
) -> HttpResponse:
    """Queue a long PDF and show its progress; 429 when the queue is full."""
    try:
        freezing.queue_drawing(review, by=request.user, at=clock.now(), expected=pages, closing=closing)
    except freezing.QueueFull as error:
        answer = review_page(request, review, status=429, refused=str(error))
        answer.headers["Retry-After"] = "120"
        return answer
    jobs.start_worker()
    return redirect("review_drawing", review.pk)


def _may_cancel(request: HttpRequest, drawing: Drawing) -> bool:
    own = drawing.asked_by_id == request.user.pk
    return own or is_allowed(request.user, Right.EDIT, drawing.review.unit, request.day)


def _before(drawing: Drawing | None) -> int:
    """How many jobs are before this one in the queue."""
    return jobs.count_before(drawing) if drawing and drawing.is_open else 0


# Limits of `accept` in a request; a name is "=12.3.4567" at most.
MOST_NAME, MOST_NAMES = 40, 2000


def review_action(right: Right) -> Callable:
    """Decorator of a POST view that changes a review: it checks the right and shows a ReviewError on the review's page
    (409). Other methods redirect to that page.
    """

    def declare(view: Callable[[HttpRequest, Review], HttpResponse]):
        @requires(right)
        @wraps(view)
        def guarded(request: HttpRequest, pk: int) -> HttpResponse:
            review = review_for(request, pk, right)
            if request.method != "POST":
                return redirect("review", pk)
            try:
                return view(request, review)
            except review_access.ReviewError as error:
                return review_page(request, review_for(request, pk, right), status=409, refused=str(error))

        return guarded

    return declare


@requires(Right.EDIT)
def review_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Edit the parts of a draft around its sections, unless somebody else has changed them meanwhile (409)."""
    review = review_for(request, pk, Right.EDIT)
    if review.is_frozen:
        messages.error(request, "Báo cáo đã chốt số liệu, không sửa được nữa. Hãy lập bản thay thế.")
        return redirect("review", pk)
    data = request.POST if request.method == "POST" else None
    form, tasks = ReviewHeaderForm(data, review), task_forms(data, review)
    context = {"found": review, "form": form, "tasks": tasks, "version": document.header_version(review)}
    context["sections"] = review.sections.all()
    status = 200
    if data is not None:
        status = _saved(request, review, form, tasks)
    if status == 302:
        messages.success(request, "Đã lưu báo cáo.")
        return redirect("review", pk)
    if status == 409:
        # After a conflict the page keeps the version that it was opened with, so that sending it again conflicts too.
        context["version"] = request.POST.get("version", "")
    context |= {"stale": status == 409, "wrong": status == 422, "told": INCOMPLETE if tasks.broken else ""}
    return render(request, "reports/reviews/edit.html", context, status=status)


def _saved(request: HttpRequest, review: Review, form: ReviewHeaderForm, tasks: TaskForms) -> int:
    """Save the form; returns 302 (saved), 409 (another version) or 422 (invalid)."""
    version = request.POST.get("version", "")
    if version != document.header_version(review):
        return 409
    if tasks.broken or not form.is_valid() or not tasks.is_valid():
        return 422
    try:
        drafting_actions.edit_draft(
            review, by=request.user, at=clock.now(), tasks=tasks.tasks(), version=version, **form.changes()
        )
    except review_access.ReviewError:
        return 409
    return 302


@review_action(Right.EDIT)
def review_state(request: HttpRequest, review: Review) -> HttpResponse:
    """Switch between draft and comment."""
    drafting_actions.set_state(review, request.POST.get("state", ""), by=request.user, at=clock.now())
    messages.success(request, "Đã chuyển trạng thái dự thảo.")
    return redirect("review", review.pk)


@review_action(Right.EDIT)
def review_figures(request: HttpRequest, review: Review) -> HttpResponse:
    """Accept new figures in the text; `accept` names them (drafting.actions.accept_figures)."""
    names = [name for name in request.POST.getlist("accept") if len(name) <= MOST_NAME][:MOST_NAMES]
    drafting_actions.accept_figures(
        review,
        names,
        by=request.user,
        at=clock.now(),
        demo=settings.DEMO,
        version=request.POST.get("version", ""),
    )
    messages.success(request, "Đã nhận số liệu mới vào lời văn.")
    if request.POST.get("back") == "edit":
        return redirect("review_edit", review.pk)
    return redirect(reverse("review", args=[review.pk]) + _place(names))


def _place(names: list[str]) -> str:
    """The fragment of a single accepted sentence on the review's page."""
    match = re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", names[0]) if len(names) == 1 else None
    return f"#cau-{match[0].replace('.', '-')}" if match else ""


@review_action(Right.CLOSE)
def review_freeze(request: HttpRequest, review: Review) -> HttpResponse:
    """Close the figures of the version that the leader has seen; warnings need a reason."""
    if review.is_frozen:
        raise review_access.ReviewError("Báo cáo đã chốt số liệu.")
    at, doc = clock.now(), document.build_document(review, demo=settings.DEMO)
    if request.POST.get("version") != document.document_version(doc):
        raise review_access.StaleReview(freezing.CHANGED)
    form = ClosingReasonForm(request.POST, needed=bool(before_signing(review, doc, request.day)))
    if not form.is_valid():
        return review_page(request, review, status=422, reason_form=form)
    pages = print_view.expected_pages(doc)
    if pages >= copies.LONG:
        chosen = (request.POST["version"], form.cleaned_data["reason"], form.cleaned_data["qr"])
        return queue_and_show(request, review, pages, chosen)
    try:
        frozen = copies.draw_frozen_copy(doc, at=at, qr=form.cleaned_data["qr"])
    except drawing.PdfNotDrawn as error:
        return pdf_error_page(request, review, error)
    reason = form.cleaned_data["reason"]
    freezing.freeze(
        review, frozen.document, frozen.content, frozen.form, by=request.user, at=at, reason=reason
    )
    messages.success(request, "Đã chốt số liệu, trình ký. Bản PDF này không thay đổi nữa; hãy tải về để ký.")
    return redirect("review", review.pk)


@review_action(Right.EDIT)
def review_number(request: HttpRequest, review: Review) -> HttpResponse:
    """Record number and day of the signed review; a correction needs a reason."""
    form = IssueNumberForm(request.POST, review, request.day)
    if not form.is_valid():
        return review_page(request, review, status=422, number_form=form)
    freezing.record_issue(review, **form.cleaned_data, by=request.user, at=clock.now())
    messages.success(request, "Đã ghi số, ngày ban hành.")
    return redirect("review", review.pk)


@review_action(Right.EDIT)
def review_replace(request: HttpRequest, review: Review) -> HttpResponse:
    """Open a draft with the same text and current figures."""
    new = drafting_actions.replace_review(review, by=request.user, at=clock.now())
    messages.success(request, "Đã lập bản thay thế với số liệu hiện có. Bản đã chốt vẫn giữ nguyên.")
    return redirect("review", new.pk)


@review_action(Right.EDIT)
def review_signed(request: HttpRequest, review: Review) -> HttpResponse:
    """Store the signed file; if frozen figures are missing in it, a reason is needed."""
    if not review.is_frozen:
        raise review_access.ReviewError("Chỉ tải lên bản đã ký sau khi đã chốt số liệu, trình ký.")
    form = SignedFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return review_page(request, review, status=422, signed_form=form)
    if form.cleaned_data["file"].size > settings.UPLOAD_MAX_BYTES:
        limit = settings.UPLOAD_MAX_BYTES // 1024 // 1024
        return render(request, "413.html", {"limit": limit}, status=413)
    content = form.cleaned_data["file"].read()
    try:
        compared = signed_files.compare_signed_file(content, review)
    except foreign_files.ReaderBusy as busy:
        answer = review_page(request, review, status=429, refused=str(busy))
        answer.headers["Retry-After"] = "60"
        return answer
    except (signed_files.UnrelatedFile, foreign_files.UnreadablePdf, copies.LostFile) as error:
        form.add_error("file", str(error))
        return review_page(request, review, status=422, signed_form=form)
    reason = form.cleaned_data["reason"].strip()
    if compared.missing and not reason:
        form.add_error(
            "reason", "Tệp thiếu số liệu đã chốt. Nếu đúng là bản đã ký, ghi lý do và chọn lại tệp."
        )
        return review_page(request, review, status=422, signed_form=form, compared=compared)
    freezing.keep_signed_file(
        review, content, compared.kind, compared.as_dict(), by=request.user, at=clock.now(), reason=reason
    )
    messages.success(request, _DONE[compared.kind])
    return redirect("review", review.pk)


_DONE = {
    SignedKind.INTACT: "Đã lưu bản đã ký: bản đã chốt nguyên vẹn, chữ ký số khớp nội dung tệp.",
    SignedKind.TEXT: "Đã lưu bản đã ký và so từng con số với bản đã chốt.",
    SignedKind.PICTURE: "Đã lưu bản đã ký. Tệp là bản quét không có chữ: hãy đối chiếu số liệu bằng mắt.",
}


@requires(Right.READ)
@require_safe
def review_signed_file(request: HttpRequest, pk: int) -> HttpResponse:
    """A signed file as uploaded; `?lan=1` is the first one, default is the newest."""
    review = review_for(request, pk)
    files = list(review.signed_files.order_by("pk"))
    if not files:
        return review_page(request, review, status=409, refused="Chưa tải lên bản đã ký của báo cáo này.")
    number = parse_digits(request.GET.get("lan", str(len(files))), 5)
    if not 1 <= number <= len(files):
        raise Http404
    try:
        content = copies.stored_file(files[number - 1].name)
    except copies.LostFile as error:
        message = f"{error} Hãy báo người quản trị khôi phục từ bản sao lưu."
        return review_page(request, review, status=503, refused=message)
    name = f"bao-cao-da-ky-cchc-{review.period}-{review.pk}-{number}.pdf"
    return attachment(HttpResponse(content, content_type="application/pdf"), name)


def _back(review: Review) -> HttpResponse:
    return redirect(reverse("review", args=[review.pk]) + "#gop-y")


def _voices(request: HttpRequest, review: Review) -> list[Unit]:
    """In whose name the user may comment; 403 for those who only read."""
    voices = comment_units(request.user, review, request.day)
    if not voices and not is_allowed(request.user, Right.COMMENT, review.unit, request.day):
        raise PermissionDenied("Bạn chỉ được xem dự thảo này.")
    return voices


@requires(Right.COMMENT)
def review_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """POST a comment on a section or the whole draft."""
    review = review_for(request, pk)
    voices = _voices(request, review)
    if request.method != "POST":
        return _back(review)
    if not voices:
        return review_page(request, review, status=409, refused=consultation_actions.CLOSED)
    form = CommentForm(request.POST, list(review.sections.order_by("order")), voices)
    if not form.is_valid():
        return review_page(request, review, status=422, comment_form=form)
    section, unit = form.chosen()
    words = form.cleaned_data["text"]
    try:
        consultation_actions.add_comment(
            review, words, unit=unit, section=section, by=request.user, at=clock.now()
        )
    except ReviewError as error:
        return review_page(request, review, status=409, refused=str(error), comment_form=form)
    messages.success(request, "Đã ghi ý kiến.")
    return _back(review)


@requires(Right.SIGNED_IN)
def comment_reply(request: HttpRequest, pk: int) -> HttpResponse:
    """POST a reply to a comment; an editor of the review may resolve it with that."""
    comment = SectionComment.objects.select_related("review__unit").filter(pk=pk).first()
    if comment is None:
        raise Http404
    review = review_for(request, comment.review_id)
    edits = is_allowed(request.user, Right.EDIT, review.unit, request.day)
    voices = _voices(request, review)
    if request.method != "POST":
        return _back(review)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        faults = " ".join(message for each in form.errors.values() for message in each)
        return review_page(request, review, status=422, comment_wrong=faults)
    resolution, words = form.cleaned_data["resolution"], form.cleaned_data["text"]
    try:
        if resolution:
            if not edits:
                raise PermissionDenied("Người tổng hợp báo cáo giải quyết ý kiến.")
            consultation_actions.resolve_comment(
                comment, resolution, words, unit=review.unit, by=request.user, at=clock.now()
            )
        elif voices:
            unit = review.unit if review.unit in voices else voices[0]
            consultation_actions.add_comment(
                review, words, unit=unit, parent=comment, by=request.user, at=clock.now()
            )
        else:
            raise ReviewError(consultation_actions.CLOSED)
    except ReviewError as error:
        return review_page(request, review, status=409, comment_wrong=str(error))
    messages.success(request, "Đã giải quyết ý kiến." if resolution else "Đã trả lời.")
    return _back(review)


@requires(Right.SIGNED_IN)
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: the unit agrees to the draft without a comment."""
    asking = Asking.objects.select_related("unit", "review__unit").filter(pk=pk, kind=AskKind.COMMENT).first()
    if asking is None or not is_allowed(request.user, Right.READ, asking.unit, request.day):
        raise Http404
    require_right(request.user, Right.FILL, asking.unit, request.day)
    if request.method == "POST":
        with outcome_message(request, "Đã ghi: đơn vị nhất trí, không có ý kiến thêm.", ReviewError):
            consultation_actions.agree(asking, by=request.user, at=clock.now())
    return redirect("records:worklist")
