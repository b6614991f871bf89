"""Who may do what, and what becomes of a person's rights (administrators)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from units import access, actions, administering, queries
from units.access import Right, requires
from units.actions.people import Denied
from units.forms.people import TransferForm
from units.holders import STATES, every_line, holders, lines
from units.models import Role
from units.outlets.lists import rights_file
from units.tablefile import file_of
from units.words import clean

from .lists import page_of
from .managed import unit_named


@requires(Right.MANAGE)
@require_safe
def rights(request: HttpRequest) -> HttpResponse:
    """Every role held today, by unit; `?unit=` a subtree, `?role=`, `?state=`."""
    code, role, state = (clean(request.GET.get(name, ""))[:64] for name in ("unit", "role", "state"))
    unit, wrong = None, ""
    try:
        unit = queries.resolve(code, request.day) if code else None
    except ValueError as error:
        wrong = str(error)
    if code and (unit is None or not access.allowed(request.user, Right.MANAGE, unit, request.day)):
        wrong = wrong or "Không có đơn vị nào mang mã này trong phạm vi quản trị của bạn."
    role, state = (role if role in Role.values else ""), (state if state in STATES else "")
    found = holders(request.user, request.day, under=unit, role=role, state=state)
    found = found.none() if wrong else found
    told = "; ".join(filter(None, (code, role and Role(role).label, state and STATES[state])))
    tables = {"": lambda: rights_file(every_line(found, request.day), timezone.now(), told)}
    if file := file_of(request, tables):
        return file
    page = page_of(request, found)
    context = {
        "page": page,
        "lines": lines(list(page), request.day),
        "unit": code,
        "wrong": wrong,
        "role": role,
        "state": state,
        "roles": Role.choices,
        "states": STATES.items(),
        "filtered": code or role or state,
    }
    return render(request, "units/rights.html", context, status=422 if wrong else 200)


@requires(Right.MANAGE)
@require_POST
def person_leave(request: HttpRequest, pk: int) -> HttpResponse:
    """The person leaves today."""
    someone = administering.person_for(request.user, pk, request.day)
    try:
        ended = actions.leave(someone, request.day, by=request.user)
    except Denied as denied:
        messages.error(request, str(denied))
    else:
        messages.success(request, f"Đã ghi nghỉ việc: khóa tài khoản, kết thúc {ended} vai trò.")
    return redirect("units:person", pk)


@requires(Right.MANAGE)
@require_POST
def person_transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """The person goes to another unit, with the same roles."""
    someone = administering.person_for(request.user, pk, request.day)
    form = TransferForm(request.POST)
    unit = unit_named(request, form) if form.is_valid() else None
    if unit is None:
        for field, errors in form.errors.items():
            messages.error(request, f"{form.fields[field].label}: {errors[0]}")
        return redirect("units:person", pk)
    try:
        actions.transfer(someone, unit, form.cleaned_data["on"], by=request.user)
    except Denied as denied:
        messages.error(request, str(denied))
    else:
        messages.success(request, f"Đã chuyển công tác đến {unit.name}.")
    return redirect("units:person", pk)
