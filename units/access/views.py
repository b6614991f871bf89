"""The page of the safety rules, for administrators of the top of the tree."""

from dataclasses import asdict

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import safety_rules
from accounts.safety_rules import SAFETY_SUBJECT, SafetyForm, current_safety
from core import network
from core.forms import ChangeDenied, posted_data
from core.web import Right, requires
from spreadsheets.table_writer import requested_file
from units.activity_log import all_log_lines, latest_log_lines, log_file

from .queries import is_root_administrator


@requires(Right.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def safety_page(request: HttpRequest) -> HttpResponse:
    if not is_root_administrator(request.user, request.day):
        raise PermissionDenied("Chỉ người quản trị của đơn vị cao nhất đặt được quy định chung.")
    tables = {
        "nhat-ky": lambda: log_file("Nhật ký quy định an toàn", all_log_lines(SAFETY_SUBJECT), timezone.now())
    }
    if file := requested_file(request, tables):
        return file
    form = SafetyForm(posted_data(request), initial=asdict(current_safety()))
    address = network.client_address(request)
    if request.method == "POST" and form.is_valid():
        try:
            safety_rules.set_safety(form.rules(), by=request.user, address=address)
        except ChangeDenied as denied:
            form.add_error(denied.field, str(denied))
        else:
            messages.success(request, "Đã lưu. Quy định có hiệu lực ngay.")
            return redirect("units:rules_of_safety")
    context = {"form": form, "address": address, "history": latest_log_lines(SAFETY_SUBJECT)}
    return render(request, "units/access/safety.html", context, status=422 if form.errors else 200)
