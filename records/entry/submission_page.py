"""The page of one submission: entry for its clerk, decision for its reviewer, counts and lock for all readers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate

from accounts.models import User
from core import clock, web
from core.web import Right
from figures import count_rules
from figures.measures import LABELS, SUMS, measure_label
from figures.periods import Month
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.change_history import resent_cells
from records.errors import ActionRefused, Finding
from records.models import OPEN_STATES, Edition, State, Submission
from records.submissions.checks import check_edition, rows_of_edition
from records.submissions.editability import find_lock
from records.submissions.fetch import editions_of, shown_edition, submission_or_404
from records.submissions.lines import COLUMN_GROUPS, GridLine, MonthReasonForm, grid_lines
from records.submissions.predecessor_openings import opens_from_predecessors
from records.submissions.previous_months import history_window
from spreadsheets.table_writer import TableColumn, TableFile, requested_file
from units.access.queries import approver_of, is_allowed

from . import grid
from .forms import EntryForm
from .grid import blank_cells, client_data

MAX_DECIDED = 3


def lock_context(request: HttpRequest, submission: Submission, newest: Edition) -> dict[str, Any]:
    """Template context: the newest edition's lock, the undecided request, and what the reader may do about them."""
    user, day = request.user, request.day
    lock = find_lock(submission, newest, clock.now(), day)
    requests = list(submission.unlock_requests.all())
    waiting = next((unlock_request for unlock_request in requests if unlock_request.granted is None), None)
    mine = waiting is not None and waiting.requester_id == user.pk
    may_ask = lock is not None and is_allowed(user, Right.ASK_UNLOCK, submission.unit, day)
    decides = waiting is not None and is_allowed(user, Right.APPROVE, submission.unit, day)
    return {
        "lock": lock,
        "may_ask_unlock": may_ask and waiting is None,
        "waiting_unlock": waiting,
        "decides_unlock": decides and not mine,
        "own_unlock": mine,
        "unlock_decider": _may_decide(submission, waiting.requester_id if waiting else user.pk, request)
        if waiting or may_ask
        else "",
        "decided_unlocks": [
            unlock_request for unlock_request in requests if unlock_request.granted is not None
        ][:MAX_DECIDED],
        "open_until": submission.open_until if lock is None else None,
        "unlock_hours": settings.UNLOCK_HOURS,
    }


def _may_decide(submission: Submission, requester: int | None, request: HttpRequest) -> str:
    above = approver_of(submission.unit, request.day, other_than=requester)
    return above.name if above else ""


_FILE_COLUMNS = tuple(
    name for group in COLUMN_GROUPS for name in (*group.measures, *((group.whole,) if group.whole else ()))
)


def month_file(edition: Edition, lines: Iterable, end: date, at: datetime) -> TableFile:
    """The counts of one month as on its page: a row for each field or procedure, sums beside their parts."""
    submission = edition.submission
    month = Month.from_number(submission.month)
    columns = (
        TableColumn("field", "Lĩnh vực", width=34),
        TableColumn("code", "Mã"),
        *(
            TableColumn(name, _column_label(name, end), total=True, parts=SUMS.get(name, ()))
            for name in _FILE_COLUMNS
        ),
        TableColumn("reason", "Lý do", width=40),
    )
    rows = (
        (line.label, line.code, *(_column_value(line.values, name) for name in _FILE_COLUMNS), line.reason)
        for line in lines
    )
    source = [
        ("Đơn vị", f"{submission.unit.name} ({submission.unit.code})"),
        ("Kỳ báo cáo", month.label),
        ("Phạm vi", f"lần {edition.number}: {edition.get_state_display()}"),
        ("Ô trống", "chưa báo cáo, khác với 0"),
        *(
            (LABELS[name], " + ".join(_column_label(part, end).lower() for part in SUMS[name]))
            for name in SUMS
            if name in _FILE_COLUMNS
        ),
    ]
    title = f"Báo cáo {month.label} của {submission.unit.name}"
    return TableFile(f"bao-cao-{submission.unit.code}-{month}", title, columns, rows, at, source)


def _column_label(name: str, end: date) -> str:
    return LABELS[name] if name in SUMS else measure_label(name, end)


