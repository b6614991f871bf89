"""One field against last year: units not expected to report it throughout are left out and named in every outlet."""

from datetime import date

import pytest

from figures.periods import DEFAULT_CALENDAR, Period
from figures.tally import sum_reported
from records.models import Field, FieldScope, ProcedureScope
from records.summary.figures_query import FiguresQuery
from reports.dashboard.queries import ShownPeriods, current_and_past, with_changes
from units.models import Unit

from .test_basis import page as page

pytestmark = pytest.mark.django_db
WHERE = "unit=351%402022-06-30&period=2022-H1&field=ho-tich"
NAMED = "chỉ tính các đơn vị báo cáo lĩnh vực Hộ tịch suốt cả hai kỳ; không tính 1 đơn vị: "
TODAY = date(2025, 8, 1)


@pytest.fixture
def recent_scope(page) -> None:
    """Thanh Tân reports civil status from 2022 on; by today's units it is one third of Thanh Lâm."""
    field, unit = Field.objects.get(code="ho-tich"), Unit.objects.get(code="13477")
    others = Unit.objects.filter(tier="commune").exclude(pk=unit.pk)
    for scope in (
        *FieldScope.objects.filter(field=field),
        *ProcedureScope.objects.filter(procedure__field=field),
    ):
        scope.units.set(others)
    FieldScope.objects.create(field=field, valid_from=date(2022, 1, 1)).units.set([unit])


def field_query(code: str, today: date | None = None, by: str | None = "unit") -> FiguresQuery:
    unit = Unit.objects.filter(code=code).order_by("active_from").first()
    field = Field.objects.get(code="ho-tich")
    return FiguresQuery(
        unit, Period.parse("2022-H1"), DEFAULT_CALENDAR, "approved", False, None, by, 1, field, None, today
    )


@pytest.mark.parametrize(
    ("today", "olds", "name"),
    [(None, ["13477"], "xã Thanh Tân"), (TODAY, ["13477", "13489", "13498"], "xã Thanh Lâm")],
)
def test_both_sides_are_without_whom_they_name(recent_scope, today, olds, name):
    shown = ShownPeriods(field_query("351", today))
    summary, past = current_and_past(shown)
    theirs = [current_and_past(ShownPeriods(field_query(code, by=None))) for code in olds]
    assert past.against.left_out == (name,)
    for key in ("received", "received_online", "resolved", "opening", "pending_late"):
        gone = [
            sum_reported(current.total.counts[key] for current, _ in theirs),
            sum_reported(earlier.before.total.counts[key] for _, earlier in theirs),
        ]
        for side, whole, part in zip(
            (past.against.current, past.against.before), (summary, past.before), gone, strict=True
        ):
            assert side.total.counts[key] == whole.total.counts[key] - part, key
    assert past.against.current.basis == past.against.before.basis == summary.basis
    rows = {row.name: row.change for row in with_changes(shown, summary).rows}
    assert rows.pop(name).before is None
    assert all(change.before for unit_name, change in rows.items() if unit_name.startswith("xã"))


@pytest.mark.parametrize(("more", "name"), [("", "xã Thanh Tân"), ("&basis=today", "xã Thanh Lâm")])
def test_page_files_and_chart_name_them(recent_scope, page, more, name):
    assert NAMED + name in page(f"/?{WHERE}{more}").content.decode()
    for table in ("hinh-thuc", "dung-han", "so-sanh"):
        file = page(f"/?{WHERE}{more}&bang={table}&tai=json")
        assert NAMED + name in b"".join(file.streaming_content).decode(), table
    assert NAMED + name in page(f"/reports/charts/channels.json?{WHERE}{more}").json()["told"]


def test_nobody_is_left_out_where_all_owed_it(page):
    for more in ("", "&basis=today"):
        assert "không tính" not in page(f"/?{WHERE}{more}").content.decode()
    for today in (None, TODAY):
        assert current_and_past(ShownPeriods(field_query("351", today)))[1].against is None


def test_a_field_that_nobody_had_last_year_is_not_compared(page):
    field = Field.objects.get(code="ho-tich")
    FieldScope.objects.filter(field=field).update(valid_from=date(2022, 1, 1))
    ProcedureScope.objects.filter(procedure__field=field).update(valid_from=date(2022, 1, 1))
    none = "Không so với cùng kỳ: không có đơn vị nào báo cáo lĩnh vực Hộ tịch suốt cả hai kỳ."
    for more in ("", "&basis=today"):
        text = page(f"/?{WHERE}{more}").content.decode()
        assert none in text and "không so được với cùng kỳ" in text and 'id="h-compare"' not in text
