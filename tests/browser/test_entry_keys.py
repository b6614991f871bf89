"""The entry grid by keyboard: moving, overwriting, undo, notes, next issue, figures of earlier months."""

import pytest
from playwright.sync_api import Page, expect

from records.models import DossierCount

from .entry import box, fits, open_sheet, saved


@pytest.fixture
def sheet(office, quiet_page) -> Page:
    return open_sheet(quiet_page, office)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def pad(page: Page, text: str) -> None:
    """Type on the numeric keypad of a Vietnamese keyboard, whose decimal key is a comma."""
    keyboard = page.context.new_cdp_session(page)
    for sign in text:
        code = "NumpadDecimal" if sign == "," else f"Numpad{sign}"
        for kind in ("keyDown", "keyUp"):
            event = {"type": kind, "key": sign, "code": code, "isKeypad": True, "location": 3}
            keyboard.send("Input.dispatchKeyEvent", event | ({"text": sign} if kind == "keyDown" else {}))


MOVES = [
    ("chung-thuc-opening", ["ArrowRight"], "chung-thuc-received_direct"),
    ("chung-thuc-opening", ["ArrowDown"], "ho-tich-opening"),
    ("ho-tich-received_direct", ["ArrowUp", "ArrowLeft"], "chung-thuc-opening"),
    # `chung-thuc` has no postal channel, so its column is passed over
    ("chung-thuc-received_online_full", ["ArrowRight"], "chung-thuc-resolved_early"),
    ("chung-thuc-withdrawn", ["Home"], "chung-thuc-opening"),
    ("chung-thuc-withdrawn", ["End"], "chung-thuc-returned_online"),
    ("ho-tich-withdrawn", ["Control+Home"], "chung-thuc-opening"),
    ("chung-thuc-withdrawn", ["Control+End"], "ho-tich-returned_postal"),
    ("chung-thuc-withdrawn", ["Enter"], "ho-tich-withdrawn"),
    ("ho-tich-withdrawn", ["Shift+Enter"], "chung-thuc-withdrawn"),
    # at the foot of a column the next begins, and the other way round
    ("ho-tich-received_direct", ["Enter"], "chung-thuc-received_online_partial"),
    ("chung-thuc-received_online_partial", ["Shift+Enter"], "ho-tich-received_direct"),
    ("chung-thuc-received_direct", ["NumpadEnter"], "ho-tich-received_direct"),
    ("chung-thuc-opening", ["Tab", "Tab", "Shift+Tab"], "chung-thuc-received_direct"),
    # after a run of Tabs, Enter returns to where the run began
    ("chung-thuc-opening", ["Tab", "Tab", "Tab", "Enter"], "ho-tich-opening"),
]


def test_keys_move_between_cells(sheet):
    for start, keys, end in MOVES:
        box(sheet, start).focus()
        press(sheet, *keys)
        expect(box(sheet, end), f"{start} {keys}").to_be_focused()


def test_the_caret_moves_within_a_text_first(sheet):
    box(sheet, "ho-tich-received_direct").focus()
    sheet.keyboard.type("12")
    press(sheet, "ArrowLeft", "ArrowLeft")
    expect(box(sheet, "ho-tich-received_direct")).to_be_focused()
    sheet.keyboard.type("3")
    expect(box(sheet, "ho-tich-received_direct")).to_have_value("312")
    press(sheet, "End", "ArrowRight")
    expect(box(sheet, "ho-tich-received_online_partial")).to_be_focused()
    press(sheet, "ArrowLeft")
    sheet.keyboard.type("4")
    expect(box(sheet, "ho-tich-received_direct")).to_have_value("4")
    expect(saved(sheet)).to_contain_text("Đã lưu lúc")


def test_ten_key_pad_writes_no_wrong_number(sheet):
    box(sheet, "ho-tich-received_direct").focus()
    pad(sheet, "1,240")
    press(sheet, "NumpadEnter")
    expect(box(sheet, "ho-tich-received_direct")).to_have_value("1.240")
    pad(sheet, "1,5")
    press(sheet, "NumpadEnter")
    wrong = box(sheet, "chung-thuc-received_online_partial")
    expect(wrong).to_have_value("1.5")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(saved(sheet)).to_contain_text("1 ô có lỗi chưa lưu")
    assert DossierCount.objects.get(field__code="ho-tich", edition__state="draft").received_direct == 1240


def test_undo_and_redo_go_by_cell(sheet):
    first, second = box(sheet, "ho-tich-received_direct"), box(sheet, "ho-tich-received_online_partial")
    first.focus()
    sheet.keyboard.type("120")
    press(sheet, "ArrowRight")
    sheet.keyboard.type("45")
    press(sheet, "Control+z")
    expect(second).to_have_value("")
    expect(first).to_have_value("120")
    press(sheet, "Control+z")
    expect(first).to_have_value("")
    expect(first).to_be_focused()
    press(sheet, "Control+y")
    expect(first).to_have_value("120")
    sheet.keyboard.type("7")
    press(sheet, "Escape")
    expect(first).to_have_value("120")
    press(sheet, "Control+Shift+z")
    expect(second).to_have_value("45")
    expect(sheet.locator('tr[data-row="1"] [data-sum="received"]')).to_have_text("165")
    expect(saved(sheet)).to_contain_text("Đã lưu lúc")


