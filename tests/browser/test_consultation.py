"""Consultation on a review: request, contribution with a bound figure, merge, comments; accessible, also on a phone."""

import re

import pytest
from django.conf import settings as project
from playwright.sync_api import Page, expect

from records.indicators import actions as indicators_actions
from reports import demo
from reports.consultation import actions as consultation_actions
from reports.drafting import actions as drafting_actions
from reports.models import Asking, ReviewState
from tests.support.loaded_demo import NOW
from units.models import Unit


@pytest.fixture
def open_as(quiet_page: Page, live_server):
    """open_as("tonghop", "/reports/reviews/") signs out the previous user, signs in and opens an address."""

    def go(name: str, address: str) -> Page:
        quiet_page.context.clear_cookies()
        quiet_page.goto(f"{live_server.url}/accounts/login/?next={address}")
        quiet_page.get_by_label("Tên đăng nhập").fill(name)
        quiet_page.get_by_label("Mật khẩu").first.fill(demo.PASSWORD)
        quiet_page.locator("main button[type=submit]").click()
        expect(quiet_page).to_have_url(f"{live_server.url}{address}")
        return quiet_page

    return go


def test_from_asked_to_taken_over(review, open_as):
    section = review.sections.get(order=4)
    address = f"/reports/reviews/{review.pk}/asking/"
    page = open_as("tonghop", address)
    page.get_by_label("Hỏi về").select_option(str(section.pk))
    page.get_by_label("Thị trấn Tân Thanh").check()
    page.get_by_label("Hạn gửi").fill("2022-08-20")
    page.get_by_role("button", name="Gửi yêu cầu").click()
    expect(page.get_by_text("Đã gửi 1 yêu cầu")).to_be_visible()

    page = open_as("xa-13474", "/records/")
    page.get_by_role("link", name="Viết nội dung mục").click()
    expect(page.get_by_role("toolbar", name="Soạn thảo")).to_be_visible()
    page.get_by_role("textbox", name="Nội dung").focus()
    page.keyboard.type("Tiếp nhận")
    page.get_by_role("button", name="Chèn số liệu").click()
    page.get_by_role("option").first.click()
    page.keyboard.type(" hồ sơ.")
    words = page.locator("[name=body]").input_value()
    assert re.fullmatch(r"Tiếp nhận \[\[unit\.13474\.[a-z_.]+\|[^|]+\]\] hồ sơ\.", words)
    page.get_by_role("button", name="Gửi", exact=True).click()
    expect(page.get_by_text("Đã gửi nội dung.")).to_be_visible()

    page = open_as("tonghop", address)
    page.get_by_text("Đọc, lấy vào mục").click()
    page.get_by_role("button", name="Lấy vào mục").click()
    expect(page.get_by_text("Đã lấy vào mục")).to_be_visible()
    section.refresh_from_db()
    assert f"Thị trấn Tân Thanh: {words}" in section.body
    assert Asking.objects.get().taken_by


def test_commented_on_and_settled(review, open_as):
    consultation_actions.ask_units(
        review, [Unit.objects.get(code="phong-noi-vu")], by=None, at=NOW, due_on=NOW.date()
    )
    drafting_actions.set_state(review, ReviewState.COMMENT, by=None, at=NOW)
    page = open_as("phong-noi-vu", "/records/")
    page.get_by_role("link", name="Góp ý").click()
    page.get_by_label("Ý kiến", exact=True).fill("Bổ sung số lớp tập huấn.")
    page.get_by_role("button", name="Gửi ý kiến").click()
    expect(page.get_by_text("Đã ghi ý kiến.")).to_be_visible()

    page = open_as("tonghop", f"/reports/reviews/{review.pk}/")
    page.get_by_text("Trả lời, giải quyết").click()
    page.get_by_label("Trả lời", exact=True).fill("Đã bổ sung.")
    page.get_by_role("button", name="Tiếp thu").click()
    expect(page.get_by_text("Đã giải quyết hết")).to_be_visible()


@pytest.mark.parametrize("width", [1366, 375])
def test_pages_around_a_review_are_accessible(review, open_as, accessible, live_server, width):
    presets = indicators_actions.read_presets(project.BASE_DIR / "fixtures" / "indicators.json")
    indicators_actions.define_indicator(presets, by=None, at=NOW)
    section, unit = review.sections.get(order=4), Unit.objects.get(code="13474")
    (asking,) = consultation_actions.ask_units(
        review, [unit], by=None, at=NOW, section=section, due_on=NOW.date(), words="Nêu số lớp."
    )
    consultation_actions.ask_units(review, [unit], by=None, at=NOW, due_on=NOW.date())
    drafting_actions.set_state(review, ReviewState.COMMENT, by=None, at=NOW)
    tour = {
        "tonghop": [
            f"/records/indicators/{review.unit_id}/?period=2022-H1",
            f"/records/targets/{review.unit_id}/",
            *(f"/reports/reviews/{review.pk}/{what}/" for what in ("meeting", "tasks", "asking")),
            f"/reports/reviews/{review.pk}/",
        ],
        "xa-13474": [
            f"/reports/asked/{asking.pk}/",
            "/reports/tasks/",
            "/records/",
            f"/reports/reviews/{review.pk}/",
        ],
        "quantri": ["/records/indicators/list/"],
    }
    for name, addresses in tour.items():
        page = open_as(name, addresses[0])
        page.set_viewport_size({"width": width, "height": 768})
        for address in addresses:
            page.goto(live_server.url + address)
            accessible(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
