"""The public page /verify/: a file or a printed code in, the verdict and the main figures out."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core import rate_limit
from core.web import Right, requires
from figures.formatting import format_count, format_percent
from figures.measures import measure_label, online_labels
from figures.rates import CATALOGUE
from figures.summary import MAIN_COUNTS, Figures, Summary
from reports import review_access
from reports.pdf import foreign_files
from reports.printing.print_view import tier_rows
from reports.review_access import newer_figures

from . import signed_files
from . import verdict as verification_verdict

_BELOW = {rate.below: rate for rate in CATALOGUE if rate.below}


@dataclass(frozen=True)
class MainFiguresTable:
    """Column heads (the tiers and the total), and lines of a name and, for each head, that head and a text."""

    heads: list[str]
    lines: list[tuple[str, list[tuple[str, str]]]]


def main_figures_table(doc: dict[str, Any]) -> MainFiguresTable:
    """Counts with their shares, as the review prints them."""
    now, before = Summary.from_dict(doc["figures"]), Summary.from_dict(doc["last_year"])
    end = date.fromisoformat(doc["review"]["to"])
    rows = tier_rows(now, before, doc["review"]["unit_name"])
    heads = ["Chung" if row.is_total else row.name for row in rows]
    lines: list[tuple[str, list[str]]] = []
    for name in MAIN_COUNTS:
        label = (
            f"Tiếp nhận trực tuyến {online_labels(end)['online']}"
            if name == "received_online"
            else measure_label(name, end)
        )
        lines.append((label, [format_count(row.now.counts[name]) for row in rows]))
        if rate := _BELOW.get(name):
            lines.append((rate.name, [_written(row.now, rate.key) for row in rows]))
    return MainFiguresTable(heads, [(name, list(zip(heads, texts, strict=True))) for name, texts in lines])


def _written(figures: Figures, name: str) -> str:
    share = figures.share(name)
    return format_percent(share.percent) + (" (chưa đủ)" if share.partial else "")


_FILE = dict.fromkeys(("required", "missing", "invalid"), "Hãy chọn tệp PDF.") | {"empty": "Tệp rỗng."}


class VerifyForm(forms.Form):
    """A PDF to be checked by anyone."""

    file = forms.FileField(
        label="Tệp PDF của báo cáo",
        help_text="Bản tải từ hệ thống, bản ký số hoặc bản quét; tệp không được lưu lại.",
        error_messages=_FILE,
        widget=forms.FileInput(attrs={"accept": ".pdf,application/pdf"}),
    )


class ReviewCodeForm(forms.Form):
    """The ten letters under "Nơi nhận"; case, spaces and dashes do not matter."""

    code = forms.CharField(
        label="Mã kiểm tra",
        help_text="Mười chữ cái in dưới “Nơi nhận”, ví dụ BCDFG-HJKLM.",
        max_length=100,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={"required": "Hãy gõ mã kiểm tra.", "max_length": "Mã chỉ có mười chữ cái."},
    )

    def clean_code(self) -> str:
        typed: Any = self.cleaned_data["code"]
        read = review_access.parse_code(typed)
        if not read:
            raise forms.ValidationError(
                "Mã gồm mười chữ cái, không có chữ số và nguyên âm. Hãy xem lại trên báo cáo."
            )
        return read


# The window in which an address may check settings.VERIFY_LIMIT times.
WINDOW_SECONDS = 600


@requires(Right.PUBLIC)
def verify(request: HttpRequest) -> HttpResponse:
    """Says of a file whether it is, or begins with, what was frozen here, and of an issued review whether it is the
    current one. Of a review that is not issued yet only whoever holds the very file learns anything: that it is
    that file.
    """
    submitted = request.method == "POST" or "code" in request.GET
    if submitted and not rate_limit.is_within_limit(
        "verify", request, most=settings.VERIFY_LIMIT, seconds=WINDOW_SECONDS
    ):
        answer = _page(
            request, status=429, busy="Đã kiểm tra quá nhiều lần từ máy này. Hãy đợi 10 phút rồi thử lại."
        )
        answer.headers["Retry-After"] = str(WINDOW_SECONDS)
        return answer
    if request.method == "POST":
        return _by_file(request)
    return _by_code(request) if submitted else _page(request)


def _by_code(request: HttpRequest) -> HttpResponse:
    form = ReviewCodeForm(request.GET)
    if not form.is_valid():
        return _page(request, status=422, code_form=form)
    review = review_access.issued_review(form.cleaned_data["code"])
    if review is None:
        return _page(request, code_form=form, unknown=review_access.code_text(form.cleaned_data["code"]))
    return _page(request, code_form=form, by_code=True, **_review_context(review))


def _by_file(request: HttpRequest) -> HttpResponse:
    form = VerifyForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, status=422, form=form)
    if form.cleaned_data["file"].size > settings.UPLOAD_MAX_BYTES:
        return render(request, "413.html", {"limit": settings.UPLOAD_MAX_BYTES // 1024 // 1024}, status=413)
    content = form.cleaned_data["file"].read()
    try:
        verdict = verification_verdict.check_bytes(content)
        claimed = signed_files.claimed_review(content) if verdict.review is None else None
    except foreign_files.ReaderBusy as busy:
        answer = _page(request, status=429, busy=str(busy))
        answer.headers["Retry-After"] = "60"
        return answer
    if claimed is not None:
        return _page(request, verdict=verdict, claimed=claimed, **_review_context(claimed.review))
    if verdict.valid:
        return _page(request, verdict=verdict, **_review_context(verdict.review))
    return _page(request, verdict=verdict)


def _review_context(review: Any) -> dict[str, Any]:
    """Context of a review: for an issued one its status and main figures, to compare with a printout."""
    standing = review_access.issued_status(review)
    if standing is None:
        return {"found": review, "period": review.frozen["review"]["period_label"]}
    return {
        "found": review,
        "standing": standing,
        "period": standing.period,
        "figures": main_figures_table(review.frozen),
        "newer": bool(newer_figures(review.frozen)),
        "code": review_access.code_text(standing.code) if standing.code else "",
    }


def _page(request: HttpRequest, status: int = 200, **context: Any) -> HttpResponse:
    context = {"form": VerifyForm(), "code_form": ReviewCodeForm(), **context}
    return render(request, "reports/verification/verify.html", context, status=status)
