"""P2, P3, P7: dashboard pages compared with a district's page, a bare Django page and a plain template loop."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from django.core.cache import cache
from django.template import engines
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from accounts.models import User
from core.text import fold
from figures import formatting
from figures.summary import Summary, SummaryRow
from records.generate.country import HALF_YEAR, LAST
from records.models import Field
from records.submissions import actions
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from reports.tables.columns import TableEntry
from reports.tables.html_table import FiguresTable
from units.models import Unit

from .databases import use, vendor
from .figures_queries import ACROSS, merged_units
from .measurement import Act, Result, versus
from .plain_server import loop

WAYS = ((True, "drawn anew"), (False, "asked for again"))


def request_act(connection: Any, address: str, *, uncached: bool = False) -> Act:
    """A signed-in GET; `uncached` clears the cache first. Errors: RuntimeError unless the status is 200."""
    client = Client()
    with use(connection):
        client.force_login(User.objects.get(username="reader"), "django.contrib.auth.backends.ModelBackend")

    def read() -> None:
        if uncached:
            cache.clear()
        with use(connection):
            response = client.get(address)
        if response.status_code != 200:
            raise RuntimeError(f"{address}: {response.status_code}")

    return read


def country_rows(
    nation: tuple, district: tuple, name: str = "country", goal: float = 1.3
) -> Iterator[Result]:
    """P2, uncached and cached. Both are (connection, top unit, scale)."""
    for uncached, how in WAYS:
        times = versus(
            *(request_act(place[0], "/", uncached=uncached) for place in (nation, district)), times=11
        )
        title = f"P2 dashboard page {how}: {name} ÷ district, {vendor()}"
        yield Result(title, str(nation[2]), *times, goal=goal)


def merged_rows(merged: tuple) -> Iterator[Result]:
    """Pages of the merged country, a new province and a commune: current units compared with as reported."""
    connection, _, scale = merged
    for name, unit in merged_units(merged):
        address = f"/?unit={unit.code}&period={ACROSS.code}"
        ours, reference = (
            request_act(connection, address + more, uncached=True) for more in ("&basis=today", "")
        )
        title = f"P2 page of a {name} merged in 2025: by today's units ÷ as reported, {vendor()}"
        yield Result(title, str(scale), *versus(ours, reference, times=11))


def export_rows(nation: tuple, district: tuple) -> Iterator[Result]:
    """All rows of the country as CSV and XLSX, compared with a district."""
    for kind in ("csv", "xlsx"):
        acts = [request_act(place[0], f"/reports/dashboard.{kind}?by=unit") for place in (nation, district)]
        title = f"Country before 2025: {kind.upper()} of all rows ÷ district, {vendor()}"
        yield Result(title, str(nation[2]), *versus(*acts))


def today_export_rows(merged: tuple) -> Iterator[Result]:
    """All rows of the country and a new province as CSV and XLSX: current units compared with as reported."""
    connection, _, scale = merged
    for (name, unit), kind in product(merged_units(merged)[:2], ("csv", "xlsx")):
        address = f"/reports/dashboard.{kind}?by=unit&unit={unit.code}&period={ACROSS.code}"
        acts = (request_act(connection, address + more) for more in ("&basis=today", ""))
        title = f"Gaps: {kind.upper()} of all rows, {name} merged in 2025"
        yield Result(f"{title}: by today's units ÷ as reported, {vendor()}", str(scale), *versus(*acts))


def bare_rows(district: tuple) -> Iterator[Result]:
    """P3 for a district: cached while a clerk below saves, and uncached."""
    for uncached, how in ((False, "while others enter"), (True, "drawn anew")):
        times = versus(
            request_act(district[0], "/", uncached=uncached),
            request_act(district[0], "/bench/bare/"),
            times=31,
            between=saving_act(district[0]),
        )
        title = f"P3 dashboard page {how} ÷ bare Django page of 30 rows, {vendor()}"
        yield Result(title, str(district[2]), *times, goal=1.5)


def saving_act(connection: Any) -> Act:
    """Each call saves another number in the running month of the first commune."""

    def save() -> None:
        with use(connection):
            unit = Unit.objects.reporting().order_by("pk").first()
            now = timezone.now()
            edition = actions.open_submission(unit, LAST.plus(1), by=None, at=now).editions.last()
            field = Field.objects.exclude(code=Field.UNDIVIDED).first()
            rows = {(field.pk, None): {"received_direct": edition.revision + 1}}
            actions.save_counts(edition, rows, by=None, revision=edition.revision, at=now)

    return save


def table_rows(nation: tuple) -> Iterator[Result]:
    """The dashboard's table with a hundred rows, compared with a loop over the same cells."""
    connection, top, _ = nation
    with use(connection):
        figures = summary(FiguresQuery(Unit.objects.filter(parent=top).first(), HALF_YEAR, by="unit"))
    ours, reference = _product_table(figures), _plain_table(figures)
    times = versus(ours, reference, times=21)
    yield Result("P7 table of 100 rows ÷ plain template loop", "100 rows × 9 columns", *times, goal=2.0)


def _product_table(figures: Summary) -> Act:
    entries = [_entry(row) for row in _rows(figures)]
    means = {"": figures.total.share("online")}

    def draw() -> str:
        table = FiguresTable(
            entries, link=lambda **change: "?", first="Đơn vị", means=means, order_by="-online_share"
        )
        context = {"table": table, "sections": table.sections(), "caption": "", "foot": ()}
        return render_to_string("parts/table.html", context)

    return draw


def _rows(figures: Summary) -> list[SummaryRow]:
    return [figures.rows[place % len(figures.rows)] for place in range(100)]


def _entry(row: SummaryRow) -> TableEntry:
    return TableEntry(row, fold(row.name), f"?unit={row.key}", "", "")


def _plain_table(figures: Summary) -> Act:
    draw = loop(engines["django"].engine)
    heads = ("Đơn vị", "Tiếp nhận", "Trực tiếp", "Trực tuyến", "BCCI")
    heads += ("Tỷ lệ trực tuyến", "Đúng hạn", "Quá hạn", "Báo cáo")
    counts = ("received", "received_direct", "received_online", "received_postal")

    def drawn() -> str:
        lines = []
        for row in sorted(_rows(figures), key=lambda row: fold(row.name)):
            row_figures = row.figures
            cells = [formatting.format_count(row_figures.counts[name]) for name in counts]
            cells += [
                formatting.format_percent(row_figures.share(key).percent) for key in ("online", "on_time")
            ]
            cells.append(formatting.format_count(row_figures.counts["pending_late"]))
            cells.append(f"{row_figures.completeness.reported}/{row_figures.completeness.expected}")
            lines.append((row.name, f"?unit={row.key}", list(zip(heads[1:], cells, strict=True))))
        return draw(heads, lines)

    return drawn
