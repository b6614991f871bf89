"""The check before sending, and the sending itself: the one way from a draft to its reviewer."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cchc_dashboard import clock
from figures.periods import Month
from records import actions
from records.actions import Refused
from records.forms.grid import EntryForm
from records.models import Edition, State, Submission
from records.queries import checks
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from records.queries.checks import rows_of
from records.queries.locks import is_locked
from records.queries.past import past_of
from records.queries.taken_over import took_over
from units import access
from units.access import Right

from .checked import COMPARED, checked, totals
from .fetch import acting, submission_for, worked_on
from .lines import lines_of
from .storing import store
from .submission import refused


@access.requires(Right.ENTER)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the page. POST the grid or reasons: saved, then the page."""
    found = submission_for(request.user, pk, Right.ENTER, request.day)
    edition = worked_on(found)
    if request.method == "POST":
        _, answer = _stored(request, found, edition)
        return answer or redirect("records:check", found.pk)
    if edition.state not in (State.DRAFT, State.RETURNED) or is_locked(found, edition, clock.now()):
        return redirect("records:submission", found.pk)
    return _page(request, found, edition)


@acting(Right.ENTER)
def send(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST the revision that was checked, with reasons or with the whole grid: saved, and sent when nothing blocks."""
    edition, answer = _stored(request, found, worked_on(found))
    if answer is not None:
        return answer
    try:
        actions.send(edition, by=request.user, at=clock.now(), revision=edition.revision)
    except Refused as refusal:
        if refusal.code == "faults":
            return _page(request, found, edition, refusal=refusal)
        return refused(request, found, refusal, edition=edition)
    messages.success(request, "Đã gửi. Báo cáo đang chờ duyệt.")
    return redirect("records:submission", found.pk)


def _stored(request: HttpRequest, found: Submission, edition: Edition) -> tuple[Edition, HttpResponse | None]:
    """As `store`; where only reasons were posted, what did not go through is told on the check page."""
    form, edition, answer = store(request, found, edition)
    if answer is None or form.has_cells or answer.status_code not in (400, 409):
        return edition, answer
    edition.refresh_from_db()
    if edition.state not in (State.DRAFT, State.RETURNED):
        return edition, answer
    words = form.faults() or [f"{edition.saved_by} vừa lưu báo cáo này. Hãy xem lại số mới rồi gửi."]
    return edition, _page(request, found, edition, form=form, words=words, status=answer.status_code)


def _page(
    request: HttpRequest,
    found: Submission,
    edition: Edition,
    *,
    form: EntryForm | None = None,
    refusal: Refused | None = None,
    words: Iterable[str] = (),
    status: int = 200,
) -> HttpResponse:
    catalogue, month = Catalogue(calendar()), Month.from_number(found.month)
    span = catalogue.days.span(month)
    day = span.end
    read: dict[str, Any] = {"rows": rows_of(edition), "past": past_of(found)}
    lines = lines_of(edition, catalogue, **read)
    findings = checks.check(edition, catalogue, **read)
    rows, general = checked(lines, findings, month, day)
    typed = {line.key: text for line in lines if form and (text := form.data.get(line.name("reason")))}
    for row in rows:
        row.reason = typed.get(row.line.key, row.line.reason)
    blocking = sum(one.blocks for one in findings)
    context = {
        "found": found,
        "unit": found.unit,
        "edition": edition,
        "filled": request.GET.get("da-dien") == str(edition.revision),
        "took_over": took_over(found.unit, span, read["past"]),
        "last_month": month.previous(),
        "heads": [head for _, head in COMPARED],
        "rows": rows,
        "general": general,
        "totals": totals(rows, read["past"], month),
        "to_see": [row for row in rows if row.errors or row.warnings or row.reason],
        "blocking": blocking,
        "warned": len(findings) - blocking,
        "blanks": sum(len(row.blanks) for row in rows),
        "unexplained": bool(refusal) and not blocking,
        "decides": access.allowed(request.user, Right.APPROVE, found.unit, request.day),
        "words": list(words) + ([refusal.message] if refusal else []),
    }
    return render(request, "records/check.html", context, status=400 if refusal else status)
