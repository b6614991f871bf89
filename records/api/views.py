"""`/api/v1/`: periods, catalogue, the list of months, and one month read or saved under a known revision."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest, RawPostDataException

from core import clock
from core.web import Right
from figures.periods import Calendar, Month, Period, PeriodError
from ledger import request_keys
from records.calendar.queries import DueDates, due_date, stored_calendar
from records.catalogue import Catalogue
from records.entry.submission_page import REFUSAL_STATUS
from records.errors import ActionRefused, Finding, StaleEdition
from records.models import (
    OPEN_STATES,
    Edition,
    Field,
    FieldScope,
    Procedure,
    ProcedureScope,
    State,
    Submission,
)
from records.submissions import actions, locks, payload
from records.submissions.checks import check_edition, counts_of_edition, rows_of_edition
from records.submissions.history_window import history_window
from records.submissions.lines import GridLine, grid_lines
from records.submissions.locks import FROM_API, find_lock
from units import api
from units.access.queries import visible_units
from units.models import System, Tier, TokenScope, Unit

from .forms import CountsBody, SentRowReader, SentRows, UnreadableBody, read_counts_body

# Months that are told where nobody asks for others: the running one and those before it.
DEFAULT_MONTHS = 24
MAX_PERIOD_MONTHS = 120


@api.endpoint(TokenScope.FIGURES)
def periods(request: HttpRequest) -> dict[str, Any]:
    """The reporting months of `period` with their first and last day, and when each tier's reports are due."""
    api.allow_parameters(request, ("period", "cursor", "limit"))
    days = stored_calendar()
    cursor = api.PageCursor.read(request, "periods")
    months = [month for month in _months(request, days) if month.number > cursor.after][: cursor.limit + 1]
    due = DueDates(days)
    return cursor.page(request, [(month.number, _month_payload(month, days, due)) for month in months])


def _months(request: HttpRequest, days: Calendar) -> tuple[Month, ...]:
    code = request.GET.get("period", "")
    if not code:
        now = days.month_of(request.day)
        return Month.range(now.plus(1 - DEFAULT_MONTHS), now)
    try:
        months = Period.parse(code).months
        days.span(months[0]), days.span(months[-1])
    except PeriodError as error:
        raise api.ApiProblem(400, "bad_period", str(error)) from error
    if len(months) > MAX_PERIOD_MONTHS:
        raise api.ApiProblem(400, "bad_period", f"Kỳ quá dài: nhiều nhất {MAX_PERIOD_MONTHS} tháng.")
    return months


def _month_payload(month: Month, days: Calendar, due: DueDates) -> dict[str, Any]:
    span = days.span(month)
    return {
        "code": str(month),
        "from": span.start.isoformat(),
        "to": span.end.isoformat(),
        "irregular": span.irregular,
        "due_on": {tier: due.of(tier, month).isoformat() for tier in Tier.values},
    }


@api.endpoint(TokenScope.FIGURES)
def fields(request: HttpRequest) -> dict[str, Any]:
    """The fields of the catalogue: for which tiers, through which channels, from when to when."""
    return _list_response(request, "fields", Field.objects.prefetch_related("scopes"), _field_payload)


@api.endpoint(TokenScope.FIGURES)
def procedures(request: HttpRequest) -> dict[str, Any]:
    """The procedures of the catalogue, each with its field."""
    found = Procedure.objects.select_related("field").prefetch_related("scopes")
    return _list_response(request, "procedures", found, _procedure_payload)


def _list_response(request: HttpRequest, of: str, found: QuerySet, told) -> dict[str, Any]:
    api.allow_parameters(request, ("cursor", "limit"))
    cursor = api.PageCursor.read(request, of)
    rows = found.filter(pk__gt=cursor.after).order_by("pk")[: cursor.limit + 1]
    return cursor.page(request, [(row.pk, told(row)) for row in rows])


def _field_payload(field: Field) -> dict[str, Any]:
    return {
        "code": field.code,
        "name": field.name,
        "order": field.order,
        "scopes": [_scope_payload(one) for one in _in_order(field.scopes.all())],
    }


def _procedure_payload(procedure: Procedure) -> dict[str, Any]:
    return {
        "code": procedure.code,
        "name": procedure.name,
        "field": procedure.field.code,
        "scopes": [
            _scope_payload(one) | {"online_level": one.online_level or None, "posted": one.posted}
            for one in _in_order(procedure.scopes.all())
        ],
    }


def _in_order(scopes: Iterable[FieldScope | ProcedureScope]) -> list[FieldScope | ProcedureScope]:
    return sorted(scopes, key=lambda one: (one.valid_from, one.pk))


def _scope_payload(scope: FieldScope | ProcedureScope) -> dict[str, Any]:
    """`tier` and `channels` are null where the row leaves them open: all of them, or those of the field."""
    return {
        "tier": scope.tier or None,
        "channels": scope.channels.split() or None,
        "valid_from": scope.valid_from.isoformat(),
        "valid_until": scope.valid_until.isoformat() if scope.valid_until else None,
    }


