"""A unit's contribution to a review: its figures are inserted by keyboard and stay bound."""

import gzip
import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from reports.consultation import actions
from reports.models import Asking, Review
from tests.support.loaded_demo import NOW
from units.models import Unit

from .review_page import no_sideways_scroll


@pytest.fixture
def asking(review: Review) -> Asking:
    section, unit = review.sections.get(order=4), Unit.objects.get(code="13474", active_until=None)
    (request,) = actions.ask_units(
        review, [unit], by=None, at=NOW, section=section, due_on=NOW.date() + timedelta(3)
    )
    return request


def test_own_figures_are_written_by_keys_and_sent(asking, open_as, accessible):
    page: Page = open_as("xa-13474", f"/reports/asked/{asking.pk}/")
    expect(page.get_by_role("toolbar", name="Soạn thảo")).to_be_visible()
    page.get_by_role("textbox", name="Nội dung").focus()
    page.keyboard.type("Tiếp nhận")
    page.keyboard.press("Control+k")
    page.keyboard.type("tiep nhan truc tiep")
    expect(page.get_by_role("option").first).to_contain_text(re.compile("trực tiếp", re.I))
    accessible(page)
    page.keyboard.press("Enter")
    page.keyboard.type(" hồ sơ.")
    for width in (375, 1366):
        page.set_viewport_size({"width": width, "height": 768})
        no_sideways_scroll(page)
        accessible(page)
    page.keyboard.press("Control+s")  # saves without sending
    expect(page.get_by_text("Đã lưu, chưa gửi.")).to_be_visible()
    saved = Asking.objects.get(pk=asking.pk)
    assert re.fullmatch(r"Tiếp nhận \[\[unit\.13474\.received_direct\|[\d.]+\]\] hồ sơ\.", saved.body)
    assert saved.sent_at is None
    expect(page.locator("#soan .fact--fresh")).to_have_count(1)
    page.get_by_role("button", name="Gửi", exact=True).press("Enter")
    expect(page.get_by_text("Đã gửi nội dung.")).to_be_visible()
    assert Asking.objects.get(pk=asking.pk).sent_at


def test_the_page_weighs_no_more_than_that_of_a_section(asking, open_as):
    page: Page = open_as("xa-13474", "/records/")
    loaded: dict[str, bytes] = {}
    page.on("response", lambda answer: loaded.update({answer.url: answer.body()}))
    page.goto(f"{page.url.split('/records/')[0]}/reports/asked/{asking.pk}/", wait_until="networkidle")
    assert sum(len(gzip.compress(body, 6)) for body in loaded.values()) <= 300 * 1024 and len(loaded) <= 10


def test_without_a_script_the_box_stays(asking, browser, live_server):
    page = browser.new_context(locale="vi-VN", java_script_enabled=False).new_page()
    page.goto(f"{live_server.url}/accounts/login/?next=/reports/asked/{asking.pk}/")
    page.get_by_label("Tên đăng nhập").fill("xa-13474")
    page.get_by_label("Mật khẩu").first.fill("demo")
    page.locator("main button[type=submit]").click()
    page.get_by_label("Nội dung").fill("Lời.")
    page.get_by_role("button", name="Lưu, chưa gửi").click()
    expect(page.get_by_text("Đã lưu, chưa gửi.")).to_be_visible()
    assert Asking.objects.get(pk=asking.pk).body == "Lời."
    page.context.close()
