"""A new review is a complete draft: outline, sentences with bound figures, tasks; in a fixed number of queries."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from figures.periods import Period
from reports import document
from reports.drafting import actions
from reports.drafting.queries import outline_for, section_heading, sections_for_review
from reports.models import Outline, OutlineSection, PlanTask, Review, TaskOutcome
from reports.printing import print_view
from reports.review_text import bound_text, text_figures
from tests.support.loaded_demo import NOW
from units.lifecycle.actions import open_units
from units.models import Unit
from units.tree.rules import UnitDraft


def drafted(code: str, period: str) -> Review:
    return actions.open_full_draft(
        Unit.objects.get(code=code), Period.parse(period), by=None, at=NOW, demo=True
    )


def text(review: Review, key: str) -> str:
    return bound_text.plain_text(review.sections.get(key=key).body)


@pytest.fixture
def earlier(review) -> Review:
    """The demo's review, moved to the half-year before, so that its own half-year can be drafted."""
    Review.objects.filter(pk=review.pk).update(period="2021-H2")
    return review


def test_the_half_year_of_the_demo(earlier):
    draft = drafted("351", "2022-H1")
    tthc = text(draft, "tthc")
    for sentence in (
        "Trong 6 tháng đầu năm 2022, huyện Thanh Liêm tiếp nhận 17.793 hồ sơ, tăng 6,9% so với cùng kỳ (16.649 hồ sơ).",
        "Cấp huyện tiếp nhận và trả kết quả trực tiếp 463 hồ sơ, đạt 48,2%; trực tuyến mức độ 3, 4 là 496 hồ sơ, "
        "đạt 51,7%; qua dịch vụ bưu chính công ích 1 hồ sơ (0,1%).",
        "Cấp xã tiếp nhận và trả kết quả trực tiếp 14.712 hồ sơ, đạt 87,4%;",
        "Tỷ lệ hồ sơ trực tuyến của cấp xã đạt 12,6%, tăng 5,6 điểm phần trăm so với cùng kỳ (7,0%)",
        "Số liệu tổng hợp từ 168/168 báo cáo tháng, đủ các đơn vị phải báo cáo.",
    ):
        assert sentence in tthc
    assert "thấp hơn chỉ tiêu 2,4 điểm phần trăm" in text(draft, "ton-tai")
    assert (
        "Cán bộ, công chức cấp huyện thường xuyên sử dụng thư viện điện tử: 114/120 người, đạt 95,0%"
        in text(draft, "dien-tu")
    )
    assert text(draft, "chi-dao").startswith("Trong 5 nhiệm vụ giao tại kỳ trước, đã hoàn thành 0 nhiệm vụ")
    doc = document.build_document(draft, demo=True)
    now = text_figures.text_figures(doc)
    assert now.stale == now.lost == now.looks_like == now.unsourced == ()
    assert len(doc["facts"]) > 60
    assert [task["outcome_label"] for task in doc["last_tasks"]] == ["Đang thực hiện"] * 5
    assert print_view.print_context(doc)["last_tasks"][0]["day"] == "30/9/2022"


@pytest.mark.parametrize(
    ("code", "superior", "issuer"),
    [
        ("351", [], ["ỦY BAN NHÂN DÂN", "HUYỆN THANH LIÊM"]),
        ("13474", [], ["ỦY BAN NHÂN DÂN", "THỊ TRẤN TÂN THANH"]),
        ("phong-noi-vu", ["ỦY BAN NHÂN DÂN HUYỆN THANH LIÊM"], ["PHÒNG NỘI VỤ"]),
    ],
)
def test_the_head_says_who_issues(earlier, code, superior, issuer):
    header = document.build_document(drafted(code, "2022-H1"), demo=True)["header"]
    assert (header["superior"], header["issuer"]) == (superior, issuer)


def test_a_unit_that_reports_alone_is_called_by_its_name(review):
    draft = drafted("13474", "2022-H1")
    assert "Thị trấn Tân Thanh tiếp nhận và trả kết quả trực tiếp 1.101 hồ sơ, đạt 85,4%" in text(
        draft, "tthc"
    )
    assert "Cấp xã" not in text(draft, "tthc") and "cao nhất" not in text(draft, "tthc")


