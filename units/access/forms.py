"""The unit that a form names, if the reader administers it."""

from django import forms
from django.http import HttpRequest

from core.web.rights import Right
from units.models import Unit
from units.tree.queries import resolve_code

from .queries import is_allowed


def administered_unit(request: HttpRequest, form: forms.Form) -> Unit | None:
    """The unit that the form names today, if the reader administers it; else an error in the form."""
    try:
        unit = resolve_code(form.cleaned_data["unit"], request.day)
    except ValueError:
        unit = None
    if unit is None or not is_allowed(request.user, Right.MANAGE, unit, request.day):
        form.add_error("unit", "Không có đơn vị nào mang mã này trong phạm vi quản trị của bạn.")
        return None
    return unit
