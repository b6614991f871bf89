"""The status page and its tables as files."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.web.rights import Right, requires
from figures.periods import Month
from spreadsheets.table_file import TableColumn, TableFile, requested_file, table_rows
from units.access.queries import is_root_administrator
from units.models import Unit

from .queries import FailedSignIns, failed_sign_ins, latest_month, missing_units, system_status

NOBODY = "Tên không có tài khoản"
MISSING_UNITS = (
    TableColumn("unit_code", "Mã đơn vị", "code"),
    TableColumn("unit", "Đơn vị", "name", width=40),
    TableColumn("tier", "Cấp", "get_tier_display"),
)
FAILED_SIGN_INS = (
    TableColumn("name", "Người", lambda one: str(one.person or NOBODY), width=34),
    TableColumn("username", "Tên đăng nhập", lambda one: one.person.username if one.person else ""),
    TableColumn("times", "Số lần sai mật khẩu"),
    TableColumn("latest", "Lần gần nhất", width=20),
    TableColumn("locked", "Bị tạm khóa", lambda one: "có" if one.locked else "không"),
)


def missing_units_file(units: QuerySet[Unit], month: Month, at: datetime) -> TableFile:
    """All of them, whatever the page shows."""
    rows = table_rows(MISSING_UNITS, units.iterator(1_000))
    return TableFile(
        "chua-gui", "Đơn vị chưa gửi báo cáo tháng", MISSING_UNITS, rows, at, [("Tháng báo cáo", month.label)]
    )


def failed_sign_ins_file(found: Iterable[FailedSignIns], at: datetime) -> TableFile:
    """Of the last day."""
    rows = table_rows(FAILED_SIGN_INS, found)
    return TableFile("dang-nhap-sai", "Đăng nhập không thành công trong 24 giờ", FAILED_SIGN_INS, rows, at)


MOST_LISTED = 50


@requires(Right.MANAGE)
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Silent units and failed sign-ins of what the reader administers; of the top of the tree also timers, queues,
    disk, log and version. The clock is the real one, in the demo too: timers and sign-ins go by it.
    """
    at, day = timezone.now(), request.day
    top = is_root_administrator(request.user, day)
    month = latest_month(day)
    silent = missing_units(request.user, month, day)
    tried = failed_sign_ins(request.user, day, at, all_names=top)
    tables = {
        "chua-gui": lambda: missing_units_file(silent, month, at),
        "dang-nhap-sai": lambda: failed_sign_ins_file(tried, at),
    }
    if file := requested_file(request, tables):
        return file
    context = {
        "at": at,
        "whole": system_status(at) if top else None,
        "month": month,
        "silent": silent[:MOST_LISTED],
        "silent_count": silent.count(),
        "most": MOST_LISTED,
        "tried": tried[:MOST_LISTED],
        "tried_count": sum(one.times for one in tried),
        "nobody": NOBODY,
    }
    return render(request, "reports/system_status/status.html", context)
