"""By today's units the comparison with last year names whose history does not reach through both periods, once."""

from datetime import date, timedelta
from fractions import Fraction

import pytest

from figures.periods import DEFAULT_CALENDAR, Period
from records.summary.figures_query import FiguresQuery
from reports.dashboard.queries import ShownPeriods, current_and_past, with_changes
from reports.year_on_year.comparison import ComparedSummaries
from tests.units.succession import successions
from units.lifecycle import actions
from units.models import Unit
from units.succession import stored_lineage
from units.tree import roster
from units.tree.rules import UnitDraft

pytestmark = pytest.mark.django_db
# The last reports are of July; what happens does so inside the period and before its last month.
DAY, ON, PERIOD = date(2022, 9, 20), date(2022, 7, 21), "2022-M05..M09"
WHERE = f"/?unit=351&period={PERIOD}"
NAMED = "So với cùng kỳ chỉ tính các đơn vị báo cáo suốt cả hai kỳ; không tính {} đơn vị: {}."


@pytest.fixture
def get(reader, settings):
    settings.DEMO_TODAY = DAY
    return reader("tonghop").get


@pytest.fixture
def page(get):
    return lambda more="&basis=today": get(WHERE + more).content.decode()


def district() -> Unit:
    return Unit.objects.get(code="351")


def opened(
    name: str = "xã Mới Lập", parent: Unit | None = None, on: date = ON, code: str = "moi"
) -> UnitDraft:
    return UnitDraft(code, name, "committee", "commune", on, parent=parent or district())


def followed(codes: list[str], *drafts: UnitDraft) -> None:
    olds = list(Unit.objects.filter(code__in=codes, active_until=None))
    parts = [successions.Part(draft, Fraction(1, len(drafts))) for draft in drafts]
    successions.replace(olds, parts, ON, by=None)


def wanted(unit: Unit | None = None, day: date | None = DAY, period: str = PERIOD) -> FiguresQuery:
    asked = unit or district(), Period.parse(period), DEFAULT_CALENDAR, "approved", False, None, "unit", 1
    return FiguresQuery(*asked, today=day)


def compared(asked: FiguresQuery) -> tuple[ComparedSummaries | None, dict[str, object]]:
    """What is compared, and last year's figures of each row."""
    shown = ShownPeriods(asked)
    summary, past = current_and_past(shown)
    return past.against, {row.name: row.change.before for row in with_changes(shown, summary).rows}


def received(asked: FiguresQuery) -> int:
    return current_and_past(ShownPeriods(asked))[1].before.total.counts["received"]


def test_a_unit_with_predecessors_is_compared(page):
    followed(["13450", "13453"], opened("xã Mới"))
    found, before = compared(wanted())
    assert found is None and before["xã Mới"] is not None
    assert "không tính" not in page() and "không tính 3 đơn vị" in page("")


def test_one_without_is_named_on_the_page_and_in_files(page, get):
    actions.open_unit(opened(), by=None)
    told = NAMED.format(1, "xã Mới Lập")
    assert told in page() and told in page("&basis=today&tier=commune")
    assert "không tính" not in page("&basis=today&tier=district")
    for table in ("hinh-thuc", "dung-han", "so-sanh"):
        file = get(f"{WHERE}&basis=today&bang={table}&tai=json")
        assert told in b"".join(file.streaming_content).decode(), table
    assert told in get(f"/reports/charts/channels.json{WHERE[1:]}&basis=today").json()["told"]
    alone = compared(wanted(Unit.objects.get(code="moi")))[0]
    assert alone.sentence == "Không so với cùng kỳ: xã Mới Lập không báo cáo suốt cả hai kỳ."


def test_what_was_divided_from_it_is_named_instead(page):
    actions.open_unit(opened(on=date(2022, 3, 1)), by=None)
    followed(["moi"], opened("xã Nửa Đông", code="x1"), opened("xã Nửa Tây", code="x2"))
    assert NAMED.format(2, "xã Nửa Đông; xã Nửa Tây") in page()


def test_what_merged_with_it_is_left_out_with_it(page):
    """Its history is of more than it was last year."""
    actions.open_unit(opened(on=date(2022, 3, 1)), by=None)
    whole, gone = received(wanted()), received(wanted(Unit.objects.get(code="13450"), None))
    followed(["moi", "13450"], opened("xã Chung", code="x1"))
    found, before = compared(wanted())
    assert found.left_out == ("xã Chung",) and before["xã Chung"] is None
    assert gone and found.before.total.counts["received"] == whole - gone
    assert NAMED.format(1, "xã Chung") in page()


@pytest.mark.parametrize(("last", "beside"), [(ON, True), (date(2021, 7, 21), False)])
def test_who_ended_without_a_successor_is_named_once(page, last, beside):
    """Beside the figures where it owed reports of the period, with the comparison where of last year only."""
    Unit.objects.filter(code="13450").update(active_until=last)
    roster.rebuild()
    stored_lineage.rebuild()
    text = page()
    assert ("Không có đơn vị kế thừa: xã Liêm Phong" in text) is beside
    assert (NAMED.format(1, "xã Liêm Phong") in text) is not beside
    found, before = compared(wanted())
    assert "xã Liêm Phong" not in before
    # Neither side ever had it.
    assert beside or found.before.total == current_and_past(ShownPeriods(wanted()))[1].before.total


def test_who_left_for_another_unit_is_no_matter_of_the_comparison(page):
    above = district().parent
    other = UnitDraft("khac", "huyện Khác", "committee", "district", above.active_from, parent=above)
    followed(["13441"], opened("phường Châu Sơn", actions.open_unit(other, by=None), code="x1"))
    text = page()
    assert "Không còn phần đã chuyển sang đơn vị khác: thị trấn Kiện Khê" in text
    assert "không tính" not in text and compared(wanted())[0] is None


def test_of_a_unit_that_is_over_its_own_reports_are_compared(demo):
    """Its total is what it reported: who followed elsewhere does not stand for it."""
    old = Unit.objects.get(code="13450")
    followed(["13450", "13453"], opened("xã Mới"))
    old.refresh_from_db()
    assert old.active_until == ON - timedelta(1)
    assert compared(wanted(old))[0].nobody and compared(wanted(old, period="2022-H1"))[0] is None
