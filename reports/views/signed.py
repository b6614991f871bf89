"""The signed file of a frozen review: uploaded, compared, downloaded as it came."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from cchc_dashboard import clock
from reports import actions
from reports.forms.signed import SignedForm
from reports.models import Review, SignedKind
from reports.outlets import comparing, copies
from reports.outlets.pdf import foreign
from units.access import Right, requires

from .review_acts import acting
from .reviews import page, review_for


@acting(Right.EDIT)
def review_signed(request: HttpRequest, found: Review) -> HttpResponse:
    """Keep the signed file; one that lacks frozen figures only with a reason."""
    if not found.is_frozen:
        raise actions.Refused("Chỉ tải lên bản đã ký sau khi đã chốt số liệu, trình ký.")
    form = SignedForm(request.POST, request.FILES)
    if not form.is_valid():
        return page(request, found, status=422, signed_form=form)
    if form.cleaned_data["file"].size > settings.UPLOAD_MAX_BYTES:
        limit = settings.UPLOAD_MAX_BYTES // 1024 // 1024
        return render(request, "413.html", {"limit": limit}, status=413)
    content = form.cleaned_data["file"].read()
    try:
        compared = comparing.compare(content, found)
    except foreign.Busy as busy:
        answer = page(request, found, status=429, refused=str(busy))
        answer.headers["Retry-After"] = "60"
        return answer
    except (comparing.Refused, foreign.Unread, copies.Lost) as refused:
        form.add_error("file", str(refused))
        return page(request, found, status=422, signed_form=form)
    reason = form.cleaned_data["reason"].strip()
    if compared.missing and not reason:
        form.add_error(
            "reason", "Tệp thiếu số liệu đã chốt. Nếu đúng là bản đã ký, ghi lý do và chọn lại tệp."
        )
        return page(request, found, status=422, signed_form=form, compared=compared)
    actions.keep_signed(
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
        return page(request, found, status=409, refused="Chưa tải lên bản đã ký của báo cáo này.")
    asked = request.GET.get("lan", str(len(files)))
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    if not 1 <= number <= len(files):
        raise Http404
    try:
        content = copies.stored(files[number - 1].name)
    except copies.Lost as lost:
        told = f"{lost} Hãy báo người quản trị khôi phục từ bản sao lưu."
        return page(request, found, status=503, refused=told)
    response = HttpResponse(content, content_type="application/pdf")
    name = f"bao-cao-da-ky-cchc-{found.period}-{found.pk}-{number}.pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
