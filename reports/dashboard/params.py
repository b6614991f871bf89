"""How a page shows a query of figures, as its address says: for page, files, charts and API."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict

from core.web.rights import Right
from figures.formatting import shorten
from records.summary.parameters import (
    BadParameter,
    UnknownUnit,
    code_day,
    parse_query,
    parse_text,
    unit_with_code,
)
from records.summary.query import FiguresQuery
from units.access.queries import home_unit, require_right
from units.models import Unit
from units.tree.queries import key_on

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
