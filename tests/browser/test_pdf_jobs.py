"""The page of a long PDF job: its messages, its polling, and its layout on a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from ledger import jobs
from ledger.models import JobState
from reports import freezing
from reports.models import Drawing, Review
from reports.printing import copies
from tests.support.loaded_demo import NOW

from .review_page import no_sideways_scroll


@pytest.fixture(autouse=True)
def nobody_draws(monkeypatch) -> None:
    monkeypatch.setattr(jobs, "start_worker", lambda: None)


@pytest.fixture
def drawing(review: Review) -> Drawing:
    return freezing.queue_drawing(review, by=User.objects.get(username="tonghop"), at=NOW, expected=84)


def stands(drawing: Drawing, state: str, pages: int = 0, words: str = "") -> None:
    Drawing.objects.filter(pk=drawing.pk).update(state=state, done=pages, words=words)


def check_page(page: Page, accessible) -> None:
    """Check the layout on a phone, then on an office screen."""
    for width, height in ((375, 740), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        no_sideways_scroll(page)
        accessible(page)


def test_a_long_pdf_on_its_way(drawing, open_as, accessible):
    page = open_as("tonghop", f"/reports/reviews/{drawing.review_id}/drawing/")
    expect(page.get_by_role("status").first).to_contain_text("Sẽ vẽ ngay khi việc đang làm xong.")
    check_page(page, accessible)
    stands(drawing, JobState.WORKING, pages=37)
    # The page polls.
    expect(page.get_by_role("status").first).to_contain_text(
        "Đã dàn 37 trang, ước khoảng 84 trang.", timeout=8000
    )
    expect(page.get_by_role("progressbar", name="Số trang đã dàn")).to_have_attribute("value", "37")
    check_page(page, accessible)
    page.get_by_role("button", name="Hủy").press("Enter")
    expect(page.get_by_text("Lần vẽ trước đã bị hủy.")).to_be_visible()
    assert Drawing.objects.get(pk=drawing.pk).state == JobState.CANCELLED
    check_page(page, accessible)


def test_a_long_pdf_that_is_not_or_ready(drawing, open_as, accessible, monkeypatch):
    stands(drawing, JobState.FAILED, words="Báo cáo quá dài để vẽ thành một tệp PDF.")
    page = open_as("tonghop", f"/reports/reviews/{drawing.review_id}/drawing/")
    expect(page.get_by_role("alert")).to_contain_text("Báo cáo quá dài")
    expect(page.get_by_role("button", name="Vẽ PDF")).to_be_visible()
    check_page(page, accessible)
    stands(drawing, JobState.DONE, pages=84)
    monkeypatch.setattr(copies, "is_cached", lambda _review, _doc: True)
    page.reload()
    expect(page.get_by_text("Đã có bản PDF.")).to_be_visible()
    expect(page.get_by_role("link", name="Tải PDF")).to_have_attribute("href", re.compile(r"\.pdf$"))
    check_page(page, accessible)
