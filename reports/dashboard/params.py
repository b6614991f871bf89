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

# The address holds the whole view, so it can be sent to a colleague. Whatever it holds, reading it ends in a
# view, in `BadParameter` (400, in words) or in 404; never in an error of the server (acceptance S26, S27).

MAX_PAGE = 10_000


@dataclass(frozen=True)
class PageState:
    """What is asked, and how the page shows it; `unit_key` and `field_key` are how unit and field stand in the
    address, `day` is the reader's.
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
        """What the rows are: asked for, else the units below, and the fields of a unit without any below."""
        return self.query.by or ("unit" if self.query.unit.has_children else "field")

    def query_string(self, **changes: object) -> str:
        """The query string of this view with some parts changed ("" takes a part away); always the same order."""
        if changes.keys() - {"page"}:
            changes = {"page": "", **changes}
        parts = self._parts | {name: _part(name, value) for name, value in changes.items()}
        return "&".join(filter(None, parts.values()))

    @cached_property
    def _parts(self) -> dict[str, str]:
        """The parts of the query string, quoted once: a page holds it in a hundred links."""
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
        """The same as names and values, for hidden fields of a form."""
        return parse_qsl(self.query_string(**changes))

    def link(self, **changes: object) -> str:
        """The query string with its question mark, for a link within the page."""
        query = self.query_string(**changes)
        return f"?{query}" if query else "?"


def parse_params(request: HttpRequest, *, of_field: bool = True) -> PageState:
    """The view that the address asks for, with the reader's right to the unit checked. Without `of_field` the field is
    not looked up: the view keeps it only for its links.

    Raises BadParameter; Http404 for a unit that is unknown or that the reader may not see; PermissionDenied for a
    reader without any unit.
    """
    given, day = request.GET, request.day

    def readable_unit(key: str, holding: date) -> Unit:
        unit = unit_with_code(key, holding) if key else home_unit(request.user, day, shown=holding)
        if unit is None:
            raise PermissionDenied(
                "Tài khoản của bạn chưa được giao đơn vị nào. Hãy liên hệ người quản trị của đơn vị."
            )
        return require_right(request.user, Right.READ, unit, day)

    try:
        query = parse_query(given, day, unit_of=readable_unit, of_page=True, of_field=of_field)
    except UnknownUnit as error:
        raise Http404 from error
    holding = code_day(query.calendar.bounds(query.period)[1], query.today and day)
    texts = (parse_text(given, name) for name in ("field", "sort", "q"))
    return PageState(query, day, key_on(query.unit, holding), *texts, _page(given))


def stable_unit_key(unit: Unit, end: date) -> str:
    """How a unit stands in an address whatever the basis: by a day on which it holds its code where it is over, or
    opened after the end of the period. A bare code may mean another unit on the other basis.
    """
    lasts = unit.active_from <= end and unit.active_until is None
    return unit.code if lasts else f"{unit.code}@{unit.active_until or unit.active_from}"


def _part(name: str, value: object) -> str:
    return "" if value in ("", None) else urlencode({name: value})


def _page(given: QueryDict) -> int:
    text = given.get("page", "").strip() or "1"
    if not (text.isascii() and text.isdigit()):
        raise BadParameter("bad_page", f"“{shorten(text)}” không phải số trang.")
    return max(1, min(int(text[:6]), MAX_PAGE))


Options = list[tuple[str, list[tuple[str, str]]]]
MOST_CHILDREN = 500


@lru_cache(maxsize=64)
def period_options(today: Month, asked: Period) -> SafeString:
    """Half-years, quarters, years and months that have begun, newest first, drawn; the asked one always, and chosen.

    Kept, since all readers of a month are offered the same.
    """
    halves = _back(Period.parse(f"{today.year}-H{1 if today.month <= 6 else 2}"), 6)
    quarters = _back(Period.parse(f"{today.year}-Q{(today.month + 2) // 3}"), 8)
    years = _back(Period.parse(f"{today.year}"), 4)
    months = [Period.of_month(month) for month in reversed(Month.range(today.plus(-23), today))]
    groups = [("6 tháng", halves), ("Quý", quarters), ("Năm", years), ("Tháng", months)]
    if not any(asked.code == period.code for _, group in groups for period in group):
        groups.insert(0, ("Đang xem", [asked]))
    named = [(name, [(one.code, capfirst(one.label)) for one in group]) for name, group in groups]
    return web.options(named, asked.code)


def visible_above(asked: PageState, user: User) -> list[int]:
    """Numbers of the units above that the reader may see, from the top down; no query."""
    own = [membership.unit.path for membership in memberships_of(user, asked.day)]
    numbers = asked.query.unit.ancestor_ids()
    paths = ["/" + "/".join(map(str, numbers[: place + 1])) + "/" for place in range(len(numbers))]
    return [number for number, path in zip(numbers, paths, strict=True) if path.startswith(tuple(own))]


def paths_held(asked: PageState, user: User) -> list[str]:
    """Paths of the units that the reader holds, where not all that the page names need be below them; no query. None
    where it is: all units below one that he sees by its own place are his to see.
    """
    own = sorted({membership.unit.path for membership in memberships_of(user, asked.day)})
    return [] if asked.query.basis == "reported" and asked.query.unit.path.startswith(tuple(own)) else own


def hidden_units(asked: PageState, user: User, numbers: Iterable[int]) -> frozenset[int]:
    """Those of the units (by number) that the reader may not see, and so is offered no link to. One query, none where
    he may see all.
    """
    if not paths_held(asked, user):
        return frozenset()
    wanted = set(numbers)
    seen = visible_units(user, asked.day).filter(pk__in=wanted).order_by()
    return frozenset(wanted.difference(seen.values_list("pk", flat=True)))


def unit_key_for(asked: PageState, unit: Unit, end: date) -> str:
    """How a link of the page names a unit of the tree: whatever the basis, where codes are read on the reader's day."""
    return unit.key_on(end) if asked.query.basis == "reported" else stable_unit_key(unit, end)


def ancestors(numbers: list[int]) -> list[Unit]:
    """The units of these numbers, in their order."""
    found = Unit.objects.in_bulk(numbers) if numbers else {}
    return [found[number] for number in numbers]


def unit_options(
    asked: PageState,
    above: list[Unit],
    summary: Summary,
    end: date,
    hidden: frozenset[int] = frozenset(),
) -> Options:
    """The unit that is seen, those above it, and those directly below; none of `hidden` (of `unseen`)."""
    left_out = hidden | {asked.query.unit.pk}
    below = [(row.key, row.name) for row in summary.rows if row.extra.get("pk") not in left_out]
    if summary.by != "unit" or asked.query.tier or asked.field_key:
        start = summary.period.start
        children = (
            children_of(asked.query.unit, start, end)
            if asked.query.unit.has_children
            else Unit.objects.none()
        )
        below = [(unit_key_for(asked, unit, end), unit.name) for unit in children[:MOST_CHILDREN]]
    groups: Options = [("Đang xem", [(asked.unit_key, asked.query.unit.name)])]
    if above:
        groups.insert(0, ("Cấp trên", [(unit_key_for(asked, unit, end), unit.name) for unit in above]))
    if below:
        groups.append(("Trực thuộc", below[:MOST_CHILDREN]))
    return groups


def _back(period: Period, number: int) -> list[Period]:
    found = []
    for _ in range(number):
        found.append(period)
        try:
            period = period.previous()
        except PeriodError:
            break
    return found
