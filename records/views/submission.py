"""The page of one submission: entry for its clerk, decision for its reviewer, all numbers with who and when for
every reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate

from cchc_dashboard import clock
from figures import rules
from figures.measures import LABELS
from figures.periods import Month
from records.actions import Refused
from records.forms.grid import EntryForm
from records.forms.lines import Line
from records.forms.reasons import ReasonForm
from records.models import OPEN_STATES, Edition, State, Submission
from records.outlets.lists import month_file
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from records.queries.checks import Finding, check, rows_of
from records.queries.past import past_of
from records.queries.taken_over import took_over
from units import access, answering
from units.access import Right
from units.models import User
from units.tablefile import TableFile, file_of

from . import grid
from .changed import changed
from .checked import blanks_of
from .fetch import editions_of, shown_edition, submission_for
from .lines import lines_of
from .locked import lock_part
from .sheet import sheet_data

CHIPS = {
    State.DRAFT: "draft",
    State.SENT: "wait",
    State.APPROVED: "ok",
    State.RETURNED: "back",
    State.SUPERSEDED: "none",
}
# Codes of refusals that are about the state of the month and not about what was typed.
STATUS = {"locked": 423} | dict.fromkeys(
    ("stale", "sent", "not_sent", "too_early", "not_expected", "not_locked", "already_requested", "decided"),
    409,
)


@dataclass(frozen=True)
class Told:
    """A finding as the page lists it: where (with the number of the row to go to), what, and whether it blocks."""

    place: str
    anchor: str
    message: str
    blocks: bool
    reason: str = ""


@access.requires(Right.READ)
def submission(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the submission; `?lan=2` shows its second edition."""
    found = submission_for(request.user, pk, Right.READ, request.day)
    if file := file_of(request, {"": lambda: _file(request, found)}):
        return file
    return page(request, found, number=request.GET.get("lan"))


def _file(request: HttpRequest, found: Submission) -> TableFile:
    """The numbers of the edition that the page shows."""
    works = _works_on_it(request, found)
    edition = shown_edition(editions_of(found, request.user), request.GET.get("lan"), works_on_it=works)
    if edition is None:
        raise Http404
    days = calendar()
    end = days.span(Month.from_number(found.month)).end
    edition.submission = found
    return month_file(edition, lines_of(edition, Catalogue(days)), end, clock.now())


