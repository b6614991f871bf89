"""An administrator creates a token and a push receiver, and checks the system's health, by keyboard alone."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from axes.models import AccessFailureLog
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from ledger import outbox, timer_runs
from units.lifecycle import actions as lifecycle_actions
from units.models import Receiver, Token, Unit
from units.people import actions as people_actions
from units.tree.rules import UnitDraft

from .keyboard import press, tab_to

START = date(2020, 1, 1)
AT = datetime(2022, 8, 12, 8, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
PASSWORD = "mật khẩu đủ dài"
LONG = "Hệ thống thông tin giải quyết thủ tục hành chính của tỉnh, phần dành cho các xã"


@pytest.fixture
def admin(transactional_db, settings) -> User:
    settings.PUSH_HOSTS = frozenset({"baocao.example.gov.vn"})
    (top,) = lifecycle_actions.open_units(
        [UnitDraft("37", "tỉnh Ninh Bình", "committee", "province", START)], by=None
    ).new
    admin = User.objects.create_user("quantri", password=PASSWORD, full_name="Người quản trị")
    people_actions.add_membership(admin, top, "administrator", START, by=None)
    return admin


def fill(page: Page, label: str, text: str) -> None:
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.insert_text(text)


def looked_at(page: Page, accessible) -> None:
    """Check at both widths: no horizontal scrolling, no violations by axe."""
    for width in (375, 1366):
        page.set_viewport_size({"width": width, "height": 768})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    accessible(page)


def signed_in(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("Tên đăng nhập").fill("quantri")
    page.get_by_label("Mật khẩu").first.fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(address)


def test_a_token_by_keyboard(admin, quiet_page: Page, live_server, accessible):
    page = quiet_page
    signed_in(page, f"{live_server.url}/units/tokens/")
    looked_at(page, accessible)
    fill(page, "Tên hệ thống", LONG)
    fill(page, "Mã đơn vị", "37")
    tab_to(page, page.get_by_label("Nhập và gửi báo cáo tháng"))
    page.keyboard.press("Space")
    press(page, "button", "Cấp khóa")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Khóa truy cập được cấp cho {LONG}")
    expect(page.get_by_text("cchc_")).to_be_visible()
    looked_at(page, accessible)
    press(page, "link", "Đã chép xong")
    expect(page.get_by_text("cchc_")).to_have_count(0)
    looked_at(page, accessible)
    press(page, "link", LONG)
    looked_at(page, accessible)
    press(page, "button", "Thu hồi")
    expect(page.get_by_text("Đã thu hồi", exact=True)).to_be_visible()
    assert Token.objects.get().revoked_at is not None


def test_a_receiver_by_keyboard(admin, quiet_page: Page, live_server, accessible):
    page = quiet_page
    signed_in(page, f"{live_server.url}/units/receivers/")
    looked_at(page, accessible)
    fill(page, "Tên hệ thống", LONG)
    fill(page, "Mã đơn vị", "37")
    fill(page, "Địa chỉ nhận", "https://baocao.example.gov.vn/" + "nhan/" * 40)
    press(page, "button", "Thêm nơi nhận")
    expect(page.get_by_text("whsec_")).to_be_visible()
    looked_at(page, accessible)
    with transaction.atomic():
        name = f"{Unit.objects.get().name}, tháng 7/2022"
        outbox.put("submission.approved", name, {}, [Receiver.objects.get().pk], at=AT)
    outbox.deliver(lambda _: outbox.DeliveryOutcome(None, "Không trả lời trong 10 giây."), timezone.now)
    press(page, "link", "Đã chép xong")
    expect(page.get_by_text("Không trả lời trong 10 giây.")).to_be_visible()
    looked_at(page, accessible)
    press(page, "button", f"Gửi lại {name} đến {LONG}")
    expect(page.get_by_text("Tin sẽ được gửi lại trong lần gửi tới.")).to_be_visible()


def test_the_condition_by_keyboard(admin, quiet_page: Page, live_server, accessible, settings, tmp_path):
    """From the menu to the page, and from a failed sign-in to that user."""
    settings.DATA_DIR = tmp_path
    failed = {"username": "quantri", "ip_address": "10.0.0.1", "locked_out": True}
    AccessFailureLog.objects.create(**failed)
    with timer_runs.record(timer_runs.BACKUP) as run:
        run.words, run.size = "15 tệp", 1_234_567
    page = quiet_page
    signed_in(page, f"{live_server.url}/units/people/")
    press(page, "link", "Tình trạng hệ thống")
    expect(page.get_by_role("heading", name="Tình trạng hệ thống")).to_be_visible()
    looked_at(page, accessible)
    expect(page.get_by_text("15 tệp, 1,2 MB")).to_be_visible()
    press(page, "link", "Người quản trị")
    expect(page).to_have_url(f"{live_server.url}/units/people/{admin.pk}/")
