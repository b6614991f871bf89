"""The switch "Theo báo cáo" / "Theo đơn vị hiện nay": every outlet names its basis."""

import csv
import re
from dataclasses import replace
from datetime import date
from fractions import Fraction
from html import unescape
from io import BytesIO, StringIO
from urllib.parse import quote

import openpyxl
import pytest

from accounts.models import User
from figures.periods import DEFAULT_CALENDAR, Period
from records.summary.figures_query import FiguresQuery
from reports.dashboard import params
from reports.dashboard.params import PageState
from reports.dashboard.queries import ShownPeriods, current_and_past
from tests.support.page_text import squeezed
from tests.units.succession import successions
from units.access.queries import memberships_of
from units.lifecycle import actions as lifecycle_actions
from units.lifecycle.imports import import_successions, import_units
from units.models import Membership, Unit
from units.people import actions as people_actions
from units.succession import stored_lineage
from units.tree import roster
from units.tree.rules import UnitDraft

pytestmark = pytest.mark.django_db
FOLDER = "fixtures/thanhliem"
WHERE = "?unit=351%402022-06-30&period=2022-H1&basis=today"
COMMUNE = UnitDraft("", "", "committee", "commune", date(2022, 7, 1))
NOTE = "theo đơn vị hiện nay (01/8/2025)"


@pytest.fixture
def page(reader, settings):
    """page(path): the answer to the district's reviewer on 1 August 2025, a month after the merger."""
    for name, read in (("units-2025.csv", import_units), ("successions-2025.csv", import_successions)):
        with open(f"{FOLDER}/{name}", "rb") as file:
            assert read(file.read(), name, by=None).faults == []
    settings.DEMO_TODAY = date(2025, 8, 1)
    return reader("tonghop").get


def test_the_page_shows_both_and_keeps_the_basis(page):
    reported = page("/?unit=351&period=2022-H1").content.decode()
    assert "theo đơn vị khi báo cáo" in reported and NOTE not in reported
    link = re.search(r'href="\?([^"]*basis=today)"[^>]*>Đơn vị hiện nay', reported).group(1)
    today = page("/?" + link.replace("&amp;", "&")).content.decode()
    assert today.lower().count(NOTE) >= 2 and "xã Thanh Lâm" in today
    links = re.findall(r'href="(\?[^"]*)"', today)
    others = [link.partition("&amp;")[2] for link in links if "basis=today" not in link]
    assert sorted(others) == ["period=2022-H1", "period=2022-H1&amp;as_of=2025-08-01"]
    assert 'name="basis" value="today"' in today


def test_the_switch_stands_only_where_it_can_make_a_difference(reader, django_assert_max_num_queries):
    switch = 'aria-labelledby="basis"'
    page = reader("tonghop").get
    plain = page("/?unit=351&period=2022-H1")
    assert plain.status_code == 200 and switch not in plain.content.decode()
    assert switch in page("/?unit=351&period=2022-H1&basis=today").content.decode()
    district, commune, other = (Unit.objects.get(code=code) for code in ("351", "13450", "13453"))
    parts = [successions.Part(replace(COMMUNE, code="moi", name="xã Mới", parent=district))]
    (new,) = successions.replace([commune, other], parts, date(2022, 7, 1), by=None)
    for unit, differs in ((district, True), (commune, True), (new, True)):
        with django_assert_max_num_queries(2):
            assert stored_lineage.figures_can_differ(unit, date(2022, 8, 12)) is differs, unit
    assert not stored_lineage.figures_can_differ(district, date(2022, 6, 30))
    assert not stored_lineage.figures_can_differ(Unit.objects.get(code="13474"), date(2022, 8, 12))
    for key in ("351", "13450@2022-06-30", "moi"):
        assert switch in page(f"/?unit={key}&period=2022-M08").content.decode(), key
    assert switch not in page("/?unit=13474&period=2022-H1").content.decode()


