"""Tasks of the previous review, and when a task is overdue."""

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
    new = Review.objects.create(
        unit=unit, period=period, title=period, created_at=AT, frozen={}, **frozen, **more
    )
    PlanTask.objects.create(review=new, order=1, text=f"Việc của {new.pk}", deadline=date(2022, 6, 30))
    return new


@pytest.mark.parametrize(
    ("stored", "period", "expected"),
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
def test_the_review_before(unit, stored, period, expected):
    for code in stored:
        review(unit, code)
    last = document.previous_review(unit, Period.parse(period))
    assert (last.period if last else None) == expected
    tasks = document.previous_tasks(unit, Period.parse(period))
    assert [task.review_id for task in tasks] == ([last.pk] if last else [])


def test_what_counts_of_several_of_one_period(unit):
    """A frozen review counts before a draft, and a replacement before the replaced one."""
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
