"""What the server writes to stderr: in production one JSON object a line, elsewhere plain text.

A line in production holds what our own code says and numbers, never what people typed, whom or what they asked for:
of the messages of libraries the constant part only (their arguments are addresses, names and values), of an exception
its class and where it arose, not its text. docs/operations.md lists the fields.
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
# What `cchc_dashboard.monitoring.request_logging` tells of a request beside its message.
ABOUT_A_REQUEST = ("method", "route", "status", "ms", "user", "system", "fault")
REQUESTS = "cchc_dashboard.requests"
# The number of the request that this thread is answering.
request_number: ContextVar[str | None] = ContextVar("request_number", default=None)


def is_own_logger(name: str) -> bool:
    """Whether a logger of this name is the product's."""
    return name.partition(".")[0] in OWN


def trace(fault: BaseException) -> list[str]:
    """Where an exception and those behind it arose, innermost last: `file:line function`, then the class, with the
    code that a database or the system gave. No texts and no values: these hold what people typed. Each is told once,
    also where they stand behind each other.
    """
    found: dict[int, BaseException] = {}
    behind: BaseException | None = fault
    while behind is not None and id(behind) not in found:
        found[id(behind)] = behind
        behind = behind.__cause__ or (None if behind.__suppress_context__ else behind.__context__)
    lines: list[str] = []
    for one in reversed(found.values()):
        lines += [f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(one.__traceback__)]
        lines += [error_kind(one), "then"]
    return lines[:-1]


def error_kind(fault: BaseException) -> str:
    """The class of an exception, with the code that a database or the system gave."""
    code = getattr(fault, "pgcode", None) or getattr(fault, "errno", None)
    kind = f"{type(fault).__module__}.{type(fault).__qualname__}"
    return f"{kind} ({code})" if code else kind


def constant_part(record: logging.LogRecord) -> str:
    """The part of a message that does not depend on what was asked for."""
    if is_own_logger(record.name):
        return record.getMessage()
    if record.name.startswith("django.security"):
        return "refused as suspicious"
    said = record.msg if isinstance(record.msg, str) else type(record.msg).__qualname__
    # gunicorn puts address and content together before it logs.
    return "Invalid request" if said.startswith("Invalid request") else said


class RequestIdFilter(logging.Filter):
    """Gives each record the number of the request under way."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_number.get()
        return True


class UnavailableFilter(logging.Filter):
    """Drops what Django writes of a 503, a trace of hundreds of lines for each request while the database is away: our
    own line tells the route and the kind of fault.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != 503


class JsonLine(JsonFormatter):
    """One JSON object a record, of named fields only; what else a library hangs on a record is left out."""

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
    """Django's LOGGING. `level` is that of our own requests' lines; libraries are heard from WARNING on at most.

    Errors: ImproperlyConfigured.
    """
    if level not in LEVELS:
        raise ImproperlyConfigured(f"CCHC_LOG_LEVEL phải là một trong {', '.join(LEVELS)}.")
    other = level if LEVELS.index(level) > LEVELS.index("WARNING") else "WARNING"
    # Its refusals stand in our own line, which tells the route and not the address.
    requests = {"level": "ERROR"} if as_json else {}
    loggers: dict[str, Any] = {
        # Instead of Django's own handlers, which would send a mail with settings and everything that was typed.
        "django": {"handlers": [], "level": other},
        "django.request": requests | {"filters": ["unforeseen"]},
        "django.security.csrf": requests,
        # Who was locked out stands in its tables.
        "axes": {"level": "ERROR"},
        REQUESTS: {"level": level},
        # Of work that failed the command itself tells whoever called it.
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
