"""Tasks that reviews set: who answers for them, what became of them, their lists and pages."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, F, Q, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.models import User
from core import clock, web
from core.web import Right, requires
from figures.periods import Period
from spreadsheets.table_writer import TableColumn, TableFile, requested_file, table_rows
from units.access.queries import ROLES, is_allowed, memberships_of
from units.models import subtree

from . import document, review_access
from .document import FROZEN_STATES
from .models import PlanTask, Review, TaskOutcome
from .review_access import (
    ReviewDayField,
    ReviewError,
    StaleReview,
    changed_values,
    log_change,
    review_for,
    text_field,
)


def tasks_to_report(user: User, on: date, most: int | None = 200) -> list[PlanTask]:
    """The tasks of frozen reviews whose outcome a person enters: open ones first, the nearest deadline first. Reviews
    that another frozen one replaced set none. At most two queries.
    """
    own, below = [], Q(pk__in=[])
    for one in memberships_of(user, on):
        if one.role in ROLES[web.Right.ENTER]:
            own.append(one.unit_id)
        if one.role in ROLES[web.Right.EDIT]:
            below |= subtree(one.unit.path, "review__unit__path")
    rows = PlanTask.objects.filter(Q(unit__in=own) | below, review__state__in=FROZEN_STATES)
    rows = rows.exclude(review__replaced_by__state__in=FROZEN_STATES).select_related("unit", "review__unit")
    done = Case(When(outcome=TaskOutcome.OPEN, then=0), default=1)
    return list(rows.defer("review__frozen").order_by(done, F("deadline").asc(nulls_last=True), "pk")[:most])


def may_report(user: User, task: PlanTask, on: date) -> bool:
    """Who enters what became of a task: an editor of the review's unit, a clerk of the unit that answers for it."""
    if is_allowed(user, web.Right.EDIT, task.review.unit, on):
        return True
    return task.unit is not None and is_allowed(user, web.Right.ENTER, task.unit, on)


OVERTAKEN = "Người khác vừa ghi kết quả nhiệm vụ này."


def outcome_version(task: PlanTask) -> str:
    """What the outcome's form carries, to tell whether somebody else was there meanwhile."""
    return task.outcome_at.isoformat() if task.outcome_at else ""


@transaction.atomic
def record_outcome(
    task: PlanTask,
    outcome: str,
    words: str,
    on: date | None,
    *,
    by: User | None,
    at: datetime,
    seen: str | None = None,
) -> PlanTask:
    """Store outcome, note and the day on which it was so. Raises Refused for an outcome that there is not and for a
    day after today; Stale where somebody else stored one since `seen` (`seen_mark`).
    """
    kept = PlanTask.objects.select_for_update(of=("self",)).select_related("review").get(pk=task.pk)
    if seen is not None and seen != outcome_version(kept):
        raise StaleReview(OVERTAKEN)
    if outcome not in TaskOutcome.values:
        raise ReviewError("Hãy chọn kết quả của nhiệm vụ.")
    given = {"outcome": outcome, "outcome_note": words, "outcome_on": on}
    changed = changed_values({name: getattr(kept, name) for name in given}, given)
    if not changed:
        return kept
    for name, value in given.items():
        setattr(kept, name, value)
    kept.outcome_by, kept.outcome_at = str(by) if by else "", at
    kept.save(update_fields=[*given, "outcome_by", "outcome_at"])
    log_change("review.task", kept.review, by, at, {"task": kept.pk, "text": kept.text, "changed": changed})
    return kept


class OutcomeForm(forms.Form):
    """Outcome, its day and a note."""

    required_unmarked = True

    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        label="Kết quả",
        choices=TaskOutcome.choices,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Hãy chọn kết quả của nhiệm vụ."),
    )
    on = ReviewDayField("Ngày có kết quả")
    words = text_field("Ghi chú", 2)

    def __init__(self, data: Any, task: PlanTask, day: date) -> None:
        now = {"seen": outcome_version(task), "outcome": task.outcome, "on": task.outcome_on}
        super().__init__(data, initial=now | {"words": task.outcome_note}, auto_id=f"id_{task.pk}_%s")
        self.day = day

    def clean_on(self) -> date | None:
        given = self.cleaned_data["on"]
        if given and given > self.day:
            raise forms.ValidationError("Ngày có kết quả không thể sau hôm nay.")
        return given


TASKS = (
    TableColumn("text", "Nhiệm vụ", width=70),
    TableColumn("who", "Đơn vị thực hiện", width=30),
    TableColumn("deadline", "Thời hạn"),
    TableColumn("outcome", "Kết quả", "get_outcome_display", width=20),
    TableColumn("note", "Nội dung kết quả", "outcome_note", width=50),
    TableColumn("on", "Ngày hoàn thành", "outcome_on"),
    TableColumn("by", "Người ghi", "outcome_by", width=30),
    TableColumn("at", "Ghi lúc", "outcome_at", width=20),
    TableColumn("review", "Báo cáo giao nhiệm vụ", "review.title", width=50),
)


