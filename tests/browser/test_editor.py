"""The section editor: figures stay bound, by mouse and by keyboard alone, and no text is lost."""

import gzip
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from records.models import DossierCount, Edition
from records.stored_sums import recount
from reports.drafting import actions
from reports.drafting.queries import section_version
from reports.models import Review, ReviewSection
from tests.support.loaded_demo import NOW

from .review_page import no_sideways_scroll, sign_in

KEY = "now.commune.received_direct"
BODY = f"Cấp xã tiếp nhận trực tiếp [[{KEY}|14.712]] hồ sơ.\n\nĐoạn hai."


@pytest.fixture
def section(review: Review) -> ReviewSection:
    section = review.sections.get(order=2)
    return write(section, BODY)


def write(section: ReviewSection, body: str, heading: str = "1. Công tác chỉ đạo") -> ReviewSection:
    """Save the section as another user."""
    section.refresh_from_db()
    version = section_version(section)
    return actions.write_section(section, heading, body, by=None, at=NOW, version=version)


def address(section: ReviewSection) -> str:
    return f"/reports/reviews/{section.review_id}/sections/{section.pk}/"


@pytest.fixture
def words(section, open_as) -> Page:
    """The edit page of the section."""
    return ready(open_as("tonghop", address(section)))


@pytest.fixture
def refused(section, context, live_server) -> Page:
    """The same page for tests of refused requests, which the browser reports on its console."""
    return ready(sign_in(context.new_page(), live_server, "tonghop", address(section)))


def ready(page: Page) -> Page:
    """The page once its scripts are loaded."""
    expect(state(page)).to_have_attribute("data-state", re.compile("."))
    return page


