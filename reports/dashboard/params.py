"""Parses unit, period and the rest of a query from an address, for page, files, charts and API; what the
pickers offer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from accounts.models import User
from core import web
from core.web import Right
from figures.formatting import shorten
from figures.periods import Month, Period, PeriodError
from figures.summary import Summary
from records.summary.figures_query import FiguresQuery
from records.summary.parameters import (
    BadParameter,
    UnknownUnit,
    code_day,
    parse_query,
    parse_text,
    unit_with_code,
)
from units.access.queries import home_unit, memberships_of, require_right, visible_units
from units.models import Unit
from units.tree.queries import children_of, key_on

# The address holds the whole view, so it can be sent to a colleague. Parsing any address ends in a view,
# `BadParameter` (400 with a reason) or 404, never in a server error (acceptance S26, S27).

MAX_PAGE = 10_000


@dataclass(frozen=True)
class PageState:
    """The figures query and how the page shows it; `unit_key` and `field_key` are unit and field as written in the
    address, `day` is today in the reader's time zone.
    """

    query: FiguresQuery
    day: date
    unit_key: str
    field_key: str = ""
    sort: str = ""
    q: str = ""
    page: int = 1

    @property
    def rows_by(self) -> str:
        """What the rows are: as requested, else child units, or fields for a unit without children."""
        return self.query.by or ("unit" if self.query.unit.has_children else "field")

    def query_string(self, **changes: object) -> str:
        """The query string of this view with some parts changed ("" removes a part), always in the same order."""
        if changes.keys() - {"page"}:
            changes = {"page": "", **changes}
        parts = self._parts | {name: _part(name, value) for name, value in changes.items()}
        return "&".join(filter(None, parts.values()))

    @cached_property
    def _parts(self) -> dict[str, str]:
        """The quoted parts of the query string; cached, since a page has a hundred links."""
        query = self.query
        view = {
            "unit": self.unit_key,
            "period": query.period.code,
            "include": query.include if query.include != "approved" else "",
            "basis": query.basis if query.basis != "reported" else "",
            "as_of": query.as_of,
            "external": "1" if query.external else "",
            "tier": query.tier,
            "by": query.by,
            "field": self.field_key,
            "decimals": "" if query.decimals == settings.FIGURE_DECIMALS else query.decimals,
            "sort": self.sort,
            "q": self.q,
            "page": self.page if self.page > 1 else "",
        }
        return {name: _part(name, value) for name, value in view.items()}

    def pairs(self, **changes: object) -> list[tuple[str, str]]:
        """The query string as names and values, for hidden form fields."""
        return parse_qsl(self.query_string(**changes))

    def link(self, **changes: object) -> str:
        """The query string with "?", for a link within the page."""
        query = self.query_string(**changes)
        return f"?{query}" if query else "?"


def parse_params(request: HttpRequest, *, of_field: bool = True) -> PageState:
    """Parses the address and checks the reader's right to the unit. Without `of_field` the field is not looked up: the
    view only passes it on in links.

    Raises BadParameter; Http404 for a unit that is unknown or that the reader may not see; PermissionDenied for a
    reader without any unit.
    """
    params, day = request.GET, request.day

    def readable_unit(key: str, holding: date) -> Unit:
        unit = unit_with_code(key, holding) if key else home_unit(request.user, day, shown=holding)
        if unit is None:
            raise PermissionDenied(
                "Tài khoản của bạn chưa được giao đơn vị nào. Hãy liên hệ người quản trị của đơn vị."
            )
        return require_right(request.user, Right.READ, unit, day)

    try:
        query = parse_query(params, day, unit_of=readable_unit, of_page=True, of_field=of_field)
    except UnknownUnit as error:
        raise Http404 from error
    holding = code_day(query.calendar.bounds(query.period)[1], query.today and day)
    texts = (parse_text(params, name) for name in ("field", "sort", "q"))
    return PageState(query, day, key_on(query.unit, holding), *texts, _page(params))


def stable_unit_key(unit: Unit, end: date) -> str:
    """The unit's key in an address, valid for either basis: code@day for a unit that has ended or that began after
    `end`, since its bare code may mean another unit on the other basis.
    """
    lasts = unit.active_from <= end and unit.active_until is None
    return unit.code if lasts else f"{unit.code}@{unit.active_until or unit.active_from}"


def _part(name: str, value: object) -> str:
    return "" if value in ("", None) else urlencode({name: value})


def _page(params: QueryDict) -> int:
    text = params.get("page", "").strip() or "1"
    if not (text.isascii() and text.isdigit()):
        raise BadParameter("bad_page", f"“{shorten(text)}” không phải số trang.")
    return max(1, min(int(text[:6]), MAX_PAGE))


Options = list[tuple[str, list[tuple[str, str]]]]
MOST_CHILDREN = 500


@lru_cache(maxsize=64)
def period_options(today: Month, chosen: Period) -> SafeString:
    """Rendered options: half-years, quarters, years and months that have begun, newest first, and the chosen period.

    Cached, since all readers get the same options within a month.
    """
    halves = _back(Period.parse(f"{today.year}-H{1 if today.month <= 6 else 2}"), 6)
    quarters = _back(Period.parse(f"{today.year}-Q{(today.month + 2) // 3}"), 8)
    years = _back(Period.parse(f"{today.year}"), 4)
    months = [Period.of_month(month) for month in reversed(Month.range(today.plus(-23), today))]
    groups = [("6 tháng", halves), ("Quý", quarters), ("Năm", years), ("Tháng", months)]
    if not any(chosen.code == period.code for _, group in groups for period in group):
        groups.insert(0, ("Đang xem", [chosen]))
    named = [(name, [(option.code, capfirst(option.label)) for option in group]) for name, group in groups]
    return web.options(named, chosen.code)


def visible_above(state: PageState, user: User) -> list[int]:
    """Ids of the ancestors that the reader may see, from the top down; no query."""
    own = [membership.unit.path for membership in memberships_of(user, state.day)]
    ids = state.query.unit.ancestor_ids()
    paths = ["/" + "/".join(map(str, ids[: place + 1])) + "/" for place in range(len(ids))]
    return [pk for pk, path in zip(ids, paths, strict=True) if path.startswith(tuple(own))]


def membership_paths(state: PageState, user: User) -> list[str]:
    """Paths of the reader's units; [] where the page names only units below one of them, all of which the reader may
    see. No query.
    """
    own = sorted({membership.unit.path for membership in memberships_of(user, state.day)})
    return [] if state.query.basis == "reported" and state.query.unit.path.startswith(tuple(own)) else own


def hidden_units(state: PageState, user: User, unit_ids: Iterable[int]) -> frozenset[int]:
    """Ids of those units that the reader may not see and that are therefore not linked. One query; none where the
    reader may see all.
    """
    if not membership_paths(state, user):
        return frozenset()
    ids = set(unit_ids)
    visible = visible_units(user, state.day).filter(pk__in=ids).order_by()
    return frozenset(ids.difference(visible.values_list("pk", flat=True)))


def unit_key_for(state: PageState, unit: Unit, end: date) -> str:
    """The unit's key in a link of this page; see `stable_unit_key`."""
    return unit.key_on(end) if state.query.basis == "reported" else stable_unit_key(unit, end)


