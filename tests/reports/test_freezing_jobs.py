"""Long PDFs as jobs: one at a time, with progress, cancelled, resumed after a restart."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.users import disable_user
from ledger import jobs
from ledger.models import Entry
from reports import document, freezing, review_access
from reports.drafting import actions
from reports.models import Drawing, Review
from reports.pdf import drawing as pdf_drawing
from reports.printing import copies, print_view
from tests.support.loaded_demo import NOW

DONE, FAILED, CANCELLED, WAITING, UNDER_WAY = "done", "failed", "cancelled", "waiting", "working"


@pytest.fixture
def long_review(review, monkeypatch, settings, tmp_path) -> Review:
    """Every review counts as long; no thread starts; drafts are cached in a temporary folder."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(copies, "LONG", 1)
    monkeypatch.setattr(jobs, "start_worker", lambda: None)
    return review


def address(name: str, review: Review) -> str:
    return reverse(name, args=[review.pk])


def take(later: timedelta = timedelta()) -> Drawing | None:
    claimed = jobs.take_next(timezone.now() + later)
    return claimed[1] if claimed else None


def draw(drawing: Drawing) -> None:
    jobs.carry_out(next(iter(jobs.JOB_KINDS)), drawing)


def state(drawing: Drawing) -> str:
    return Drawing.objects.get(pk=drawing.pk).state


def test_from_asking_to_the_file(long_review, signed_in):
    client = signed_in("tonghop")
    pdf_address, page = address("review_pdf", long_review), address("review_drawing", long_review)
    assert client.get(pdf_address).url == page
    assert "Vẽ PDF" in client.get(page).content.decode() and not Drawing.objects.exists()
    for _ in range(2):
        assert client.post(address("review_draw", long_review)).url == page
    assert Drawing.objects.count() == 1
    waiting = client.get(page)
    assert waiting.headers["Refresh"] == "3" and "Đang chờ đến lượt" in waiting.content.decode()
    drawing = take()
    assert take() is None
    assert "Đang vẽ" in client.get(page).content.decode()
    draw(drawing)
    drawn = Drawing.objects.get()
    assert drawn.state == DONE and drawn.done > 5
    assert "Đã có bản PDF" in client.get(page).content.decode()
    answer = client.get(pdf_address)
    assert answer.status_code == 200 and answer.content.startswith(b"%PDF-")
    actions.edit_draft(long_review, by=None, at=NOW, title="Tên mới")
    assert client.get(pdf_address).url == page
    assert "đã thay đổi từ lần vẽ trước" in client.get(page).content.decode()


def test_it_is_cancelled_while_it_is_drawn(long_review, monkeypatch):
    monkeypatch.setattr(jobs, "PAUSE", 0)
    drawing = freezing.queue_drawing(long_review, by=None, at=NOW, expected=30)
    claimed = take()
    report = jobs.report_progress

    def cancel_at_page_3(job, moment):
        if job.done >= 3:
            jobs.cancel(job)
        return report(job, moment)

    monkeypatch.setattr(jobs, "report_progress", cancel_at_page_3)
    draw(claimed)
    assert state(drawing) == CANCELLED and pdf_drawing._child is not None
    assert pdf_drawing._child.process.poll() is not None, "the child stops when the job is cancelled"
    assert not copies.is_cached(long_review, document.build_document(long_review, demo=True))
    assert not jobs.cancel(drawing)
    assert pdf_drawing.draw_job({"html": "<p>x", "css": "", "fonts": "/", "attached": []}).startswith(
        b"%PDF-"
    )


def test_who_may_cancel_it(long_review, signed_in):
    drawing = freezing.queue_drawing(
        long_review, by=User.objects.get(username="tonghop"), at=NOW, expected=30
    )
    signed_in("lanhdao").post(address("review_draw_cancel", long_review))
    assert state(drawing) == WAITING
    signed_in("tonghop").get(address("review_draw_cancel", long_review))
    assert state(drawing) == WAITING
    page = signed_in("tonghop").post(address("review_draw_cancel", long_review), follow=True).content.decode()
    assert state(drawing) == CANCELLED and "Đã hủy việc vẽ PDF" in page


