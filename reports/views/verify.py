"""Anyone checks an issued review: its file, or the code that is printed in it, without signing in."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from reports.forms.verify import CodeForm, VerifyForm
from reports.outlets import checking, claims, codes, main_figures
from reports.outlets.pdf import foreign
from reports.queries import issued, reviews
from units import pace
from units.access import Right, requires

# So long does an address wait that has asked settings.VERIFY_LIMIT times.
WINDOW_SECONDS = 600


@requires(Right.PUBLIC)
def verify(request: HttpRequest) -> HttpResponse:
    """Says of a file whether it is, or begins with, what was frozen here, and of an issued review whether it is the
    current one. Of a review that is not issued yet only whoever holds the very file learns anything: that it is
    that file.
    """
    asked = request.method == "POST" or "code" in request.GET
    if asked and not pace.within("verify", request, most=settings.VERIFY_LIMIT, seconds=WINDOW_SECONDS):
        answer = _page(
            request, status=429, busy="Đã kiểm tra quá nhiều lần từ máy này. Hãy đợi 10 phút rồi thử lại."
        )
        answer.headers["Retry-After"] = str(WINDOW_SECONDS)
        return answer
    if request.method == "POST":
        return _by_file(request)
    return _by_code(request) if asked else _page(request)


def _by_code(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.GET)
    if not form.is_valid():
        return _page(request, status=422, code_form=form)
    found = issued.by_code(form.cleaned_data["code"])
    if found is None:
        return _page(request, code_form=form, unknown=codes.written(form.cleaned_data["code"]))
    return _page(request, code_form=form, by_code=True, **_told(found))


def _by_file(request: HttpRequest) -> HttpResponse:
    form = VerifyForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, status=422, form=form)
    if form.cleaned_data["file"].size > settings.UPLOAD_MAX_BYTES:
        return render(request, "413.html", {"limit": settings.UPLOAD_MAX_BYTES // 1024 // 1024}, status=413)
    content = form.cleaned_data["file"].read()
    try:
        verdict = checking.check_bytes(content)
        claimed = claims.of(content) if verdict.review is None else None
    except foreign.Busy as busy:
        answer = _page(request, status=429, busy=str(busy))
        answer.headers["Retry-After"] = "60"
        return answer
    if claimed is not None:
        return _page(request, verdict=verdict, claimed=claimed, **_told(claimed.review))
    if verdict.valid:
        return _page(request, verdict=verdict, **_told(verdict.review))
    return _page(request, verdict=verdict)


def _told(review: Any) -> dict[str, Any]:
    """What is shown of a review: of an issued one how it stands and its main figures, to be held against a paper."""
    standing = issued.standing(review)
    if standing is None:
        return {"found": review, "period": review.frozen["review"]["period_label"]}
    return {
        "found": review,
        "standing": standing,
        "period": standing.period,
        "figures": main_figures.table(review.frozen),
        "newer": bool(reviews.newer_figures(review.frozen)),
        "code": codes.written(standing.code) if standing.code else "",
    }


def _page(request: HttpRequest, status: int = 200, **context: Any) -> HttpResponse:
    context = {"form": VerifyForm(), "code_form": CodeForm(), **context}
    return render(request, "reports/review/verify.html", context, status=status)
