"""The page that checks a month before sending, row by row against the month before, and the sending."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from core import clock, web
from core.web import Right
from figures.measures import LABELS, SUMS, measure_label
from figures.periods import Month
from figures.tally import sum_reported
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.errors import ActionRefused, Finding
from records.models import Edition, State, Submission
from records.submissions import actions, checks
from records.submissions.checks import rows_of_edition
from records.submissions.editability import is_locked
from records.submissions.fetch import submission_action, submission_or_404, working_edition_or_404
from records.submissions.lines import GridLine, grid_lines
from records.submissions.predecessor_openings import opens_from_predecessors
from records.submissions.previous_months import HistoryWindow, history_window
from units.access.queries import is_allowed

from .forms import EntryForm
from .grid import CellPlace, blank_cells
from .submission_page import render_refused
from .views import save_grid

# Compared sums: name, head in the table.
COMPARED_SUMS = tuple((name, LABELS[name]) for name in ("received", "resolved", "pending"))


@dataclass(frozen=True)
class ComparedNumber:
    """One number of this month and of the last."""

    head: str
    now: int | None
    before: int | None

    @property
    def change(self) -> int | None:
        return None if self.now is None or self.before is None else self.now - self.before


@dataclass
class CheckRow:
    """A row to be sent: compared numbers, blanks, errors, warnings and the reason."""

    line: GridLine
    place: CellPlace
    compared: list[ComparedNumber]
    blanks: list[CellPlace]
    errors: list[tuple[CellPlace, str]] = field(default_factory=list)
    warnings: list[tuple[CellPlace, str]] = field(default_factory=list)
    reason: str = ""
    must_explain: bool = False

    @property
    def asks(self) -> bool:
        """Whether the page shows a field for the reason."""
        return bool(self.warnings or self.reason)


def check_rows(
    lines: list[GridLine], findings: Iterable[Finding], month: Month, day: date
) -> tuple[list[CheckRow], list[Finding]]:
    """The rows with their findings, and the errors of the whole report. A warning about the whole report goes to the
    first row, as reasons belong to rows.
    """
    rows = {line.code: _check_row(line, index, month, day) for index, line in enumerate(lines)}
    general = []
    for finding in findings:
        code = f"{finding.field}/{finding.procedure}" if finding.procedure else finding.field
        row = rows.get(code)
        if row is None and finding.blocks:
            general.append(finding)
            continue
        place = CellPlace("Toàn báo cáo", "bang") if row is None else _finding_cell(row, finding, day)
        row = row or next(iter(rows.values()))
        (row.errors if finding.blocks else row.warnings).append((place, finding.message))
        row.must_explain |= finding.code == "continuity"
    return list(rows.values()), general


def _check_row(line: GridLine, index: int, month: Month, day: date) -> CheckRow:
    return CheckRow(
        line,
        CellPlace(line.label, f"dong-{index}"),
        _compared_numbers(line.values, line.last(month)),
        blank_cells(line, day),
    )


def _finding_cell(row: CheckRow, finding: Finding, day: date) -> CellPlace:
    """The cell of a finding: for a sum its first cell, for the whole row the row."""
    if finding.measure is None:
        return row.place
    parts = [name for name in SUMS.get(finding.measure, (finding.measure,)) if name in row.line.served]
    anchor = row.line.anchor(parts[0] if parts else finding.measure)
    return CellPlace(f"{row.line.label}, {measure_label(finding.measure, day)}", anchor)


def _compared_numbers(
    now: Mapping[str, int | None], before: Mapping[str, int | None]
) -> list[ComparedNumber]:
    return [
        ComparedNumber(
            head,
            sum_reported(now.get(part) for part in SUMS[name]),
            sum_reported(before.get(part) for part in SUMS[name]),
        )
        for name, head in COMPARED_SUMS
    ]


def compared_totals(rows: list[CheckRow], past: HistoryWindow, month: Month) -> list[ComparedNumber]:
    """The sums of all rows, against those of the month before over all of its rows."""
    last = month.previous().number
    before = [months[last] for months in past.values() if last in months]
    return [
        ComparedNumber(
            head,
            sum_reported(row.compared[place].now for row in rows),
            sum_reported(values[part] for values in before for part in SUMS[name]),
        )
        for place, (name, head) in enumerate(COMPARED_SUMS)
    ]


@web.requires(Right.ENTER)
def check_page(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the page. POST the grid or reasons: saves them, then redirects to the page."""
    submission = submission_or_404(request.user, pk, Right.ENTER, request.day)
    edition = working_edition_or_404(submission)
    if request.method == "POST":
        _, answer = _save_before_check(request, submission, edition)
        return answer or redirect("records:check", submission.pk)
    if edition.state not in (State.DRAFT, State.RETURNED) or is_locked(submission, edition, clock.now()):
        return redirect("records:submission", submission.pk)
    return _render_check(request, submission, edition)


