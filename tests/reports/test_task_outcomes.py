"""Outcomes of tasks: entered by responsible units and the review's editors, logged with old and new values."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.models import Entry
from reports import tasks
from reports.drafting import actions
from reports.models import PlanTask, Review, ReviewState, TaskOutcome
from tests.support.loaded_demo import NOW
from units.models import Unit

DAY = NOW.date()


@pytest.fixture
def frozen(review) -> Review:
    """The demo's review as if it were frozen: its tasks are set."""
    Review.objects.filter(pk=review.pk).update(
        state=ReviewState.FROZEN, frozen_at=NOW, pdf_sha256="0" * 64, frozen={}
    )
    first = review.tasks.order_by("order").first()
    PlanTask.objects.filter(pk=first.pk).update(unit=Unit.objects.get(code="13474"))
    review.refresh_from_db()
    return review


def sent(**more) -> dict[str, str]:
    return {"seen": "", "outcome": "done", "on": "10/8/2022", "words": "Đã tập huấn 2 lớp."} | more


@pytest.mark.parametrize(
    ("name", "status"),
    [("tonghop", 302), ("xa-13474", 302), ("xa-13480", 404), ("lanhdao", 403), ("quantri", 403)],
)
def test_who_enters(signed_in, frozen, name, status):
    task = frozen.tasks.get(unit__code="13474")
    assert signed_in(name).post(f"/reports/tasks/{task.pk}/outcome/", sent()).status_code == status
    task.refresh_from_db()
    assert (task.outcome == TaskOutcome.DONE) == (status == 302)


def test_the_log_keeps_old_and_new(signed_in, frozen):
    task = frozen.tasks.get(unit__code="13474")
    client = signed_in("xa-13474")
    assert task.text in client.get("/reports/tasks/").content.decode()
    client.post(f"/reports/tasks/{task.pk}/outcome/", sent())
    entry = Entry.objects.get(action="review.task")
    assert entry.actor == "xa-13474"
    assert entry.detail["changed"]["outcome"] == {"old": "open", "new": "done"}
    page = client.get("/reports/tasks/").content.decode()
    assert "Đã tập huấn 2 lớp." in page and "Hoàn thành" in page
    header = Review.objects.get(pk=frozen.pk).header
    assert header == frozen.header


def test_somebody_else_was_there(signed_in, frozen):
    task = frozen.tasks.get(unit__code="13474")
    tasks.record_outcome(task, TaskOutcome.NOT_DONE, "Chưa.", None, by=None, at=NOW, version="")
    answer = signed_in("tonghop").post(f"/reports/tasks/{task.pk}/outcome/", sent())
    assert answer.status_code == 409 and "Đã tập huấn 2 lớp." in answer.content.decode()
    task.refresh_from_db()
    assert task.outcome_note == "Chưa."


@pytest.mark.parametrize(
    "change", [{"outcome": "x"}, {"on": "32/1/2022"}, {"on": "2022-08-13"}, {"words": "x" * 10_001}]
)
def test_wrong_input(signed_in, frozen, change):
    task = frozen.tasks.get(unit__code="13474")
    answer = signed_in("tonghop").post(f"/reports/tasks/{task.pk}/outcome/", sent(**change))
    assert answer.status_code == 422 and 'class="wrong"' in answer.content.decode()
    task.refresh_from_db()
    assert task.outcome == TaskOutcome.OPEN


def test_last_time_stands_on_the_page_of_the_next_review(signed_in, frozen):
    new = Review.objects.create(unit=frozen.unit, period="2022-H2", title="Tổng kết", created_at=NOW)
    client = signed_in("tonghop")
    task = frozen.tasks.first()
    page = client.get(f"/reports/reviews/{new.pk}/tasks/").content.decode()
    assert task.text in page and "Ghi kết quả" in page
    answer = client.post(f"/reports/tasks/{task.pk}/outcome/", sent(review=str(new.pk)))
    assert answer["Location"] == f"/reports/reviews/{new.pk}/tasks/"
    assert "Ghi kết quả" not in signed_in("lanhdao").get(f"/reports/reviews/{new.pk}/tasks/").content.decode()


def test_tasks_of_a_draft_are_not_set_yet(signed_in, review):
    PlanTask.objects.filter(review=review).update(unit=Unit.objects.get(code="13474"))
    assert review.tasks.first().text not in signed_in("xa-13474").get("/reports/tasks/").content.decode()


def test_the_text_page_keeps_who_answers(signed_in, review):
    """Regression: each save lost the tasks' units."""
    client = signed_in("tonghop")
    unit = Unit.objects.get(code="13474")
    PlanTask.objects.filter(review=review).update(unit=unit, deadline=date(2022, 12, 1))
    context = client.get(f"/reports/reviews/{review.pk}/edit/").context
    data = {"version": context["version"]}
    for bound in [
        *context["form"],
        *context["tasks"].management_form,
        *(f for t in context["tasks"] for f in t),
    ]:
        data[bound.html_name] = "" if bound.value() is None else str(bound.value())
    assert client.post(f"/reports/reviews/{review.pk}/edit/", data).status_code == 302
    assert {task.unit_id for task in review.tasks.all()} == {unit.pk}


def test_queries_do_not_follow_the_number_of_tasks(signed_in, frozen):
    client = signed_in("tonghop")
    client.get("/reports/tasks/")
    with CaptureQueriesContext(connection) as few:
        client.get("/reports/tasks/")
    PlanTask.objects.bulk_create(
        PlanTask(
            review=frozen, order=100 + n, text=f"Việc {n}", unit=frozen.unit, deadline=DAY + timedelta(n)
        )
        for n in range(30)
    )
    with CaptureQueriesContext(connection) as many:
        assert "Việc 29" in client.get("/reports/tasks/").content.decode()
    assert len(many) == len(few)


def test_saving_the_text_keeps_outcomes(review):
    """Regression: tasks are replaced as a whole, and their outcomes were lost with the old rows."""
    first, second = review.tasks.order_by("order")[:2]
    tasks.record_outcome(first, TaskOutcome.DONE, "Xong sớm.", DAY, by=None, at=NOW)
    texts = [
        actions.TaskText(old.text, old.responsible, old.deadline, old.unit_id) for old in (second, first)
    ]
    actions.edit_draft(review, by=None, at=NOW, tasks=texts)
    notes = {task.text: task.outcome_note for task in review.tasks.all()}
    assert notes == {first.text: "Xong sớm.", second.text: ""}
    changed = actions.TaskText(first.text + " khác", "", None, first.unit_id)
    actions.edit_draft(review, by=None, at=NOW, tasks=[changed])
    assert review.tasks.get().outcome == TaskOutcome.OPEN


def test_a_drafts_own_tasks_have_no_outcome_yet(signed_in, review):
    page = signed_in("tonghop").get(f"/reports/reviews/{review.pk}/tasks/").content.decode()
    assert review.tasks.first().text in page and "Ghi kết quả" not in page