def _column_value(values, name: str) -> int | None:
    if name not in SUMS:
        return values[name]
    parts = [values[part] for part in SUMS[name] if values[part] is not None]
    return sum(parts) if parts else None


STATE_CHIPS = {
    State.DRAFT: "draft",
    State.SENT: "wait",
    State.APPROVED: "ok",
    State.RETURNED: "back",
    State.SUPERSEDED: "none",
}
# Refusals because of the state of the month, not of the input.
REFUSAL_STATUS = {"locked": 423} | dict.fromkeys(
    ("stale", "sent", "not_sent", "too_early", "not_expected", "not_locked", "already_requested", "decided"),
    409,
)


@dataclass(frozen=True)
class FindingText:
    """A finding for the page: place (with the id of its row), message, whether it blocks, and the reason."""

    place: str
    anchor: str
    message: str
    blocks: bool
    reason: str = ""


@web.requires(Right.READ)
def submission_page(request: HttpRequest, pk: int) -> HttpResponse:
    """GET; `?lan=2` shows the second edition."""
    submission = submission_or_404(request.user, pk, Right.READ, request.day)
    if file := requested_file(request, {"": lambda: _month_file(request, submission)}):
        return file
    return render_submission(request, submission, number=request.GET.get("lan"))


def _month_file(request: HttpRequest, submission: Submission) -> TableFile:
    """The counts of the edition that the page shows."""
    works = _works_on_it(request, submission)
    edition = shown_edition(editions_of(submission, request.user), request.GET.get("lan"), works_on_it=works)
    if edition is None:
        raise Http404
    days = stored_calendar()
    end = days.span(Month.from_number(submission.month)).end
    edition.submission = submission
    return month_file(edition, grid_lines(edition, Catalogue(days)), end, clock.now())


