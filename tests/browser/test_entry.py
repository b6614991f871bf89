"""Entering, sending, returning and approving a month, with and without JavaScript."""

import pytest
from playwright.sync_api import expect

from records.models import Field, State
from records.submissions import actions
from tests.records.conftest import AT, balanced

from .entry import box, fits, saved, sign_in

NARROW = {"width": 375, "height": 700}


def test_a_clerk_types_a_month_and_the_sums_follow(office, quiet_page, accessible):
    page = quiet_page
    sign_in(page, office.clerk, office.url)
    page.goto(f"{office.url}/records/")
    accessible(page)
    page.get_by_role("link", name="Nhập tiếp báo cáo tháng 7/2022").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Báo cáo tháng 7/2022")
    accessible(page)
    expect(box(page, "ho-tich-opening")).to_have_value("5")
    box(page, "chung-thuc-received_direct").fill("1.240")
    page.keyboard.press("Enter")
    expect(box(page, "ho-tich-received_direct")).to_be_focused()
    page.keyboard.type("7")
    expect(page.locator('tr[data-row="0"] [data-sum="received"]')).to_have_text("1.240")
    expect(page.locator('[data-total="received_direct"]')).to_have_text("1.247")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    expect(box(page, "chung-thuc-received_online_partial")).to_be_focused()
    page.keyboard.type("12,5")
    expect(page.locator('tr[data-row="0"] .bal__word')).to_have_text("có lỗi")
    box(page, "chung-thuc-received_online_partial").fill("3")
    page.get_by_role("button", name="Lưu nháp").click()
    expect(saved(page)).to_contain_text("Đã lưu lúc")
    page.reload()
    expect(page.locator('[data-total="received"]')).to_have_text("1.250*")
    accessible(page)


def test_a_block_from_a_sheet_is_pasted_over_the_cells(office, quiet_page):
    page = quiet_page
    sign_in(page, office.clerk, office.url)
    page.goto(f"{office.url}/records/{office.july.pk}/")
    box(page, "chung-thuc-received_online_full").focus()
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/plain", "1.240\\t\\t3\\n5\\t6\\t7\\n");
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
        }"""
    )
    for name, value in [
        ("chung-thuc-received_online_full", "1.240"),
        ("chung-thuc-resolved_early", "3"),
        ("ho-tich-received_online_full", "5"),
        ("ho-tich-received_postal", "6"),
        ("ho-tich-resolved_early", "7"),
    ]:
        expect(box(page, name)).to_have_value(value)
    expect(page.locator('[data-total="received"]')).to_have_text("1.251*")
    expect(saved(page)).to_contain_text("Đã lưu lúc")


def test_what_cannot_be_read_stays_in_its_box(office, quiet_page, accessible):
    page = quiet_page
    sign_in(page, office.clerk, office.url)
    page.goto(f"{office.url}/records/{office.july.pk}/")
    box(page, "ho-tich-received_direct").fill("12,5")
    page.get_by_role("button", name="Lưu nháp").click()
    expect(saved(page)).to_contain_text("1 ô có lỗi chưa lưu")
    expect(page.locator("#look-word")).to_contain_text("“12,5” không phải số hồ sơ.")
    expect(box(page, "ho-tich-received_direct")).to_have_value("12,5")
    accessible(page)


def test_a_month_goes_its_way_without_scripts(office, browser, browser_context_args):
    context = browser.new_context(**browser_context_args | {"java_script_enabled": False})
    page = context.new_page()
    where = f"{office.url}/records/{office.july.pk}/"
    sign_in(page, office.clerk, office.url)
    page.goto(where)
    page.get_by_role("button", name="Không phát sinh hồ sơ: điền 0 vào ô trống").click()
    box(page, "ho-tich-pending_in_time").fill("5")
    box(page, "ho-tich-pending_late").fill("0")
    box(page, "ho-tich-awaiting").fill("0")
    page.get_by_role("button", name="Kiểm tra và gửi").click()
    page.get_by_role("button", name="Gửi báo cáo").click()
    expect(page.get_by_text("Đã gửi. Báo cáo đang chờ duyệt.")).to_be_visible()
    sign_in(page, office.reviewer, office.url)
    page.goto(where)
    page.locator('input[value="ho-tich-opening"]').check()
    page.get_by_label("Lý do, cần sửa gì").fill("Đối chiếu sổ theo dõi")
    page.get_by_role("button", name="Trả lại", exact=True).click()
    assert office.july.editions.get().marked_cells == ["ho-tich-opening"]
    sign_in(page, office.clerk, office.url)
    page.goto(where)
    expect(page.get_by_text("Đối chiếu sổ theo dõi")).to_be_visible()
    page.get_by_role("button", name="Kiểm tra và gửi").click()
    page.get_by_role("button", name="Gửi báo cáo").click()
    sign_in(page, office.reviewer, office.url)
    page.goto(f"{office.url}/records/")
    # The marked cell is unchanged, so the report is checked first.
    page.get_by_role("link", name="Thị trấn Tân Thanh", exact=True).first.click()
    page.get_by_role("button", name="Duyệt", exact=True).click()
    expect(page.get_by_text("Đã duyệt thị trấn Tân Thanh, tháng 7/2022.")).to_be_visible()
    assert office.july.editions.get().state == State.APPROVED
    context.close()


@pytest.mark.parametrize("size", [{"width": 1366, "height": 768}, NARROW])
def test_pages_fit_and_are_accessible(office, quiet_page, accessible, size):
    page = quiet_page
    page.set_viewport_size(size)
    edition = office.july.editions.get()
    rows = {(field.pk, None): balanced(3, postal=None) for field in Field.objects.exclude(code="chung")}
    edition = actions.save_counts(edition, rows, by=office.clerk, revision=0, at=AT)
    for user in (office.clerk, office.reviewer):
        sign_in(page, user, office.url)
        check = [f"{office.july.pk}/check/"] if user == office.clerk else []
        for path in ("", f"{office.july.pk}/", f"{office.july.pk}/history/", *check):
            assert page.goto(f"{office.url}/records/{path}").status == 200
            assert fits(page), path
            accessible(page)
