"""Tasks set by reviews: who is responsible, their outcomes, their lists and pages."""

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
from core.text import parse_digits
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
    """The tasks of frozen reviews whose outcome the user enters: open ones first, then by deadline. Reviews replaced
    by another frozen one are left out. At most two queries.
    """
    own, below = [], Q(pk__in=[])
    for membership in memberships_of(user, on):
        if membership.role in ROLES[web.Right.ENTER]:
            own.append(membership.unit_id)
        if membership.role in ROLES[web.Right.EDIT]:
            below |= subtree(membership.unit.path, "review__unit__path")
    rows = PlanTask.objects.filter(Q(unit__in=own) | below, review__state__in=FROZEN_STATES)
    rows = rows.exclude(review__replaced_by__state__in=FROZEN_STATES).select_related("unit", "review__unit")
    open_first = Case(When(outcome=TaskOutcome.OPEN, then=0), default=1)
    return list(
        rows.defer("review__frozen").order_by(open_first, F("deadline").asc(nulls_last=True), "pk")[:most]
    )


def may_report(user: User, task: PlanTask, on: date) -> bool:
    """Whether the user enters the outcome: an editor of the review's unit or a clerk of the responsible unit."""
    if is_allowed(user, web.Right.EDIT, task.review.unit, on):
        return True
    return task.unit is not None and is_allowed(user, web.Right.ENTER, task.unit, on)


OVERTAKEN = "Người khác vừa ghi kết quả nhiệm vụ này."


def outcome_version(task: PlanTask) -> str:
    """The version of the outcome, for the optimistic lock of its form."""
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
    version: str | None = None,
) -> PlanTask:
    """Store outcome, note and day. Raises ReviewError for an unknown outcome, and StaleReview when somebody else has
    stored one since `version` (`outcome_version`).
    """
    stored = PlanTask.objects.select_for_update(of=("self",)).select_related("review").get(pk=task.pk)
    if version is not None and version != outcome_version(stored):
        raise StaleReview(OVERTAKEN)
    if outcome not in TaskOutcome.values:
        raise ReviewError("Hãy chọn kết quả của nhiệm vụ.")
    values = {"outcome": outcome, "outcome_note": words, "outcome_on": on}
    changed = changed_values({name: getattr(stored, name) for name in values}, values)
    if not changed:
        return stored
    for name, value in values.items():
        setattr(stored, name, value)
    stored.outcome_by, stored.outcome_at = str(by) if by else "", at
    stored.save(update_fields=[*values, "outcome_by", "outcome_at"])
    log_change(
        "review.task", stored.review, by, at, {"task": stored.pk, "text": stored.text, "changed": changed}
    )
    return stored


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
        day = self.cleaned_data["on"]
        if day and day > self.day:
            raise forms.ValidationError("Ngày có kết quả không thể sau hôm nay.")
        return day


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


def tasks_file(tasks: Iterable[PlanTask], title: str, at: datetime) -> TableFile:
    """Tasks with their outcomes, as a table file."""
    return TableFile("nhiem-vu", title, TASKS, table_rows(TASKS, tasks), at)


CHIPS = {TaskOutcome.OPEN: "wait", TaskOutcome.DONE: "ok", TaskOutcome.NOT_DONE: "back"}
Line = tuple[PlanTask, str, bool, OutcomeForm | None]


@requires(Right.SIGNED_IN)
@require_safe
def task_list(request: HttpRequest) -> HttpResponse:
    """The tasks whose outcome the user enters: of the own units, and of reviews that the user drafts."""
    title = "Nhiệm vụ được giao"
    every = {
        "": lambda: tasks_file(tasks_to_report(request.user, request.day, most=None), title, clock.now())
    }
    if file := requested_file(request, every):
        return file
    tasks = tasks_to_report(request.user, request.day)
    context = {
        "lines": _lines(request, tasks),
        "open": sum(task.outcome == TaskOutcome.OPEN for task in tasks),
    }
    return render(request, "reports/tasks/tasks.html", context)


@requires(Right.READ)
@require_safe
def review_tasks(request: HttpRequest, pk: int) -> HttpResponse:
    """The tasks of the previous review with their outcomes, and the tasks of this one."""
    review = review_for(request, pk)
    last = document.previous_review(review.unit, Period.parse(review.period))
    before = list(last.tasks.select_related("unit", "review__unit")) if last else []
    own = review.tasks.select_related("unit", "review__unit")
    tables = {
        "ky-truoc": lambda: tasks_file(before, f"Nhiệm vụ kỳ trước: {review.title}", clock.now()),
        "ky-toi": lambda: tasks_file(own, f"Nhiệm vụ kỳ tới: {review.title}", clock.now()),
    }
    if file := requested_file(request, tables):
        return file
    context = {
        "found": review,
        "last": last,
        "before": _lines(request, before),
        # Tasks of a draft have no outcome yet.
        "lines": [line if review.is_frozen else (*line[:3], None) for line in _lines(request, own)],
        "may_edit": not review.is_frozen and is_allowed(request.user, Right.EDIT, review.unit, request.day),
    }
    return render(request, "reports/tasks/task.html", context)


@requires(Right.SIGNED_IN)
def task_outcome(request: HttpRequest, pk: int) -> HttpResponse:
    """POST the outcome of a task; 404 for users without access, 403 for those who only read it."""
    task = _task_for(request, pk)
    back = _back(request, task)
    if request.method != "POST":
        return back
    form = OutcomeForm(request.POST, task, request.day)
    if not form.is_valid():
        context = {"lines": [_line(request, task, form)], "one": True}
        return render(request, "reports/tasks/tasks.html", context, status=422)
    data = form.cleaned_data
    try:
        record_outcome(
            task,
            data["outcome"],
            data["words"],
            data["on"],
            by=request.user,
            at=clock.now(),
            version=data["seen"],
        )
    except review_access.ReviewError as error:
        form.add_error(None, f"{error} Mở lại trang để xem rồi ghi lại.")
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
    """Redirect to the form's page: the review's tasks if the user may read them, else the own tasks."""
    review_id = parse_digits(request.POST.get("review", ""), 18)
    if review_id >= 0:
        review = Review.objects.filter(pk=review_id).select_related("unit").first()
        if review and is_allowed(request.user, Right.READ, review.unit, request.day):
            return redirect("review_tasks", review.pk)
    return redirect("tasks")


def _lines(request: HttpRequest, tasks: Iterable[PlanTask]) -> list[Line]:
    return [_line(request, task) for task in tasks]


def _line(request: HttpRequest, task: PlanTask, form: OutcomeForm | None = None) -> Line:
    may = may_report(request.user, task, request.day)
    shown = form or (OutcomeForm(None, task, request.day) if may else None)
    return task, CHIPS[TaskOutcome(task.outcome)], task.is_overdue(request.day), shown