def page(
    request: HttpRequest,
    found: Submission,
    *,
    number: str | None = None,
    edition: Edition | None = None,
    form: EntryForm | None = None,
    decision: ReasonForm | None = None,
    unlocking: forms.Form | None = None,
    refusal: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    """Draw the page; after an act that was refused with what was typed (`form`, `decision`, `unlocking`) and why
    (`refusal`).
    """
    editions = editions_of(found, request.user)
    if edition is None:
        edition = shown_edition(editions, number, works_on_it=_works_on_it(request, found))
    # The one that an act worked on, as it is stored now.
    edition = next((one for one in editions if edition is not None and one.pk == edition.pk), None)
    if edition is None:
        raise Http404
    lock = lock_part(request, found, editions[-1])
    part = _part(request, found, edition, locked=lock["lock"] is not None)
    context = {
        "found": found,
        "unit": found.unit,
        "edition": edition,
        "chip": CHIPS[State(edition.state)],
        # Just filled with zeros: that saving can be undone with one click.
        "filled": request.GET.get("da-dien") == str(edition.revision),
        "form": form,
        "faults": form.faults() if form is not None else [],
        # A form without its revision is stored nowhere.
        "unsaved": form is not None and "revision" in form.errors,
        "refusal": refusal,
        "decision": decision or ReasonForm(),
        "unlocking": unlocking,
        "decider": answering.approver_of(found.unit, request.day),
        **lock,
        **part,
        **_editions(editions, found, edition, request.day),
        **_figures(found, edition, part, form, request.user),
    }
    return render(request, "records/submission.html", context, status=status)


def _works_on_it(request: HttpRequest, found: Submission) -> bool:
    rights = (Right.ENTER, Right.APPROVE)
    return any(access.allowed(request.user, right, found.unit, request.day) for right in rights)


def _part(request: HttpRequest, found: Submission, edition: Edition, *, locked: bool) -> dict[str, bool]:
    """What the reader may do with this edition now."""
    enters = access.allowed(request.user, Right.ENTER, found.unit, request.day)
    decides = access.allowed(request.user, Right.APPROVE, found.unit, request.day)
    deciding = decides and edition.state == State.SENT
    return {
        "enters": enters,
        "typing": enters and not locked and edition.state in (State.DRAFT, State.RETURNED),
        "deciding": deciding,
        "own_part": edition.own if deciding else "",
    }


def _editions(editions: list[Edition], found: Submission, shown: Edition, day: date) -> dict[str, Any]:
    """Every edition with its acts and when it counted, the newest first; how late the month is."""
    counted = [one for one in editions if one.state in (State.APPROVED, State.SUPERSEDED)]
    until = {one.pk: later.decided_at for one, later in pairwise(counted)}
    states = {one.state for one in editions}
    owed = State.APPROVED not in states and State.SENT not in states
    return {
        "editions": [
            {
                "edition": one,
                "chip": CHIPS[State(one.state)],
                "shown": one.pk == shown.pk,
                "counted": one in counted,
                "until": until.get(one.pk),
                "last_day": _last_day(one, until.get(one.pk)),
            }
            for one in reversed(editions)
        ],
        "late_days": (day - found.due_on).days if owed else 0,
    }


def _last_day(one: Edition, until: datetime | None) -> str:
    """The last day at whose end a replaced edition counted, as an address has it; "" where there was none."""
    if until is None:
        return ""
    last = localdate(until) - timedelta(1)
    return last.isoformat() if last >= localdate(one.decided_at) else ""


def _figures(
    found: Submission, edition: Edition, part: dict[str, bool], form: EntryForm | None, reader: User
) -> dict[str, Any]:
    """The grid and what is odd in it; a bound form is shown as typed whatever the state has become."""
    catalogue, month = Catalogue(calendar()), Month.from_number(found.month)
    span = catalogue.days.span(month)
    read = {"rows": rows_of(edition), "past": past_of(found)}
    lines = form.lines if form is not None else lines_of(edition, catalogue, **read)
    findings = check(edition, catalogue, **read) if edition.state in OPEN_STATES and edition.revision else ()
    typing, deciding = part["typing"] or form is not None, part["deciding"]
    sheet = grid.build(
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
        "sheet_data": sheet_data(found, edition, lines, reader) if typing else None,
        "rules_data": rules.as_data(span.end) if typing else None,
        "typing": typing,
        "took_over": took_over(found.unit, span, read["past"]),
        "told": told(findings, lines) if deciding else [],
        "blanks": [(line, cells) for line in lines if deciding and (cells := blanks_of(line, span.end))],
        **(changed(edition, lines, span.end) if edition.state == State.SENT else {}),
    }


def refused(request: HttpRequest, found: Submission, refusal: Refused, **more: Any) -> HttpResponse:
    """The page with what an action refused, under the status that fits."""
    return page(request, found, refusal=refusal, status=STATUS.get(refusal.code, 400), **more)


def told(findings: Sequence[Finding], lines: Sequence[Line]) -> list[Told]:
    """Findings as a reviewer reads them, with the names of their rows; what blocks comes first, as the check gives it.
    Warnings are without advice to who entered the numbers.
    """
    rows = {line.code: (index, line) for index, line in enumerate(lines)}
    listed = []
    for one in findings:
        code = f"{one.field}/{one.procedure}" if one.procedure else one.field
        if code not in rows:
            reason = "" if one.blocks else next((line.reason for line in lines if line.reason), "")
            listed.append(Told("Toàn báo cáo", "", _words(one), one.blocks, reason))
            continue
        index, line = rows[code]
        # A warning names its cell itself.
        cell = one.measure if one.blocks else None
        label = f"{line.label}, {LABELS[cell].lower()}" if cell else line.label
        reason = "" if one.blocks else line.reason
        listed.append(Told(label, f"dong-{index}", _words(one), one.blocks, reason))
    return listed


def _words(one: Finding) -> str:
    return f"{one.short}." if one.short else one.message