@submission_action(Right.ENTER)
def send_month(request: HttpRequest, submission: Submission) -> HttpResponse:
    """POST the checked revision, with reasons or the whole grid: saves, and sends when nothing blocks."""
    edition, answer = _save_before_check(request, submission, working_edition_or_404(submission))
    if answer is not None:
        return answer
    try:
        actions.send_edition(edition, by=request.user, at=clock.now(), revision=edition.revision)
    except ActionRefused as refusal:
        if refusal.code == "faults":
            return _render_check(request, submission, edition, refusal=refusal)
        return render_refused(request, submission, refusal, edition=edition)
    messages.success(request, "Đã gửi. Báo cáo đang chờ duyệt.")
    return redirect("records:submission", submission.pk)


def _save_before_check(
    request: HttpRequest, submission: Submission, edition: Edition
) -> tuple[Edition, HttpResponse | None]:
    """Like `save_grid`; where only reasons were posted, errors are shown on the check page."""
    form, edition, answer = save_grid(request, submission, edition)
    if answer is None or form.has_cells or answer.status_code not in (400, 409):
        return edition, answer
    edition.refresh_from_db()
    if edition.state not in (State.DRAFT, State.RETURNED):
        return edition, answer
    words = form.faults() or [f"{edition.saved_by} vừa lưu báo cáo này. Hãy xem lại số mới rồi gửi."]
    return edition, _render_check(
        request, submission, edition, form=form, words=words, status=answer.status_code
    )


def _render_check(
    request: HttpRequest,
    submission: Submission,
    edition: Edition,
    *,
    form: EntryForm | None = None,
    refusal: ActionRefused | None = None,
    words: Iterable[str] = (),
    status: int = 200,
) -> HttpResponse:
    catalogue, month = Catalogue(stored_calendar()), Month.from_number(submission.month)
    span = catalogue.days.span(month)
    day = span.end
    read: dict[str, Any] = {"rows": rows_of_edition(edition), "past": history_window(submission)}
    lines = grid_lines(edition, catalogue, **read)
    findings = checks.check_edition(edition, catalogue, **read)
    rows, general = check_rows(lines, findings, month, day)
    typed = {line.key: text for line in lines if form and (text := form.data.get(line.name("reason")))}
    for row in rows:
        row.reason = typed.get(row.line.key, row.line.reason)
    blocking = sum(finding.blocks for finding in findings)
    context = {
        "found": submission,
        "unit": submission.unit,
        "edition": edition,
        "filled": request.GET.get("da-dien") == str(edition.revision),
        "took_over": opens_from_predecessors(submission.unit, span, read["past"]),
        "last_month": month.previous(),
        "heads": [head for _, head in COMPARED_SUMS],
        "rows": rows,
        "general": general,
        "totals": compared_totals(rows, read["past"], month),
        "to_see": [row for row in rows if row.errors or row.warnings or row.reason],
        "blocking": blocking,
        "warned": len(findings) - blocking,
        "blanks": sum(len(row.blanks) for row in rows),
        "unexplained": bool(refusal) and not blocking,
        "decides": is_allowed(request.user, Right.APPROVE, submission.unit, request.day),
        "words": list(words) + ([refusal.message] if refusal else []),
    }
    return render(request, "records/entry/submit.html", context, status=400 if refusal else status)
