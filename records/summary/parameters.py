"""Parses what is asked of the figures from the parameters of an address or the arguments of a command."""

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
    """A parameter that cannot be: `code` for programs, the text in Vietnamese for the reader."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class UnreadableParameter(BadParameter):
    """What is no period, day, number or choice at all."""


class UnknownUnit(BadParameter):
    """Nobody holds the code (on that day)."""


def parse_query(
    given: Mapping[str, str],
    day: date,
    *,
    unit_of: Callable[[str, date], Unit] | None = None,
    of_page: bool = False,
    of_field: bool = True,
) -> FiguresQuery:
    """What is asked, on the reader's day. `unit_of` finds the unit of a code that is read on a day; a page may leave
    the period out, and may not ask for one that is too long; without `of_field` the field is not looked up.

    Errors: BadParameter, and whatever `unit_of` raises.
    """
    calendar = stored_calendar()
    period = _period(given, calendar, day) if of_page else _readable_period(given)
    today = day if _choice(given, "basis", BASES) == "today" else None
    unit = (unit_of or unit_with_code)(parse_text(given, "unit"), code_day(calendar.bounds(period)[1], today))
    include = _choice(given, "include", Stage.values) or Stage.APPROVED.value
    return FiguresQuery(
        unit,
        period,
        calendar,
        include,
        parse_flag(given, "external"),
        _choice(given, "tier", tuple(TIER_NAMES)) or None,
        _choice(given, "by", ROW_KINDS) or None,
        _decimals(given),
        _field(given) if of_field else None,
        _as_of(given, include, day, today),
        max(today, unit.active_from) if today else None,
    )


def parse_arguments(arguments: Mapping[str, Any], **how: Any) -> FiguresQuery:
    """The same of a command. Errors: CommandError, with 2 for what cannot be read and 1 for what is refused."""
    told = {name: value for name, value in arguments.items() if value is not None and value is not False}
    given = {name: "1" if value is True else str(value) for name, value in told.items()}
    try:
        return parse_query(given, clock.today(), **how)
    except BadParameter as error:
        status = 2 if isinstance(error, UnreadableParameter) else 1
        raise CommandError(str(error), returncode=status) from error


def code_day(end: date, today: date | None) -> date:
    """The day on which a bare code is looked up, for a period with this last day; `today`: by the units of that day,
    where a period that has ended is asked of who holds the code then.
    """
    return end if today is None else max(end, today)


def unit_with_code(code: str, day: date) -> Unit:
    """The unit that holds the code on the day (CODE@day: on that day). Errors: UnknownUnit."""
    try:
        unit = resolve_code(code, day)
    except ValueError as error:
        raise UnknownUnit("unknown_unit", str(error)) from error
    if unit is None:
        raise UnknownUnit("unknown_unit", f"Không có đơn vị nào mang mã “{code[:40]}”.")
    return unit


def parse_flag(given: Mapping[str, str], name: str) -> bool:
    """Whether a parameter says yes. Errors: BadParameter."""
    return _choice(given, name, ("0", "1", "true", "false", "on")) in ("1", "true", "on")


def parse_text(given: Mapping[str, str], name: str) -> str:
    """A parameter as it stands, where it is not too long. Errors: BadParameter."""
    text = given.get(name, "").strip()
    if len(text) > LONGEST:
        raise UnreadableParameter(f"bad_{name}", f"“{shorten(text)}” dài quá {LONGEST} ký tự.")
    return text


def _period(given: Mapping[str, str], calendar: Calendar, day: date) -> Period:
    if not given.get("period", "").strip():
        return calendar.latest_half(day)
    period = _readable_period(given)
    # The year before it is shown too, so it has to be one that can be named.
    _readable_period({"period": period.same_last_year().code})
    if len(period.months) > LONGEST_PERIOD:
        raise BadParameter(
            "bad_period", f"Kỳ báo cáo quá dài: xem được nhiều nhất {LONGEST_PERIOD} tháng một lần."
        )
    return period


def _readable_period(given: Mapping[str, str]) -> Period:
    try:
        return Period.parse(given.get("period", "").strip())
    except PeriodError as error:
        raise UnreadableParameter("bad_period", str(error)) from error


def _choice(given: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = given.get(name, "").strip()
    if text and text not in choices:
        raise UnreadableParameter(
            f"bad_{name}",
            f"“{shorten(text)}” không dùng được cho {name}; chọn một trong: {', '.join(choices)}.",
        )
    return text


def _decimals(given: Mapping[str, str]) -> int:
    text = given.get("decimals", "").strip()
    if text and text not in ("0", "1", "2"):
        raise UnreadableParameter("bad_decimals", "Số chữ số thập phân chỉ là 0, 1 hoặc 2.")
    return int(text) if text else settings.FIGURE_DECIMALS


def _field(given: Mapping[str, str]) -> Field | None:
    code = parse_text(given, "field")
    field = Field.objects.filter(code=code).first() if code else None
    if code and field is None:
        raise BadParameter("unknown_field", f"Không có lĩnh vực “{shorten(code)}”.")
    return field


def _as_of(given: Mapping[str, str], include: str, day: date, today: date | None) -> date | None:
    text = given.get("as_of", "").strip()
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
