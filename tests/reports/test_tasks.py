"""Tasks: which ones a review tells the outcome of, what is overdue, who enters what became of them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from figures.periods import Period
from reports import document
from reports.models import PlanTask, Review, TaskOutcome
from units.lifecycle.actions import open_units
from units.tree.rules import UnitDraft

AT = datetime(2022, 8, 12, 8, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


@pytest.fixture
def unit(db):
    return open_units([UnitDraft("351", "huyện", "committee", "district", date(2020, 1, 1))], by=None).new[0]


def review(unit, period: str, **more) -> Review:
    frozen = {"frozen_at": AT, "pdf_sha256": "0" * 64} if more.get("state") in ("frozen", "issued") else {}
    found = Review.objects.create(
        unit=unit, period=period, title=period, created_at=AT, frozen={}, **frozen, **more
    )
    PlanTask.objects.create(review=found, order=1, text=f"Việc của {found.pk}", deadline=date(2022, 6, 30))
    return found


@pytest.mark.parametrize(
    ("stored", "period", "found"),
    [
        ([], "2022-H1", None),
        (["2022-H1"], "2022-H1", None),
        (["2022-H2"], "2022-H1", None),
        (["2021-H1", "2021-H2"], "2022-H1", "2021-H2"),
        (["2021", "2021-H2"], "2022-H1", "2021"),
        (["2021", "2022-H1"], "2022", "2022-H1"),
        (["2021-Q4", "2021-M07..M11"], "2022-Q1", "2021-Q4"),
    ],
)
def test_the_review_before(unit, stored, period, found):
    for code in stored:
        review(unit, code)
    last = document.previous_review(unit, Period.parse(period))
    assert (last.period if last else None) == found
    assert [
        previous_task.review_id for previous_task in document.previous_tasks(unit, Period.parse(period))
    ] == ([last.pk] if last else [])


def test_what_counts_of_several_of_one_period(unit):
    """A frozen one before a draft, and the one that replaced another."""
    old = review(unit, "2021-H2", state="frozen")
    review(unit, "2021-H2")
    assert document.previous_review(unit, Period.parse("2022-H1")) == old
    new = review(unit, "2021-H2", state="frozen", replaces=old)
    assert document.previous_review(unit, Period.parse("2022-H1")) == new


def test_overdue(unit):
    task = review(unit, "2022-H1").tasks.get()
    assert task.is_overdue(date(2022, 7, 1)) and not task.is_overdue(date(2022, 6, 30))
    task.outcome = TaskOutcome.DONE
    assert not task.is_overdue(date(2022, 7, 1))
