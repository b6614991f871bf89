"""By today's units, the comparison names each unit whose history does not cover both periods, once."""

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
# The last reports are of July; all changes happen inside the period and before its last month.
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


def draft_of(
    name: str = "xã Mới Lập", parent: Unit | None = None, on: date = ON, code: str = "moi"
) -> UnitDraft:
    return UnitDraft(code, name, "committee", "commune", on, parent=parent or district())


def replace_units(codes: list[str], *drafts: UnitDraft) -> None:
    olds = list(Unit.objects.filter(code__in=codes, active_until=None))
    parts = [successions.Part(draft, Fraction(1, len(drafts))) for draft in drafts]
    successions.replace(olds, parts, ON, by=None)


def query_for(unit: Unit | None = None, day: date | None = DAY, period: str = PERIOD) -> FiguresQuery:
    arguments = unit or district(), Period.parse(period), DEFAULT_CALENDAR, "approved", False, None, "unit", 1
    return FiguresQuery(*arguments, today=day)


def comparison_and_shares(query: FiguresQuery) -> tuple[ComparedSummaries | None, dict[str, object]]:
    """The comparison, and last year's share of each row."""
    shown = ShownPeriods(query)
    summary, past = current_and_past(shown)
    return past.against, {row.name: row.change.before for row in with_changes(shown, summary).rows}


def received(query: FiguresQuery) -> int:
    return current_and_past(ShownPeriods(query))[1].before.total.counts["received"]


def test_a_unit_with_predecessors_is_compared(page):
    replace_units(["13450", "13453"], draft_of("xã Mới"))
    against, before = comparison_and_shares(query_for())
    assert against is None and before["xã Mới"] is not None
    assert "không tính" not in page() and "không tính 3 đơn vị" in page("")


def test_a_unit_without_predecessors_is_named_on_the_page_and_in_files(page, get):
    actions.open_unit(draft_of(), by=None)
    sentence = NAMED.format(1, "xã Mới Lập")
    assert sentence in page() and sentence in page("&basis=today&tier=commune")
    assert "không tính" not in page("&basis=today&tier=district")
    for table in ("hinh-thuc", "dung-han", "so-sanh"):
        file = get(f"{WHERE}&basis=today&bang={table}&tai=json")
        assert sentence in b"".join(file.streaming_content).decode(), table
    assert sentence in get(f"/reports/charts/channels.json{WHERE[1:]}&basis=today").json()["told"]
    alone = comparison_and_shares(query_for(Unit.objects.get(code="moi")))[0]
    assert alone.sentence == "Không so với cùng kỳ: xã Mới Lập không báo cáo suốt cả hai kỳ."


def test_its_successors_are_named_instead(page):
    actions.open_unit(draft_of(on=date(2022, 3, 1)), by=None)
    replace_units(["moi"], draft_of("xã Nửa Đông", code="x1"), draft_of("xã Nửa Tây", code="x2"))
    assert NAMED.format(2, "xã Nửa Đông; xã Nửa Tây") in page()


def test_a_unit_merged_with_it_is_left_out(page):
    """Its history includes a unit that did not exist last year."""
    actions.open_unit(draft_of(on=date(2022, 3, 1)), by=None)
    total_before, merged_away = (
        received(query_for()),
        received(query_for(Unit.objects.get(code="13450"), None)),
    )
    replace_units(["moi", "13450"], draft_of("xã Chung", code="x1"))
    against, before = comparison_and_shares(query_for())
    assert against.left_out == ("xã Chung",) and before["xã Chung"] is None
    assert merged_away and against.before.total.counts["received"] == total_before - merged_away
    assert NAMED.format(1, "xã Chung") in page()


@pytest.mark.parametrize(("last", "beside"), [(ON, True), (date(2021, 7, 21), False)])
def test_a_unit_closed_without_a_successor_is_named_once(page, last, beside):
    """Beside the figures if it was expected to report in the period, in the comparison if only last year."""
    Unit.objects.filter(code="13450").update(active_until=last)
    roster.rebuild()
    stored_lineage.rebuild()
    text = page()
    assert ("Không có đơn vị kế thừa: xã Liêm Phong" in text) is beside
    assert (NAMED.format(1, "xã Liêm Phong") in text) is not beside
    against, before = comparison_and_shares(query_for())
    assert "xã Liêm Phong" not in before
    # It counts on neither side.
    assert beside or against.before.total == current_and_past(ShownPeriods(query_for()))[1].before.total


def test_a_unit_moved_to_another_group_is_not_compared(page):
    above = district().parent
    other = UnitDraft("khac", "huyện Khác", "committee", "district", above.active_from, parent=above)
    replace_units(["13441"], draft_of("phường Châu Sơn", actions.open_unit(other, by=None), code="x1"))
    text = page()
    assert "Không còn phần đã chuyển sang đơn vị khác: thị trấn Kiện Khê" in text
    assert "không tính" not in text and comparison_and_shares(query_for())[0] is None


def test_a_closed_unit_is_compared_by_its_own_reports(demo):
    """Its total is its own reports; successors elsewhere do not count for it."""
    old = Unit.objects.get(code="13450")
    replace_units(["13450", "13453"], draft_of("xã Mới"))
    old.refresh_from_db()
    assert old.active_until == ON - timedelta(1)
    assert (
        comparison_and_shares(query_for(old))[0].nobody
        and comparison_and_shares(query_for(old, period="2022-H1"))[0] is None
    )
