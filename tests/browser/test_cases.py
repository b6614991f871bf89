"""A case list of the one-stop system becomes a draft: upload, column mapping, preview, comparison, fill."""

from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from ledger import jobs
from records.models import CaseFile, DossierCount
from tests.records.cases.exports import as_xlsx, counted, rows

from .entry import fits, sign_in


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch, settings, tmp_path) -> None:
    """Keep files in the test's folder, and let the test run the worker."""
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr(jobs, "start_worker", lambda: None)


def check_page(page: Page, accessible) -> None:
    """Check the layout on a phone, then on an office screen."""
    for width, height in ((375, 740), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        assert fits(page)
        accessible(page)


def test_from_an_export_to_the_draft(page: Page, office, accessible, tmp_path: Path):
    lines = rows(150, seed=4)
    lines = [[*line[:-1], "Hồ sơ lạ" if line[-1] == "Đang xử lý" else line[-1]] for line in lines]
    path = tmp_path / "xuất tháng 7.xlsx"
    path.write_bytes(as_xlsx(lines))
    sign_in(page, office.clerk, office.url)
    page.goto(f"{office.url}/records/{office.july.pk}/")
    page.get_by_role("link", name="Lấy số từ hệ thống một cửa").press("Enter")
    check_page(page, accessible)
    page.get_by_label("Tệp danh sách hồ sơ").set_input_files(path)
    page.get_by_role("button", name="Tải tệp lên").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ghép cột của tệp xuất tháng 7.xlsx")
    check_page(page, accessible)
    page.get_by_role("button", name="Đọc tệp và đếm hồ sơ").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Chọn nghĩa của “Hồ sơ lạ”.")
    page.get_by_label("Hồ sơ lạ").select_option(label="Đang giải quyết")
    page.get_by_label("Lưu cách ghép cột theo tên").fill("Cổng của tỉnh")
    page.get_by_role("button", name="Xem thử với cách ghép này").press("Enter")
    expect(page.get_by_role("status").last).to_contain_text("150 hồ sơ đọc được")
    page.get_by_role("button", name="Đọc tệp và đếm hồ sơ").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Đang chờ đến lượt")
    check_page(page, accessible)
    jobs.carry_out(*jobs.take_next(timezone.now()))
    # The page polls.
    expect(page.get_by_role("heading", level=1)).to_contain_text("Đã nạp 150 hồ sơ", timeout=8000)
    check_page(page, accessible)
    page.get_by_role("link", name="Xem số đếm và so với số đã báo").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("ô khác với số đếm từ hồ sơ")
    check_page(page, accessible)
    page.get_by_role("button", name="Điền số đếm vào bảng nhập").press("Enter")
    expect(page.get_by_text("Đã lấy số từ tệp xuất tháng 7.xlsx.")).to_be_visible()
    expected_counts = counted(
        [[*line[:-1], "Đang xử lý" if line[-1] == "Hồ sơ lạ" else line[-1]] for line in lines]
    )
    for row in DossierCount.objects.filter(edition__submission=office.july).select_related("field"):
        assert row.resolved_late == expected_counts[row.field.code]["resolved_late"]
        assert row.pending_in_time == expected_counts[row.field.code]["pending_in_time"]
    page.get_by_role("link", name="Lấy số từ hệ thống một cửa").press("Enter")
    number = expected_counts["ho-tich"]["opening"]
    page.get_by_role("link", name=f"Hộ tịch, Kỳ trước chuyển sang: {number} hồ sơ").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Kỳ trước chuyển sang: {number} hồ sơ")
    check_page(page, accessible)
    assert CaseFile.objects.get().system == "Cổng của tỉnh"
