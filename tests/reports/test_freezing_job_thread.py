"""The thread that renders long PDFs; needs committed data."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ledger import jobs
from reports import freezing
from reports.models import Drawing, Review
from reports.printing import copies
from units.lifecycle.actions import open_units
from units.tree.rules import UnitDraft

NOW = datetime(2022, 8, 12, 8, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


@pytest.mark.django_db(transaction=True)
def test_a_thread_draws_what_waits_and_ends(monkeypatch):

    (unit,) = open_units(
        [UnitDraft("13474", "thị trấn Tân Thanh", "committee", "commune", NOW.date(), parent=None)], by=None
    ).new
    review = Review.objects.create(unit=unit, period="2022-H1", title="Báo cáo", created_at=NOW)
    drawing = freezing.queue_drawing(review, by=None, at=NOW, expected=30)
    monkeypatch.setattr(copies, "draft_pdf", lambda *args, following, **more: following(3))
    jobs.start_worker()
    jobs._thread.join(20)
    assert not jobs._thread.is_alive()
    stored = Drawing.objects.get(pk=drawing.pk)
    assert (stored.state, stored.done) == ("done", 3)


@pytest.mark.django_db(transaction=True)
def test_a_slow_job_is_not_treated_as_lost(monkeypatch):
    (unit,) = open_units(
        [UnitDraft("13474", "thị trấn Tân Thanh", "committee", "commune", NOW.date(), parent=None)], by=None
    ).new
    review = Review.objects.create(unit=unit, period="2022-H1", title="Báo cáo", created_at=NOW)
    drawing = freezing.queue_drawing(review, by=None, at=NOW, expected=30)
    times: list[datetime] = []

    def silent(*args, **more) -> None:
        times.append(Drawing.objects.get(pk=drawing.pk).told_at)
        time.sleep(0.5)
        times.append(Drawing.objects.get(pk=drawing.pk).told_at)

    monkeypatch.setattr(jobs, "PULSE", 0.05)
    monkeypatch.setattr(copies, "draft_pdf", silent)
    jobs.start_worker()
    jobs._thread.join(20)
    assert times[0] < times[1] and Drawing.objects.get(pk=drawing.pk).state == "done"
