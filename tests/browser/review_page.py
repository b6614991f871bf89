"""Fixtures for tests of a review in the browser: the demo, sign-in and opening a page."""

import pytest
from playwright.sync_api import Page, expect

from reports import demo
from reports.models import Review
from tests.support.loaded_demo import load_demo


@pytest.fixture
def review(transactional_db, settings, tmp_path) -> Review:
    settings.MEDIA_ROOT = tmp_path / "media"
    return load_demo()


def sign_in(page: Page, live_server, name: str, address: str) -> Page:
    """Sign in and open an address; return the page."""
    page.goto(f"{live_server.url}/accounts/login/?next={address}")
    page.get_by_label("Tên đăng nhập").fill(name)
    page.get_by_label("Mật khẩu").first.fill(demo.PASSWORD)
    page.locator("main button[type=submit]").click()
    expect(page).to_have_url(f"{live_server.url}{address}")
    return page


@pytest.fixture
def open_as(quiet_page: Page, live_server):
    """open_as("tonghop", "/reports/reviews/") signs in and opens an address."""
    return lambda name, address: sign_in(quiet_page, live_server, name, address)


def no_sideways_scroll(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