def month_payload(
    found: Submission,
    shown: Edition | None,
    editions: Sequence[Edition],
    catalogue: Catalogue,
    *,
    at: datetime,
    day: date,
) -> dict[str, Any]:
    """State, lock, rows with what they may hold, totals, and what is wrong or odd while it can be changed. A month that
    was not opened has the rows that it will have. A fixed number of queries.
    """
    past = history_window(found)
    edition = shown or Edition(submission=found, number=0)
    edition.submission = found
    rows = rows_of_edition(edition) if shown else []
    is_open = shown is not None and shown.state in OPEN_STATES
    lock = find_lock(found, editions[-1], at, day) if editions else None
    return payload.state_payload(found, shown, payload.edition_in_force(editions), day) | {
        "lock": {"code": lock.code, "since": payload.moment_text(lock.since), "detail": lock.words}
        if lock
        else None,
        "rows": [_line_payload(line) for line in grid_lines(edition, catalogue, rows=rows, past=past)],
        "totals": payload.totals_payload(edition),
        "findings": [
            payload.finding_payload(one) for one in check_edition(edition, catalogue, rows=rows, past=past)
        ]
        if is_open
        else [],
    }


def _line_payload(line: GridLine) -> dict[str, Any]:
    """The row, and beside it what it may hold and what the month before left open."""
    field, _, procedure = line.code.partition("/") if line.of_procedure else (line.code, "", "")
    return payload.row_payload(field, procedure or None, line.values, line.reason) | {
        "served": sorted(line.served),
        "proposed_opening": line.proposed,
    }


MAX_KEY_LENGTH = 200
FAULTS_MESSAGE = "Số liệu có lỗi nên chưa lưu gì. Xem errors."


def save_submission(request: HttpRequest, unit: Unit, month: Month) -> dict[str, Any]:
    """What is stored afterwards, told once more to whoever repeats the request under its key. Errors: Problem."""
    key, body = _request_key(request), _body(request)
    saving = _ApiSaving(request, unit, month, read_json_body(body))
    who = f"token {request.user.token.pk}" if isinstance(request.user, System) else f"{request.user.pk}"
    content = hashlib.sha256(body).hexdigest()
    try:
        return request_keys.run_once(f"{who} PUT {unit.pk} {month}", key, content, saving.done)[1]
    except request_keys.KeyConflict as conflict:
        raise api.ApiProblem(422, "key_reused", str(conflict)) from conflict
    except StaleEdition as stale:
        raise api.ApiProblem(409, stale.code, stale.message, **saving.clash(stale)) from stale
    except ActionRefused as refusal:
        status = REFUSAL_STATUS.get(refusal.code, 422)
        found = [saving.error(finding) for finding in refusal.findings]
        raise api.ApiProblem(
            status, refusal.code, refusal.message, **({"errors": found} if found else {})
        ) from refusal


def _request_key(request: HttpRequest) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not (key.isascii() and key.isprintable() and 0 < len(key) <= MAX_KEY_LENGTH):
        told = f"Thiếu tiêu đề Idempotency-Key, hoặc không phải 1 đến {MAX_KEY_LENGTH} chữ và số thường."
        raise api.ApiProblem(400, "bad_key", told)
    return key


def _body(request: HttpRequest) -> bytes:
    if request.content_type != "application/json":
        raise api.ApiProblem(415, "not_json", "Gửi nội dung kiểu application/json.")
    try:
        return request.body
    except RawPostDataException as error:
        raise api.ApiProblem(400, "bad_request", "Hệ thống không đọc được yêu cầu này.") from error


def read_json_body(body: bytes) -> CountsBody:
    """Errors: Problem."""
    try:
        return read_counts_body(body)
    except UnreadableBody as error:
        raise api.ApiProblem(400, "bad_request", str(error), pointer=error.pointer) from error


