"""Saves cells while the clerk types; JSON for the page's script (docs/api.md)."""

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
from records.change_history import CellChange, CellChanges, changes_since, split_clashes
from records.errors import ActionRefused, StaleEdition
from records.models import DossierCount, Edition, Submission
from records.submissions import actions
from records.submissions.checks import counts_of_edition
from records.submissions.editability import locked_working_edition
from records.submissions.fetch import submission_action
from records.submissions.lines import GridLine, TypedLines, grid_lines, read_typed_lines

from .submission_page import REFUSAL_STATUS

MAX_KEY_LENGTH = 200
LARGEST_REVISION = 2**31 - 1


@dataclass(frozen=True)
class AutosaveRequest:
    """A parsed request."""

    key: str
    revision: int
    cells: Mapping[str, str]
    reasons: Mapping[str, str]
    content: str  # SHA-256 of revision, cells and reasons: identifies a repeated request

    @property
    def texts(self) -> dict[str, str]:
        """All typed texts by input name."""
        return {**self.cells, **{f"{code}-reason": text for code, text in self.reasons.items()}}

    @classmethod
    def read(cls, body: bytes) -> "AutosaveRequest":
        """Errors: ValueError."""
        try:
            data = json.loads(body)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        if not isinstance(data, dict):
            raise ValueError("not an object")
        key, revision = data.get("key"), data.get("revision")
        cells, reasons = data.get("cells", {}), data.get("reasons", {})
        plain = isinstance(revision, int) and not isinstance(revision, bool)
        if not (
            plain
            and 0 <= revision <= LARGEST_REVISION
            and _is_text_mapping(cells)
            and _is_text_mapping(reasons)
        ):
            raise ValueError("revision, cells or reasons")
        if not (_is_text(key) and 0 < len(key) <= MAX_KEY_LENGTH):
            raise ValueError("key")
        content = json.dumps([revision, cells, reasons], sort_keys=True)
        return cls(key, revision, cells, reasons, hashlib.sha256(content.encode()).hexdigest())


@submission_action(Right.ENTER)
def autosave(request: HttpRequest, submission: Submission) -> HttpResponse:
    """POST: valid cells are stored if the page's revision is current; invalid ones come back with their faults."""
    try:
        parsed = AutosaveRequest.read(request.body)
    except (ValueError, RawPostDataException):
        # RawPostDataException: a multipart body, which a middleware has read.
        return problem_response(400, "bad_request", "Hệ thống không đọc được yêu cầu này. Hãy tải lại trang.")
    saving = _Autosave(request, submission, parsed)
    try:
        return _json_response(
            *request_keys.run_once(
                f"{request.user.pk} {request.path}", parsed.key, parsed.content, saving.save
            )
        )
    except request_keys.KeyConflict as conflict:
        return problem_response(422, "key_reused", str(conflict))
    except StaleEdition as stale:
        return _conflict_response(stale, saving.lines, saving.typed, parsed)
    except ActionRefused as refusal:
        return problem_response(REFUSAL_STATUS.get(refusal.code, 400), refusal.code, refusal.message)


class _Autosave:
    """One saving, within the transaction that stores its key; everything is read once, under the lock."""

    lines: list[GridLine]
    typed: TypedLines

    def __init__(self, request: HttpRequest, submission: Submission, parsed: AutosaveRequest) -> None:
        self.request, self.submission, self.parsed = request, submission, parsed
        self.catalogue = Catalogue(stored_calendar())

    def save(self) -> request_keys.Answer:
        edition = locked_working_edition(self.submission)
        counts = counts_of_edition(edition)
        # The months before are needed only for the openings that the first saving stores.
        past = None if self.parsed.revision == 0 else {}
        self.lines = grid_lines(edition, self.catalogue, rows=counts, past=past)
        self.typed = read_typed_lines(self.lines, self.parsed.cells, self.parsed.reasons)
        return 200, _save(self, edition, counts)


def _save(saving: _Autosave, edition: Edition, counts: list[DossierCount]) -> dict[str, Any]:
    parsed, typed = saving.parsed, saving.typed
    rows = {key: dict(values) for key, values in typed.rows.items()}
    saved = [name for name in parsed.texts if name not in typed.faults]
    if parsed.revision == 0:
        saved += _add_proposed_openings(saving.lines, rows, parsed)
    at = clock.now()
    edition = actions.save_locked(
        edition,
        counts,
        saving.catalogue,
        rows,
        by=saving.request.user,
        revision=parsed.revision,
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


def _add_proposed_openings(
    lines: list[GridLine], rows: dict[RowKey, dict[str, int | None]], parsed: AutosaveRequest
) -> list[str]:
    """Add the proposed openings, which the page shows as if typed; returns the names of their cells."""
    names = []
    for line in lines:
        name = line.name("opening")
        if line.proposed is not None and "opening" in line.served and name not in parsed.cells:
            rows.setdefault(line.key, {})["opening"] = line.proposed
            names.append(name)
    return names


def _conflict_response(
    stale: StaleEdition, lines: list[GridLine], typed: TypedLines, parsed: AutosaveRequest
) -> HttpResponse:
    """409, nothing stored: both values of each conflicting cell, and the other changes."""
    edition: Edition = stale.edition
    by_key = {line.key: line for line in lines}
    mine: dict[str, Any] = dict(parsed.texts)
    for key, values in typed.rows.items():
        mine |= {by_key[key].name(measure): value for measure, value in values.items()}
    theirs = changes_since(edition.submission, parsed.revision, edition.revision)
    if theirs is None:
        theirs = _all_cells(edition)
    both, others = split_clashes(mine, theirs)
    return problem_response(
        409,
        stale.code,
        stale.message,
        revision=edition.revision,
        cells={
            name: {"mine": parsed.texts[name], "theirs": _cell_text(change.after), **_author(change)}
            for name, change in both.items()
        },
        others={
            name: {"value": _cell_text(change.after), **_author(change)} for name, change in others.items()
        },
    )


def _all_cells(edition: Edition) -> CellChanges:
    """Every stored cell, for when the log does not show which of them changed."""
    by, at = edition.saved_by, edition.saved_at
    return {
        line.name(measure): CellChange(line.code, measure, None, line.values[measure], by, at)
        for line in grid_lines(edition, Catalogue(stored_calendar()))
        for measure in MEASURES
        if measure in line.served
    }


def _author(change: CellChange) -> dict[str, str | None]:
    return {"by": change.by, "at": _moment(change.at)}


def _moment(at: datetime | None) -> str | None:
    return at and timezone.localtime(at).isoformat(timespec="seconds")


def _cell_text(value: int | str | None) -> str:
    return format_count(value) if isinstance(value, int) else value or ""


def _json_response(status: int, body: dict[str, Any]) -> HttpResponse:
    return JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False, "sort_keys": True})


def _is_text_mapping(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_text(text) for pair in value.items() for text in pair)


def _is_text(value: Any) -> bool:
    """Whether both databases can store it: no NUL, no lone surrogate."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