def test_next_thing_to_see_and_the_note_of_its_row(sheet, accessible):
    """F8 goes to errors, then to warnings; F2 opens the note, which answers the warning."""
    box(sheet, "ho-tich-opening").focus()
    sheet.keyboard.type("8")
    press(sheet, "Enter", "ArrowDown")
    sheet.keyboard.type("1,5")
    press(sheet, "Control+Home")
    expect(sheet.locator("#xem-tiep")).to_contain_text("1 lỗi, 1 điều cần xem")
    press(sheet, "F8")
    expect(box(sheet, "ho-tich-received_direct")).to_be_focused()
    expect(sheet.locator("#look-word")).to_contain_text("“1,5” không phải số hồ sơ.")
    sheet.keyboard.type("15")
    press(sheet, "Enter", "F8")
    expect(box(sheet, "ho-tich-opening")).to_be_focused()
    expect(sheet.locator("#look-word")).to_contain_text("Kỳ trước chuyển sang 8")
    press(sheet, "F2")
    expect(sheet.get_by_role("dialog")).to_contain_text("Hộ tịch")
    accessible(sheet)
    sheet.keyboard.type("Sổ giấy ghi 8")
    press(sheet, "Control+Enter")
    expect(box(sheet, "ho-tich-opening")).to_be_focused()
    expect(sheet.locator("#xem-tiep")).not_to_contain_text("điều cần xem")
    expect(saved(sheet)).to_contain_text("Đã lưu lúc")
    row = DossierCount.objects.get(field__code="ho-tich", edition__state="draft")
    assert (row.opening, row.reason, row.received_direct) == (8, "Sổ giấy ghi 8", 15)


def test_what_is_odd_in_the_report_as_a_whole_is_the_next_thing_to_see(sheet):
    """Nothing but zeros: flagged at the first cell once no cell is blank; a note in any row answers it."""
    optional = ("transferred_in", "transferred_out")
    boxes = sheet.locator("tr[data-row] input[data-m]").evaluate_all("all => all.map((input) => input.name)")
    first, *others = [name for name in boxes if not name.endswith(optional)]
    for name in others:
        box(sheet, name).fill("0")
    expect(sheet.locator("#xem-tiep")).to_contain_text("1 điều cần xem, 1 ô chưa báo")
    box(sheet, first).fill("0")
    # The previous month's pending dossiers are another issue, in the second row.
    expect(sheet.locator("#xem-tiep")).to_contain_text("2 điều cần xem")
    box(sheet, "ho-tich-opening").focus()
    press(sheet, "F8")
    expect(box(sheet, first)).to_be_focused()
    expect(sheet.locator("#look-word")).to_contain_text("Mọi ô đã nhập đều là 0.")
    press(sheet, "F2")
    sheet.keyboard.type("Tháng này không có hồ sơ")
    press(sheet, "Control+Enter")
    expect(sheet.locator("#xem-tiep")).to_contain_text("1 điều cần xem")


def test_blank_zero_and_not_served_look_different(sheet):
    blank = box(sheet, "chung-thuc-received_direct")
    expect(blank).to_have_attribute("placeholder", "—")
    expect(blank).to_have_attribute("inputmode", "numeric")
    expect(sheet.locator('tr[data-row="0"] .is-na').first).to_have_text("không có")
    blank.fill("0")
    expect(sheet.locator('tr[data-row="0"] [data-sum="received"]')).to_have_text("0")
    expect(saved(sheet)).to_contain_text("Đã lưu lúc")
    assert sheet.locator("input[type=number]").count() == 0


def test_past_numbers_are_shown_on_demand_and_remembered(sheet):
    past = sheet.locator('tr[data-row="1"] .prev').first
    expect(past).to_be_visible()
    sheet.get_by_label("Số tháng trước, cùng kỳ").uncheck()
    expect(past).to_be_hidden()
    sheet.reload()
    expect(past).to_be_hidden()


@pytest.mark.parametrize("width", [1366, 375])
def test_page_fits_with_everything_open(sheet, accessible, width):
    sheet.set_viewport_size({"width": width, "height": 768})
    box(sheet, "ho-tich-received_direct").focus()
    sheet.keyboard.type("x")
    press(sheet, "Enter", "Shift+ArrowUp", "F8")
    expect(box(sheet, "ho-tich-received_direct")).to_have_attribute("aria-invalid", "true")
    accessible(sheet)
    assert fits(sheet)
    if width == 375:
        expect(sheet.locator('tr[data-row="1"] .bal__word')).to_be_visible()
        expect(sheet.locator('tr[data-row="1"] [data-sum="received"]')).to_be_visible()