def test_a_fault_is_shown_and_the_next_job_runs(long_review, monkeypatch, signed_in):
    freezing.queue_drawing(long_review, by=None, at=NOW, expected=30)
    for fault, words in ((pdf_drawing.PdfTooLong(), "quá dài"), (RuntimeError("x"), "lỗi của hệ thống")):
        monkeypatch.setattr(
            copies, "draft_pdf", lambda *args, fault=fault, **more: (_ for _ in ()).throw(fault)
        )
        claimed = take()
        draw(claimed)
        assert state(claimed) == FAILED
        page = signed_in("tonghop").get(address("review_drawing", long_review)).content.decode()
        assert words in page and "Vẽ PDF" in page
        freezing.queue_drawing(long_review, by=None, at=NOW, expected=30)


@pytest.mark.parametrize(("limit", "value"), [("PDF_MAX_BYTES", 150 << 20), ("PDF_SECONDS", 1)])
def test_over_its_limits_the_job_fails_and_the_next_is_drawn(long_review, settings, signed_in, limit, value):
    """Acceptance R15: in the real child process, by memory and CPU time."""
    section = long_review.sections.order_by("order")[1]
    section.body = "\n\n".join(["Công tác kiểm tra được thực hiện theo kế hoạch. " * 40] * 40)
    section.save()
    pdf_drawing._drop_child()
    setattr(settings, limit, value)
    drawing = freezing.queue_drawing(long_review, by=None, at=NOW, expected=70)
    draw(take())
    drawing.refresh_from_db()
    assert (drawing.state, drawing.words) == (FAILED, str(pdf_drawing.PdfTooLong()))
    client = signed_in("tonghop")
    page = client.get(address("review_drawing", long_review)).content.decode()
    assert "quá dài hoặc quá nặng" in page and "Vẽ PDF" in page
    assert client.get(reverse("dashboard")).status_code == 200
    pdf_drawing._drop_child()
    settings.PDF_MAX_BYTES, settings.PDF_SECONDS = 1 << 30, 120
    section.body = ""
    section.save()
    again = freezing.queue_drawing(long_review, by=None, at=NOW, expected=70)
    draw(take())
    assert state(again) == DONE


def others(review: Review, number: int) -> None:
    for place in range(number):
        other = Review.objects.create(unit=review.unit, period="2022-Q1", title=f"{place}", created_at=NOW)
        freezing.queue_drawing(other, by=None, at=NOW, expected=30)


def test_the_21st_is_turned_away(long_review, signed_in):
    others(long_review, freezing.MOST_WAITING)
    answer = signed_in("tonghop").post(address("review_draw", long_review))
    assert answer.status_code == 429 and answer.headers["Retry-After"]
    assert "nhiều báo cáo dài" in answer.content.decode()
    assert Drawing.objects.count() == freezing.MOST_WAITING


def test_how_many_come_before(long_review, signed_in):
    others(long_review, 2)
    signed_in("tonghop").post(address("review_draw", long_review))
    assert (
        "Còn 2 việc khác" in signed_in("tonghop").get(address("review_drawing", long_review)).content.decode()
    )


def test_the_database_holds_one_open_drawing_of_a_review(long_review):
    freezing.queue_drawing(long_review, by=None, at=NOW, expected=30)
    with pytest.raises(IntegrityError), transaction.atomic():
        Drawing.objects.create(review=long_review, asked_at=NOW)


def test_the_job_of_a_lost_worker_is_claimed_again(long_review):
    freezing.queue_drawing(long_review, by=None, at=NOW, expected=30)
    claimed = take()
    assert take(timedelta(seconds=20)) is None
    again = take(timedelta(seconds=40))
    assert again == claimed and again.done == 0


def closing(review: Review) -> tuple[str, str, bool]:
    return (document.document_version(document.build_document(review, demo=True)), "đủ", False)