def render_submission(
    request: HttpRequest,
    submission: Submission,
    *,
    number: str | None = None,
    edition: Edition | None = None,
    form: EntryForm | None = None,
    decision: MonthReasonForm | None = None,
    unlocking: forms.Form | None = None,
    refusal: ActionRefused | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page; after a refused action with its bound form (`form`, `decision`, `unlocking`) and `refusal`."""
    editions = editions_of(submission, request.user)
    if edition is None:
        edition = shown_edition(editions, number, works_on_it=_works_on_it(request, submission))
    # An action's edition as it is stored now, with its `own` mark.
    edition = next((stored for stored in editions if edition is not None and stored.pk == edition.pk), None)
    if edition is None:
        raise Http404
    lock = lock_context(request, submission, editions[-1])
    part = _reader_part(request, submission, edition, locked=lock["lock"] is not None)
    context = {
        "found": submission,
        "unit": submission.unit,
        "edition": edition,
        "chip": STATE_CHIPS[State(edition.state)],
        # The page then offers to undo the filling with zeros.
        "filled": request.GET.get("da-dien") == str(edition.revision),
        "form": form,
        "faults": form.faults() if form is not None else [],
        # Without its revision the form was not saved at all.
        "unsaved": form is not None and "revision" in form.errors,
        "refusal": refusal,
        "decision": decision or MonthReasonForm(),
        "unlocking": unlocking,
        "decider": approver_of(submission.unit, request.day),
        **lock,
        **part,
        **_edition_list(editions, submission, edition, request.day),
        **_grid_context(submission, edition, part, form, request.user),
    }
    return render(request, "records/entry/submission.html", context, status=status)


def _works_on_it(request: HttpRequest, submission: Submission) -> bool:
    rights = (Right.ENTER, Right.APPROVE)
    return any(is_allowed(request.user, right, submission.unit, request.day) for right in rights)


def _reader_part(
    request: HttpRequest, submission: Submission, edition: Edition, *, locked: bool
) -> dict[str, bool]:
    """What the reader may do with this edition now."""
    enters = is_allowed(request.user, Right.ENTER, submission.unit, request.day)
    decides = is_allowed(request.user, Right.APPROVE, submission.unit, request.day)
    deciding = decides and edition.state == State.SENT
    return {
        "enters": enters,
        "typing": enters and not locked and edition.state in (State.DRAFT, State.RETURNED),
        "deciding": deciding,
        "own_part": edition.own if deciding else "",
    }


def _edition_list(
    editions: list[Edition], submission: Submission, shown: Edition, day: date
) -> dict[str, Any]:
    """Template context: the editions, the newest first, with when each counted; days overdue."""
    counted = [edition for edition in editions if edition.state in (State.APPROVED, State.SUPERSEDED)]
    until = {earlier.pk: later.decided_at for earlier, later in pairwise(counted)}
    states = {edition.state for edition in editions}
    unsent = State.APPROVED not in states and State.SENT not in states
    return {
        "editions": [
            {
                "edition": edition,
                "chip": STATE_CHIPS[State(edition.state)],
                "shown": edition.pk == shown.pk,
                "counted": edition in counted,
                "until": until.get(edition.pk),
                "last_day": _last_day(edition, until.get(edition.pk)),
            }
            for edition in reversed(editions)
        ],
        "late_days": (day - submission.due_on).days if unsent else 0,
    }


def _last_day(edition: Edition, until: datetime | None) -> str:
    """The last day (ISO) at whose end a replaced edition counted; "" where there was none."""
    if until is None:
        return ""
    last = localdate(until) - timedelta(1)
    return last.isoformat() if last >= localdate(edition.decided_at) else ""


def _grid_context(
    submission: Submission, edition: Edition, part: dict[str, bool], form: EntryForm | None, reader: User
) -> dict[str, Any]:
    """Template context: the grid and its findings; a bound form is shown as typed in any state."""
    catalogue, month = Catalogue(stored_calendar()), Month.from_number(submission.month)
    span = catalogue.days.span(month)
    read = {"rows": rows_of_edition(edition), "past": history_window(submission)}
    lines = form.lines if form is not None else grid_lines(edition, catalogue, **read)
    findings = (
        check_edition(edition, catalogue, **read) if edition.state in OPEN_STATES and edition.revision else ()
    )
    typing, deciding = part["typing"] or form is not None, part["deciding"]
    sheet = grid.build_grid(
        lines,
        mode="input" if typing else "mark" if deciding else "number",
        day=span.end,
        month=month,
        form=form,
        propose=typing and edition.revision == 0,
        marked=edition.marked_cells if edition.state != State.APPROVED else (),
        findings=findings,
    )
    return {
        "span": span,
        "period": str(month),
        "sheet": sheet,
        "sheet_data": client_data(submission, edition, lines, reader) if typing else None,
        "rules_data": count_rules.rules_as_data(span.end) if typing else None,
        "typing": typing,
        "took_over": opens_from_predecessors(submission.unit, span, read["past"]),
        "told": finding_texts(findings, lines) if deciding else [],
        "blanks": [(line, cells) for line in lines if deciding and (cells := blank_cells(line, span.end))],
        **(resent_cells(edition, lines, span.end) if edition.state == State.SENT else {}),
    }


def render_refused(
    request: HttpRequest, submission: Submission, refusal: ActionRefused, **more: Any
) -> HttpResponse:
    """The page with the refusal of an action, with its HTTP status."""
    return render_submission(
        request, submission, refusal=refusal, status=REFUSAL_STATUS.get(refusal.code, 400), **more
    )


def finding_texts(findings: Sequence[Finding], lines: Sequence[GridLine]) -> list[FindingText]:
    """Findings for a reviewer, in their order, with the labels of their rows; warnings without advice to the clerk."""
    rows = {line.code: (index, line) for index, line in enumerate(lines)}
    listed = []
    for finding in findings:
        code = f"{finding.field}/{finding.procedure}" if finding.procedure else finding.field
        if code not in rows:
            reason = "" if finding.blocks else next((line.reason for line in lines if line.reason), "")
            listed.append(FindingText("Toàn báo cáo", "", _finding_words(finding), finding.blocks, reason))
            continue
        index, line = rows[code]
        # The text of a warning names its cell.
        cell = finding.measure if finding.blocks else None
        label = f"{line.label}, {LABELS[cell].lower()}" if cell else line.label
        reason = "" if finding.blocks else line.reason
        listed.append(FindingText(label, f"dong-{index}", _finding_words(finding), finding.blocks, reason))
    return listed


def _finding_words(finding: Finding) -> str:
    return f"{finding.short}." if finding.short else finding.message
