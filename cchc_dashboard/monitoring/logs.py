"""Logging to stderr: JSON lines in production, plain text elsewhere; docs/operations.md lists the fields.

A line in production holds messages of our own code and ids, no typed data and no addresses: of messages of libraries
only the constant part (without arguments), of exceptions the class and the place, not the text.
"""

import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from pythonjsonlogger.json import JsonFormatter

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
OWN = frozenset(
    {"accounts", "cchc_dashboard", "core", "figures", "ledger", "records", "reports", "spreadsheets", "units"}
)
# The extra fields of a request (cchc_dashboard.monitoring.request_logging).
ABOUT_A_REQUEST = ("method", "route", "status", "ms", "user", "system", "fault")
REQUESTS = "cchc_dashboard.requests"
# The id of the request of this thread.
request_number: ContextVar[str | None] = ContextVar("request_number", default=None)


def is_own_logger(name: str) -> bool:
    """Whether a logger of this name is the product's."""
    return name.partition(".")[0] in OWN


def trace(fault: BaseException) -> list[str]:
    """Where an exception and its causes arose, innermost last: lines of `file:line function`, then the error kind.
    Without messages and values, which may contain typed data. Handles cycles of causes.
    """
    faults: dict[int, BaseException] = {}
    cause: BaseException | None = fault
    while cause is not None and id(cause) not in faults:
        faults[id(cause)] = cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    lines: list[str] = []
    for error in reversed(faults.values()):
        lines += [f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(error.__traceback__)]
        lines += [error_kind(error), "then"]
    return lines[:-1]


def error_kind(fault: BaseException) -> str:
    """The class of an exception, with the error code of the database or system."""
    code = getattr(fault, "pgcode", None) or getattr(fault, "errno", None)
    kind = f"{type(fault).__module__}.{type(fault).__qualname__}"
    return f"{kind} ({code})" if code else kind


def constant_part(record: logging.LogRecord) -> str:
    """The message without the data of the request."""
    if is_own_logger(record.name):
        return record.getMessage()
    if record.name.startswith("django.security"):
        return "refused as suspicious"
    text = record.msg if isinstance(record.msg, str) else type(record.msg).__qualname__
    # gunicorn formats the address into the message.
    return "Invalid request" if text.startswith("Invalid request") else text


class RequestIdFilter(logging.Filter):
    """Adds the id of the current request to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_number.get()
        return True


class UnavailableFilter(logging.Filter):
    """Drops Django's records of a 503, hundreds of lines per request while the database is away; the line of
    request_logging has route and error kind.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != 503


class JsonLine(JsonFormatter):
    """A JSON object per record, with fixed fields; extra fields of libraries are dropped."""

    def __init__(self) -> None:
        super().__init__(["levelname", "name"], json_ensure_ascii=False)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data |= {"level": record.levelname, "logger": record.name, "message": constant_part(record)}
        log_data["request_id"] = getattr(record, "request_id", None)
        if record.name == REQUESTS:
            log_data |= {name: getattr(record, name, None) for name in ABOUT_A_REQUEST}
        if record.exc_info and record.exc_info[1]:
            log_data["exception"] = trace(record.exc_info[1])


def logging_settings(*, level: str, as_json: bool) -> dict[str, Any]:
    """Django's LOGGING. `level`: of request lines; libraries log from WARNING on. Errors: ImproperlyConfigured."""
    if level not in LEVELS:
        raise ImproperlyConfigured(f"CCHC_LOG_LEVEL phải là một trong {', '.join(LEVELS)}.")
    other = level if LEVELS.index(level) > LEVELS.index("WARNING") else "WARNING"
    # Django's lines contain the address; request_logging has its own without it.
    requests = {"level": "ERROR"} if as_json else {}
    loggers: dict[str, Any] = {
        # Replaces Django's handlers, which would e-mail settings and typed data.
        "django": {"handlers": [], "level": other},
        "django.request": requests | {"filters": ["unforeseen"]},
        "django.security.csrf": requests,
        # Lockouts are in its tables.
        "axes": {"level": "ERROR"},
        REQUESTS: {"level": level},
        # The command itself prints its failure.
        "ledger.failed_runs": {"handlers": ["alarm"], "propagate": False},
    }
    if as_json:
        loggers["gunicorn.error"] = {"handlers": ["console"], "level": "INFO", "propagate": False}
    plain = "%(levelname)s %(name)s [%(request_id)s] %(message)s"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "numbered": {"()": "cchc_dashboard.monitoring.logs.RequestIdFilter"},
            "unforeseen": {"()": "cchc_dashboard.monitoring.logs.UnavailableFilter"},
        },
        "formatters": {
            "line": {"()": "cchc_dashboard.monitoring.logs.JsonLine"},
            "plain": {"format": plain},
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "filters": ["numbered"],
                "formatter": "line" if as_json else "plain",
            },
            "alarm": {
                "class": "cchc_dashboard.monitoring.alarm.AlarmHandler",
                "level": "ERROR",
                "filters": ["numbered"],
            },
        },
        "root": {"handlers": ["console", "alarm"], "level": other},
        "loggers": loggers,
    }