def tasks_file(found: Iterable[PlanTask], title: str, at: datetime) -> TableFile:
    """Tasks with what became of them."""
    return TableFile("nhiem-vu", title, TASKS, table_rows(TASKS, found), at)


CHIPS = {TaskOutcome.OPEN: "wait", TaskOutcome.DONE: "ok", TaskOutcome.NOT_DONE: "back"}
Line = tuple[PlanTask, str, bool, OutcomeForm | None]


@requires(Right.SIGNED_IN)
@require_safe
def task_list(request: HttpRequest) -> HttpResponse:
    """The tasks whose outcome the reader enters: of the own units, and of the reviews that the reader drafts."""
    title = "Nhiệm vụ được giao"
    every = {
        "": lambda: tasks_file(tasks_to_report(request.user, request.day, most=None), title, clock.now())
    }
    if file := requested_file(request, every):
        return file
    found = tasks_to_report(request.user, request.day)
    context = {"lines": _lines(request, found), "open": sum(one.outcome == TaskOutcome.OPEN for one in found)}
    return render(request, "reports/tasks/tasks.html", context)


@requires(Right.READ)
@require_safe
def review_tasks(request: HttpRequest, pk: int) -> HttpResponse:
    """What the last review set and what became of it, and what this one sets."""
    found = review_for(request, pk)
    last = document.previous_review(found.unit, Period.parse(found.period))
    before = list(last.tasks.select_related("unit", "review__unit")) if last else []
    own = found.tasks.select_related("unit", "review__unit")
    tables = {
        "ky-truoc": lambda: tasks_file(before, f"Nhiệm vụ kỳ trước: {found.title}", clock.now()),
        "ky-toi": lambda: tasks_file(own, f"Nhiệm vụ kỳ tới: {found.title}", clock.now()),
    }
    if file := requested_file(request, tables):
        return file
    context = {
        "found": found,
        "last": last,
        "before": _lines(request, before),
        # What is still being drafted has no outcome yet.
        "lines": [line if found.is_frozen else (*line[:3], None) for line in _lines(request, own)],
        "may_edit": not found.is_frozen and is_allowed(request.user, Right.EDIT, found.unit, request.day),
    }
    return render(request, "reports/tasks/task.html", context)


@requires(Right.SIGNED_IN)
def task_outcome(request: HttpRequest, pk: int) -> HttpResponse:
    """POST what became of a task; 404 for who may not know of it, 403 for who only reads it."""
    task = _task_for(request, pk)
    back = _back(request, task)
    if request.method != "POST":
        return back
    form = OutcomeForm(request.POST, task, request.day)
    if not form.is_valid():
        context = {"lines": [_line(request, task, form)], "one": True}
        return render(request, "reports/tasks/tasks.html", context, status=422)
    given = form.cleaned_data
    try:
        record_outcome(
            task,
            given["outcome"],
            given["words"],
            given["on"],
            by=request.user,
            at=clock.now(),
            seen=given["seen"],
        )
    except review_access.ReviewError as refused:
        form.add_error(None, f"{refused} Mở lại trang để xem rồi ghi lại.")
        context = {"lines": [_line(request, task, form)], "one": True}
        return render(request, "reports/tasks/tasks.html", context, status=409)
    messages.success(request, "Đã ghi kết quả nhiệm vụ.")
    return back


def _task_for(request: HttpRequest, pk: int) -> PlanTask:
    task = PlanTask.objects.select_related("unit", "review__unit").filter(pk=pk).first()
    if task is not None and may_report(request.user, task, request.day):
        return task
    if task is not None and is_allowed(request.user, Right.READ, task.review.unit, request.day):
        raise PermissionDenied("Người tổng hợp hoặc đơn vị thực hiện ghi kết quả nhiệm vụ.")
    raise Http404


def _back(request: HttpRequest, task: PlanTask) -> HttpResponse:
    """Where the form stood: the page of a review that the sender may read, else the own tasks."""
    number = request.POST.get("review", "")
    if number.isascii() and number.isdigit() and len(number) < 19:
        found = Review.objects.filter(pk=int(number)).select_related("unit").first()
        if found and is_allowed(request.user, Right.READ, found.unit, request.day):
            return redirect("review_tasks", found.pk)
    return redirect("tasks")


def _lines(request: HttpRequest, found: Iterable[PlanTask]) -> list[Line]:
    return [_line(request, task) for task in found]


def _line(request: HttpRequest, task: PlanTask, form: OutcomeForm | None = None) -> Line:
    may = may_report(request.user, task, request.day)
    shown = form or (OutcomeForm(None, task, request.day) if may else None)
    return task, CHIPS[TaskOutcome(task.outcome)], task.is_overdue(request.day), shown
