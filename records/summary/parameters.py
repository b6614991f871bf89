"""Parses a `FiguresQuery` from the parameters of an address or the arguments of a command."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from core import clock
from core.dates import parse_day
from figures.formatting import TIER_NAMES, shorten
from figures.periods import Calendar, Period, PeriodError
from records.calendar.queries import stored_calendar
from records.models import Field, Stage
from units.models import Unit
from units.tree.queries import resolve_code

from .figures_query import ROW_KINDS, FiguresQuery

BASES = ("reported", "today")
LONGEST_PERIOD = 120  # months: ten years are read in time for a page (acceptance S27); commands take more
LONGEST = 100


class BadParameter(ValueError):
    """An invalid parameter: `code` for programs, the text in Vietnamese for the reader."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class UnreadableParameter(BadParameter):
    """Cannot be parsed as a period, day, number or choice."""


class UnknownUnit(BadParameter):
    """No unit has the code on that day."""


def parse_query(
    parameters: Mapping[str, str],
    day: date,
    *,
    unit_of: Callable[[str, date], Unit] | None = None,
    of_page: bool = False,
    of_field: bool = True,
) -> FiguresQuery:
    """The query on the reader's day. `unit_of` resolves a code on a day; `of_page`: the period is optional and at most
    LONGEST_PERIOD months; without `of_field` the field is not looked up.

    Errors: BadParameter, and whatever `unit_of` raises.
    """
    calendar = stored_calendar()
    period = _period(parameters, calendar, day) if of_page else _readable_period(parameters)
    today = day if _choice(parameters, "basis", BASES) == "today" else None
    unit = (unit_of or unit_with_code)(
        parse_text(parameters, "unit"), code_day(calendar.bounds(period)[1], today)
    )
    include = _choice(parameters, "include", Stage.values) or Stage.APPROVED.value
    return FiguresQuery(
        unit,
        period,
        calendar,
        include,
        parse_flag(parameters, "external"),
        _choice(parameters, "tier", tuple(TIER_NAMES)) or None,
        _choice(parameters, "by", ROW_KINDS) or None,
        _decimals(parameters),
        _field(parameters) if of_field else None,
        _as_of(parameters, include, day, today),
        max(today, unit.active_from) if today else None,
    )


def parse_arguments(arguments: Mapping[str, Any], **how: Any) -> FiguresQuery:
    """The same for a command. Errors: CommandError with exit code 2 for what cannot be parsed, 1 for other errors."""
    used = {name: value for name, value in arguments.items() if value is not None and value is not False}
    parameters = {name: "1" if value is True else str(value) for name, value in used.items()}
    try:
        return parse_query(parameters, clock.today(), **how)
    except BadParameter as error:
        status = 2 if isinstance(error, UnreadableParameter) else 1
        raise CommandError(str(error), returncode=status) from error


def code_day(end: date, today: date | None) -> date:
    """The day on which a bare code is looked up: the period's last day, or `today` (by today's units) if later."""
    return end if today is None else max(end, today)


def unit_with_code(code: str, day: date) -> Unit:
    """The unit with the code on the day (CODE@day: on that day). Errors: UnknownUnit."""
    try:
        unit = resolve_code(code, day)
    except ValueError as error:
        raise UnknownUnit("unknown_unit", str(error)) from error
    if unit is None:
        raise UnknownUnit("unknown_unit", f"Không có đơn vị nào mang mã “{code[:40]}”.")
    return unit


def parse_flag(parameters: Mapping[str, str], name: str) -> bool:
    """A parameter as a boolean. Errors: BadParameter."""
    return _choice(parameters, name, ("0", "1", "true", "false", "on")) in ("1", "true", "on")


def parse_text(parameters: Mapping[str, str], name: str) -> str:
    """A parameter as text of at most LONGEST characters. Errors: BadParameter."""
    text = parameters.get(name, "").strip()
    if len(text) > LONGEST:
        raise UnreadableParameter(f"bad_{name}", f"“{shorten(text)}” dài quá {LONGEST} ký tự.")
    return text


def _period(parameters: Mapping[str, str], calendar: Calendar, day: date) -> Period:
    if not parameters.get("period", "").strip():
        return calendar.latest_half(day)
    period = _readable_period(parameters)
    # The same period a year earlier is shown too, so it must be valid.
    _readable_period({"period": period.same_last_year().code})
    if len(period.months) > LONGEST_PERIOD:
        raise BadParameter(
            "bad_period", f"Kỳ báo cáo quá dài: xem được nhiều nhất {LONGEST_PERIOD} tháng một lần."
        )
    return period


def _readable_period(parameters: Mapping[str, str]) -> Period:
    try:
        return Period.parse(parameters.get("period", "").strip())
    except PeriodError as error:
        raise UnreadableParameter("bad_period", str(error)) from error


def _choice(parameters: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = parameters.get(name, "").strip()
    if text and text not in choices:
        raise UnreadableParameter(
            f"bad_{name}",
            f"“{shorten(text)}” không dùng được cho {name}; chọn một trong: {', '.join(choices)}.",
        )
    return text


def _decimals(parameters: Mapping[str, str]) -> int:
    text = parameters.get("decimals", "").strip()
    if text and text not in ("0", "1", "2"):
        raise UnreadableParameter("bad_decimals", "Số chữ số thập phân chỉ là 0, 1 hoặc 2.")
    return int(text) if text else settings.FIGURE_DECIMALS


def _field(parameters: Mapping[str, str]) -> Field | None:
    code = parse_text(parameters, "field")
    field = Field.objects.filter(code=code).first() if code else None
    if code and field is None:
        raise BadParameter("unknown_field", f"Không có lĩnh vực “{shorten(code)}”.")
    return field


def _as_of(parameters: Mapping[str, str], include: str, day: date, today: date | None) -> date | None:
    text = parameters.get("as_of", "").strip()
    if not text:
        return None
    if today is not None:
        raise BadParameter(
            "as_of_reported_only", "Số liệu đến hết một ngày chỉ tính được theo đơn vị khi báo cáo."
        )
    try:
        as_of = parse_day(text)
    except ValueError as error:
        raise UnreadableParameter("bad_as_of", str(error)) from error
    if as_of > day:
        raise BadParameter("bad_as_of", "Ngày tính đến chưa tới: chọn hôm nay hoặc một ngày trước đó.")
    if include != Stage.APPROVED:
        raise BadParameter(
            "as_of_approved_only",
            "Số liệu đến hết một ngày chỉ tính được với số đã duyệt: số chờ duyệt của ngày đó không còn giữ riêng.",
        )
    return as_of
