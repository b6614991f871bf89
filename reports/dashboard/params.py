"""Parses unit, period and the rest of a query from an address, for page, files, charts and API."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict

from core.dates import parse_day
from core.web.rights import Right
from figures import formatting
from figures.formatting import TIER_NAMES, shorten
from figures.periods import Calendar, Period, PeriodError
from records.calendar.queries import stored_calendar
from records.summary.as_of import InvalidDay, check_day
from records.summary.query import code_day
from units.access.queries import home_unit, require_right
from units.models import Unit
from units.tree.queries import key_on, resolve_code

from .queries import DashboardQuery, field_named

# The address holds the whole view, so it can be sent to a colleague. Whatever it holds, reading it ends in a
# view, in `BadQuestion` (400, in words) or in 404; never in an error of the server (acceptance S26, S27).

BY = ("unit", "field", "month")
INCLUDES = ("approved", "submitted")
BASES = ("reported", "today")
MAX_PAGE = 10_000
LONGEST_PERIOD = 120  # months: ten years are read in time for a page (acceptance S27); commands take more
LONGEST = 100


class BadParameter(ValueError):
    """A part of the address that cannot be: `code` for programs, the text in Vietnamese for the reader."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class DashboardParams:
    """One view of the figures; `unit_key` is how the unit stands in the address."""

    unit: Unit
    unit_key: str
    period: Period
    calendar: Calendar
    day: date
    include: str = "approved"
    basis: str = "reported"
    as_of: date | None = None
    external: bool = False
    tier: str = ""
    by: str = ""
    field: str = ""
    sort: str = ""
    q: str = ""
    page: int = 1
    decimals: int = 1

    @property
    def units_of(self) -> date | None:
        """The day by whose units the figures are told: the reader's, or the first day of a unit that opens later."""
        return max(self.day, self.unit.active_from) if self.basis == "today" else None

    @property
    def rows_by(self) -> str:
        """What the rows are: asked for, else the units below, and the fields of a unit without any below."""
        return self.by or ("unit" if self.unit.has_children else "field")

    def query(self, **changes: object) -> str:
        """The query string of this view with some parts changed ("" takes a part away); always the same order."""
        if changes.keys() - {"page"}:
            changes = {"page": "", **changes}
        parts = self._parts | {name: _part(name, value) for name, value in changes.items()}
        return "&".join(filter(None, parts.values()))

    @cached_property
    def _parts(self) -> dict[str, str]:
        """The parts of the query string, quoted once: a page holds it in a hundred links."""
        view = {
            "unit": self.unit_key,
            "period": self.period.code,
            "include": self.include if self.include != "approved" else "",
            "basis": self.basis if self.basis != "reported" else "",
            "as_of": self.as_of or "",
            "external": "1" if self.external else "",
            "tier": self.tier,
            "by": self.by,
            "field": self.field,
            "decimals": "" if self.decimals == settings.FIGURE_DECIMALS else self.decimals,
            "sort": self.sort,
            "q": self.q,
            "page": self.page if self.page > 1 else "",
        }
        return {name: _part(name, value) for name, value in view.items()}

    def pairs(self, **changes: object) -> list[tuple[str, str]]:
        """The same as names and values, for hidden fields of a form."""
        return parse_qsl(self.query(**changes))

    def link(self, **changes: object) -> str:
        """The query string with its question mark, for a link within the page."""
        query = self.query(**changes)
        return f"?{query}" if query else "?"


def parse_params(request: HttpRequest) -> DashboardParams:
    """The view that the address asks for, with the reader's right to the unit checked.

    Raises BadQuestion; Http404 for a unit that is unknown or that the reader may not see; PermissionDenied for a
    reader without any unit.
    """
    given, calendar = request.GET, stored_calendar()
    period = _period(given, calendar, request.day)
    end = calendar.bounds(period)[1]
    basis = _choice(given, "basis", BASES) or "reported"
    holding = code_day(end, request.day if basis == "today" else None)
    key = _text(given, "unit")
    unit = _unit(key, holding) if key else home_unit(request.user, request.day, shown=holding)
    if unit is None:
        raise PermissionDenied(
            "Tài khoản của bạn chưa được giao đơn vị nào. Hãy liên hệ người quản trị của đơn vị."
        )
    include = _choice(given, "include", INCLUDES) or "approved"
    return DashboardParams(
        unit=require_right(request.user, Right.READ, unit, request.day),
        unit_key=key_on(unit, holding),
        period=period,
        calendar=calendar,
        day=request.day,
        include=include,
        basis=basis,
        as_of=_as_of(given, include, request.day, basis),
        external=parse_flag(given, "external"),
        tier=_choice(given, "tier", tuple(TIER_NAMES)),
        by=_choice(given, "by", BY),
        field=_text(given, "field"),
        sort=_text(given, "sort"),
        q=_text(given, "q"),
        page=_page(given),
        decimals=_decimals(given),
    )


