"""Storing a posted grid, and what its sender is told where that did not go through whole."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cchc_dashboard import clock
from figures.measures import measure_label
from figures.periods import Month
from figures.writing import count
from records import actions
from records.actions import Refused, StaleEdition
from records.forms.grid import EntryForm
from records.models import Edition, FormFile, Submission
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from records.queries.changes import Changes, since
from records.queries.form_files import form_file_of

from .lines import lines_of
from .submission import page, refused


def store(
    request: HttpRequest, found: Submission, edition: Edition
) -> tuple[EntryForm, Edition, HttpResponse | None]:
    """Save what was typed: the edition as this saving left it, and an answer where that did not go through whole."""
    days = calendar()
    end = days.span(Month.from_number(found.month)).end
    form = EntryForm(lines_of(edition, Catalogue(days)), request.POST, day=end)
    form.is_valid()
    revision = form.cleaned_data.get("revision")
    if revision is None:
        return form, edition, page(request, found, edition=edition, form=form, status=400)
    kept, at = _chosen_from(request, found), clock.now()
    save = partial(actions.store_chosen, kept) if kept else actions.save_counts
    try:
        edition = save(
            edition, form.rows(), by=request.user, revision=revision, at=at, reasons=form.reasons()
        )
    except StaleEdition as stale:
        return form, edition, conflict(request, found, form, stale, kept)
    except Refused as refusal:
        return form, edition, refused(request, found, refusal, edition=edition, form=form)
    if form.errors:
        return form, edition, page(request, found, edition=edition, form=form, status=400)
    return form, edition, None


def _chosen_from(request: HttpRequest, found: Submission) -> FormFile | None:
    """The upload whose cells were chosen after a clash: one of the reader's own, of this month, not stored yet."""
    kept = form_file_of(request.POST["file"], request.user, clock.now()) if "file" in request.POST else None
    return kept if kept and kept.submission_id == found.pk and kept.stored_at is None else None


@dataclass(frozen=True)
class Clash:
    """A cell that two people changed: as typed and as stored."""

    place: str
    name: str
    mine: str
    theirs: str
    mine_value: str
    theirs_value: str
    by: str
    at: datetime | None


@dataclass(frozen=True)
class ReasonTyped:
    """A reason that is not stored as it was typed; `theirs` is what is stored."""

    label: str
    name: str
    text: str
    theirs: str


def conflict(
    request: HttpRequest,
    found: Submission,
    form: EntryForm,
    stale: StaleEdition,
    kept: FormFile | None = None,
) -> HttpResponse:
    """409, nothing overwritten: both values of every cell that both sides changed, to choose from, with who and when.
    What only the sender changed goes along with the choice; what only the others changed stays as they left it.
    `kept`: the upload that the sender's values came from.
    """
    clashes, own = _sides(form, stale, since(found, form.cleaned_data["revision"], stale.edition.revision))
    context = {
        "found": found,
        "unit": found.unit,
        "edition": stale.edition,
        "clashes": clashes,
        "own": own,
        "reasons": _reasons_typed(form),
        "unread": form.faults(),
        # Go back to their boxes with their messages once the choice is saved.
        "unread_cells": [(name, form.data[name]) for name in form.errors if name in form.data],
        "message": stale.message,
        "kept": kept,
    }
    return render(request, "records/conflict.html", context, status=409)


def _sides(
    form: EntryForm, stale: StaleEdition, theirs: Changes | None
) -> tuple[list[Clash], list[tuple[str, str]]]:
    """The cells that both changed, and those that only the sender did, as typed. `theirs`: what others changed since;
    None where that is not known, and then every cell that differs is a clash.
    """
    lines = {line.key: line for line in form.lines}
    clashes, own = [], []
    for key, cells in stale.cells.items():
        for measure, (mine, stored) in cells.items():
            name = lines[key].name(measure)
            change = theirs.get(name) if theirs is not None else None
            if theirs is not None and change is None:
                own.append((name, _typed(mine)))
            elif change is None or mine != change.before:
                place = f"{lines[key].label}: {measure_label(measure, form.day)}"
                edition = stale.edition
                last = (change.by, change.at) if change else (edition.saved_by, edition.saved_at)
                values = count(mine), count(stored), _typed(mine), _typed(stored)
                clashes.append(Clash(place, name, *values, *last))
    return clashes, own


def _typed(value: int | None) -> str:
    return "" if value is None else str(value)


def _reasons_typed(form: EntryForm) -> list[ReasonTyped]:
    """The lines of the form hold what is stored now."""
    stored = {line.key: line for line in form.lines}
    return [
        ReasonTyped(line.label, line.name("reason"), typed or line.reason, line.reason)
        for key, typed in form.reasons().items()
        if (line := stored[key]).reason != typed.strip()
    ]
