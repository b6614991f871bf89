"""E-mails administrators about unexpected errors: a 500, a failed job, a failed timer run.

Like the log, an e-mail holds no settings, cookies or typed data: only where the error arose, the page, and the request
id. All workers of a host together send one e-mail per error in `FAULT_MINUTES`, and at most MOST in an hour.
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
# A record of this logger is sent even without an exception.
RUNS = "ledger.failed_runs"
_log = logging.getLogger(__name__)
_sent_at: dict[str, float] = {}


class AlarmHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if not settings.ADMINS or not _is_unexpected(record):
            return
        trace = logs.trace(record.exc_info[1]) if record.exc_info and record.exc_info[1] else []
        if not _is_due(f"{record.name} {trace or record.getMessage()}"):
            return
        subject, body = _message(record, trace)
        try:
            mail_admins(subject, body)
        except (SMTPException, OSError) as fault:
            _log.warning("an e-mail about a fault was not sent: %s", logs.trace(fault)[-1])


def _is_unexpected(record: logging.LogRecord) -> bool:
    """Of libraries only errors that broke a request, not a wrong host name or header."""
    ours = logs.is_own_logger(record.name) or record.name == "django.request"
    return ours and (bool(record.exc_info) or record.name == RUNS)


def _is_due(what: str) -> bool:
    """Whether no e-mail about it was sent lately, by this process (even if the disk is full) or others of this host."""
    from core.rate_limit import seconds_to_wait

    pause, now = settings.FAULT_MINUTES * 60, time.monotonic()
    if now - _sent_at.get(what, -math.inf) < pause:
        return False
    _sent_at[what] = now
    if seconds_to_wait("fault", what, most=1, seconds=pause):
        return False
    return seconds_to_wait("faults", "all", most=MOST, seconds=HOUR) == 0


def _message(record: logging.LogRecord, trace: list[str]) -> tuple[str, str]:
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
    if trace:
        lines += ["", "Nơi xảy ra lỗi (không kèm nội dung người dùng gõ):", *(f"  {line}" for line in trace)]
    look = f"journalctl -u cchc -o cat | grep {number}" if number else "journalctl -u 'cchc*' -o cat"
    lines += ["", f"Xem thêm trong nhật ký máy chủ: {look}"]
    lines += [f"Cùng lỗi này trong {settings.FAULT_MINUTES} phút tới không gửi thư nữa."]
    return subject, "\n".join(lines)
