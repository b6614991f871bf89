"""Change of each row against the same period last year, equal in every outlet."""

import csv
import re
from dataclasses import replace
from datetime import date
from io import BytesIO, StringIO

import openpyxl
import pytest

from figures.formatting import format_points
from figures.periods import DEFAULT_CALENDAR, Period
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from reports.dashboard.queries import ShownPeriods, with_changes
from tests.units.succession import successions
from units.lifecycle import actions
from units.models import Unit
from units.tree import roster
from units.tree.rules import UnitDraft

pytestmark = pytest.mark.django_db
WHERE = "?unit=351&period=2022-H1"
HALF = Period.parse("2022-H1")


def half_year_query(**more) -> FiguresQuery:
    query = FiguresQuery(
        Unit.objects.get(code="351"), HALF, DEFAULT_CALENDAR, "approved", False, None, "unit", 1
    )
    return replace(query, **more)


def changes(query: FiguresQuery) -> dict[str, str | None]:
    compared = with_changes(ShownPeriods(query), summary(query))
    return {row.key: row.change.points for row in compared.rows}


def test_the_difference_is_that_of_the_printed_rates(demo):
    now = summary(half_year_query())
    before = summary(half_year_query(period=HALF.same_last_year()))
    compared = with_changes(ShownPeriods(half_year_query()), now)
    assert {row.key for row in compared.rows} == {row.key for row in before.rows}
    for row in compared.rows:
        old = before.row(row.key).figures.shares["online"]
        assert row.change.before == (None if old.percent is None else old)
        new = row.figures.shares["online"].percent
        if new is None:
            assert row.change.points is None and row.figures.counts["received"] is not None
            continue
        assert row.change.points == f"{float(new) - float(old.percent):.1f}".replace("-0.0", "0.0")


def test_every_outlet_tells_the_same(reader):
    page = reader("tonghop").get
    api = page(f"/api/v1/summary{WHERE}&by=unit&change=1").json()
    points = {row["key"]: row["change"]["online"]["points"] for row in api["rows"]}
    assert points == changes(half_year_query()) and list(points.values()).count(None) == 2
    rows = list(csv.DictReader(StringIO(page(f"/reports/dashboard.csv{WHERE}").content.decode("utf-8-sig"))))
    column = "Tỷ lệ hồ sơ trực tuyến: tăng, giảm (điểm phần trăm)"
    printed = {row["Mã"]: row[column] for row in rows[:-1]}
    assert printed == {key: format_points(change).lstrip("+") for key, change in points.items()}
    book = openpyxl.load_workbook(BytesIO(page(f"/reports/dashboard.xlsx{WHERE}").content))
    lines = list(book["Số liệu"].iter_rows(min_row=3, values_only=True))
    at = lines[0].index(column)
    assert {line[1]: line[at] for line in lines[1:-1]} == {
        key: None if change is None else float(change) for key, change in points.items()
    }
    assert any(row[0].value == column for row in book["Nguồn"].iter_rows())
    text = page(f"/{WHERE}").content.decode()
    shown = re.findall(r'data-l="Tăng, giảm \(điểm\)">([^<]*)<', text)
    assert sorted(filter(None, shown)) == sorted(format_points(point) for point in points.values())
    assert "change" not in page(f"/api/v1/summary{WHERE}&by=unit").json()["rows"][0]
    assert page(f"/api/v1/summary{WHERE}&by=unit&change=x").json()["code"] == "bad_change"


@pytest.mark.parametrize("more", ["&by=field", "&by=month", "&unit=13474"])
def test_other_rows_have_no_change(reader, more):
    page = reader("tonghop").get(f"/{WHERE}{more}").content.decode()
    assert 'data-l="Tăng, giảm (điểm)"' not in page and "sort=-change" not in page


def test_the_table_is_ordered_by_change(reader):
    points = changes(half_year_query())
    page = reader("tonghop").get
    for sort, descending in (("-change", True), ("change", False)):
        text = page(f"/{WHERE}&tier=commune&sort={sort}").content.decode()
        shown = [cell for cell in re.findall(r'data-l="Tăng, giảm \(điểm\)">([^<]*)<', text) if cell]
        communes = [change for key, change in points.items() if key.isdigit()]
        ordered = sorted(map(float, communes), reverse=descending)
        assert shown == [format_points(f"{change:.1f}") for change in ordered]
    assert "sort=-change" in page(f"/{WHERE}").content.decode()


def test_of_one_field_and_of_a_tier(reader):
    page = reader("tonghop").get
    for more in ("&field=ho-tich", "&tier=commune", "&external=1", "&include=submitted", "&as_of=2022-08-01"):
        text = page(f"/{WHERE}&by=unit{more}").content.decode()
        assert re.search(r'data-l="Tăng, giảm \(điểm\)">[+−0]', text), more


def test_a_unit_that_was_not_there_last_year_has_none(demo):
    """By today's units it has the history of its predecessors."""
    district, commune, other = (Unit.objects.get(code=code) for code in ("351", "13450", "13453"))
    draft = UnitDraft("moi", "xã Mới", "committee", "commune", date(2022, 6, 20), parent=district)
    successions.replace([commune, other], [successions.Part(draft)], date(2022, 6, 20), by=None)
    points = changes(half_year_query())
    assert points["13450"] is not None and points["13474"] is not None
    Unit.objects.filter(pk=commune.pk).update(active_until=date(2022, 3, 1))
    roster.rebuild()
    assert changes(half_year_query())["13450@2022-03-01"] is None
    today = changes(half_year_query(today=date(2022, 8, 12)))
    assert today["moi"] is not None and today["13474"] == points["13474"]


def test_a_group_is_compared_only_where_its_units_stayed(demo):
    """A group row: the district within its province."""
    district = Unit.objects.get(code="351")
    assert changes(half_year_query(unit=district.parent))["351"] is not None
    late = UnitDraft("moi", "xã Mới Lập", "committee", "commune", date(2022, 3, 1), parent=district)
    actions.open_unit(late, by=None)
    assert changes(half_year_query(unit=district.parent))["351"] is None
