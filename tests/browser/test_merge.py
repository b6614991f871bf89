"""Thirty units merge into one, and a part of a unit moves to another: previewed, confirmed, undone."""

from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from figures.periods import Month
from records.submissions.actions import open_submission
from tests.records.conftest import AT
from units.lifecycle import actions as lifecycle_actions
from units.lifecycle import restructuring
from units.models import Succession, Unit
from units.people import actions as people_actions
from units.succession import stored_lineage
from units.tree import roster
from units.tree.rules import UnitDraft

from .entry import box, fits, sign_in

START = date(2020, 1, 1)
PASSWORD = "mật khẩu đủ dài"
NUMBER = 30


@pytest.fixture
def province(transactional_db) -> Unit:
    """A province of thirty-two communes, each with an office of the same name, and its administrator."""
    drafts = [UnitDraft("37", "tỉnh Ninh Bình", "committee", "province", START)]
    for at in range(NUMBER + 2):
        drafts.append(UnitDraft(f"c{at:02}", f"xã Số {at:02}", "committee", "commune", START, parent="37"))
        drafts.append(UnitDraft(f"p{at:02}", "Phòng Một cửa", "office", "", START, parent=f"c{at:02}"))
    drafts.append(UnitDraft("tram", "Trạm Khuyến nông", "office", "", START, parent="c07"))
    top = lifecycle_actions.open_units(drafts, by=None).new[0]
    admin = User.objects.create_user("quantri", password=PASSWORD, full_name="Người quản trị")
    people_actions.add_membership(admin, top, "administrator", START, by=None)
    return top


def sign_in_by_hand(page: Page, url: str, address: str) -> None:
    """Sign in as the administrator through the form, and open an address."""
    page.goto(f"{url}/accounts/login/?next={address}")
    page.get_by_label("Tên đăng nhập").fill("quantri")
    page.get_by_label("Mật khẩu").first.fill(PASSWORD)
    page.locator("main button[type=submit]").click()


def test_thirty_units_become_one(province, quiet_page: Page, live_server, accessible, tmp_path: Path):
    page, address = quiet_page, f"/units/{province.pk}/merge/"
    sign_in_by_hand(page, live_server.url, address)
    expect(page).to_have_url(f"{live_server.url}{address}")
    accessible(page)
    page.set_viewport_size({"width": 375, "height": 768})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1366, "height": 768})
    for at in range(NUMBER):
        page.get_by_label(f"xã Số {at:02} (c{at:02})").check()
    page.get_by_label("Đơn vị mới hoạt động từ ngày").fill("1/7/2022")
    page.get_by_label("Căn cứ").fill("Nghị quyết 1")
    page.get_by_label("Mã đơn vị mới").fill("moi")
    page.get_by_label("Tên đơn vị mới").fill("xã Lớn")
    page.get_by_role("button", name="Xem những gì thay đổi").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Sáp nhập {NUMBER} đơn vị thành xã Lớn")
    expect(page.get_by_text(f"{NUMBER + 1} báo cáo, hạn gửi")).to_be_visible()
    expect(page.get_by_text("Phòng Một cửa (p29): trùng tên, nhập vào đơn vị mã p00")).to_be_visible()
    accessible(page)
    for width in (1366, 375):
        page.set_viewport_size({"width": width, "height": 768})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Xác nhận sáp nhập").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xã Lớn")
    # Thirty communes and their offices, which merge into the only office of its name.
    assert Succession.objects.count() == 2 * NUMBER + 1
    new = Unit.objects.get(code="moi")
    assert set(Unit.objects.filter(parent=new).values_list("code", flat=True)) == {"p00", "tram"}
    assert Unit.objects.filter(active_until=None).count() == 1 + 3 + 2 + 2
    assert stored_lineage.check() == (set(), {}) and roster.check() == []
    accessible(page)
    page.get_by_role("button", name="Hoàn tác sáp nhập").click()
    expect(page.get_by_text("61 đơn vị cũ hoạt động tiếp")).to_be_visible()
    assert Unit.objects.count() == Unit.objects.filter(active_until=None).count() == 2 * (NUMBER + 2) + 2
    assert not Succession.objects.exists() and roster.check() == []


