"""A user ends a session left open on another computer, by keyboard alone."""

import re

from playwright.sync_api import Page, expect

from .keyboard import tab_to
from .test_integrations import PASSWORD, fill, looked_at, signed_in
from .test_integrations import admin as admin


def test_a_session_elsewhere_is_ended_by_keyboard(admin, quiet_page: Page, live_server, accessible, browser):
    page, address = quiet_page, f"{live_server.url}/accounts/sessions/"
    with browser.new_context() as other:
        left_open = other.new_page()
        signed_in(left_open, address)
        signed_in(page, address)
        looked_at(page, accessible)
        tab_to(page, page.get_by_label("Mọi phiên khác, trừ phiên này"))
        page.keyboard.press("Space")
        fill(page, "Mật khẩu hiện nay", PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Đã kết thúc mọi phiên đăng nhập khác.")).to_be_visible()
        expect(page.get_by_text("Không có phiên nào khác.")).to_be_visible()
        left_open.reload()
        expect(left_open).to_have_url(re.compile("/accounts/login/"))
