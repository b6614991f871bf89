"""The dashboard in Chromium: without scrolling, on a phone, without JavaScript, checked by axe, with its charts."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from accounts.models import User

ADDRESS = "/?unit=351&period=2022-H1"
RIGHT = "getBoundingClientRect().right"
PAST_THEIR_CELL = (
    f"all => all.filter(mark => mark.{RIGHT} > mark.closest('td').{RIGHT} + 1).map(mark => mark.innerText)"
)


@pytest.fixture
def demo(transactional_db) -> None:
    call_command("seed_demo", verbosity=0)


@pytest.fixture
def signed_in(demo, live_server):
    """signed_in(page, name) adds that user's session cookie to the page."""

    def sign(page: Page, name: str) -> Page:
        client = Client()
        client.force_login(
            User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend"
        )
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        return page

    return sign


def test_the_answer_without_scrolling_and_the_charts(quiet_page, signed_in, live_server, accessible):
    page = signed_in(quiet_page, "tonghop")
    page.set_viewport_size({"width": 1366, "height": 650})
    page.goto(live_server.url + ADDRESS)
    for words in ("Excel", "CSV"):
        expect(page.locator("form.bar").get_by_role("link", name=words)).to_be_in_viewport()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Tỷ lệ hồ sơ trực tuyến: cấp huyện 51,7%, cấp xã 12,6%"
    )
    for bar in page.locator("svg.share__bar").all():
        expect(bar).to_be_in_viewport(ratio=1)
    for dot in page.locator("svg.dots").all():
        expect(dot).to_be_in_viewport(ratio=1)
    expect(page.locator(".chart[data-drawn]")).to_have_count(2)
    assert "cấp huyện 55,4%" in page.locator("canvas").first.get_attribute("aria-label")
    accessible(page)
    page.locator("details.show").evaluate_all("all => all.forEach((element) => { element.open = true; })")
    accessible(page)


def test_the_charts_are_drawn_from_the_page_alone_with_its_own_faces(quiet_page, signed_in, live_server):
    """Drawing them sends no further request: data and font files are in the page."""
    page, requests = signed_in(quiet_page, "tonghop"), []
    page.on("request", lambda request: requests.append((request.resource_type, request.url)))
    page.goto(live_server.url + ADDRESS)
    expect(page.locator(".chart[data-drawn]")).to_have_count(2)
    assert [kind for kind, _ in requests if kind in ("fetch", "xhr")] == []
    fonts = [url for kind, url in requests if kind == "font"]
    assert len(fonts) == len(set(fonts)) == 2
    assert page.evaluate(
        "['400', '600'].every((weight) => document.fonts.check(`${weight} 12px 'IBM Plex Sans'`))"
    )


def test_the_bar_takes_one_line_with_the_switch_of_both_bases(quiet_page, signed_in, live_server, accessible):
    """Even for a unit with a long name."""
    page = signed_in(quiet_page, "tonghop")
    page.set_viewport_size({"width": 1366, "height": 768})
    for address in (ADDRESS, ADDRESS + "&basis=today", ADDRESS + "&basis=today&include=submitted"):
        page.goto(live_server.url + address)
        bottoms = page.locator("form.bar > *:visible").evaluate_all(
            "all => all.map((element) => Math.round(element.getBoundingClientRect().bottom))"
        )
        assert len(bottoms) >= 5 and len(set(bottoms)) == 1, (address, bottoms)
    accessible(page)


def test_a_unit_is_found_by_name_without_diacritics_by_keyboard(
    quiet_page, signed_in, live_server, accessible
):
    page = signed_in(quiet_page, "tonghop")
    page.goto(live_server.url + ADDRESS)
    page.get_by_text("Tìm theo tên", exact=True).press("Enter")
    box = page.get_by_label("Tên hoặc mã đơn vị (không cần dấu)")
    accessible(page)
    box.fill("thanh ta")
    box.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tìm đơn vị")
    accessible(page)
    page.get_by_role("link", name="xã Thanh Tân").press("Enter")
    expect(page.get_by_label("Đơn vị", exact=True)).to_have_value("13477")
    expect(page.get_by_label("Kỳ báo cáo")).to_have_value("2022-H1")


@pytest.mark.parametrize("name", ["tonghop", "lanhdao", "xa-13474"])
def test_nothing_runs_over_the_edge_of_a_phone(quiet_page, signed_in, live_server, name):
    page = signed_in(quiet_page, name)
    page.set_viewport_size({"width": 375, "height": 800})
    for address in ("/", "/?period=2022-M07", "/?by=month&period=2021"):
        page.goto(live_server.url + address)
        expect(page.locator(".chart:not([data-drawn])")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, address


def test_a_state_in_a_stacked_row_is_read_whole_on_a_phone(quiet_page, signed_in, live_server):
    page = signed_in(quiet_page, "quantri")
    page.set_viewport_size({"width": 375, "height": 800})
    for address in ("/units/", "/reports/units/?find=thanh"):
        page.goto(live_server.url + address)
        chips = page.locator(".t--stack td .chip")
        expect(chips.first).to_be_visible()
        assert chips.evaluate_all(PAST_THEIR_CELL) == [], address


@pytest.mark.parametrize("width", [1366, 1024, 375])
def test_no_number_of_a_whole_country_is_cut_off(quiet_page, signed_in, live_server, width):
    page = signed_in(quiet_page, "tonghop")
    page.set_viewport_size({"width": width, "height": 768})
    page.goto(live_server.url + ADDRESS)
    beside = page.locator(".fig__num small")
    beside.evaluate_all("all => all.forEach((element) => { element.textContent = '16.633.747/16.644.996'; })")
    assert beside.count() > 2
    assert beside.evaluate_all(PAST_THEIR_CELL.replace("'td'", "'.fig'")) == []


def test_sorting_and_going_down_by_keyboard(quiet_page, signed_in, live_server):
    page = signed_in(quiet_page, "tonghop")
    page.goto(live_server.url + ADDRESS + "&tier=commune")
    page.get_by_role("link", name="Tiếp nhận", exact=True).press("Enter")
    first = page.locator("table.t--stack tbody tr").first
    expect(first).to_contain_text("Kiện Khê")
    page.get_by_role("link", name="xã Thanh Tân").last.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("xã Thanh Tân")
    page.get_by_role("link", name="tháng 6/2022").press("Enter")
    expect(page).to_have_url(re.compile("/records/"))


def test_formulas_open_and_close_by_keyboard(quiet_page, signed_in, live_server):
    page = signed_in(quiet_page, "lanhdao")
    page.goto(live_server.url + ADDRESS)
    how = page.locator(".fig details.how").first
    how.locator("summary").press("Enter")
    expect(how.locator("div")).to_contain_text("2.612 ÷ 17.793 = 14,7%")
    page.keyboard.press("Escape")
    expect(how.locator("div")).to_be_hidden()


def test_without_a_script_every_chart_has_its_table(browser: Browser, signed_in, live_server):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1366, "height": 768})
    page = signed_in(context.new_page(), "tonghop")
    page.goto(live_server.url + ADDRESS)
    expect(page.locator(".chart")).to_have_count(2)
    for empty in page.locator(".chart").all():
        expect(empty).to_be_hidden()
    expect(page.get_by_text("tháng 8/2021", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="tháng 8/2021")).to_contain_text("chưa đủ")
    with page.expect_download() as got:
        page.locator("form.bar").get_by_role("link", name="CSV").click()
    assert Path(got.value.path()).read_bytes().startswith(b"\xef\xbb\xbf")
    context.close()
