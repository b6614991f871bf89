"""Entering, sending, returning and approving a month in a real browser, with and without its scripts."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from figures.periods import Month
from records import actions
from records.models import Field, FieldScope, State
from tests.records.conftest import AT, SINCE, balanced, entered, unit
from units import roster
from units.models import Membership, Role, Tier, User

NARROW = {"width": 375, "height": 700}


@pytest.fixture
def office(live_server) -> SimpleNamespace:
    """A commune whose June is approved and whose July is open, its clerk and reviewer, and the server's address."""
    # The flush between transactional tests takes along what the migrations wrote.
    Field.objects.get_or_create(code=Field.UNDIVIDED, defaults={"name": "Không chia theo lĩnh vực"})
    fields = []
    for code, name, channels in [
        ("chung-thuc", "Chứng thực", "direct online_partial online_full"),
        ("ho-tich", "Hộ tịch", ""),
    ]:
        fields.append(Field.objects.create(code=code, name=name, order=len(fields)))
        FieldScope.objects.create(field=fields[-1], tier=Tier.COMMUNE, channels=channels, valid_from=SINCE)
    district = unit("351", Tier.DISTRICT, name="huyện Thanh Liêm")
    commune = unit("13474", Tier.COMMUNE, district, name="thị trấn Tân Thanh", active_from=date(2022, 5, 20))
    roster.rebuild()
    clerk = User.objects.create(username="xa-13474", full_name="Công chức một cửa")
    reviewer = User.objects.create(username="tonghop", full_name="Công chức tổng hợp")
    Membership.objects.create(user=clerk, unit=commune, role=Role.CLERK, valid_from=SINCE)
    Membership.objects.create(user=reviewer, unit=district, role=Role.REVIEWER, valid_from=SINCE)
    left = {**balanced(20), "resolved_on_time": 15, "pending_in_time": 5}
    entered(commune, Month(2022, 6), {(fields[1].pk, None): left}, by=clerk)
    july = actions.open_submission(commune, Month(2022, 7), by=clerk, at=AT)
    return SimpleNamespace(url=live_server.url, clerk=clerk, reviewer=reviewer, july=july)


def sign_in(page: Page, user: User, url: str) -> None:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    name = settings.SESSION_COOKIE_NAME
    page.context.clear_cookies()
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])


def box(page: Page, name: str):
    return page.locator(f'input[name="{name}"]')


def fits(page: Page) -> bool:
    """Whether the page scrolls downwards only."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_clerk_types_a_month_and_the_sums_follow(office, quiet_page, accessible):
    page = quiet_page
    sign_in(page, office.clerk, office.url)
    page.goto(f"{office.url}/records/")
    accessible(page)
    page.get_by_role("link", name="Nhập tiếp báo cáo tháng 7/2022").click()
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
    expect(page.get_by_text("Đã lưu nháp lúc")).to_be_visible()
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


# Of what the server refuses the browser's console tells the status, so these two do not ask for a silent one.
def test_what_cannot_be_read_stays_in_its_box(office, page, accessible):
    sign_in(page, office.clerk, office.url)
    page.goto(f"{office.url}/records/{office.july.pk}/")
    box(page, "ho-tich-received_direct").fill("12,5")
    page.get_by_role("button", name="Lưu nháp").click()
    expect(page.get_by_role("alert")).to_contain_text("“12,5” không phải số hồ sơ.")
    expect(box(page, "ho-tich-received_direct")).to_have_value("12,5")
    accessible(page)


def test_two_people_save_and_both_values_are_shown(office, page, accessible):
    sign_in(page, office.clerk, office.url)
    page.goto(f"{office.url}/records/{office.july.pk}/")
    edition = office.july.editions.get()
    row = {(Field.objects.get(code="ho-tich").pk, None): {"withdrawn": 16}}
    actions.save_counts(edition, row, by=office.clerk, revision=0, at=AT)
    box(page, "ho-tich-withdrawn").fill("61")
    page.get_by_role("button", name="Lưu nháp").click()
    expect(page.get_by_text("Báo cáo này vừa được lưu ở nơi khác")).to_be_visible()
    accessible(page)
    page.get_by_label("giữ số của bạn, 61").check()
    page.get_by_role("button", name="Lưu lựa chọn").click()
    expect(box(page, "ho-tich-withdrawn")).to_have_value("61")


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
    sign_in(page, office.reviewer, office.url)
    page.goto(f"{office.url}/records/")
    page.get_by_role("button", name="Duyệt báo cáo đã chọn").click()
    expect(page.get_by_text("Đã duyệt 1 báo cáo.")).to_be_visible()
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
        for path in ("", f"{office.july.pk}/", f"{office.july.pk}/history/"):
            assert page.goto(f"{office.url}/records/{path}").status == 200
            assert fits(page), path
            accessible(page)


def test_a_month_typed_while_the_session_ended_comes_back(office, page, accessible, settings):
    office.clerk.set_password("mật khẩu đủ dài")
    office.clerk.save()
    sign_in(page, office.clerk, office.url)
    page.goto(f"{office.url}/records/{office.july.pk}/")
    box(page, "ho-tich-received_direct").fill("1.240")
    settings.SESSION_IDLE_SECONDS = -1
    page.get_by_role("button", name="Lưu nháp").click()
    expect(page.get_by_text("Phiên làm việc đã hết.")).to_be_visible()
    accessible(page)
    settings.SESSION_IDLE_SECONDS = 1800
    page.get_by_label("Tên đăng nhập").fill(office.clerk.username)
    page.get_by_label("Mật khẩu").fill("mật khẩu đủ dài")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Đã đăng nhập lại")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Gửi lại").click()
    expect(page.get_by_text("Đã lưu nháp lúc")).to_be_visible()
    expect(box(page, "ho-tich-received_direct")).to_have_value("1.240")
