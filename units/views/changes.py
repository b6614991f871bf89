"""Opening and closing units (administrators). A unit is never renamed or moved: see merging and splitting."""

from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods, require_POST

from units import access, actions, queries
from units.access import Right, requires
from units.dates import write_day
from units.forms.tree import CloseForm, OpenForm, show_refusal
from units.models import Unit
from units.signals import consequences_of
from units.tree import Refused

from .lists import posted


def parent_of(request: HttpRequest, form, day) -> Unit | None:
    """The parent that the form names, if the reader administers it; else an error in the form (the same for a code that
    does not exist and one outside the reader's units).
    """
    code = form.cleaned_data["parent"]
    if not code:
        if not access.is_root_administrator(request.user, request.day):
            form.add_error("parent", "Hãy ghi mã đơn vị cấp trên.")
        return None
    try:
        unit = queries.resolve(code, day)
    except ValueError:
        unit = None
    if unit is None or not access.allowed(request.user, Right.MANAGE, unit, request.day):
        form.add_error("parent", "Không có đơn vị nào mang mã này trong phạm vi quản trị của bạn.")
        return None
    return unit


@requires(Right.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def unit_open(request: HttpRequest) -> HttpResponse:
    form = OpenForm(posted(request), initial=_below(request))
    if request.method == "POST" and form.is_valid():
        parent = parent_of(request, form, form.cleaned_data["active_from"])
        if not form.errors:
            try:
                unit = actions.open_unit(form.draft(parent), by=request.user)
            except Refused as refused:
                show_refusal(form, refused)
            else:
                messages.success(request, f"Đã mở {unit.name}.")
                return redirect("units:detail", unit.pk)
    return _form(request, form, "Mở đơn vị", "Mở đơn vị")


def _below(request: HttpRequest) -> dict:
    """The parent that `?parent=` names, where the reader administers it."""
    number = request.GET.get("parent", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return {}
    unit = access.unit_for(request.user, int(number), request.day, Right.MANAGE)
    return {"parent": unit.code, "tier": unit.tier}


def _form(request: HttpRequest, form, title: str, verb: str, unit: Unit | None = None):
    context = {"form": form, "title": title, "verb": verb, "unit": unit}
    return render(request, "units/form.html", context, status=200 if not form.errors else 422)


@requires(Right.MANAGE, by_unit=True)
@require_http_methods(["GET", "HEAD", "POST"])
def unit_close(request: HttpRequest, pk: int) -> HttpResponse:
    unit = access.unit_for(request.user, pk, request.day, Right.MANAGE)
    form = CloseForm(posted(request))
    if request.method == "POST" and "again" not in request.POST and form.is_valid():
        if request.POST.get("sure") != "1":
            closing = _would_close(request, form, unit)
            if closing:
                return render(request, "units/close_check.html", _closes(request, form, unit, closing))
        elif _close(request, form, unit):
            messages.success(request, f"Đã ghi ngày kết thúc hoạt động của {unit.name}.")
            return redirect("units:detail", unit.pk)
    return _form(request, form, f"Đóng {unit.name}", "Xem những gì thay đổi", unit)


@requires(Right.MANAGE, by_unit=True)
@require_POST
def unit_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the closing of a unit back, with all that closed with it (what is below it, so administered too)."""
    unit = access.unit_for(request.user, pk, request.day, Right.MANAGE)
    try:
        with transaction.atomic():
            units = actions.reopen_units(unit, by=request.user)
    except Refused as refused:
        return not_undone(request, unit, refused)
    more = f" và {len(units) - 1} đơn vị bên dưới" if len(units) > 1 else ""
    until = units[0].active_until
    last = f" đến hết ngày {write_day(until)}" if until else ""
    messages.success(request, f"Đã hoàn tác việc đóng: {unit.name}{more} hoạt động tiếp{last}.")
    return redirect("units:detail", unit.pk)


def not_undone(request: HttpRequest, unit: Unit, refused: Refused) -> HttpResponse:
    """Why an act is not undone, with the way back to the unit."""
    back = reverse("units:detail", args=[unit.pk])
    context = {"title": "Không hoàn tác được", "reason": capfirst(str(refused)), "back": back}
    return render(request, "400.html", context, status=422)


def _close(request: HttpRequest, form: CloseForm, unit: Unit) -> bool:
    data = form.cleaned_data
    close = actions.close_branch if data["branch"] else actions.close_unit
    try:
        close(unit, data["on"], by=request.user, basis=data["basis"])
    except Refused as refused:
        show_refusal(form, refused)
        return False
    return True


def _would_close(request: HttpRequest, form: CloseForm, unit: Unit) -> list[Unit]:
    """The unit and what closes with it, as they stand: tried, and taken back. None where the form has faults."""
    ending = Unit.objects.under(unit).filter(active_until=form.cleaned_data["on"])
    before = set(ending.values_list("pk", flat=True))
    with transaction.atomic():
        done = _close(request, form, Unit.objects.select_related("parent").get(pk=unit.pk))
        numbers = set(ending.values_list("pk", flat=True)) - before if done else set()
        transaction.set_rollback(True)
    return list(Unit.objects.filter(pk__in=numbers).order_by("depth", "kind", "folded", "pk"))


def _closes(request: HttpRequest, form: CloseForm, unit: Unit, closing: list[Unit]) -> dict:
    on = form.cleaned_data["on"]
    after = on + timedelta(1)
    return {
        "unit": unit,
        "form": form,
        "on": on,
        "closing": closing,
        "roles": actions.roles_of(closing, after).order_by("unit__folded", "user__username"),
        "consequences": consequences_of([], closing, after, 0, 0, request.day),
        "kept": [(name, value) for name in form.fields for value in request.POST.getlist(name)],
    }