def test_figures_are_closed_once_also_after_a_restart(long_review, signed_in):
    version, reason, _ = closing(long_review)
    client = signed_in("lanhdao")
    answer = client.post(address("review_freeze", long_review), {"version": version, "reason": reason})
    assert answer.url == address("review_drawing", long_review)
    drawing = take()
    assert drawing.freezes and not Review.objects.get(pk=long_review.pk).is_frozen
    again = take(timedelta(minutes=1))
    draw(again)
    # The first worker was only slow, and finds the review frozen.
    draw(drawing)
    frozen = Review.objects.get(pk=long_review.pk)
    assert frozen.is_frozen and frozen.frozen_reason == reason and frozen.frozen_by
    assert Entry.objects.filter(action="review.freeze", subject=f"review:{frozen.pk}").count() == 1
    page = client.get(address("review_drawing", long_review)).content.decode()
    assert "báo cáo đã chốt" in page
    assert client.get(address("review_pdf", long_review)).status_code == 200


@pytest.mark.parametrize("lost", ["locked", "role"])
def test_who_may_no_longer_close_figures_closes_none_by_waiting(long_review, lost):
    leader = User.objects.get(username="lanhdao")
    freezing.queue_drawing(long_review, by=leader, at=NOW, expected=30, closing=closing(long_review))
    if lost == "locked":
        disable_user(leader, by=None)
    else:
        leader.memberships.all().delete()
    drawing = take()
    draw(drawing)
    stored = Drawing.objects.get(pk=drawing.pk)
    assert stored.state == FAILED and "không còn quyền chốt" in stored.words
    assert not Review.objects.get(pk=long_review.pk).is_frozen


def test_figures_that_changed_meanwhile_are_not_closed(long_review):
    freezing.queue_drawing(long_review, by=None, at=NOW, expected=30, closing=closing(long_review))
    actions.edit_draft(long_review, by=None, at=NOW, title="Tên mới")
    drawing = take()
    draw(drawing)
    assert state(drawing) == FAILED and not Review.objects.get(pk=long_review.pk).is_frozen
    assert "vừa thay đổi" in Drawing.objects.get().words


def test_a_draft_on_its_way_stands_before_closing(long_review):
    freezing.queue_drawing(long_review, by=None, at=NOW, expected=30)
    with pytest.raises(review_access.ReviewError, match="đang được vẽ"):
        freezing.queue_drawing(long_review, by=None, at=NOW, expected=30, closing=closing(long_review))


def test_short_reviews_need_no_queue(review, signed_in, monkeypatch):
    monkeypatch.setattr(copies, "draft_pdf", lambda *args, **more: b"%PDF-")
    client = signed_in("tonghop")
    assert client.post(address("review_draw", review)).url == address("review_pdf", review)
    assert client.get(address("review_pdf", review)).status_code == 200 and not Drawing.objects.exists()


def test_length_is_estimated_before_drawing(review):
    doc = document.build_document(review, demo=True)
    pages = print_view.expected_pages(doc)
    assert 7 < pages < copies.LONG
    doc["sections"][1]["paragraphs"] = [["x" * 2400]] * 70
    assert print_view.expected_pages(doc) >= pages + 70


def test_a_long_drawing_waits_for_its_turn_and_blocks_no_page(review):
    """The second waits for the lock, and requests report meanwhile that others are being rendered."""
    progress: list[int] = []
    job = {"html": "<p>x", "css": "", "fonts": "/", "attached": []}
    drawn: list[bytes] = []
    with pdf_drawing._turn():
        waiting = threading.Thread(target=lambda: drawn.append(pdf_drawing.draw_job(job, progress.append)))
        waiting.start()
        until = time.monotonic() + 20
        while not progress and time.monotonic() < until:
            time.sleep(0.05)
        assert progress and not drawn
    waiting.join(20)
    assert drawn[0].startswith(b"%PDF-") and max(progress) == 1
