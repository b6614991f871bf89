"""A review by current units, chosen when it is created, and the units named as not comparable with last year."""

from datetime import date, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from django.db import DatabaseError, transaction
from django.template.loader import render_to_string

from accounts.models import User
from figures.periods import Period
from figures.summary import Summary
from reports import document, freezing
from reports.difference import difference_between
from reports.drafting import actions
from reports.models import Review
from reports.printing import copies, print_view
from reports.review_access import newer_figures
from reports.review_files import slides, workbook
from reports.review_text import bound_text
from tests.reports.test_difference import closed, correct
from tests.support.loaded_demo import FIXTURE, NOW
from tests.support.page_text import shows
from units.lifecycle.actions import open_unit
from units.lifecycle.imports import import_successions, import_units
from units.models import Unit
from units.people.actions import add_membership
from units.tree.rules import UnitDraft

HALF = Period.parse("2022-H1")
DAY = date(2025, 8, 1)
AT = datetime(2025, 8, 1, 9, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
BASIS = "theo đơn vị hiện nay (01/8/2025)"


@pytest.fixture
def merged(review, settings) -> Unit:
    """Today's Ninh Bình, with the reports of Thanh Liêm of 2022."""
    for name, read in (("units-2025.csv", import_units), ("successions-2025.csv", import_successions)):
        assert read((FIXTURE / name).read_bytes(), name, by=None).faults == []
    settings.DEMO_TODAY = DAY
    return Unit.objects.get(code="37")


@pytest.fixture
def current_review(merged) -> Review:
    return actions.open_full_draft(merged, HALF, by=None, at=AT, demo=True, units_of=DAY)


def test_figures_are_by_current_units(current_review):
    doc = document.build_document(current_review, demo=True)
    now = Summary.from_dict(doc["figures"])
    assert (now.basis, now.units_of) == ("today", DAY)
    assert {"13456", "13474", "13483", "13489", "13495"} <= {row.key for row in now.rows}
    assert {doc["unit_tiers"][key] for key in ("13456", "13489")} == {"commune"}
    for one in (*doc["by_field"], *({"figures": doc["last_year"]},)):
        assert Summary.from_dict(one["figures"]).units_of == DAY
    link = document.document_facts(doc)["unit.13489.received"].link
    assert link.endswith("&basis=today")


def test_the_basis_is_printed_beside_the_figures_and_both_annexes(current_review):
    doc = document.build_document(current_review, demo=True)
    shown = print_view.print_context(doc)
    assert BASIS in shown["opening"][1] and "Không có đơn vị kế thừa" in shown["opening"][1]
    # Closed units are named with their last day, not with the key of an address.
    assert "(đến 30/6/2025)" in shown["opening"][1] and "@" not in shown["opening"][1]
    text = render_to_string("reports/printing/review.html", shown | {"draft": True})
    units, fields = text.split('<section class="appendix">')[1:]
    assert BASIS in units and BASIS in fields and "khi báo cáo" not in text
    assert BASIS in slides.completeness_line(doc)
    book = openpyxl.load_workbook(BytesIO(workbook.review_xlsx_bytes(doc, moment=AT, state="Dự thảo")))
    for sheet in book.worksheets[:4]:
        head = [str(cell.value) for row in sheet.iter_rows(max_row=6) for cell in row]
        assert any(BASIS in text for text in head), sheet.title
    source = [(row[0].value, row[1].value) for row in book["Nguồn"].iter_rows()]
    assert ("Xếp theo", BASIS.removeprefix("theo ")) in source and "Địa bàn" in dict(source)


def test_by_the_units_that_reported_both_annexes_say_so(review):
    text = render_to_string(
        "reports/printing/review.html", print_view.print_context(document.build_document(review, demo=True))
    )
    assert text.count("theo đơn vị khi báo cáo") == 2 and "đơn vị hiện nay" not in text


def test_the_basis_is_frozen_with_the_review(current_review, drawn_once):
    doc = copies.draw_frozen_copy(document.build_document(current_review, demo=True), at=AT)
    found = freezing.freeze(current_review, doc.document, doc.content, doc.form, by=None, at=AT)
    kept = Review.objects.get(pk=found.pk)
    assert kept.frozen["figures"]["units_of"] == "2025-08-01" and newer_figures(kept.frozen) == []
    with pytest.raises(DatabaseError, match="đã chốt"), transaction.atomic():
        Review.objects.filter(pk=found.pk).update(units_of=None)
    again = actions.replace_review(kept, by=None, at=AT)
    assert again.units_of == DAY


def test_the_basis_is_chosen_on_the_page(merged, signed_in):
    editor = User.objects.get(username="tonghop")
    add_membership(editor, merged, "editor", date(2025, 7, 1), by=None)
    client = signed_in("tonghop")
    page = client.get("/reports/reviews/").content.decode()
    assert "Đơn vị hiện nay: gồm cả số liệu của các đơn vị đã sáp nhập" in page
    data = {"unit": merged.pk, "period": "2025-H1"}
    assert client.post("/reports/reviews/", data | {"basis": "gần đây"}).status_code == 422
    made = client.post("/reports/reviews/", data | {"basis": "today"})
    found = Review.objects.get(unit=merged)
    assert made.url == f"/reports/reviews/{found.pk}/" and found.units_of == DAY
    assert BASIS in client.get(made.url).content.decode()
    Review.objects.filter(pk=found.pk).delete()
    client.post("/reports/reviews/", data)
    assert Review.objects.get(unit=merged).units_of is None


@pytest.fixture(params=[None, date(2022, 8, 12)], ids=["reported", "today"])
def draft_with_new_commune(review, request) -> tuple[dict, dict[str, str]]:
    """The document and the sections of a draft on either basis; in the district a commune opened since last year."""
    Review.objects.filter(pk=review.pk).update(period="2021-H2")
    district = Unit.objects.get(code="351")
    draft = UnitDraft("moi", "xã Mới Lập", "committee", "commune", date(2022, 3, 1), parent=district)
    open_unit(draft, by=None)
    found = actions.open_full_draft(district, HALF, by=None, at=NOW, demo=True, units_of=request.param)
    bodies = {section.key: bound_text.plain_text(section.body) for section in found.sections.all()}
    return document.build_document(found, demo=True), bodies


def test_the_draft_compares_the_same_units_and_names_the_others(draft_with_new_commune):
    doc, bodies = draft_with_new_commune
    assert doc["compared"]["left_out"] == ["xã Mới Lập"]
    known = document.document_facts(doc)
    assert known["left_out.units"].text == "xã Mới Lập"
    sides = [known[f"same.{side}.total.received"] for side in ("now", "before")]
    assert known["change.total.received"].text == f"tăng {sides[0].value - sides[1].value:,} hồ sơ".replace(
        ",", "."
    )
    for side in sides:
        assert side.name.endswith("của các đơn vị báo cáo suốt cả hai kỳ")
    told = (
        f"(chỉ tính các đơn vị báo cáo suốt cả hai kỳ: {known['same.now.commune.share.online'].text} so với"
    )
    assert told in bodies["tthc"]
    opening = print_view.print_context(doc)["opening"][1]
    assert "không tính 1 đơn vị: xã Mới Lập" in opening
    book = openpyxl.load_workbook(BytesIO(workbook.review_xlsx_bytes(doc, moment=NOW, state="Dự thảo")))
    assert "xã Mới Lập" in book["So sánh"]["A2"].value


def test_first_and_last_are_named_with_their_change(draft_with_new_commune):
    doc, bodies = draft_with_new_commune
    known = document.document_facts(doc)
    for side in ("best", "worst"):
        fact = known[f"{side}.commune.online.change"]
        assert "điểm phần trăm" in fact.text and f"{fact.text} so với cùng kỳ" in bodies["tthc"]


@pytest.mark.usefixtures("drawn_once")
def test_corrections_of_predecessors_are_named_as_reasons(current_review, django_assert_max_num_queries):
    """Lists months of 2022 of closed communes whose reports count in it, and no others."""
    add_membership(User.objects.get(username="lanhdao"), current_review.unit, "leader", DAY, by=None)
    old = closed(current_review)
    freezing.record_issue(old, "1/BC", DAY, by=None, at=AT)
    correct(old)
    new = closed(actions.replace_review(old, by=None, at=AT))
    with django_assert_max_num_queries(12):
        found = difference_between(old, new)
    assert {(reason.unit, reason.month) for reason in found.reasons} == {
        ("thị trấn Tân Thanh", "tháng 6/2022")
    }
    assert any(reason.why == "Sót sổ tiếp nhận tuần 2" for reason in found.reasons)


def test_the_pdf_of_the_dashboard_has_the_basis_of_the_page(current_review, review, client):
    """The button on a page by current units gives a PDF by current units, and likewise for reporting units."""
    client.force_login(User.objects.get(username="quantri"), "django.contrib.auth.backends.ModelBackend")
    add_membership(
        User.objects.get(username="quantri"), current_review.unit, "viewer", date(2025, 7, 1), by=None
    )
    for unit, basis, own in (
        ("351", "", review),
        ("351", "&basis=today", None),
        ("37", "", None),
        ("37", "&basis=today", current_review),
    ):
        page = client.get(f"/?unit={unit}&period=2022-H1{basis}").content.decode()
        offered = [
            one.pk for one in (review, current_review) if f'href="/reports/reviews/{one.pk}.pdf"' in page
        ]
        assert offered == ([own.pk] if own else []), (unit, basis)


def test_the_page_of_a_review_names_the_basis_at_its_head(current_review, review, client):
    client.force_login(User.objects.get(username="quantri"), "django.contrib.auth.backends.ModelBackend")
    add_membership(
        User.objects.get(username="quantri"), current_review.unit, "viewer", date(2025, 7, 1), by=None
    )
    for one, basis in ((review, "theo đơn vị khi báo cáo"), (current_review, BASIS)):
        assert shows(client.get(f"/reports/reviews/{one.pk}/").content.decode(), f"đã duyệt, {basis}, ")
