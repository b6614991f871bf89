"""The rules of safety, set by an administrator of the top of the tree."""

from dataclasses import asdict

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from units import access, actions, history, pace
from units.access import Right, requires
from units.actions.people import Denied
from units.actions.safety import SUBJECT
from units.forms.safety import SafetyForm
from units.outlets.lists import log_file
from units.safety import current
from units.tablefile import file_of

from .lists import posted


@requires(Right.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def safety(request: HttpRequest) -> HttpResponse:
    if not access.is_root_administrator(request.user, request.day):
        raise PermissionDenied("Chỉ người quản trị của đơn vị cao nhất đặt được quy định chung.")
    tables = {"nhat-ky": lambda: log_file("Nhật ký quy định an toàn", history.every(SUBJECT), timezone.now())}
    if file := file_of(request, tables):
        return file
    form = SafetyForm(posted(request), initial=asdict(current()))
    address = pace.address_of(request)
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_safety(form.rules(), by=request.user, address=address)
        except Denied as denied:
            form.add_error(denied.field, str(denied))
        else:
            messages.success(request, "Đã lưu. Quy định có hiệu lực ngay.")
            return redirect("units:rules_of_safety")
    context = {"form": form, "address": address, "history": history.of(SUBJECT)}
    return render(request, "units/safety.html", context, status=422 if form.errors else 200)
