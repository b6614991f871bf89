"""A month by its Excel form: download, fill in with LibreOffice, rejected upload, correction, sending."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from records.models import State
from tests.records.conftest import balanced
from tests.records.excel_form.cells import cell, opened, saved
from tests.support.libreoffice import converted

from .entry import fits, open_sheet, sign_in

ROWS = {
    "chung-thuc": balanced(1240, online=20, postal=None),
    "ho-tich": {**balanced(30), "opening": 5, "pending_in_time": 5},
}
WRONG = {
    ("chung-thuc", "withdrawn"): "12,5",
    ("ho-tich", "resolved_late"): -3,
    ("ho-tich", "awaiting"): "#N/A",
}


def downloaded(page: Page, link: str, path: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name=link, exact=True).click()
    download.value.save_as(path)
    return path


def filled_in(path: Path, cells: dict) -> Path:
    """The form with these cells overwritten, saved by LibreOffice."""
    book = opened(path.read_bytes())
    sheet = book.worksheets[-1]
    for (code, name), value in cells.items():
        cell(sheet, code, name).value = value
    path.write_bytes(saved(book))
    return converted(path, "xlsx")


def bring(page: Page, path: Path) -> None:
    page.get_by_label("Tệp Excel (.xlsx)").set_input_files(path)
    page.get_by_role("button", name="Nạp và xem khác biệt").click()


def test_a_form_is_filled_in_libreoffice_refused_by_three_cells_mended_and_sent(
    office, page, accessible, tmp_path
):
    # Not quiet_page: the console reports the rejected upload (400).
    open_sheet(page, office)
    form = downloaded(page, "Tải biểu Excel", tmp_path / "bieu.xlsx")
    sheet = opened(form.read_bytes()).worksheets[0]
    places = [cell(sheet, *key).coordinate for key in WRONG]
    whole = {
        (code, name): value for code, row in ROWS.items() for name, value in row.items() if value is not None
    }
    page.get_by_role("link", name="Nạp biểu Excel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nhập bằng biểu Excel")
    accessible(page)
    bring(page, filled_in(form, whole | WRONG))
    expect(page.get_by_role("heading", level=1)).to_have_text("Chưa ghi số nào: tệp có 3 chỗ cần sửa")
    errors = page.get_by_role("region", name="Chỗ cần sửa trong tệp")
    for place in places:
        expect(errors.get_by_role("cell", name=place, exact=True)).to_be_visible()
    expect(errors).to_contain_text("“#N/A” là lỗi của bảng tính.")
    accessible(page)
    assert office.july.editions.get().revision == 0
    (tmp_path / "again").mkdir()
    marked = downloaded(page, "Tải tệp có đánh dấu lỗi", tmp_path / "again" / "danh-dau.xlsx")
    page.get_by_role("link", name="Nạp tệp đã sửa").click()
    bring(page, filled_in(marked, dict.fromkeys(WRONG, 0)))
    expect(page.get_by_role("heading", level=1)).to_have_text("Tệp khác số đang lưu ở 28 ô")
    accessible(page)
    page.get_by_role("button", name="Ghi 28 ô").click()
    expect(page.get_by_text("Đã ghi 28 ô từ tệp, còn là bản nháp. Hãy kiểm tra rồi gửi.")).to_be_visible()
    page.get_by_role("button", name="Gửi báo cáo").click()
    expect(page.get_by_text("Đã gửi. Báo cáo đang chờ duyệt.")).to_be_visible()
    edition = office.july.editions.get()
    assert (edition.state, edition.received_direct) == (State.SENT, 1270)


@pytest.mark.parametrize("size", [{"width": 1366, "height": 768}, {"width": 375, "height": 700}])
def test_the_pages_of_forms_fit_and_are_accessible(office, quiet_page, accessible, tmp_path, size):
    page = quiet_page
    page.set_viewport_size(size)
    sign_in(page, office.reviewer, office.url)
    page.goto(f"{office.url}/records/form/")
    accessible(page)
    assert fits(page)
    downloaded_by = page.get_by_role("button", name="Tải biểu Excel")
    with page.expect_download() as download:
        downloaded_by.click()
    download.value.save_as(tmp_path / "huyen.xlsx")
    assert opened((tmp_path / "huyen.xlsx").read_bytes()).sheetnames == ["Thị trấn Tân Thanh"]
    page = open_sheet(page, office)
    assert fits(page)
    page.goto(f"{office.url}/records/{office.july.pk}/form/")
    bring(page, tmp_path / "huyen.xlsx")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tệp không khác số đang lưu")
    accessible(page)
    assert fits(page)
