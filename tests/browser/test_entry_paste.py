"""Blocks from Excel or Calc pasted into the grid, and copied out again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from records.models import DossierCount

from .entry import box, open_sheet, saved

HEADS = (
    "\tKỳ trước chuyển sang\tTiếp nhận trong kỳ\t\t\t\t\tĐã giải quyết\t\t\t\n"
    '"Lĩnh\nvực"\t\tTrực tiếp\tMức độ 3\tMức độ 4\tBCCI\tTổng\tTrước hạn\tĐúng hạn\tQuá hạn\tTổng\n'
)


@pytest.fixture
def sheet(office, quiet_page) -> Page:
    page = open_sheet(quiet_page, office)
    box(page, "chung-thuc-opening").focus()
    return page


@pytest.fixture
def paste(sheet) -> Callable[[str], None]:
    def paste(text: str) -> None:
        sheet.evaluate(
            """(text) => {
                const data = new DataTransfer();
                data.setData("text/plain", text);
                const how = { clipboardData: data, bubbles: true, cancelable: true };
                document.activeElement.dispatchEvent(new ClipboardEvent("paste", how));
            }""",
            text,
        )

    return paste


def paste_message(page: Page):
    return page.locator("#bao")


def texts(page: Page, row: str, *measures: str) -> list[str]:
    return [box(page, f"{row}-{measure}").input_value() for measure in measures]


def copied(page: Page) -> str:
    return page.evaluate(
        """() => {
            const data = new DataTransfer();
            const how = { clipboardData: data, bubbles: true, cancelable: true };
            document.activeElement.dispatchEvent(new ClipboardEvent("copy", how));
            return data.getData("text/plain");
        }"""
    )


def test_a_block_fills_the_cells_and_is_one_undo(sheet, paste):
    """Dots group thousands, a blank inside clears, hidden spaces are ignored, a cell that is not served is reported."""
    box(sheet, "ho-tich-received_direct").fill("99")
    box(sheet, "chung-thuc-opening").focus()
    paste("3\t1.240\t\u00a07\u200b\t2\t\r\n1\t\t1 000\t0\t8\r\n")
    measures = ("opening", "received_direct", "received_online_partial", "received_online_full")
    assert texts(sheet, "chung-thuc", *measures) == ["3", "1.240", "7", "2"]
    assert texts(sheet, "ho-tich", *measures, "received_postal") == ["1", "", "1.000", "0", "8"]
    expect(paste_message(sheet)).to_contain_text("Đã dán 9 ô.")
    expect(saved(sheet)).to_contain_text("Đã lưu lúc")
    sheet.keyboard.press("Control+z")
    assert texts(sheet, "ho-tich", *measures) == ["5", "99", "", ""]
    expect(sheet.locator('[data-total="received"]')).to_have_text("99*")
    sheet.keyboard.press("Control+y")
    expect(box(sheet, "chung-thuc-received_direct")).to_have_value("1.240")
    expect(sheet.locator('[data-total="received"]')).to_have_text("2.257*")
    expect(saved(sheet)).to_contain_text("Đã lưu lúc")


def test_each_wrong_cell_says_why_and_keeps_its_text(sheet, paste):
    paste("12,5\t=SUM(A1:A3)\t12/8/2022\t-4\nba\t#N/A\t٣\t12%\t8")
    wrong = {
        "chung-thuc-opening": "“12,5” không phải số hồ sơ",
        "chung-thuc-received_direct": "công thức",
        "chung-thuc-received_online_partial": "ngày tháng",
        "chung-thuc-received_online_full": "số âm",
        "ho-tich-opening": "“ba” không phải số hồ sơ",
        "ho-tich-received_direct": "lỗi của bảng tính",
        "ho-tich-received_online_partial": "chữ số lạ",
        "ho-tich-received_online_full": "phần trăm",
    }
    for name, why in wrong.items():
        expect(box(sheet, name)).to_have_attribute("aria-invalid", "true")
        words = sheet.locator(f"#{box(sheet, name).get_attribute('aria-describedby')}")
        expect(words).to_contain_text(why)
    expect(paste_message(sheet)).to_contain_text("8 ô có lỗi, bấm F8 để xem.")
    expect(saved(sheet)).to_contain_text("8 ô có lỗi chưa lưu")
    assert DossierCount.objects.get(field__code="ho-tich", edition__state="draft").received_postal == 8


def test_heads_and_names_say_where_the_numbers_go(sheet, paste):
    """Rows in another order, totals and column numbers are recognized; the focus does not matter."""
    box(sheet, "ho-tich-withdrawn").focus()
    paste(
        "BIỂU TỔNG HỢP\n"
        + HEADS
        + "A\t(1)\t(2)\t(3)\t(4)\t(5)\t(6)\t(7)\t(8)\t(9)\t(10)\n"
        + "Hộ tịch\t5\t10\t1\t2\t3\t16\t4\t5\t6\t15\n"
        + "CHỨNG THỰC\t1\t20\t0\t0\t\t20\t7\t8\t9\t24\n"
        + "Đất đai\t1\t1\t1\t1\t1\t4\t1\t1\t1\t3\n"
        + "Tổng cộng\t6\t30\t1\t2\t3\t36\t11\t13\t15\t39\n"
    )
    received = ("received_direct", "received_online_partial", "received_online_full")
    resolved = ("resolved_early", "resolved_on_time", "resolved_late")
    assert texts(sheet, "ho-tich", "opening", *received, "received_postal") == ["5", "10", "1", "2", "3"]
    assert texts(sheet, "ho-tich", *resolved) == ["4", "5", "6"]
    assert texts(sheet, "chung-thuc", "opening", *received, *resolved) == ["1", "20", "0", "0", "7", "8", "9"]
    expect(box(sheet, "ho-tich-withdrawn")).to_have_value("")
    expect(paste_message(sheet)).to_contain_text("đặt theo tên cột và tên lĩnh vực")
    expect(paste_message(sheet)).to_contain_text("dòng không có trong biểu: Đất đai")
    expect(saved(sheet)).to_contain_text("Đã lưu lúc")


def test_sums_within_a_bare_block_are_passed_over(sheet, paste):
    paste("1\t20\t0\t0\t\t20\t7\n5\t10\t1\t2\t3\t16\t4")
    assert texts(sheet, "chung-thuc", "received_direct", "resolved_early") == ["20", "7"]
    assert texts(sheet, "ho-tich", "received_postal", "resolved_early") == ["3", "4"]
    expect(saved(sheet)).to_contain_text("Đã lưu lúc")


def test_a_block_on_its_side_is_turned(sheet, paste):
    paste("Chỉ tiêu\tHộ tịch\tChứng thực\nKỳ trước chuyển sang\t7\t8\nTrực tiếp\t9\t10")
    assert texts(sheet, "ho-tich", "opening", "received_direct") == ["7", "9"]
    assert texts(sheet, "chung-thuc", "opening", "received_direct") == ["8", "10"]
    expect(saved(sheet)).to_contain_text("Đã lưu lúc")


def test_rows_of_fields_that_the_sheet_has_not_go_nowhere(sheet, paste):
    paste("Giáo dục\t1\t2\nY tế\t3\t4")
    expect(paste_message(sheet)).to_contain_text("Đã dán 0 ô")
    expect(paste_message(sheet)).to_contain_text("dòng không có trong biểu: Giáo dục, Y tế")
    assert texts(sheet, "ho-tich", "received_direct", "received_online_partial") == ["", ""]
    paste("Hộ tịch\t1\nHộ tịch\t2")
    expect(paste_message(sheet)).to_contain_text("Đã dán 1 ô")
    expect(paste_message(sheet)).to_contain_text("dòng lặp lại: Hộ tịch")
    assert texts(sheet, "ho-tich", "opening") == ["1"]
    sheet.keyboard.press("Control+z")
    expect(paste_message(sheet)).to_have_text("Đã hoàn tác 1 ô.")


def test_empty_lines_and_a_clipboard_without_text_clear_nothing(sheet, paste):
    paste("1\t2\n3\t4")
    paste("5\t6\n\n")
    assert texts(sheet, "chung-thuc", "opening", "received_direct") == ["5", "6"]
    assert texts(sheet, "ho-tich", "opening", "received_direct") == ["3", "4"]
    paste("")
    assert texts(sheet, "chung-thuc", "opening") == ["5"]
    paste("7")
    paste("8\r\n")
    assert texts(sheet, "chung-thuc", "opening") == ["8"]
    paste("\r\n")
    assert texts(sheet, "chung-thuc", "opening") == [""]
    expect(saved(sheet)).to_contain_text("Đã lưu lúc")


def test_what_has_no_cell_is_reported(sheet, paste):
    box(sheet, "chung-thuc-received_online_full").focus()
    paste("1\t9\n2\t3\n4\t5\n6\t7")
    expect(paste_message(sheet)).to_contain_text(
        "Không dán: 2 dòng nằm dưới bảng; ô lĩnh vực không có: Chứng thực (9)."
    )
    box(sheet, "ho-tich-returned_postal").focus()
    paste("1\t2\t3")
    expect(paste_message(sheet)).to_contain_text("2 cột không có chỗ trong bảng")
    expect(saved(sheet)).to_contain_text("Đã lưu lúc")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ('"1\\n".repeat(1048576)', "1.048.576 dòng"),
        ('"1\\t".repeat(200) + "1"', "201 cột"),
        ('"x".repeat(5000000)', "quá nhiều chữ"),
    ],
)
def test_a_huge_block_is_refused_with_a_sentence(sheet, text, size):
    sheet.evaluate(
        f"""() => {{
            const data = new DataTransfer();
            data.setData("text/plain", {text});
            const how = {{ clipboardData: data, bubbles: true, cancelable: true }};
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", how));
        }}"""
    )
    expect(paste_message(sheet)).to_contain_text(f"Chưa dán: khối đã sao chép có {size}")
    expect(box(sheet, "chung-thuc-opening")).to_have_value("")


def test_copy_gives_the_block_back(sheet, paste):
    """A copied range or sheet can be pasted back unchanged; cut clears."""
    block = "3\t1.240\t7\n1\t\t1.000"
    paste(block)
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown"):
        sheet.keyboard.press(key)
    expect(paste_message(sheet)).to_have_text("Đang chọn 2 dòng × 3 cột.")
    assert copied(sheet) == block
    sheet.keyboard.press("Delete")
    assert texts(sheet, "chung-thuc", "opening", "received_direct") == ["", ""]
    sheet.keyboard.press("Control+z")
    sheet.keyboard.press("Control+a")
    whole = copied(sheet)
    assert [len(line.split("\t")) for line in whole.split("\n")] == [15, 15]
    assert whole.startswith("3\t1.240\t7")
    sheet.keyboard.press("Delete")
    expect(box(sheet, "chung-thuc-opening")).to_have_value("")
    sheet.keyboard.press("Escape")
    paste(whole)
    assert texts(sheet, "ho-tich", "opening", "received_online_partial") == ["1", "1.000"]
    expect(saved(sheet)).to_contain_text("Đã lưu lúc")


def test_one_text_goes_in_at_the_caret_or_over_the_range(sheet, paste):
    sheet.keyboard.type("12")
    sheet.keyboard.press("ArrowLeft")
    paste("\u200b3\u00a0")
    expect(box(sheet, "chung-thuc-opening")).to_have_value("132")
    sheet.keyboard.press("Enter")
    sheet.keyboard.press("Shift+ArrowRight")
    paste("4\r\n")
    assert texts(sheet, "ho-tich", "opening", "received_direct") == ["4", "4"]
    expect(saved(sheet)).to_contain_text("Đã lưu lúc")


def test_a_block_is_read_as_a_sheet_writes_it(sheet):
    """Spreadsheets quote line breaks, double the quotes, and may leave the last line short."""
    written = '"a\nb"\t"say ""x"""\r\n1\t\r\n2'
    lines = sheet.evaluate("(text) => CCHC.blocks.parse(text)", written)
    assert lines == [["a b", 'say "x"'], ["1", ""], ["2"]]
    assert sheet.evaluate("CCHC.blocks.parse(Array(12).fill('1\\t2\\t3').join('\\n')).length") == 12