def editor(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Nội dung")


def figures(page: Page) -> Locator:
    return page.locator("#soan .fact")


def stored(page: Page) -> str:
    """The text that would be saved."""
    return page.locator("[name=body]").input_value()


def state(page: Page) -> Locator:
    return page.locator("#trang-thai")


def caret_at_end(page: Page) -> None:
    editor(page).focus()
    page.keyboard.press("Control+End")


def save(page: Page) -> None:
    page.keyboard.press("Control+s")
    expect(state(page)).to_have_text(re.compile(r"Đã lưu lúc \d\d:\d\d"))


def tip(page: Page) -> Locator:
    return page.locator(".words-tip")


def paste(page: Page, **kinds: str) -> None:
    """Paste text or HTML, as another program puts them on the clipboard."""
    page.evaluate(
        """(kinds) => {
            const data = new DataTransfer();
            for (const [kind, text] of Object.entries(kinds)) data.setData(`text/${kind}`, text);
            const how = { clipboardData: data, bubbles: true, cancelable: true };
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", how));
        }""",
        {"plain" if kind == "text" else kind: text for kind, text in kinds.items()},
    )


def test_words_around_a_figure_change_and_it_stays_bound(words, section):
    editor(words).focus()
    words.keyboard.press("Control+Home")
    words.keyboard.type("Trong kỳ, ")
    for _ in range(len("Cấp xã tiếp nhận trực tiếp ")):
        words.keyboard.press("ArrowRight")
    words.keyboard.type("là ")
    expect(state(words)).to_have_text("Chưa lưu")
    save(words)
    section.refresh_from_db()
    expected = f"Trong kỳ, Cấp xã tiếp nhận trực tiếp là [[{KEY}|14.712]] hồ sơ.\n\nĐoạn hai."
    assert section.body == expected == stored(words)


def test_keys_reach_a_figure_and_it_cannot_be_half_edited(words):
    editor(words).focus()
    words.keyboard.press("Control+Home")
    for _ in range(len("Cấp xã tiếp nhận trực tiếp ") + 1):
        words.keyboard.press("ArrowRight")
    expect(tip(words)).to_contain_text("Tiếp nhận trực tiếp, cấp xã, 6 tháng đầu năm 2022")
    expect(tip(words)).to_contain_text("96/96 báo cáo tháng")
    expect(tip(words).get_by_role("link", name="Xem số liệu gốc")).to_have_attribute(
        "href", re.compile(r"^/\?unit=351&period=2022-H1")
    )
    expect(words.locator(".field [role=status].vh")).to_contain_text("Số 14.712. Tiếp nhận trực tiếp, cấp xã")
    words.keyboard.type("99")  # beside it, not in its place
    assert stored(words).startswith(f"Cấp xã tiếp nhận trực tiếp [[{KEY}|14.712]]99 hồ sơ.")
    expect(tip(words)).to_be_hidden()
    words.keyboard.press("Backspace")
    words.keyboard.press("Backspace")
    words.keyboard.press("Backspace")  # takes hold of it
    expect(tip(words)).to_be_visible()
    words.keyboard.press("Enter")  # an up-to-date figure stays what it is
    words.keyboard.press("Escape")
    expect(tip(words)).to_be_hidden()
    assert stored(words) == BODY


def test_the_source_shows_under_the_mouse(words):
    figures(words).hover()
    expect(tip(words)).to_contain_text("Tiếp nhận trực tiếp, cấp xã")
    tip(words).hover()
    words.wait_for_timeout(500)
    expect(tip(words)).to_be_visible()
    words.get_by_role("heading", level=1).hover()
    expect(tip(words)).to_be_hidden()


def test_the_source_stays_within_the_window(words):
    """Below the figure, or above it at the end of the window."""
    caret_at_end(words)
    for _ in range(12):
        words.keyboard.press("Enter")
        words.keyboard.type("Đoạn.")
    paste(words, text=f"[[{KEY}|14.712]]")
    figures(words).last.click()
    expect(tip(words)).to_contain_text("Tiếp nhận trực tiếp, cấp xã")
    expect(tip(words).get_by_role("button", name="Xóa số này")).to_be_in_viewport(ratio=1)
    assert tip(words).bounding_box()["y"] < figures(words).last.bounding_box()["y"]


def test_delete_undo_and_redo(words):
    editor(words).focus()
    words.keyboard.press("Control+Home")
    for _ in range(len("Cấp xã tiếp nhận trực tiếp ")):
        words.keyboard.press("ArrowRight")
    words.keyboard.press("Delete")
    assert stored(words) == BODY
    words.keyboard.press("Delete")
    without = BODY.replace(f" [[{KEY}|14.712]]", "")
    assert stored(words) == without
    expect(figures(words)).to_have_count(0)
    words.keyboard.press("Control+z")
    assert stored(words) == BODY
    words.keyboard.press("Control+y")
    assert stored(words) == without
    words.get_by_role("button", name="Hoàn tác").click()
    assert stored(words) == BODY


def test_a_figure_is_moved_and_copied(words):
    figures(words).click()
    words.keyboard.press("Control+x")
    words.keyboard.press("Control+End")
    words.keyboard.press("Control+v")
    words.keyboard.type(" ")
    words.keyboard.press("Control+v")
    token = f"[[{KEY}|14.712]]"
    assert stored(words) == f"Cấp xã tiếp nhận trực tiếp hồ sơ.\n\nĐoạn hai.{token} {token}"
    for _ in range(6):
        words.keyboard.press("Control+z")
    assert stored(words) == BODY


def test_a_figure_is_dragged(words):
    figures(words).drag_to(words.locator("#soan p").nth(1), target_position={"x": 2, "y": 12})
    assert stored(words) == f"Cấp xã tiếp nhận trực tiếp hồ sơ.\n\n[[{KEY}|14.712]]Đoạn hai."


def test_a_fact_is_inserted_by_keys_alone(words, section):
    caret_at_end(words)
    words.keyboard.type(" Trực tuyến:")
    words.keyboard.press("Control+k")
    expect(words.get_by_role("combobox", name=re.compile("Tìm theo tên"))).to_be_focused()
    expect(words.get_by_role("option").first).to_be_visible()
    words.keyboard.type("ty le ho so truc tuyen cap xa 2022")
    first = words.get_by_role("option").first
    expect(first).to_have_text(re.compile(r"^Tỷ lệ hồ sơ trực tuyến, cấp xã, 6 tháng đầu năm 202212,6%"))
    expect(first).to_have_attribute("aria-selected", "true")
    words.keyboard.press("ArrowDown")
    expect(words.get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    words.keyboard.press("ArrowUp")
    words.keyboard.press("Enter")
    expect(words.locator("#chon-so")).to_be_hidden()
    words.keyboard.type(" hồ sơ.")
    save(words)
    section.refresh_from_db()
    assert section.body.endswith("Đoạn hai. Trực tuyến: [[now.commune.share.online|12,6%]] hồ sơ.")


def test_the_list_of_facts_is_accessible_and_closes(words, accessible):
    caret_at_end(words)
    words.keyboard.press("Control+k")
    expect(words.get_by_role("option").first).to_be_visible()
    accessible(words)
    words.keyboard.type("<img src=x> không có")
    expect(words.get_by_text("Không có số liệu nào khớp")).to_be_visible()
    words.keyboard.press("Enter")
    words.keyboard.press("Escape")
    expect(editor(words)).to_be_focused()
    assert stored(words) == BODY


WORD = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{color:red}</style></head>'
    '<body><!--StartFragment--><p class=MsoNormal style="mso-margin-top-alt:auto"><b>Kết quả</b> đạt '
    '<span style="color:red">45</span><o:p></o:p></p><script>window.hacked = 1</script>'
    '<img src=x onerror="window.hacked = 1"><!--EndFragment--></body></html>'
)


def test_word_gives_plain_words(words):
    """Styles, scripts and pictures are dropped, without errors on the browser's console."""
    caret_at_end(words)
    paste(words, html=WORD, text="Kết quả đạt 45\r\nĐoạn của Word\r\n")
    assert stored(words) == f"{BODY}Kết quả đạt 45\n\nĐoạn của Word"
    assert (
        words.locator("#soan :is(b, span:not(.fact), style, script, img:not(.ProseMirror-separator))").count()
        == 0
    )
    assert words.evaluate("window.hacked") is None
    words.keyboard.press("Control+z")
    assert stored(words) == BODY


def test_pasted_lines_and_tokens(refused):
    caret_at_end(refused)
    paste(refused, text="một\ndòng\n\nhai [[now.district.received|960]] và [[no.where|5]]")
    assert stored(refused).endswith(
        "Đoạn hai.một dòng\n\nhai [[now.district.received|960]] và [[no.where|5]]"
    )
    expect(refused.locator("#soan .fact--fresh")).to_have_count(2)
    expect(refused.locator("#soan .fact--lost")).to_have_text("5")
    refused.keyboard.press("Control+s")
    expect(refused.get_by_text("Đoạn 3: không có số liệu nào mang mã “no.where”")).to_be_visible()
    expect(state(refused)).to_have_text("Chưa lưu, có chỗ cần sửa")
    expect(editor(refused)).to_be_focused()


def test_a_stale_figure_takes_its_value_by_enter(review, section, open_as):
    seven_more()
    page = open_as("tonghop", address(section))
    stale = page.locator("#soan .fact--stale")
    expect(stale).to_have_text("14.712")
    stale.click()
    expect(tip(page)).to_contain_text("Số đã đổi sau khi soạn câu: 14.712 → 14.719")
    page.keyboard.press("Enter")
    expect(page.locator("#soan .fact--fresh")).to_have_text("14.719")
    save(page)
    section.refresh_from_db()
    assert section.body == BODY.replace("14.712", "14.719")


def seven_more() -> None:
    edition = Edition.objects.get(submission__unit__code="13474", submission__month=202206, state="approved")
    row = DossierCount.objects.filter(edition=edition, received_direct__gt=0).first()
    DossierCount.objects.filter(pk=row.pk).update(received_direct=row.received_direct + 7)
    recount.recount_sums()


def test_a_stale_sentence_is_accepted_on_the_reviews_page(review, section, open_as, accessible):
    seven_more()
    page = open_as("tonghop", f"/reports/reviews/{review.pk}/")
    panel = page.get_by_role("region", name="Cần xem trước khi trình ký")
    panel.get_by_role("link", name="14.712 → 14.719").first.press("Enter")
    sentence = page.locator("#cau-2-0-0")
    expect(sentence).to_contain_text("14.712 (nay là 14.719) hồ sơ.", use_inner_text=True)
    expect(sentence).to_be_in_viewport()
    figure = sentence.get_by_role("link", name="14.712")
    figure.focus()
    expect(page.get_by_role("tooltip").filter(has_text="14.712 → 14.719")).to_be_visible()
    accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_have_count(0)
    sentence.locator("xpath=following-sibling::button[1]").press("Enter")
    expect(page.locator("#cau-2-0-0")).to_have_text(re.compile("trực tiếp 14.719"))
    section.refresh_from_db()
    assert section.body == BODY.replace("14.712", "14.719")


def test_a_colleagues_text_stands_beside_ones_own(refused, section):
    write(section, "Lời của đồng nghiệp.")
    caret_at_end(refused)
    refused.keyboard.type(" Lời của tôi.")
    refused.keyboard.press("Control+s")
    theirs = refused.get_by_role("region", name=re.compile("Bản đang lưu"))
    expect(theirs).to_contain_text("Lời của đồng nghiệp.")
    assert stored(refused) == f"{BODY} Lời của tôi."
    section.refresh_from_db()
    assert section.body == "Lời của đồng nghiệp."
    refused.get_by_role("button", name="Lưu bản của tôi, thay bản kia").click()
    expect(state(refused)).to_have_text(re.compile("Đã lưu lúc"))
    expect(theirs).to_be_hidden()
    section.refresh_from_db()
    assert section.body == f"{BODY} Lời của tôi."


def test_a_colleagues_text_is_taken_and_ones_own_comes_back_by_undo(refused, section):
    write(section, f"Lời của đồng nghiệp: [[{KEY}|14.712]].")
    caret_at_end(refused)
    refused.keyboard.type(" Lời của tôi.")
    refused.keyboard.press("Control+s")
    refused.get_by_role("button", name="Lấy bản kia, bỏ bản của tôi").click()
    assert stored(refused) == f"Lời của đồng nghiệp: [[{KEY}|14.712]]."
    refused.keyboard.press("Control+z")
    assert stored(refused) == f"{BODY} Lời của tôi."
    save(refused)


def test_what_is_typed_outlives_the_session(refused, section, live_server):
    caret_at_end(refused)
    refused.keyboard.type(" Chưa kịp lưu.")
    refused.context.clear_cookies()
    refused.keyboard.press("Control+s")
    refused.get_by_role("link", name="Đăng nhập lại").click()
    refused.get_by_label("Tên đăng nhập").fill("tonghop")
    refused.get_by_label("Mật khẩu").first.fill("demo")
    refused.locator("main button[type=submit]").click()
    ready(refused)
    expect(refused.get_by_text(re.compile("Đã lấy lại lời văn bạn gõ lúc"))).to_be_visible()
    assert stored(refused) == f"{BODY} Chưa kịp lưu."
    caret_at_end(refused)
    save(refused)
    section.refresh_from_db()
    assert section.body == f"{BODY} Chưa kịp lưu."
    refused.reload()
    expect(editor(refused)).to_be_visible()
    expect(refused.get_by_text(re.compile("Đã lấy lại"))).to_have_count(0)


def test_leaving_unsaved_asks_and_another_person_gets_nothing(words, section, live_server):
    caret_at_end(words)
    words.keyboard.type(" Riêng tư.")
    dialogs = []
    words.once("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    words.get_by_role("link", name="Xem báo cáo").click()
    expect(words).to_have_url(re.compile(f"/reports/reviews/{section.review_id}/#"))
    assert dialogs == ["beforeunload"]
    expect(words.get_by_text("Trên máy này còn lời văn chưa lưu")).to_be_visible()
    words.get_by_role("button", name="Đăng xuất").click()
    words.get_by_role("button", name="Đăng xuất, xóa lời văn này").click()
    expect(words).to_have_url(re.compile("/accounts/login/"))
    ready(sign_in(words, live_server, "tonghop", address(section)))
    assert stored(words) == BODY


def test_a_server_that_fails_loses_nothing(section, refused):
    page = refused
    page.route(
        f"**{address(section)}",
        lambda route: route.abort() if route.request.method == "POST" else route.continue_(),
    )
    caret_at_end(page)
    page.keyboard.type(" Mất mạng.")
    page.keyboard.press("Control+s")
    expect(state(page)).to_have_text("Chưa lưu được. Mất mạng. Lời văn bạn gõ đã giữ trên máy này.")
    page.unroute(f"**{address(section)}")
    save(page)


@pytest.mark.parametrize("width", [1366, 375])
def test_the_page_is_accessible_and_fits(words, accessible, width):
    words.set_viewport_size({"width": width, "height": 768})
    words.reload()
    figures(words).click()
    expect(tip(words)).to_be_visible()
    accessible(words)
    no_sideways_scroll(words)
    box = tip(words).bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    expect(words.get_by_role("button", name="Lưu mục này")).to_be_in_viewport()
    caret_at_end(words)
    words.keyboard.type(" " + "dài" * 200)
    no_sideways_scroll(words)
    words.get_by_role("button", name="Chèn số liệu").click()
    expect(words.get_by_role("option").first).to_be_visible()
    no_sideways_scroll(words)


HOSTILE = (
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'> \u202eđảo\u202c "
    + "dài" * 400
    + " javascript:alert(1) {{ 7 }} </textarea><b>x</b>"
)


def test_hostile_text_is_inert(review, section, open_as, accessible):
    write(section, f"{HOSTILE} [[{KEY}|14.712]]", heading=HOSTILE[:280])
    page = open_as("tonghop", address(section))
    expect(editor(page)).to_contain_text("<script>window.hacked = 1</script>")
    assert stored(page) == f"{HOSTILE} [[{KEY}|14.712]]"
    for width in (1366, 375):
        page.set_viewport_size({"width": width, "height": 768})
        no_sideways_scroll(page)
    page.goto(page.url.split("sections/")[0])
    expect(page.locator("#cau-2-0-0")).to_contain_text(
        "<img src=x onerror='window.hacked = 1'>", use_inner_text=True
    )
    no_sideways_scroll(page)
    accessible(page)
    assert page.evaluate("window.hacked") is None


def test_without_javascript_tokens_are_edited_as_text(section, browser, browser_context_args, live_server):
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = sign_in(context.new_page(), live_server, "tonghop", address(section))
    box = page.get_by_label("Nội dung")
    expect(box).to_have_value(BODY)
    expect(page.get_by_text("là một số liệu gắn với nguồn")).to_be_visible()
    expect(page.get_by_role("button", name="Chèn số liệu")).to_be_hidden()
    box.fill(f"Sửa lời: [[{KEY}|14.712]]. Có [[now.x|5]].")
    page.get_by_role("button", name="Lưu mục này").click()
    expect(page.get_by_text("Đoạn 1: không có số liệu nào mang mã “now.x”")).to_be_visible()
    page.get_by_role("link", name="danh sách số liệu").first.evaluate("0")
    box.fill(f"Sửa lời: [[{KEY}|14.712]].")
    page.get_by_role("button", name="Lưu mục này").click()
    expect(page.get_by_text("Sửa lời: 14.712")).to_be_visible()
    section.refresh_from_db()
    assert section.body == f"Sửa lời: [[{KEY}|14.712]]."
    context.close()


def test_the_page_is_light(section, context, live_server):
    """P8: the section editor weighs at most 300 KB compressed, with fonts; no other page loads it."""
    page = sign_in(context.new_page(), live_server, "tonghop", f"/reports/reviews/{section.review_id}/")
    assert "prosemirror" not in page.content()
    page = context.new_page()
    loaded = {}
    page.on("response", lambda answer: loaded.update({answer.url: answer.body()}))
    page.goto(f"{live_server.url}{address(section)}")
    expect(editor(page)).to_be_visible()
    icon = page.locator("link[rel=icon]").get_attribute("href")
    loaded.setdefault(f"{live_server.url}{icon}", b"")  # a headless browser does not load it
    weight = sum(len(gzip.compress(body, 6)) for body in loaded.values()) / 1024
    (library,) = [body for url, body in loaded.items() if "prosemirror" in url]
    sizes = f"{len(library) / 1024:.0f} KB raw, {len(gzip.compress(library, 6)) / 1024:.0f} KB compressed"
    print(f"\nedit page of a section: {weight:.0f} KB in {len(loaded)} requests; library {sizes}")
    assert weight <= 300 and len(library) <= 300 * 1024
    assert len(loaded) <= 10
