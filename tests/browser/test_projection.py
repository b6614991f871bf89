"""The projection of a review: keys, touch, offline, letters readable from 15 m, without JavaScript, on a phone."""

import pytest
from playwright.sync_api import Page, expect

from reports import demo

from .review_page import no_sideways_scroll

# Width and height of hall screens; minimum letter height as a share of the screen's, overall and for claims.
SCREENS = [(1366, 768, 0.05, 0.06), (1920, 1080, 0.05, 0.06), (1024, 768, 0.04, 0.04)]
SMALLEST = """() => [...document.querySelectorAll('.slide')].map(slide => {
  const texts = [...slide.querySelectorAll('*')].filter(element => [...element.childNodes].some(
    node => node.nodeType === 3 && node.data.trim()) && !element.closest('[hidden]'));
  const height = element => parseFloat(getComputedStyle(element).fontSize) / innerHeight;
  return {id: slide.id, all: Math.min(...texts.map(height)),
    claims: Math.min(1, ...texts.filter(element => element.closest('.slide__mid, .slide__say')).map(height)),
    cut: slide.scrollHeight > slide.clientHeight + 1 || slide.scrollWidth > slide.clientWidth + 1};
})"""


@pytest.fixture
def hall(review, open_as) -> Page:
    page = open_as("tonghop", f"/reports/reviews/{review.pk}/projection/")
    expect(shown(page)).to_have_id("trang-1")
    return page


def shown(page: Page):
    return page.locator(".slide.is-now")


def test_keys_lead_through_it(hall):
    last = hall.locator(".slide").count()
    for key, place in [
        ("ArrowRight", 2), ("Space", 3), ("PageDown", 4), ("ArrowLeft", 3), ("PageUp", 2), ("Shift+Space", 1),
        ("ArrowLeft", 1), ("End", last), ("ArrowRight", last), ("Home", 1),
    ]:  # fmt: skip
        hall.keyboard.press(key)
        expect(shown(hall)).to_have_id(f"trang-{place}")
        expect(hall.locator(".slide:visible")).to_have_count(1)
    hall.get_by_role("button", name="Trang sau").press("Space")
    expect(shown(hall)).to_have_id("trang-2")
    expect(hall.get_by_role("status")).to_contain_text("51,7%")
    hall.reload()
    expect(shown(hall)).to_have_id("trang-2")


def test_once_opened_it_needs_no_network(hall):
    hall.wait_for_function("[...document.fonts].every(face => face.status === 'loaded')")
    requests: list[str] = []
    hall.on("request", lambda request: requests.append(request.url))
    hall.context.set_offline(True)
    figures = []
    for _ in range(hall.locator(".slide").count() - 1):
        hall.keyboard.press("ArrowRight")
        figures += shown(hall).locator("[data-figure]").all_inner_texts()
    assert {"51,7%", "12,6%", "98,6%", "99,3%", "168/168"} <= set(figures)
    assert requests == []
    hall.context.set_offline(False)


def test_each_slide_says_its_period_and_completeness(hall):
    for text in hall.locator(".slide__foot").all_text_contents():
        assert "6 tháng đầu năm 2022 · " in text
    expect(hall.locator("#trang-2 .slide__foot")).to_contain_text("72/72 báo cáo tháng")


@pytest.mark.parametrize(("width", "height", "least", "least_claim"), SCREENS)
def test_letters_are_read_from_15_metres_and_nothing_is_cut(hall, width, height, least, least_claim):
    hall.set_viewport_size({"width": width, "height": height})
    slides = hall.evaluate(SMALLEST)
    assert len(slides) > 10
    small = [
        slide for slide in slides if slide["all"] < least or slide["claims"] < least_claim or slide["cut"]
    ]
    assert small == []


@pytest.mark.parametrize("width", [1366, 375])
def test_it_is_accessible(hall, accessible, width):
    hall.set_viewport_size({"width": width, "height": 768})
    for key in ("Home", "ArrowRight", "End"):
        hall.keyboard.press(key)
        accessible(hall)
        no_sideways_scroll(hall)


def signed_in(browser, live_server, **how) -> Page:
    """Sign in through the form in a context with these options; return the page."""
    page = browser.new_context(locale="vi-VN", **how).new_page()
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_label("Tên đăng nhập").fill("tonghop")
    page.locator("input[name=password]").fill(demo.PASSWORD)
    page.locator("main button[type=submit]").click()
    return page


def test_without_a_script_it_is_one_long_page(review, browser, live_server):
    page = signed_in(browser, live_server, java_script_enabled=False, viewport={"width": 1366, "height": 768})
    page.goto(f"{live_server.url}/reports/reviews/{review.pk}/projection/")
    slides = page.locator(".slide")
    expect(page.locator(".slide:visible")).to_have_count(slides.count())
    heights = [slide.bounding_box()["y"] for slide in slides.all()]
    assert heights == sorted(heights) and heights[-1] > 768 * (len(heights) - 2)
    expect(page.get_by_role("button", name="Trang sau")).to_be_hidden()
    page.context.close()


SWIPE = """([from, to]) => {
  const at = x => [new Touch({identifier: 1, target: document.body, clientX: x, clientY: 300})];
  const tell = (kind, x, on) => document.body.dispatchEvent(
    new TouchEvent(kind, {bubbles: true, touches: on ? at(x) : [], changedTouches: at(x)}));
  tell('touchstart', from, true);
  tell('touchend', to, false);
}"""


def test_a_finger_leads_through_it(review, browser, live_server):
    page = signed_in(browser, live_server, has_touch=True, viewport={"width": 375, "height": 740})
    page.goto(f"{live_server.url}/reports/reviews/{review.pk}/projection/")
    page.touchscreen.tap(300, 300)
    expect(shown(page)).to_have_id("trang-2")
    page.touchscreen.tap(40, 300)
    expect(shown(page)).to_have_id("trang-1")
    page.evaluate(SWIPE, [320, 60])
    expect(shown(page)).to_have_id("trang-2")
    page.evaluate(SWIPE, [60, 320])
    expect(shown(page)).to_have_id("trang-1")
    no_sideways_scroll(page)
    page.context.close()
