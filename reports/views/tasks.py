"""Tasks: those of a review and of the one before it, those that one answers for, and what became of each."""

from collections.abc import Iterable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from cchc_dashboard import clock
from figures.periods import Period
from reports import actions
from reports.forms.tasks import OutcomeForm
from reports.models import PlanTask, Review, TaskOutcome
from reports.outlets.page_tables import tasks_file
from reports.queries import tasks
from units import access
from units.access import Right, requires
from units.tablefile import file_of

from .reviews import review_for

CHIPS = {TaskOutcome.OPEN: "wait", TaskOutcome.DONE: "ok", TaskOutcome.NOT_DONE: "back"}
Line = tuple[PlanTask, str, bool, OutcomeForm | None]


@requires(Right.SIGNED_IN)
@require_safe
def task_list(request: HttpRequest) -> HttpResponse:
    """The tasks whose outcome the reader enters: of the own units, and of the reviews that the reader drafts."""
    title = "Nhiệm vụ được giao"
    every = {"": lambda: tasks_file(tasks.to_tell(request.user, request.day, most=None), title, clock.now())}
    if file := file_of(request, every):
        return file
    found = tasks.to_tell(request.user, request.day)
    context = {"lines": _lines(request, found), "open": sum(one.outcome == TaskOutcome.OPEN for one in found)}
    return render(request, "reports/tasks.html", context)


@requires(Right.READ)
@require_safe
def review_tasks(request: HttpRequest, pk: int) -> HttpResponse:
    """What the last review set and what became of it, and what this one sets."""
    found = review_for(request, pk)
    last = tasks.last_review(found.unit, Period.parse(found.period))
    before = list(last.tasks.select_related("unit", "review__unit")) if last else []
    own = found.tasks.select_related("unit", "review__unit")
    tables = {
        "ky-truoc": lambda: tasks_file(before, f"Nhiệm vụ kỳ trước: {found.title}", clock.now()),
        "ky-toi": lambda: tasks_file(own, f"Nhiệm vụ kỳ tới: {found.title}", clock.now()),
    }
    if file := file_of(request, tables):
        return file
    context = {
        "found": found,
        "last": last,
        "before": _lines(request, before),
        # What is still being drafted has no outcome yet.
        "lines": [line if found.is_frozen else (*line[:3], None) for line in _lines(request, own)],
        "may_edit": not found.is_frozen and access.allowed(request.user, Right.EDIT, found.unit, request.day),
    }
    return render(request, "reports/review/task_page.html", context)


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
        return render(request, "reports/tasks.html", context, status=422)
    given = form.cleaned_data
    try:
        actions.record_outcome(
            task,
            given["outcome"],
            given["words"],
            given["on"],
            by=request.user,
            at=clock.now(),
            seen=given["seen"],
        )
    except actions.Refused as refused:
        form.add_error(None, f"{refused} Mở lại trang để xem rồi ghi lại.")
        context = {"lines": [_line(request, task, form)], "one": True}
        return render(request, "reports/tasks.html", context, status=409)
    messages.success(request, "Đã ghi kết quả nhiệm vụ.")
    return back


def _task_for(request: HttpRequest, pk: int) -> PlanTask:
    task = PlanTask.objects.select_related("unit", "review__unit").filter(pk=pk).first()
    if task is not None and tasks.may_tell(request.user, task, request.day):
        return task
    if task is not None and access.allowed(request.user, Right.READ, task.review.unit, request.day):
        raise PermissionDenied("Người tổng hợp hoặc đơn vị thực hiện ghi kết quả nhiệm vụ.")
    raise Http404


def _back(request: HttpRequest, task: PlanTask) -> HttpResponse:
    """Where the form stood: the page of a review that the sender may read, else the own tasks."""
    number = request.POST.get("review", "")
    if number.isascii() and number.isdigit() and len(number) < 19:
        found = Review.objects.filter(pk=int(number)).select_related("unit").first()
        if found and access.allowed(request.user, Right.READ, found.unit, request.day):
            return redirect("review_tasks", found.pk)
    return redirect("tasks")


def _lines(request: HttpRequest, found: Iterable[PlanTask]) -> list[Line]:
    return [_line(request, task) for task in found]


def _line(request: HttpRequest, task: PlanTask, form: OutcomeForm | None = None) -> Line:
    may = tasks.may_tell(request.user, task, request.day)
    shown = form or (OutcomeForm(None, task, request.day) if may else None)
    return task, CHIPS[TaskOutcome(task.outcome)], task.is_overdue(request.day), shown