class _ApiSaving:
    """One saving, within the transaction that its key is kept by."""

    def __init__(self, request: HttpRequest, unit: Unit, month: Month, body: CountsBody) -> None:
        self.request, self.unit, self.month, self.body = request, unit, month, body
        self.days = stored_calendar()
        self.catalogue = Catalogue(self.days)
        self.read: SentRows = SentRowReader(unit, month, self.catalogue).read(body.rows)

    def done(self) -> request_keys.Answer:
        by, at = self.request.user, clock.now()
        locks.must_have_ended(self.month, self.days, self.request.day)
        found = actions.open_submission(self.unit, self.month, by=by, at=at, days=self.days)
        found.unit = self.unit
        edition = locks.locked_working_edition(found)
        if self.read.faults:
            self._refuse()
        edition = actions.save_locked(
            edition,
            counts_of_edition(edition),
            self.catalogue,
            self.read.rows,
            by=by,
            revision=self.body.revision,
            at=at,
            reasons=self.read.reasons,
            way=FROM_API,
        )
        if self.body.send:
            edition = actions.send_edition(edition, by=by, at=at)
        editions = list(found.editions.order_by("number"))
        return 200, month_payload(found, edition, editions, self.catalogue, at=at, day=self.request.day)

    def _refuse(self) -> None:
        errors = [
            {"pointer": pointer, "measure": fault.measure, "code": fault.code, "message": fault.message}
            for pointer, fault in self.read.faults
        ]
        raise api.ApiProblem(422, "faults", FAULTS_MESSAGE, errors=errors)

    def error(self, found: Finding) -> dict[str, Any]:
        """A finding, with where it stands in the body: nowhere, where the row was stored before."""
        pointer = self.read.pointers.get((found.field, found.procedure), "")
        if pointer and found.measure:
            pointer += f"/counts/{found.measure}"
        return {"pointer": pointer, **payload.finding_payload(found)}

    def clash(self, stale: StaleEdition) -> dict[str, Any]:
        """Both values of every cell that differs, and the revision to go on from."""
        edition: Edition = stale.edition
        by, at = edition.saved_by, payload.moment_text(edition.saved_at)
        cells = [
            {**self._place(key), "measure": name, "mine": mine, "theirs": theirs, "by": by, "at": at}
            for key, values in stale.cells.items()
            for name, (mine, theirs) in values.items()
        ]
        return {"revision": edition.revision, "cells": cells}

    def _place(self, key: tuple[int, int | None]) -> dict[str, str | None]:
        field, procedure = key
        code = self.catalogue.procedures[procedure].code if procedure else None
        return {"field": self.catalogue.fields[field].code, "procedure": code}


PARAMETERS = ("unit", "month", "state", "cursor", "limit")


@api.endpoint(TokenScope.SUBMISSIONS)
def submissions(request: HttpRequest) -> dict[str, Any]:
    """Months that were opened, in the order of their numbers: of `unit` and below, of a `month`, in a `state`."""
    api.allow_parameters(request, PARAMETERS)
    cursor = api.PageCursor.read(request, "submissions")
    editions = Prefetch("editions", Edition.objects.order_by("number"), to_attr="all_editions")
    found = _query(request).filter(pk__gt=cursor.after).order_by("pk")
    found = found.select_related("unit").prefetch_related(editions)[: cursor.limit + 1]
    return cursor.page(request, [(one.pk, _state(request, one, one.all_editions)) for one in found])


def _query(request: HttpRequest) -> QuerySet:
    given = request.GET
    units = visible_units(request.user, request.day)
    if code := given.get("unit"):
        units = units.under(api.unit_on(request, code, Right.READ, request.day))
    found = Submission.objects.filter(unit__in=units)
    if month := given.get("month"):
        found = found.filter(month=_month_or_problem(month).number)
    if state := given.get("state"):
        if state not in State.values:
            told = f"Không có trạng thái “{state[:40]}”. Dùng: {', '.join(State.values)}."
            raise api.ApiProblem(400, "bad_state", told)
        later = Edition.objects.filter(submission=OuterRef("submission"), number__gt=OuterRef("number"))
        found = found.filter(pk__in=Edition.objects.filter(~Exists(later), state=state).values("submission"))
    return found


def _state(request: HttpRequest, found: Submission, editions: list[Edition]) -> dict[str, Any]:
    newest = editions[-1] if editions else None
    return payload.state_payload(found, newest, payload.edition_in_force(editions), request.day)


@api.endpoint(TokenScope.SUBMISSIONS, methods=("GET", "PUT"))
def submission(request: HttpRequest, unit: str, month: str) -> dict[str, Any]:
    """GET: the newest edition of a unit's month, or `edition`. PUT: saves its counts, and sends it where asked to."""
    when, days = _month_or_problem(month), stored_calendar()
    span = days.span(when)
    if request.method == "PUT":
        api.allow_parameters(request, ())
        return save_submission(request, api.unit_on(request, unit, Right.ENTER, span.end), when)
    api.allow_parameters(request, ("edition",))
    holder = api.unit_on(request, unit, Right.READ, span.end)
    found = Submission.objects.filter(unit=holder, month=when.number).first()
    if found is None and not holder.owes(span.start, span.end):
        raise api.ApiProblem(404, "not_expected", f"{holder.name} không phải gửi báo cáo {when.label}.")
    found = found or Submission(month=when.number, due_on=due_date(holder, when, days))
    found.unit = holder
    editions = list(found.editions.order_by("number")) if found.pk else []
    shown = _edition(editions, request.GET.get("edition", ""))
    return month_payload(found, shown, editions, Catalogue(days), at=clock.now(), day=request.day)


def _edition(editions: list[Edition], number: str) -> Edition | None:
    """The edition of that number, else the newest; None where the month was not opened."""
    if not number:
        return editions[-1] if editions else None
    shown = next((edition for edition in editions if str(edition.number) == number), None)
    if shown is None:
        raise api.ApiProblem(404, "unknown_edition", f"Báo cáo này không có lần {number[:20]}.")
    return shown


def _month_or_problem(text: str) -> Month:
    try:
        month = Month.parse(text)
        stored_calendar().span(month)
    except PeriodError as error:
        raise api.ApiProblem(400, "bad_month", str(error)) from error
    return month