def ancestors(ids: list[int]) -> list[Unit]:
    """The units with these ids, in the same order."""
    units = Unit.objects.in_bulk(ids) if ids else {}
    return [units[pk] for pk in ids]


def unit_options(
    state: PageState,
    above: list[Unit],
    summary: Summary,
    end: date,
    hidden: frozenset[int] = frozenset(),
) -> Options:
    """The page's unit, its ancestors and its children without `hidden` (see `hidden_units`)."""
    left_out = hidden | {state.query.unit.pk}
    below = [(row.key, row.name) for row in summary.rows if row.extra.get("pk") not in left_out]
    if summary.by != "unit" or state.query.tier or state.field_key:
        start = summary.period.start
        children = (
            children_of(state.query.unit, start, end)
            if state.query.unit.has_children
            else Unit.objects.none()
        )
        below = [(unit_key_for(state, unit, end), unit.name) for unit in children[:MOST_CHILDREN]]
    groups: Options = [("Đang xem", [(state.unit_key, state.query.unit.name)])]
    if above:
        groups.insert(0, ("Cấp trên", [(unit_key_for(state, unit, end), unit.name) for unit in above]))
    if below:
        groups.append(("Trực thuộc", below[:MOST_CHILDREN]))
    return groups


def _back(period: Period, count: int) -> list[Period]:
    periods = []
    for _ in range(count):
        periods.append(period)
        try:
            period = period.previous()
        except PeriodError:
            break
    return periods
