"""Tells administrators by e-mail of what nobody foresaw: a 500, long work that broke, a timer's work that failed.

As the log, an e-mail holds neither settings nor cookies nor what was typed: where the fault arose, which page, and the
number that leads to the log. The same fault is told once in `FAULT_MINUTES`, and no more than MOST in an hour, by all
workers of a host together.
"""

import logging
import math
import time
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import mail_admins
from django.utils import timezone

from . import logs

MOST = 20
HOUR = 3600
# Their records need no exception: the run itself says that it failed.
RUNS = "ledger.failed_runs"
_log = logging.getLogger(__name__)
_sent_at: dict[str, float] = {}


class AlarmHandler(logging.Handler):
    """Sends what is worth it of the records that it is given."""

    def emit(self, record: logging.LogRecord) -> None:
        if not settings.ADMINS or not _worth_it(record):
            return
        found = logs.trace(record.exc_info[1]) if record.exc_info and record.exc_info[1] else []
        if not _first(f"{record.name} {found or record.getMessage()}"):
            return
        subject, body = _message(record, found)
        try:
            mail_admins(subject, body)
        except (SMTPException, OSError) as fault:
            _log.warning("an e-mail about a fault was not sent: %s", logs.trace(fault)[-1])


def _worth_it(record: logging.LogRecord) -> bool:
    """Of others only what broke a request: a foreign host name or a strange header is no fault of ours."""
    ours = logs.is_own_logger(record.name) or record.name == "django.request"
    return ours and (bool(record.exc_info) or record.name == RUNS)


def _first(what: str) -> bool:
    """Whether it was not told lately, by this process (also where the disk is full) or another one of this host."""
    from core.rate_limit import seconds_to_wait

    pause, now = settings.FAULT_MINUTES * 60, time.monotonic()
    if now - _sent_at.get(what, -math.inf) < pause:
        return False
    _sent_at[what] = now
    if seconds_to_wait("fault", what, most=1, seconds=pause):
        return False
    return seconds_to_wait("faults", "all", most=MOST, seconds=HOUR) == 0


def _message(record: logging.LogRecord, found: list[str]) -> tuple[str, str]:
    """Subject and body."""
    number = getattr(record, "request_id", None)
    lines = [f"Lúc: {timezone.localtime():%H:%M:%S ngày %d/%m/%Y}", f"Hệ thống: {settings.BASE_URL}"]
    request = getattr(record, "request", None)
    if request is not None:
        from cchc_dashboard.monitoring import request_logging

        user, system = request_logging.who_of(request)
        subject = f"Lỗi khi xử lý yêu cầu, mã {number}"
        lines += [f"Mã yêu cầu: {number}", f"Trang: {request.method} {request_logging.route_of(request)}"]
        lines += [f"Người dùng số: {user}"] if user else []
        lines += [f"Khóa của hệ thống khác số: {system}"] if system else []
    elif record.name == RUNS:
        subject = f"Việc chạy theo giờ bị lỗi: {record.getMessage()}"
    else:
        subject = f"Việc chạy nền bị lỗi: {record.getMessage()}"
    if found:
        lines += ["", "Nơi xảy ra lỗi (không kèm nội dung người dùng gõ):", *(f"  {one}" for one in found)]
    look = f"journalctl -u cchc -o cat | grep {number}" if number else "journalctl -u 'cchc*' -o cat"
    lines += ["", f"Xem thêm trong nhật ký máy chủ: {look}"]
    lines += [f"Cùng lỗi này trong {settings.FAULT_MINUTES} phút tới không gửi thư nữa."]
    return subject, "\n".join(lines)
