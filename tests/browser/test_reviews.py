"""A review in the browser: read, edit, freeze, download and verify, without console errors."""

from io import StringIO

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from .review_page import no_sideways_scroll


@pytest.mark.parametrize("width", [1366, 375])
@pytest.mark.parametrize("name", ["tonghop", "lanhdao", "quantri"])
def test_pages_are_accessible(review, open_as, accessible, name, width):
    page = open_as(name, f"/reports/reviews/{review.pk}/")
    page.set_viewport_size({"width": width, "height": 768})
    for what in ("", "edit/") if name == "tonghop" else ("",):
        page.goto(page.url + what)
        accessible(page)
        no_sideways_scroll(page)
    for address in ("/reports/reviews/", "/verify/"):
        page.goto(page.url.split("/reports/")[0] + address)
        accessible(page)
        no_sideways_scroll(page)


def test_from_draft_to_verified(review, open_as, accessible, live_server, tmp_path):
    page = open_as("lanhdao", f"/reports/reviews/{review.pk}/")
    page.get_by_role("button", name="Chốt số liệu, trình ký").click()
    expect(page.get_by_text("Đã khóa bản")).to_be_visible()
    accessible(page)
    with page.expect_download() as caught:
        page.get_by_role("link", name="Tải PDF").click()
    file = tmp_path / "issued.pdf"
    caught.value.save_as(file)
    page.goto(f"{live_server.url}/verify/")
    page.get_by_label("Tệp PDF của báo cáo").set_input_files(file)
    page.get_by_role("button", name="Kiểm tra").click()
    expect(page.get_by_text("Hợp lệ.", exact=True)).to_be_visible()
    expect(page.get_by_text("6 tháng đầu năm 2022", exact=True)).to_be_visible()
    accessible(page)


def test_text_is_edited_by_keyboard(review, open_as):
    page = open_as("tonghop", f"/reports/reviews/{review.pk}/edit/")
    page.get_by_role("textbox", name="Câu mở đầu").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Mở đầu mới.")
    page.get_by_role("button", name="Lưu", exact=True).press("Enter")
    expect(page.get_by_text("Mở đầu mới.")).to_be_visible()


@pytest.mark.parametrize("width", [1366, 375])
def test_number_and_replacement_by_keyboard(review, open_as, accessible, live_server, width):
    call_command("issue_review", str(review.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
    page = open_as("tonghop", f"/reports/reviews/{review.pk}/")
    page.set_viewport_size({"width": width, "height": 768})
    page.get_by_label("Số", exact=True).fill("215/BC-UBND")
    page.get_by_label("Ngày ban hành").fill("2022-08-12")
    page.get_by_role("button", name="Ghi số, ngày ban hành").press("Enter")
    expect(page.get_by_text("Số 215/BC-UBND, ngày 12/8/2022")).to_be_visible()
    page.get_by_text("Sửa số, ngày đã ghi").press("Enter")
    page.get_by_label("Số", exact=True).fill("251/BC-UBND")
    page.get_by_label("Lý do sửa").fill("Ghi nhầm số")
    accessible(page)
    page.get_by_role("button", name="Ghi lại số, ngày").press("Enter")
    expect(page.get_by_text("Lý do: Ghi nhầm số")).to_be_visible()
    page.get_by_role("button", name="Lập bản thay thế").press("Enter")
    page.goto(f"{live_server.url}/reports/reviews/{review.pk}/")
    expect(page.get_by_role("link", name="Xem bản thay thế").first).to_be_visible()
    accessible(page)
    no_sideways_scroll(page)
