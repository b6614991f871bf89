"""Opening, closing and succeeding units (administrators). A unit is never renamed or moved."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from units import access, actions, queries
from units.access import Right, requires
from units.forms.tree import CloseForm, OpenForm, SucceedForm, show_refusal
from units.models import Unit
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


def _form(
    request: HttpRequest, form, title: str, verb: str, unit: Unit | None = None, template="units/form.html"
):
    context = {"form": form, "title": title, "verb": verb, "unit": unit}
    return render(request, template, context, status=200 if not form.errors else 422)


@requires(Right.MANAGE, by_unit=True)
@require_http_methods(["GET", "HEAD", "POST"])
def unit_close(request: HttpRequest, pk: int) -> HttpResponse:
    unit = access.unit_for(request.user, pk, request.day, Right.MANAGE)
    form = CloseForm(posted(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        close = actions.close_branch if data["branch"] else actions.close_unit
        try:
            close(unit, data["on"], by=request.user, basis=data["basis"])
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, f"Đã ghi ngày kết thúc hoạt động của {unit.name}.")
            return redirect("units:detail", unit.pk)
    return _form(request, form, f"Đóng {unit.name}", "Đóng đơn vị", unit)


@requires(Right.MANAGE, by_unit=True)
@require_http_methods(["GET", "HEAD", "POST"])
def unit_succeed(request: HttpRequest, pk: int) -> HttpResponse:
    unit = access.unit_for(request.user, pk, request.day, Right.MANAGE)
    initial = {"tier": unit.tier, "parent": unit.parent.code if unit.parent else ""}
    form = SucceedForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        new = _succeed(request, unit, form)
        if new is not None:
            messages.success(request, f"Đã ghi kế thừa: {unit.name} → {new.name}.")
            return redirect("units:detail", unit.pk)
    return _form(request, form, f"Kế thừa {unit.name}", "Ghi kế thừa", unit, "units/succeed.html")


def _succeed(request: HttpRequest, unit: Unit, form: SucceedForm) -> Unit | None:
    """The successor, or None and the errors in the form."""
    on = form.cleaned_data["on"]
    codes = queries.Codes(access.visible(request.user, request.day))
    parent = parent_of(request, form, on)
    olds = [unit, *_others(request, form, codes, on)]
    heir = None if form.errors else form.successor(codes, unit, parent)
    if isinstance(heir, Unit):
        access.check(request.user, Right.MANAGE, heir, request.day)
    if heir is None:
        return None
    try:
        part = actions.Part(heir)
        return actions.replace(olds, [part], on, by=request.user, basis=form.cleaned_data["basis"])[0]
    except Refused as refused:
        show_refusal(form, refused)
        return None


def _others(request: HttpRequest, form: SucceedForm, codes: queries.Codes, on) -> list[Unit]:
    found = []
    for code in form.cleaned_data["others"].replace(",", " ").split():
        holders = [
            one
            for one in codes.holders(code)
            if one.active_from < on and (not one.active_until or one.active_until < on)
        ]
        if not holders:
            form.add_error("others", f"Không có đơn vị nào mang mã {code} trước ngày đó.")
        elif not access.allowed(request.user, Right.MANAGE, holders[-1], request.day):
            raise PermissionDenied(f"Bạn không quản trị {holders[-1].name}.")
        else:
            found.append(holders[-1])
    return found
