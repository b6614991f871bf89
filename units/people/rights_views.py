"""Who may do what, and a person who leaves or moves to another unit (administrators)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core.errors import ChangeDenied
from core.text import clean_text
from core.web.pagination import outcome_message, page_of
from core.web.rights import Right, requires
from spreadsheets.table_file import requested_file
from units.access.forms import administered_unit
from units.access.queries import is_allowed, person_for
from units.models import Role
from units.tree.queries import resolve_code

from . import actions
from .files import rights_file
from .forms import TransferForm
from .queries import HOLDER_STATES, all_holder_lines, holder_lines, role_holders


@requires(Right.MANAGE)
@require_safe
def rights_list(request: HttpRequest) -> HttpResponse:
    """Every role held today, by unit; `?unit=` a subtree, `?role=`, `?state=`."""
    code, role, state = (clean_text(request.GET.get(name, ""))[:64] for name in ("unit", "role", "state"))
    unit, wrong = None, ""
    try:
        unit = resolve_code(code, request.day) if code else None
    except ValueError as error:
        wrong = str(error)
    if code and (unit is None or not is_allowed(request.user, Right.MANAGE, unit, request.day)):
        wrong = wrong or "Không có đơn vị nào mang mã này trong phạm vi quản trị của bạn."
    role, state = (role if role in Role.values else ""), (state if state in HOLDER_STATES else "")
    found = role_holders(request.user, request.day, under=unit, role=role, state=state)
    found = found.none() if wrong else found
    told = "; ".join(filter(None, (code, role and Role(role).label, state and HOLDER_STATES[state])))
    tables = {"": lambda: rights_file(all_holder_lines(found, request.day), timezone.now(), told)}
    if file := requested_file(request, tables):
        return file
    page = page_of(request, found)
    context = {
        "page": page,
        "lines": holder_lines(list(page), request.day),
        "unit": code,
        "wrong": wrong,
        "role": role,
        "state": state,
        "roles": Role.choices,
        "states": HOLDER_STATES.items(),
        "filtered": code or role or state,
    }
    return render(request, "units/people/rights.html", context, status=422 if wrong else 200)


@requires(Right.MANAGE)
@require_POST
def person_leave(request: HttpRequest, pk: int) -> HttpResponse:
    """The person leaves today."""
    someone = person_for(request.user, pk, request.day)
    try:
        ended = actions.leave(someone, request.day, by=request.user)
    except ChangeDenied as denied:
        messages.error(request, str(denied))
    else:
        messages.success(request, f"Đã ghi nghỉ việc: khóa tài khoản, kết thúc {ended} vai trò.")
    return redirect("units:person", pk)


@requires(Right.MANAGE)
@require_POST
def person_transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """The person goes to another unit, with the same roles."""
    someone = person_for(request.user, pk, request.day)
    form = TransferForm(request.POST)
    unit = administered_unit(request, form) if form.is_valid() else None
    if unit is None:
        for field, errors in form.errors.items():
            messages.error(request, f"{form.fields[field].label}: {errors[0]}")
        return redirect("units:person", pk)
    with outcome_message(request, f"Đã chuyển công tác đến {unit.name}.", ChangeDenied):
        actions.transfer(someone, unit, form.cleaned_data["on"], by=request.user)
    return redirect("units:person", pk)