def test_sums_on_both_bases_are_equal(page):
    today, reported = (
        page(f"/api/v1/summary{where}&by=unit").json() for where in (WHERE, WHERE.split("&basis")[0])
    )
    assert (today["basis"], today["units_of"]) == ("today", "2025-08-01")
    assert today["total"]["counts"] == reported["total"]["counts"]
    rows = {row["key"]: row["counts"]["received"] for row in today["rows"]}
    olds = {row["key"]: row["counts"]["received"] for row in reported["rows"]}
    assert rows["13489"] == olds["13477"] + olds["13489"] + olds["13498"]
    assert sum(filter(None, rows.values())) == today["total"]["counts"]["received"]
    assert [unit["unit"] for unit in today["territory"]["ended"]][0].endswith("@2025-06-30")


def test_files_and_charts_say_so(page):
    answer = page(f"/reports/dashboard.csv{WHERE}")
    assert "theo-don-vi-hien-nay" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert all(NOTE in row["Phạm vi"] for row in rows)
    assert "xã Thanh Lâm" in {row["Đơn vị"] for row in rows}
    book = openpyxl.load_workbook(BytesIO(page(f"/reports/dashboard.xlsx{WHERE}").content))
    source = [(row[0].value, row[1].value) for row in book["Nguồn"].iter_rows()]
    assert ("Xếp theo", NOTE.removeprefix("theo ")) in source
    assert any(label == "Địa bàn" and "Không có đơn vị kế thừa" in text for label, text in source)
    for name in ("online", "channels"):
        assert page(f"/reports/charts/{name}.json{WHERE}").json()["told"].endswith(NOTE)


@pytest.mark.parametrize(
    "more", ["", "&by=field", "&by=month", "&field=ho-tich", "&tier=commune", "&external=1"]
)
def test_every_view_adds_up(page, more):
    text = page(f"/{WHERE}{more}")
    assert text.status_code == 200
    answer = page(f"/reports/dashboard.csv{WHERE}{more}")
    *rows, total = csv.DictReader(StringIO(answer.content.decode("utf-8-sig")))
    column = "Tiếp nhận trực tiếp"
    assert sum(int(row[column] or 0) for row in rows) == int(total[column])


def test_what_was_divided_is_marked(reader, settings):
    old = Unit.objects.get(code="13477")
    parts = [
        successions.Part(
            UnitDraft(f"x{at}", f"xã Nửa {at}", "committee", "commune", date(2022, 9, 1), parent=old.parent),
            Fraction(1, 2),
        )
        for at in (1, 2)
    ]
    successions.replace([old], parts, date(2022, 9, 1), by=None)
    settings.DEMO_TODAY = date(2022, 10, 1)
    page = reader("tonghop").get
    where = "?unit=351&period=2022-H1&basis=today"
    assert "không xếp 2 đơn vị có số ước tính" in page(f"/{where}").content.decode()
    rows = {row["key"]: row for row in page(f"/api/v1/summary{where}&by=unit").json()["rows"]}
    assert rows["x1"]["estimated"] and rows["x2"]["estimated"] and "estimated" not in rows["13489"]
    files = page(f"/reports/dashboard.csv{where}").content.decode("utf-8-sig")
    marked = [row["Mã"] for row in csv.DictReader(StringIO(files)) if "ước tính" in row["Ghi chú"]]
    assert sorted(marked) == ["x1", "x2"]


def test_an_estimate_leads_no_ranking_in_words(reader, settings):
    """The best commune is divided: its parts are in the table, but the heading names a unit with real figures."""
    page, where = reader("tonghop").get, "?unit=351&period=2022-H1"
    best = re.compile(r"(xã|thị trấn) ([^<>:]*?) cao nhất")
    leader = " ".join(best.search(page(f"/{where}").content.decode()).groups())
    old, on = Unit.objects.get(name=leader), date(2022, 9, 1)
    parts = [
        successions.Part(
            UnitDraft(f"x{at}", f"xã Phần {at}", "committee", "commune", on, parent=old.parent),
            Fraction(at, 3),
        )
        for at in (1, 2)
    ]
    successions.replace([old], parts, on, by=None)
    settings.DEMO_TODAY = date(2022, 10, 1)
    today = page(f"/{where}&basis=today").content.decode()
    assert "xã Phần 1" in today and "Phần" not in best.search(today).group(2)