def test_one_unit_gets_another_name_by_keyboard_alone(province, quiet_page: Page, live_server, accessible):
    page, old = quiet_page, Unit.objects.get(code="c07")
    address = f"/units/{old.pk}/succeed/"
    sign_in_by_hand(page, live_server.url, address)
    expect(page.get_by_label("xã Số 07 (c07)")).to_be_checked()
    accessible(page)
    page.get_by_label("Đơn vị mới hoạt động từ ngày").focus()
    for text in ("1/9/2022", "Nghị quyết 1", "c07", "phường Số 07"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thay thế xã Số 07 bằng phường Số 07")
    accessible(page)
    page.set_viewport_size({"width": 375, "height": 768})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    sure = page.get_by_role("button", name="Xác nhận thay thế")
    for _ in range(40):
        page.keyboard.press("Tab")
        if sure.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Phường Số 07")
    new = Unit.objects.get(code="c07", active_until=None)
    assert set(Unit.objects.filter(parent=new).values_list("code", flat=True)) == {"p07", "tram"}


def test_a_part_of_a_unit_goes_to_its_neighbour(province, quiet_page: Page, live_server, accessible):
    page, old = quiet_page, Unit.objects.get(code="tram")
    address = f"/units/{old.pk}/split/"
    sign_in_by_hand(page, live_server.url, address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Chia tách Trạm Khuyến nông")
    accessible(page)
    divided(page, "3/4", "1/4")
    expect(page.get_by_role("heading", level=1)).to_have_text("Chia tách Trạm Khuyến nông thành 2 phần")
    expect(page.get_by_text("đang hoạt động, nhận thêm")).to_be_visible()
    accessible(page)
    for width in (1366, 375):
        page.set_viewport_size({"width": width, "height": 768})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Xác nhận chia tách").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Trạm Khuyến nông")
    assert Succession.objects.count() == 3 and stored_lineage.check() == (set(), {})
    page.get_by_role("button", name="Hoàn tác chia tách").press("Enter")
    expect(page.get_by_text("2 đơn vị cũ hoạt động tiếp")).to_be_visible()
    assert not Succession.objects.exists()


def test_the_sheet_of_a_first_month_says_what_was_taken_over(office, quiet_page: Page, accessible):
    """Instead of the previous month, which the new unit does not have."""
    page, old, on = quiet_page, office.july.unit, date(2022, 6, 15)
    draft = UnitDraft("moi", "xã Mới", "committee", "commune", on, parent=old.parent)
    new = restructuring.merge_units([old], draft, on, by=None, basis="NQ").new[0]
    july = open_submission(new, Month(2022, 7), by=None, at=AT)
    sign_in(page, office.clerk, office.url)
    page.goto(f"{office.url}/records/{july.pk}/")
    past = page.locator("#look-past")
    for name, words in (
        ("ho-tich-opening", "Nhận từ các đơn vị cũ: 5"),
        ("ho-tich-pending_in_time", "Cuối kỳ các đơn vị cũ: 5"),
        ("ho-tich-received_direct", "Tháng đầu của đơn vị mới: không có tháng trước để so"),
        ("chung-thuc-opening", "Các đơn vị cũ không có số cuối kỳ của dòng này"),
    ):
        box(page, name).focus()
        expect(past).to_have_text(words)
    accessible(page)
    for width in (1366, 375):
        page.set_viewport_size({"width": width, "height": 768})
        assert fits(page)


def test_a_group_is_divided_with_its_offices(province, quiet_page: Page, live_server, accessible):
    """Each part takes one office, one is closed; previewed, confirmed, undone."""
    place = lifecycle_actions.open_units(
        [
            UnitDraft("351", "huyện Thanh Liêm", "committee", "district", START, parent="37"),
            UnitDraft("13474", "xã An", "committee", "commune", START, parent="351"),
            UnitDraft("13480", "xã Bình", "committee", "commune", START, parent="351"),
            UnitDraft("noi-vu", "Phòng Nội vụ", "office", "", START, parent="351"),
            UnitDraft("thue", "Phòng Thuế", "office", "", START, parent="351"),
        ],
        by=None,
    ).new
    page, address = quiet_page, f"/units/{place[0].pk}/split/"
    sign_in(page, User.objects.get(), live_server.url)
    page.goto(f"{live_server.url}{address}")
    page.get_by_label("Chia tách từ ngày").fill("1/7/2022")
    page.get_by_label("Căn cứ").fill("Nghị quyết 1")
    for number, (code, name) in enumerate((("351", "huyện Thanh"), ("352", "huyện Liêm")), 1):
        box(page, f"code_{number}").fill(code)
        box(page, f"name_{number}").fill(name)
    for unit, choice in zip(place[1:], ("1", "2", "each", "end"), strict=True):
        page.get_by_label(f"{unit.name} ({unit.code})").select_option(choice)
    accessible(page)
    page.get_by_role("button", name="Xem những gì thay đổi").click()
    expect(page.get_by_text("Phòng Nội vụ (noi-vu) → huyện Liêm: 1/2, mã noi-vu-352")).to_be_visible()
    expect(page.get_by_text("Phòng Thuế (thue)")).to_be_visible()
    accessible(page)
    for width in (1366, 375):
        page.set_viewport_size({"width": width, "height": 768})
        assert fits(page)
    page.get_by_role("button", name="Xác nhận chia tách").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Huyện Thanh")
    offices = Unit.objects.filter(kind="office", active_from=date(2022, 7, 1)).order_by("code")
    assert list(offices.values_list("code", "parent__code")) == [("noi-vu", "351"), ("noi-vu-352", "352")]
    page.get_by_role("button", name="Hoàn tác chia tách").click()
    expect(page.get_by_text("5 đơn vị cũ hoạt động tiếp")).to_be_visible()
    assert not Succession.objects.exists() and stored_lineage.check() == (set(), {}) and roster.check() == []


def test_after_a_refusal_the_focus_is_where_something_is_to_be_mended(
    province, page: Page, live_server, accessible
):
    """On the first invalid field, else on the message. Both say that nothing was saved."""
    old = Unit.objects.get(code="c07")
    sign_in_by_hand(page, live_server.url, f"/units/{old.pk}/succeed/")
    page.get_by_label("Đơn vị mới hoạt động từ ngày").fill("32/7/2022")
    page.get_by_label("Căn cứ").fill("NQ 1")
    page.get_by_label("Tên đơn vị mới").fill("phường Số 07")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Chưa lưu được, cần sửa chỗ đánh dấu “!” bên dưới.")
    expect(page.get_by_label("Đơn vị mới hoạt động từ ngày")).to_be_focused()
    accessible(page)
    page.goto(f"{live_server.url}/units/{Unit.objects.get(code='tram').pk}/split/")
    divided(page, "1/2", "1/3")
    expect(page.get_by_role("alert")).to_contain_text("cộng lại là 5/6, phải bằng đúng 1.")
    expect(page.get_by_role("alert")).to_be_focused()
    accessible(page)


def divided(page: Page, first_share: str, second_share: str) -> None:
    """Fill in the form of a division with both shares and open its preview."""
    page.get_by_label("Chia tách từ ngày").fill("1/7/2022")
    page.get_by_label("Căn cứ").fill("Quyết định 5")
    for number, code, share in ((1, "tram", first_share), (2, "p07", second_share)):
        part = page.get_by_role("group", name=f"Phần thứ {number}")
        part.get_by_label("Mã").fill(code)
        part.get_by_label("Tỷ lệ").fill(share)
    page.get_by_role("button", name="Xem những gì thay đổi").press("Enter")
