"""Freezing, signing and issuing a review by keyboard alone, and what readers see of it afterwards."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from reports import demo, freezing
from reports.drafting import actions
from reports.models import Review
from tests.reports.test_difference import correct
from tests.support.loaded_demo import NOW
from tests.support.pdf_signer import signed

from .keyboard import press, tab_to


def sign_in(page: Page, url: str, name: str, address: str) -> None:
    """By keyboard, after signing out the previous user."""
    page.context.clear_cookies()
    page.goto(f"{url}/accounts/login/?next={address}")
    tab_to(page, page.get_by_label("Tên đăng nhập"))
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(demo.PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{url}{address}")


def download(page: Page, name: str, folder: Path) -> bytes:
    with page.expect_download() as caught:
        press(page, "link", name)
    path = folder / caught.value.suggested_filename
    caught.value.save_as(path)
    return path.read_bytes()


def choose(page: Page, label: str, path: Path) -> None:
    """Tab to a file field and choose a file; the file dialog itself is the browser's."""
    tab_to(page, page.get_by_label(label))
    page.get_by_label(label).set_input_files(path)


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [1366, 375])
def test_closed_issued_signed_and_checked_by_keyboard(
    review, quiet_page, live_server, accessible, tmp_path, width
):
    page, address = quiet_page, f"/reports/reviews/{review.pk}/"
    page.set_viewport_size({"width": width, "height": 768})
    sign_in(page, live_server.url, "lanhdao", address)
    reason = page.get_by_label("Lý do chốt khi còn việc cần xem")
    if reason.count():
        tab_to(page, reason)
        page.keyboard.type("Đã đối chiếu với các đơn vị")
    tab_to(page, page.get_by_label("In mã QR dẫn đến trang kiểm tra"))
    page.keyboard.press("Space")
    press(page, "button", "Chốt số liệu, trình ký")
    expect(page.get_by_text("Đã chốt số liệu, trình ký. Bản PDF này không thay đổi nữa")).to_be_visible()
    content = download(page, "Tải PDF", tmp_path)

    sign_in(page, live_server.url, "tonghop", address)
    tab_to(page, page.get_by_label("Số", exact=True))
    page.keyboard.type("215/BC-UBND")
    page.keyboard.press("Tab")
    page.keyboard.type("08122022")
    press(page, "button", "Ghi số, ngày ban hành")
    expect(page.get_by_text("Số 215/BC-UBND, ngày 12/8/2022")).to_be_visible()
    (tmp_path / "signed.pdf").write_bytes(signed(content))
    choose(page, "Bản đã ký (PDF)", tmp_path / "signed.pdf")
    press(page, "button", "Tải lên bản đã ký")
    expect(page.get_by_text("Nguyên vẹn, có chữ ký số")).to_be_visible()
    accessible(page)
    fits(page)

    page.context.clear_cookies()
    page.goto(f"{live_server.url}/verify/")
    accessible(page)
    tab_to(page, page.get_by_label("Mã kiểm tra"))
    page.keyboard.type(Review.objects.get(pk=review.pk).form.code.lower())
    page.keyboard.press("Enter")
    expect(page.get_by_text("215/BC-UBND, 12/8/2022")).to_be_visible()
    accessible(page)
    fits(page)
    choose(page, "Tệp PDF của báo cáo", tmp_path / "signed.pdf")
    press(page, "button", "Kiểm tra")
    expect(page.get_by_text("đang là bản hiện hành")).to_be_visible()
    accessible(page)
    fits(page)


@pytest.mark.parametrize("width", [1366, 375])
def test_the_difference_of_two_reviews_is_readable(review, quiet_page, live_server, accessible, width):
    for number in ("215/BC-UBND", "300/BC-UBND"):
        call_command("issue_review", str(review.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
        review = Review.objects.get(pk=review.pk)
        review = freezing.record_issue(review, number, NOW.date(), by=None, at=NOW)
        if number.startswith("215"):
            correct(review)
            review = actions.replace_review(review, by=None, at=NOW)
    page = quiet_page
    page.set_viewport_size({"width": width, "height": 768})
    sign_in(page, live_server.url, "tonghop", f"/reports/reviews/{review.pk}/")
    press(page, "link", "So sánh với báo cáo khác")
    expect(page.get_by_role("heading", name="So sánh hai báo cáo")).to_be_visible()
    expect(page.get_by_text("Sót sổ tiếp nhận tuần 2").first).to_be_visible()
    accessible(page)
    fits(page)
