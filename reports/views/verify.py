"""Anyone checks an issued review: upload its PDF, read whether it is the one that was frozen here."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from figures.periods import Period
from reports.forms.reviews import VerifyForm
from reports.outlets import checking
from units.access import Right, requires


@requires(Right.PUBLIC)
def verify(request: HttpRequest) -> HttpResponse:
    """Says valid or not valid, and of a valid file only what stands in it anyway, and whether newer figures exist."""
    form = (
        VerifyForm(request.POST or None, request.FILES or None) if request.method == "POST" else VerifyForm()
    )
    context: dict[str, object] = {"form": form}
    status = 200
    if request.method == "POST":
        if not form.is_valid():
            status = 422
        elif form.cleaned_data["file"].size > settings.UPLOAD_MAX_BYTES:
            return render(
                request, "413.html", {"limit": settings.UPLOAD_MAX_BYTES // 1024 // 1024}, status=413
            )
        else:
            verdict = checking.check_bytes(form.cleaned_data["file"].read())
            context |= {"verdict": verdict, "found": verdict.review, "period": _period(verdict)}
    return render(request, "reports/review/verify.html", context, status=status)


def _period(verdict: checking.Verdict) -> str:
    return Period.parse(verdict.review.period).label if verdict.review else ""
