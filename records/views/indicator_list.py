"""Which indicators there are, for administrators of the top of the tree: the preset ones in one step, own ones, and
those that are not used any more.
"""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cchc_dashboard import clock
from figures.writing import count
from records.actions import indicators
from records.forms.indicators import IndicatorForm
from records.models import Indicator
from records.outlets.indicator_lists import indicators_file
from units import access
from units.access import Right
from units.tablefile import file_of

PRESETS = settings.BASE_DIR / "fixtures" / "indicators.json"


def _only_roots(request: HttpRequest) -> None:
    if not access.is_root_administrator(request.user, request.day):
        raise PermissionDenied("Chỉ người quản trị của đơn vị cao nhất đặt được bộ chỉ tiêu chung.")


@access.requires(Right.MANAGE)
def indicator_list(request: HttpRequest) -> HttpResponse:
    """All indicators, and a form for a new one that is posted here."""
    _only_roots(request)
    if file := file_of(request, {"": lambda: indicators_file(Indicator.objects.all(), clock.now())}):
        return file
    form = IndicatorForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        (new,) = indicators.define([form.cleaned_data], by=request.user, at=clock.now())
        messages.success(request, f"Đã thêm chỉ tiêu “{new.name}”.")
        return redirect("records:indicator_list")
    known = list(Indicator.objects.all())
    lacking = {one["code"] for one in indicators.presets(PRESETS)} - {one.code for one in known}
    context = {"form": form, "indicators": known, "lacking": len(lacking)}
    return render(request, "records/indicator_list.html", context, status=422 if form.errors else 200)


@access.requires(Right.MANAGE)
def load_presets(request: HttpRequest) -> HttpResponse:
    """POST: adds the preset indicators that are not there yet."""
    _only_roots(request)
    if request.method == "POST":
        new = indicators.define(indicators.presets(PRESETS), by=request.user, at=clock.now())
        messages.success(request, f"Đã thêm {count(len(new))} chỉ tiêu có sẵn.")
    return redirect("records:indicator_list")


@access.requires(Right.MANAGE)
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """POST `retired` 1 or 0: an indicator is asked for no more, or again."""
    _only_roots(request)
    found = Indicator.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    if request.method == "POST":
        off = request.POST.get("retired") == "1"
        indicators.retire(found, off, by=request.user, at=clock.now())
        told = "Không hỏi nữa" if off else "Hỏi lại"
        messages.success(request, f"{told}: “{found.name}”. Số đã báo cáo giữ nguyên.")
    return redirect("records:indicator_list")