def test_silent_units_are_named_and_nothing_is_compared_with_what_lacks(review):
    draft = drafted("351", "2021-Q3")
    tthc = text(draft, "tthc")
    assert "2 đơn vị chưa có đủ báo cáo được duyệt: xã Liêm Sơn (tháng 8/2021), xã Thanh Hương" in tthc
    assert "tiếp nhận 6.956 hồ sơ (theo 82/84 báo cáo tháng)." in tthc and "cùng kỳ" not in tthc
    assert any("Đôn đốc" in task.text for task in draft.tasks.all())


def test_a_period_without_any_figure_claims_none(review):
    draft = drafted("351", "2023-H1")
    assert text(draft, "tthc").startswith("Số liệu tổng hợp từ 0/168 báo cáo tháng; 28 đơn vị chưa có đủ")
    assert text(draft, "ket-qua") == ""
    document.build_document(draft, demo=True)


def test_unfinished_tasks_continue(earlier):
    finished = earlier.tasks.first()
    PlanTask.objects.filter(pk=finished.pk).update(outcome=TaskOutcome.DONE)
    draft = drafted("351", "2022-H1")
    tasks = list(draft.tasks.all())
    assert [task.text.startswith("Tiếp tục thực hiện: ") for task in tasks[:5]] == [True] * 4 + [False]
    assert tasks[0].unit_id == earlier.tasks.all()[1].unit_id and tasks[0].deadline == date(2022, 12, 14)
    assert len({task.text for task in tasks}) == len(tasks)
    assert "đã hoàn thành 1 nhiệm vụ" in text(draft, "chi-dao")


def test_an_outline_of_the_unit_and_year_is_used(earlier):
    district, office = Unit.objects.get(code="351"), Unit.objects.get(code="phong-noi-vu")
    for unit, year, heading in ((district, 2021, "Cũ"), (district, 2022, "Mới"), (office, 2023, "Sau")):
        made = Outline.objects.create(unit=unit, year=year)
        OutlineSection.objects.create(
            outline=made,
            order=1,
            heading=heading,
            key="tthc",
            block="channels",
            responsible=office,
            due_days=3,
        )
    (section,) = drafted("351", "2022-H1").sections.all()
    assert (section.heading, section.responsible, section.due_on) == ("Mới", office, date(2022, 6, 17))
    assert "17.793" in section.body
    below = sections_for_review(Unit.objects.get(code="13474"), Period.parse("2021-H1"))
    assert [(section["heading"], section["responsible"]) for section in below] == [("Cũ", None)]
    assert outline_for(office, 2022).of.unit == district
    assert len(outline_for(district, 2020).sections) == 15


@pytest.mark.parametrize(
    ("period", "heading"),
    [
        ("2022-H1", "NHIỆM VỤ 6 THÁNG CUỐI NĂM"),
        ("2022-H2", "NHIỆM VỤ 6 THÁNG ĐẦU NĂM 2023"),
        ("2022", "NHIỆM VỤ NĂM 2023"),
        ("2022-Q2", "NHIỆM VỤ KỲ TỚI"),
    ],
)
def test_headings_name_the_next_period(period, heading):
    assert section_heading("NHIỆM VỤ KỲ TỚI", Period.parse(period)) == heading


def test_the_cost_does_not_follow_the_number_of_units(review):
    """A district of thirty units, two without reports, takes as many queries as one of fifty."""

    def query_count() -> int:
        Review.objects.filter(period="2021-Q2").delete()
        with CaptureQueriesContext(connection) as queries:
            drafted("351", "2021-Q2")
        return len(queries)

    open_communes(range(2))
    query_count()
    before = query_count()
    open_communes(range(2, 22))
    query_count()
    assert query_count() == before
    shown = print_view.print_context(document.build_document(Review.objects.get(period="2021-Q2"), demo=True))
    assert len([row for row in shown["unit_rows"] if not row.is_total]) == 50


def open_communes(numbers: range) -> None:
    """Adds communes that never report to the demo's district."""
    start = date(2021, 1, 1)
    new = [UnitDraft(f"9{n:04d}", f"xã {n}", "committee", "commune", start, parent="351") for n in numbers]
    open_units(new, by=None)
