"""What the page's own script saves while somebody types: some cells of a month, as JSON (docs/api.md)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, RawPostDataException
from django.utils import timezone

from cchc_dashboard import clock
from figures.measures import MEASURES
from figures.writing import count
from ledger import keys
from records.actions import Refused, StaleEdition, entry
from records.actions.common import worked_on
from records.forms.lines import Line, Typed, read_typed
from records.models import DossierCount, Edition, Submission
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from records.queries.changes import Change, Changes, clash, since
from records.queries.checks import counts_of
from records.queries.past import RowKey
from units.access import Right
from units.problems import problem

from .fetch import acting
from .lines import lines_of
from .submission import STATUS

LONGEST_KEY = 200
LARGEST_REVISION = 2**31 - 1


@dataclass(frozen=True)
class Asked:
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
    def read(cls, body: bytes) -> "Asked":
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
        if not (_text(key) and 0 < len(key) <= LONGEST_KEY):
            raise ValueError("key")
        content = json.dumps([revision, cells, reasons], sort_keys=True)
        return cls(key, revision, cells, reasons, hashlib.sha256(content.encode()).hexdigest())


@acting(Right.ENTER)
def cells(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST: what can be read is stored under the revision that the page has seen, what cannot comes back with why."""
    try:
        asked = Asked.read(request.body)
    except (ValueError, RawPostDataException):
        # The second: a form of several parts, which was read as one before.
        return problem(400, "bad_request", "Hệ thống không đọc được yêu cầu này. Hãy tải lại trang.")
    saving = _Saving(request, found, asked)
    try:
        return _stored(*keys.once(f"{request.user.pk} {request.path}", asked.key, asked.content, saving.done))
    except keys.KeyConflict as conflict:
        return problem(422, "key_reused", str(conflict))
    except StaleEdition as stale:
        return _stale(stale, saving.lines, saving.typed, asked)
    except Refused as refusal:
        return problem(STATUS.get(refusal.code, 400), refusal.code, refusal.message)


class _Saving:
    """One saving, within the transaction that its key is kept by: everything is read once, and locked."""

    lines: list[Line]
    typed: Typed

    def __init__(self, request: HttpRequest, found: Submission, asked: Asked) -> None:
        self.request, self.found, self.asked = request, found, asked
        self.catalogue = Catalogue(calendar())

    def done(self) -> keys.Answer:
        edition = worked_on(self.found)
        counts = counts_of(edition)
        # What the months before left open is asked for only where the first saving stores it.
        past = None if self.asked.revision == 0 else {}
        self.lines = lines_of(edition, self.catalogue, rows=counts, past=past)
        self.typed = read_typed(self.lines, self.asked.cells, self.asked.reasons)
        return 200, _save(self, edition, counts)


def _save(saving: _Saving, edition: Edition, counts: list[DossierCount]) -> dict[str, Any]:
    asked, typed = saving.asked, saving.typed
    rows = {key: dict(values) for key, values in typed.rows.items()}
    saved = [name for name in asked.texts if name not in typed.faults]
    if asked.revision == 0:
        saved += _propose(saving.lines, rows, asked)
    at = clock.now()
    edition = entry.save_in_hand(
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


def _propose(lines: list[Line], rows: dict[RowKey, dict[str, int | None]], asked: Asked) -> list[str]:
    """The page shows what the month before left open as if it had been typed: the first saving stores it."""
    names = []
    for line in lines:
        name = line.name("opening")
        if line.proposed is not None and "opening" in line.served and name not in asked.cells:
            rows.setdefault(line.key, {})["opening"] = line.proposed
            names.append(name)
    return names


def _stale(stale: StaleEdition, lines: list[Line], typed: Typed, asked: Asked) -> HttpResponse:
    """409, nothing stored: the cells that both sides changed with both values, and whatever else changed."""
    edition: Edition = stale.edition
    by_key = {line.key: line for line in lines}
    mine: dict[str, Any] = dict(asked.texts)
    for key, values in typed.rows.items():
        mine |= {by_key[key].name(measure): value for measure, value in values.items()}
    theirs = since(edition.submission, asked.revision, edition.revision)
    if theirs is None:
        theirs = _everything(edition)
    both, others = clash(mine, theirs)
    return problem(
        409,
        stale.code,
        stale.message,
        revision=edition.revision,
        cells={
            name: {"mine": asked.texts[name], "theirs": _written(change.after), **_who(change)}
            for name, change in both.items()
        },
        others={name: {"value": _written(change.after), **_who(change)} for name, change in others.items()},
    )


def _everything(edition: Edition) -> Changes:
    """Every cell as it is stored, where the log does not tell which of them changed."""
    by, at = edition.saved_by, edition.saved_at
    return {
        line.name(measure): Change(line.code, measure, None, line.values[measure], by, at)
        for line in lines_of(edition, Catalogue(calendar()))
        for measure in MEASURES
        if measure in line.served
    }


def _who(change: Change) -> dict[str, str | None]:
    return {"by": change.by, "at": _moment(change.at)}


def _moment(at: datetime | None) -> str | None:
    return at and timezone.localtime(at).isoformat(timespec="seconds")


def _written(value: int | str | None) -> str:
    return count(value) if isinstance(value, int) else value or ""


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
