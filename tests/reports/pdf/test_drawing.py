"""The child process that renders PDFs: its output, its limits, and what happens when it ends."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from reports import document
from reports.drafting import actions
from reports.pdf import drawing, weasyprint_program
from reports.pdf.review_pdf import _job
from reports.printing import copies, print_view
from tests.support.loaded_demo import NOW


def job(**more) -> dict:
    """A short document."""
    plain = {"html": "<p>Tân Thanh</p>", "css": "", "fonts": str(settings.PRINT_FONTS), "attached": []}
    return plain | more


def test_child_draws_the_bytes_that_this_process_would(review):
    doc = document.build_document(review, demo=True)
    asked = _job(print_view.print_context(doc), doc, NOW)
    assert drawing.draw_job(asked) == weasyprint_program.draw(asked)


def test_the_web_process_never_loads_the_renderer():
    code = (
        "import django; django.setup(); import cchc_dashboard.urls, sys; print('weasyprint' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "cchc_dashboard.settings"},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "False"


def test_an_error_fails_one_drawing():
    drawing.draw_job(job())
    child = drawing._child.process.pid
    with pytest.raises(drawing.PdfNotDrawn, match="lỗi của hệ thống"):
        drawing.draw_job({"html": "<p>x</p>"})
    assert drawing.draw_job(job()).startswith(b"%PDF-") and drawing._child.process.pid == child


@pytest.fixture
def limits(settings) -> Iterator:
    """Settings whose limits apply to the next child; a running child keeps its own."""
    drawing._drop_child()
    yield settings
    drawing._drop_child()


def test_a_drawing_may_take_one_gigabyte_and_120_seconds(limits):
    """Acceptance R15: read from the kernel's limits of the rendering process."""
    told: list[dict[str, str]] = []

    def follow(page: int) -> None:
        pid = drawing._child.process.pid
        for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            lines = Path(f"/proc/{one}/limits").read_text().splitlines()
            told.append({line[:26].strip(): line[26:].split()[0] for line in lines})

    drawing.draw_job(job(html="<p>Tân Thanh</p>" * 3000), follow)
    # The child sets its limits before it renders; the file size comes last but one.
    bound = [one for one in told if one["Max file size"] == str(weasyprint_program.LARGEST_FILE)]
    assert {one["Max address space"] for one in bound} == {str(1 << 30)}
    assert {one["Max cpu time"] for one in bound} == {"120"}


def test_too_much_memory_fails_one_drawing(limits):
    limits.PDF_MAX_BYTES = 400 * 1024 * 1024
    drawing.draw_job(job())
    child = drawing._child.process.pid
    with pytest.raises(drawing.PdfTooLong):
        drawing.draw_job(job(html="<p>" + "x" * 40_000_000))
    assert drawing.draw_job(job()).startswith(b"%PDF-") and drawing._child.process.pid == child


def test_too_much_time_ends_the_child(settings):
    drawing.draw_job(job())
    settings.PDF_SECONDS = 0.2
    child = drawing._child.process
    began = time.monotonic()
    with pytest.raises(drawing.PdfTooLong):
        drawing.draw_job(job(html="<table><tr><td>1</td></tr></table>" * 3000))
    assert time.monotonic() - began < 3 and child.poll() is not None
    settings.PDF_SECONDS = 60
    assert drawing.draw_job(job()).startswith(b"%PDF-")


def test_a_killed_child_leaves_no_temporary_files(review, limits, monkeypatch, tmp_path):
    """WeasyPrint copies fonts into a temporary folder and deletes it only when it exits normally."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    doc = document.build_document(review, demo=True)
    faces = _job(print_view.print_context(doc), doc, NOW)["css"]

    def wait_for_fonts(page: int) -> None:
        if list(tmp_path.rglob("weasyprint-*")):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drawing.draw_job(job(css=faces, html="<table><tr><td>1</td></tr></table>" * 3000), wait_for_fonts)
    assert list(tmp_path.iterdir()) == []
    limits.PDF_MAX_BYTES = 300 * 1024 * 1024
    with pytest.raises(drawing.PdfTooLong):
        drawing.draw_job(job(css=faces, html="<p>" + "x" * 40_000_000))
    assert list(tmp_path.rglob("weasyprint-*")) == []
    drawing._drop_child()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_child_is_replaced():
    drawing.draw_job(job())
    child = drawing._child.process
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert drawing.draw_job(job()).startswith(b"%PDF-")


def test_others_wait_for_their_turn_for_a_limited_time(monkeypatch):
    with drawing._turn():
        monkeypatch.setattr(drawing, "WAITING_SECONDS", 0.2)
        with pytest.raises(drawing.RendererBusy):
            drawing.draw_job(job())
        monkeypatch.undo()
        drawn: list[bytes] = []
        waiting = threading.Thread(target=lambda: drawn.append(drawing.draw_job(job())))
        waiting.start()
        time.sleep(0.3)
        assert not drawn
    waiting.join(20)
    assert drawn[0].startswith(b"%PDF-")


def test_a_worker_keeps_threads_for_pages(monkeypatch):
    monkeypatch.setattr(drawing, "_turns", threading.BoundedSemaphore(1))
    with drawing._turn():
        began = time.monotonic()
        with pytest.raises(drawing.RendererBusy):
            drawing.draw_job(job())
        assert time.monotonic() - began < 1


@pytest.fixture
def drawings(review, monkeypatch, settings, tmp_path) -> list[int]:
    """Collects the renderings of a draft, with an empty cache of drafts."""
    settings.DATA_DIR = tmp_path
    made: list[int] = []

    def draw(context, **more) -> bytes:
        made.append(len(made))
        return b"%%PDF-%d" % len(made)

    monkeypatch.setattr(copies, "draw_pdf", draw)
    return made


def test_a_draft_is_drawn_once_while_nothing_changes(review, drawings):
    first = [copies.draft_pdf(review, demo=True) for _ in range(3)]
    assert len(set(first)) == 1 and len(drawings) == 1
    actions.edit_draft(review, by=None, at=NOW, title="Tên mới")
    review.refresh_from_db()
    assert copies.draft_pdf(review, demo=True) != first[0]
    assert copies.draft_pdf(review, demo=False) and len(drawings) == 3


def test_a_changed_template_draws_the_draft_again(review, drawings, settings, tmp_path):
    templates = tmp_path / "templates" / "reports" / "printing"
    shutil.copytree(Path(settings.BASE_DIR) / "templates" / "reports" / "printing", templates)
    shutil.copytree(Path(settings.BASE_DIR) / "reports", tmp_path / "reports")
    settings.BASE_DIR = tmp_path
    keys = []
    for text in ("", "{# another word #}"):
        (templates / "review.html").open("a", encoding="utf-8").write(text)
        # A new process after an upgrade reads the templates again.
        copies._form.cache_clear()
        keys.append(copies.draft_pdf(review, demo=True))
    copies._form.cache_clear()
    assert len(set(keys)) == len(drawings) == 2


def test_few_drafts_are_kept(review, drawings, monkeypatch, tmp_path):
    monkeypatch.setattr(copies, "KEPT_DRAWINGS", 2)
    for decimals in (0, 1, 2):
        review.decimals = decimals
        copies.draft_pdf(review, demo=True)
    assert len(list((tmp_path / "cache" / "drafts").iterdir())) == 2
