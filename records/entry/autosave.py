"""Saves some cells while somebody types, as JSON for the page's script (docs/api.md)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, RawPostDataException
from django.utils import timezone

from core import clock
from core.web import Right, problem_response
from figures.formatting import format_count
from figures.measures import MEASURES
from ledger import request_keys
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue, RowKey
from records.errors import ActionRefused, StaleEdition
from records.history import CellChange, CellChanges, changes_since, split_clashes
from records.models import DossierCount, Edition, Submission
from records.submissions import actions
from records.submissions.checks import counts_of_edition
from records.submissions.fetch import submission_action
from records.submissions.lines import GridLine, TypedLines, grid_lines, read_typed_lines
from records.submissions.locks import locked_working_edition

from .submission_page import REFUSAL_STATUS

MAX_KEY_LENGTH = 200
LARGEST_REVISION = 2**31 - 1


@dataclass(frozen=True)
class AutosaveRequest:
    """A request that can be read."""

    key: str
    revision: int
    cells: Mapping[str, str]
    reasons: Mapping[str, str]
    content: str  # SHA-256 of what is asked: the same under one key is the same request

    @property
    def texts(self) -> dict[str, str]:
        """Everything as it was typed, by the name of its box."""
        return {**self.cells, **{f"{code}-reason": text for code, text in self.reasons.items()}}

    @classmethod
    def read(cls, body: bytes) -> "AutosaveRequest":
        """Errors: ValueError."""
        try:
            given = json.loads(body)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        if not isinstance(given, dict):
            raise ValueError("not an object")
        key, revision = given.get("key"), given.get("revision")
        cells, reasons = given.get("cells", {}), given.get("reasons", {})
        plain = isinstance(revision, int) and not isinstance(revision, bool)
        if not (plain and 0 <= revision <= LARGEST_REVISION and _texts(cells) and _texts(reasons)):
            raise ValueError("revision, cells or reasons")
        if not (_text(key) and 0 < len(key) <= MAX_KEY_LENGTH):
            raise ValueError("key")
        content = json.dumps([revision, cells, reasons], sort_keys=True)
        return cls(key, revision, cells, reasons, hashlib.sha256(content.encode()).hexdigest())


@submission_action(Right.ENTER)
def autosave(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST: what can be read is stored under the revision that the page has seen, what cannot comes back with why."""
    try:
        asked = AutosaveRequest.read(request.body)
    except (ValueError, RawPostDataException):
        # The second: a form of several parts, which was read as one before.
        return problem_response(400, "bad_request", "Hệ thống không đọc được yêu cầu này. Hãy tải lại trang.")
    saving = _Autosave(request, found, asked)
    try:
        return _stored(
            *request_keys.run_once(f"{request.user.pk} {request.path}", asked.key, asked.content, saving.done)
        )
    except request_keys.KeyConflict as conflict:
        return problem_response(422, "key_reused", str(conflict))
    except StaleEdition as stale:
        return _stale(stale, saving.lines, saving.typed, asked)
    except ActionRefused as refusal:
        return problem_response(REFUSAL_STATUS.get(refusal.code, 400), refusal.code, refusal.message)


class _Autosave:
    """One saving, within the transaction that its key is kept by: everything is read once, and locked."""

    lines: list[GridLine]
    typed: TypedLines

    def __init__(self, request: HttpRequest, found: Submission, asked: AutosaveRequest) -> None:
        self.request, self.found, self.asked = request, found, asked
        self.catalogue = Catalogue(stored_calendar())

    def done(self) -> request_keys.Answer:
        edition = locked_working_edition(self.found)
        counts = counts_of_edition(edition)
        # What the months before left open is asked for only where the first saving stores it.
        past = None if self.asked.revision == 0 else {}
        self.lines = grid_lines(edition, self.catalogue, rows=counts, past=past)
        self.typed = read_typed_lines(self.lines, self.asked.cells, self.asked.reasons)
        return 200, _save(self, edition, counts)


def _save(saving: _Autosave, edition: Edition, counts: list[DossierCount]) -> dict[str, Any]:
    asked, typed = saving.asked, saving.typed
    rows = {key: dict(values) for key, values in typed.rows.items()}
    saved = [name for name in asked.texts if name not in typed.faults]
    if asked.revision == 0:
        saved += _propose(saving.lines, rows, asked)
    at = clock.now()
    edition = actions.save_locked(
        edition,
        counts,
        saving.catalogue,
        rows,
        by=saving.request.user,
        revision=asked.revision,
        at=at,
        reasons=typed.reasons,
    )
    faults = {name: {"code": code, "message": message} for name, (code, message) in typed.faults.items()}
    return {
        "revision": edition.revision,
        "saved_at": _moment(at if saved else edition.saved_at),
        "saved": saved,
        "faults": faults,
    }


def _propose(
    lines: list[GridLine], rows: dict[RowKey, dict[str, int | None]], asked: AutosaveRequest
) -> list[str]:
    """The page shows what the month before left open as if it had been typed: the first saving stores it."""
    names = []
    for line in lines:
        name = line.name("opening")
        if line.proposed is not None and "opening" in line.served and name not in asked.cells:
            rows.setdefault(line.key, {})["opening"] = line.proposed
            names.append(name)
    return names


def _stale(
    stale: StaleEdition, lines: list[GridLine], typed: TypedLines, asked: AutosaveRequest
) -> HttpResponse:
    """409, nothing stored: the cells that both sides changed with both values, and whatever else changed."""
    edition: Edition = stale.edition
    by_key = {line.key: line for line in lines}
    mine: dict[str, Any] = dict(asked.texts)
    for key, values in typed.rows.items():
        mine |= {by_key[key].name(measure): value for measure, value in values.items()}
    theirs = changes_since(edition.submission, asked.revision, edition.revision)
    if theirs is None:
        theirs = _all_cells(edition)
    both, others = split_clashes(mine, theirs)
    return problem_response(
        409,
        stale.code,
        stale.message,
        revision=edition.revision,
        cells={
            name: {"mine": asked.texts[name], "theirs": _cell_text(change.after), **_who(change)}
            for name, change in both.items()
        },
        others={name: {"value": _cell_text(change.after), **_who(change)} for name, change in others.items()},
    )


def _all_cells(edition: Edition) -> CellChanges:
    """Every cell as it is stored, where the log does not tell which of them changed."""
    by, at = edition.saved_by, edition.saved_at
    return {
        line.name(measure): CellChange(line.code, measure, None, line.values[measure], by, at)
        for line in grid_lines(edition, Catalogue(stored_calendar()))
        for measure in MEASURES
        if measure in line.served
    }


def _who(change: CellChange) -> dict[str, str | None]:
    return {"by": change.by, "at": _moment(change.at)}


def _moment(at: datetime | None) -> str | None:
    return at and timezone.localtime(at).isoformat(timespec="seconds")


def _cell_text(value: int | str | None) -> str:
    return format_count(value) if isinstance(value, int) else value or ""


def _stored(status: int, body: dict[str, Any]) -> HttpResponse:
    return JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False, "sort_keys": True})


def _texts(given: Any) -> bool:
    return isinstance(given, dict) and all(_text(one) for pair in given.items() for one in pair)


def _text(given: Any) -> bool:
    """A text that both databases can keep: no NUL, no half of a surrogate pair."""
    if not isinstance(given, str) or "\0" in given:
        return False
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True
