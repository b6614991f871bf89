"""P2, P3, P7: pages of the dashboard beside a district's page, a bare Django page and a plain template loop."""

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
from .figures_queries import ACROSS, places_of
from .measurement import Act, Result, versus
from .plain_server import loop

WAYS = ((True, "drawn anew"), (False, "asked for again"))


def reading(connection: Any, address: str, *, anew: bool = False) -> Act:
    """One signed-in reading of an address in a database; anything but a page is an error. With `anew` nothing that
    the product remembers of earlier readings helps.
    """
    client = Client()
    with use(connection):
        client.force_login(User.objects.get(username="reader"), "django.contrib.auth.backends.ModelBackend")

    def read() -> None:
        if anew:
            cache.clear()
        with use(connection):
            response = client.get(address)
        if response.status_code != 200:
            raise RuntimeError(f"{address}: {response.status_code}")

    return read


def country_rows(
    nation: tuple, district: tuple, name: str = "country", goal: float = 1.3
) -> Iterator[Result]:
    """P2, drawn anew and asked for again. Both are (connection, top unit, scale)."""
    for anew, said in WAYS:
        times = versus(*(reading(place[0], "/", anew=anew) for place in (nation, district)), times=11)
        title = f"P2 dashboard page {said}: {name} ÷ district, {vendor()}"
        yield Result(title, str(nation[2]), *times, goal=goal)


def merged_rows(merged: tuple) -> Iterator[Result]:
    """The page of the country that was merged, of a new province and commune: by today's units beside as reported."""
    connection, _, scale = merged
    for name, unit in places_of(merged):
        asked = f"/?unit={unit.code}&period={ACROSS.code}"
        ours, reference = (reading(connection, asked + more, anew=True) for more in ("&basis=today", ""))
        title = f"P2 page of a {name} merged in 2025: by today's units ÷ as reported, {vendor()}"
        yield Result(title, str(scale), *versus(ours, reference, times=11))


def export_rows(nation: tuple, district: tuple) -> Iterator[Result]:
    """All rows of a province with its districts, and of the country, as CSV and XLSX; beside those of a district."""
    for kind in ("csv", "xlsx"):
        acts = [reading(place[0], f"/reports/dashboard.{kind}?by=unit") for place in (nation, district)]
        title = f"Country before 2025: {kind.upper()} of all rows ÷ district, {vendor()}"
        yield Result(title, str(nation[2]), *versus(*acts))


def today_export_rows(merged: tuple) -> Iterator[Result]:
    """All rows by today's units, of the country and of a new province, as CSV and XLSX; beside those as reported."""
    connection, _, scale = merged
    for (name, unit), kind in product(places_of(merged)[:2], ("csv", "xlsx")):
        asked = f"/reports/dashboard.{kind}?by=unit&unit={unit.code}&period={ACROSS.code}"
        acts = (reading(connection, asked + more) for more in ("&basis=today", ""))
        told = f"Gaps: {kind.upper()} of all rows, {name} merged in 2025"
        yield Result(f"{told}: by today's units ÷ as reported, {vendor()}", str(scale), *versus(*acts))


def bare_rows(district: tuple) -> Iterator[Result]:
    """P3, at the scale of a district: asked for while a clerk below goes on entering, and drawn anew."""
    for anew, said in ((False, "while others enter"), (True, "drawn anew")):
        times = versus(
            reading(district[0], "/", anew=anew),
            reading(district[0], "/bench/bare/"),
            times=31,
            between=entering(district[0]),
        )
        title = f"P3 dashboard page {said} ÷ bare Django page of 30 rows, {vendor()}"
        yield Result(title, str(district[2]), *times, goal=1.5)


def entering(connection: Any) -> Act:
    """A clerk of the first commune opens the running month and saves another number in it each time."""

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
    """A table of a hundred units as the dashboard shows it, beside a loop over the same cells."""
    connection, top, _ = nation
    with use(connection):
        one = summary(FiguresQuery(Unit.objects.filter(parent=top).first(), HALF_YEAR, by="unit"))
    ours, reference = _hundred(one), _plainly(one)
    times = versus(ours, reference, times=21)
    yield Result("P7 table of 100 rows ÷ plain template loop", "100 rows × 9 columns", *times, goal=2.0)


def _hundred(one: Summary) -> Act:
    entries = [_entry(row) for row in _rows(one)]
    means = {"": one.total.share("online")}

    def draw() -> str:
        table = FiguresTable(
            entries, link=lambda **change: "?", first="Đơn vị", means=means, order_by="-online_share"
        )
        context = {"table": table, "sections": table.sections(), "caption": "", "foot": ()}
        return render_to_string("parts/table.html", context)

    return draw


def _rows(one: Summary) -> list[SummaryRow]:
    return [one.rows[place % len(one.rows)] for place in range(100)]


def _entry(row: SummaryRow) -> TableEntry:
    return TableEntry(row, fold(row.name), f"?unit={row.key}", "", "")


def _plainly(one: Summary) -> Act:
    draw = loop(engines["django"].engine)
    heads = ("Đơn vị", "Tiếp nhận", "Trực tiếp", "Trực tuyến", "BCCI")
    heads += ("Tỷ lệ trực tuyến", "Đúng hạn", "Quá hạn", "Báo cáo")
    counts = ("received", "received_direct", "received_online", "received_postal")

    def drawn() -> str:
        lines = []
        for row in sorted(_rows(one), key=lambda row: fold(row.name)):
            known = row.figures
            cells = [formatting.format_count(known.counts[name]) for name in counts]
            cells += [formatting.format_percent(known.share(key).percent) for key in ("online", "on_time")]
            cells.append(formatting.format_count(known.counts["pending_late"]))
            cells.append(f"{known.completeness.reported}/{known.completeness.expected}")
            lines.append((row.name, f"?unit={row.key}", list(zip(heads[1:], cells, strict=True))))
        return draw(heads, lines)

    return drawn