def stable_unit_key(unit: Unit, end: date) -> str:
    """How a unit stands in an address whatever the basis: by a day on which it holds its code where it is over, or
    opened after the end of the period. A bare code may mean another unit on the other basis.
    """
    lasts = unit.active_from <= end and unit.active_until is None
    return unit.code if lasts else f"{unit.code}@{unit.active_until or unit.active_from}"


def _part(name: str, value: object) -> str:
    return "" if value in ("", None) else urlencode({name: value})


def _unit(key: str, end: date) -> Unit:
    try:
        unit = resolve_code(key, end)
    except ValueError as error:
        raise Http404 from error
    if unit is None:
        raise Http404
    return unit


def _period(given: QueryDict, calendar: Calendar, day: date) -> Period:
    code = given.get("period", "").strip()
    if not code:
        return calendar.latest_half(day)
    try:
        period = Period.parse(code)
        # The year before it is shown too, so it has to be one that can be named.
        Period.parse(period.same_last_year().code)
    except PeriodError as error:
        raise BadParameter("bad_period", str(error)) from error
    if len(period.months) > LONGEST_PERIOD:
        raise BadParameter(
            "bad_period", f"Kỳ báo cáo quá dài: xem được nhiều nhất {LONGEST_PERIOD} tháng một lần."
        )
    return period


def _as_of(given: QueryDict, include: str, today: date, basis: str) -> date | None:
    """Errors: BadQuestion for what is no day, a day to come, or asked for together with what is not approved."""
    text = given.get("as_of", "").strip()
    if not text:
        return None
    if basis == "today":
        raise BadParameter(
            "as_of_reported_only", "Số liệu đến hết một ngày chỉ tính được theo đơn vị khi báo cáo."
        )
    try:
        day = parse_day(text)
    except ValueError as error:
        raise BadParameter("bad_as_of", str(error)) from error
    try:
        check_day(day, include, today)
    except InvalidDay as error:
        raise BadParameter(error.code, str(error)) from error
    return day


def _text(given: QueryDict, name: str) -> str:
    text = given.get(name, "").strip()
    if len(text) > LONGEST:
        raise BadParameter(f"bad_{name}", f"“{shorten(text)}” dài quá {LONGEST} ký tự.")
    return text


def _choice(given: QueryDict, name: str, choices: tuple[str, ...]) -> str:
    text = given.get(name, "").strip()
    if text and text not in choices:
        raise BadParameter(
            f"bad_{name}",
            f"“{shorten(text)}” không dùng được cho {name}; chọn một trong: {', '.join(choices)}.",
        )
    return text


def parse_flag(given: QueryDict, name: str) -> bool:
    """Whether a part of the address says yes. Errors: BadQuestion."""
    return _choice(given, name, ("0", "1", "true", "false", "on")) in ("1", "true", "on")


def _page(given: QueryDict) -> int:
    text = given.get("page", "").strip() or "1"
    if not (text.isascii() and text.isdigit()):
        raise BadParameter("bad_page", f"“{shorten(text)}” không phải số trang.")
    return max(1, min(int(text[:6]), MAX_PAGE))


def _decimals(given: QueryDict) -> int:
    text = given.get("decimals", "").strip()
    if text and text not in ("0", "1", "2"):
        raise BadParameter("bad_decimals", "Số chữ số thập phân chỉ là 0, 1 hoặc 2.")
    return int(text) if text else settings.FIGURE_DECIMALS


def dashboard_query(asked: DashboardParams) -> DashboardQuery:
    """The question behind a view. Errors: BadQuestion for a field that the catalogue does not have."""
    field = field_named(asked.field) if asked.field else None
    if asked.field and field is None:
        raise BadParameter("unknown_field", f"Không có lĩnh vực “{formatting.shorten(asked.field)}”.")
    return DashboardQuery(
        asked.unit,
        asked.period,
        asked.calendar,
        asked.include,
        asked.external,
        asked.tier or None,
        asked.rows_by,
        asked.decimals,
        field,
        asked.as_of,
        asked.units_of,
    )