def test_comparison_leaves_out_and_names_what_is_not_in_both_years(reader, settings):
    """A commune that opens within the period counts on neither side of the comparison."""
    district = Unit.objects.get(code="351")
    late = lifecycle_actions.open_unit(
        UnitDraft("moi", "xã Mới Lập", "committee", "commune", date(2022, 3, 1), parent=district), by=None
    )
    page = reader("tonghop").get
    plain = Unit.objects.get(code="13450")
    when = "&period=2022-H1"
    text = page(f"/?unit=351{when}").content.decode()
    assert "không tính 1 đơn vị: xã Mới Lập" in text and late.name in text
    assert "không tính 1 đơn vị" not in page(f"/?unit={plain.code}{when}").content.decode()
    assert "không tính 1 đơn vị: xã Mới Lập" in page(f"/?unit=351{when}&basis=today").content.decode()
    # It has reported nothing, so the compared figures stay the same.
    query = FiguresQuery(
        district, Period.parse("2022-H1"), DEFAULT_CALENDAR, "approved", False, None, "unit", 1
    )
    summary, past = current_and_past(ShownPeriods(query))
    against = past.against
    assert against.current.total.counts == summary.total.counts
    assert against.before.total.counts == past.before.total.counts
    completeness = summary.total.completeness
    assert against.current.total.completeness.expected == completeness.expected - 4


def test_what_a_unit_that_closed_had_reported_is_taken_out_of_both_years(reader):
    gone = Unit.objects.get(code="13450")
    query = FiguresQuery(
        gone.parent, Period.parse("2022-H1"), DEFAULT_CALENDAR, "approved", False, None, None, 1
    )
    before = current_and_past(ShownPeriods(query))
    theirs = current_and_past(ShownPeriods(replace(query, unit=gone)))
    Unit.objects.filter(pk=gone.pk).update(active_until=date(2022, 4, 20))
    roster.rebuild()
    against = current_and_past(ShownPeriods(replace(query)))[1].against
    assert against.left_out == (gone.name,)
    for name in ("received", "received_online", "resolved", "opening", "pending_late"):
        for side, place in ((against.current, 0), (against.before, 1)):
            whole, part = (
                (pair[0] if place == 0 else pair[1].before).total.counts[name] for pair in (before, theirs)
            )
            assert side.total.counts[name] == whole - part, (name, place)


def test_the_empty_page_of_a_unit_that_was_not_there_says_where_to_go_on(page):
    """Before its first day the page leads to the history of its predecessors, after its last day to its successor."""
    new = Unit.objects.get(code="13489", active_from=date(2025, 7, 1))
    reader = User.objects.get(username="tonghop")
    people_actions.add_membership(reader, new, "viewer", new.active_from, by=None)
    text = page("/?unit=13489%402025-07-01&period=2022-H1").content.decode()
    assert "Xã Thanh Lâm hoạt động từ ngày 01/7/2025, sau 6 tháng đầu năm 2022." in text
    way = re.search(r'href="([^"]*)">Xem theo đơn vị hiện nay', text).group(1)
    shown = page("/" + unescape(way)).content.decode()
    assert "Chưa có báo cáo nào" not in shown
    old = Unit.objects.get(code="13450")
    text = page("/?unit=13450%402025-06-30&period=2025-M08").content.decode()
    assert "Xã Liêm Phong hoạt động đến hết ngày 30/6/2025, trước tháng 8/2025." in text
    assert f'href="/units/{old.pk}/">Xem đơn vị kế thừa' in text
    assert "Không phải báo cáo</span>" in text and "Chưa mở" not in text
    assert page(f"/units/{old.pk}/").status_code == 200


