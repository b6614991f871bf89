"""What forms about administered units share."""

from django import forms
from django.http import HttpRequest

from units import access, queries
from units.access import Right
from units.models import Unit


def unit_named(request: HttpRequest, form: forms.Form) -> Unit | None:
    """The unit that the form names today, if the reader administers it; else an error in the form."""
    try:
        unit = queries.resolve(form.cleaned_data["unit"], request.day)
    except ValueError:
        unit = None
    if unit is None or not access.allowed(request.user, Right.MANAGE, unit, request.day):
        form.add_error("unit", "Không có đơn vị nào mang mã này trong phạm vi quản trị của bạn.")
        return None
    return unit