def test_where_nothing_can_be_compared_a_sentence_replaces_the_chart(reader):
    """A unit that ended within the period has fewer months than last year."""
    district, gone = Unit.objects.get(code="351"), Unit.objects.get(code="13450")
    Unit.objects.filter(pk=gone.pk).update(active_until=date(2022, 4, 20))
    roster.rebuild()
    page = reader("lanhdao").get
    text = squeezed(page("/?unit=13450%402022-04-20&period=2022-H1").content.decode())
    assert "Không so với cùng kỳ: xã Liêm Phong không báo cáo suốt cả hai kỳ." in text
    assert text.count("không so được với cùng kỳ") == 3 and ">so với cùng kỳ (" not in text
    assert 'id="h-compare"' not in text
    whole = squeezed(page("/?unit=351&period=2022-H1").content.decode())
    assert (
        "không tính 1 đơn vị: xã Liêm Phong" in whole
        and 'id="h-compare"' in whole
        and ">so với cùng kỳ (" in whole
    )
    Unit.objects.filter(parent=district).update(active_until=date(2022, 4, 20))
    roster.rebuild()
    none = page("/?unit=351&period=2022-H1").content.decode()
    assert "Không so với cùng kỳ: không có đơn vị nào báo cáo suốt cả hai kỳ." in none
    assert "không so được với cùng kỳ" in none and 'id="h-compare"' not in none


@pytest.mark.parametrize("name", ["lanhdao", "tonghop"])
@pytest.mark.parametrize("more", ["&by=unit", "&by=field", "&tier=commune"])
def test_every_unit_that_is_linked_or_offered_is_the_readers_to_see(page, reader, name, more):
    read = reader(name).get
    where = f"?unit=351%402022-06-14&period=2022-H1&basis=today{more}"
    text = read(f"/{where}").content.decode()
    ways = {unescape(href) for href in re.findall(r'<th scope="row"><a href="(\?[^"]*)', text)}
    offered = re.search(r'<select id="unit".*?</select>', text, re.S).group()
    ways |= {
        f"?unit={quote(unescape(key))}&period=2022-H1&basis=today"
        for key in re.findall(r'<option value="([^"]*)', offered)
    }
    assert ways and {way: read(f"/{way}").status_code for way in ways} == dict.fromkeys(ways, 200)
    # Hidden units are still named and counted.
    assert more == "&by=field" or "xã Thanh Lâm" in text


def test_units_elsewhere_are_links_for_who_sees_them_and_cost_one_query(
    page, reader, django_assert_max_num_queries
):
    where = "/?unit=351%402022-06-14&period=2022-H1&basis=today&by=unit"
    link = re.compile(r'<th scope="row"><a href="\?unit=13489')
    assert not link.search(reader("lanhdao").get(where).content.decode())
    day, unit = date(2025, 8, 1), Unit.objects.get(code="351")
    state = PageState(FiguresQuery(unit, Period.parse("2022-H1"), today=day), day, "351")
    units = list(Unit.objects.values_list("pk", flat=True))
    user = User.objects.get(username="lanhdao")
    memberships_of(user, day)
    with django_assert_max_num_queries(1):
        hidden = params.hidden_units(state, user, units)
    successor = Unit.objects.get(code="13489", active_until=None)
    assert successor.pk in hidden and unit.pk not in hidden
    Membership.objects.create(user=user, unit=successor, role="viewer", valid_from=date(2025, 7, 1))
    assert link.search(reader("lanhdao").get(where).content.decode())


def test_the_lead_names_few_units_by_their_last_day_and_the_rest_unfolds(page):
    text = squeezed(page(f"/{WHERE}").content.decode())
    lead, _, rest = text.partition('<div class="find">')[2].partition("</p><details")
    assert "@" not in lead + rest.partition("</details>")[0]
    assert "(đến 30/6/2025)" in lead and re.search(r" và \d+ đơn vị khác\.", lead)
    assert lead.count("(đến ") == 3 < rest.partition("</details>")[0].count("(đến ")
