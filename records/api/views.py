"""`/api/v1/`: periods, the catalogue, the list of submissions, and one month to read or to save."""

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
from records.submissions import actions, editability, payload
from records.submissions.checks import check_edition, counts_of_edition, rows_of_edition
from records.submissions.editability import FROM_API, find_lock
from records.submissions.lines import GridLine, grid_lines
from records.submissions.previous_months import history_window
from units import api
from units.access.queries import visible_units
from units.models import System, Tier, TokenScope, Unit

from .forms import CountsBody, SentRowReader, SentRows, UnreadableBody, read_counts_body

# Without `period`: the current month and those before it.
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
    rows = Procedure.objects.select_related("field").prefetch_related("scopes")
    return _list_response(request, "procedures", rows, _procedure_payload)


def _list_response(request: HttpRequest, name: str, entries: QuerySet, to_payload) -> dict[str, Any]:
    api.allow_parameters(request, ("cursor", "limit"))
    cursor = api.PageCursor.read(request, name)
    rows = entries.filter(pk__gt=cursor.after).order_by("pk")[: cursor.limit + 1]
    return cursor.page(request, [(row.pk, to_payload(row)) for row in rows])


def _field_payload(field: Field) -> dict[str, Any]:
    return {
        "code": field.code,
        "name": field.name,
        "order": field.order,
        "scopes": [_scope_payload(scope) for scope in _sorted_scopes(field.scopes.all())],
    }


def _procedure_payload(procedure: Procedure) -> dict[str, Any]:
    return {
        "code": procedure.code,
        "name": procedure.name,
        "field": procedure.field.code,
        "scopes": [
            _scope_payload(scope) | {"online_level": scope.online_level or None, "posted": scope.posted}
            for scope in _sorted_scopes(procedure.scopes.all())
        ],
    }


def _sorted_scopes(scopes: Iterable[FieldScope | ProcedureScope]) -> list[FieldScope | ProcedureScope]:
    return sorted(scopes, key=lambda scope: (scope.valid_from, scope.pk))


def _scope_payload(scope: FieldScope | ProcedureScope) -> dict[str, Any]:
    """`tier` and `channels` are null where the row does not restrict them: all, or those of the field."""
    return {
        "tier": scope.tier or None,
        "channels": scope.channels.split() or None,
        "valid_from": scope.valid_from.isoformat(),
        "valid_until": scope.valid_until.isoformat() if scope.valid_until else None,
    }


def month_payload(
    submission: Submission,
    shown: Edition | None,
    editions: Sequence[Edition],
    catalogue: Catalogue,
    *,
    at: datetime,
    day: date,
) -> dict[str, Any]:
    """State, lock, rows with their served measures, totals, and the findings while it is open. A month that was not
    opened has the rows that it will have. A fixed number of queries.
    """
    past = history_window(submission)
    edition = shown or Edition(submission=submission, number=0)
    edition.submission = submission
    rows = rows_of_edition(edition) if shown else []
    is_open = shown is not None and shown.state in OPEN_STATES
    lock = find_lock(submission, editions[-1], at, day) if editions else None
    return payload.state_payload(submission, shown, payload.edition_in_force(editions), day) | {
        "lock": {"code": lock.code, "since": payload.moment_text(lock.since), "detail": lock.words}
        if lock
        else None,
        "rows": [_line_payload(line) for line in grid_lines(edition, catalogue, rows=rows, past=past)],
        "totals": payload.totals_payload(edition),
        "findings": [
            payload.finding_payload(finding)
            for finding in check_edition(edition, catalogue, rows=rows, past=past)
        ]
        if is_open
        else [],
    }


def _line_payload(line: GridLine) -> dict[str, Any]:
    """The row with its served measures and the proposed opening."""
    field, _, procedure = line.code.partition("/") if line.of_procedure else (line.code, "", "")
    return payload.row_payload(field, procedure or None, line.values, line.reason) | {
        "served": sorted(line.served),
        "proposed_opening": line.proposed,
    }


MAX_KEY_LENGTH = 200
FAULTS_MESSAGE = "Số liệu có lỗi nên chưa lưu gì. Xem errors."


def save_submission(request: HttpRequest, unit: Unit, month: Month) -> dict[str, Any]:
    """Save the counts of a request; returns the month afterwards, also for a repeated key. Errors: ApiProblem."""
    key, body = _request_key(request), _body(request)
    saving = _ApiSaving(request, unit, month, read_json_body(body))
    who = f"token {request.user.token.pk}" if isinstance(request.user, System) else f"{request.user.pk}"
    content = hashlib.sha256(body).hexdigest()
    try:
        return request_keys.run_once(f"{who} PUT {unit.pk} {month}", key, content, saving.save)[1]
    except request_keys.KeyConflict as conflict:
        raise api.ApiProblem(422, "key_reused", str(conflict)) from conflict
    except StaleEdition as stale:
        raise api.ApiProblem(409, stale.code, stale.message, **saving.conflict(stale)) from stale
    except ActionRefused as refusal:
        status = REFUSAL_STATUS.get(refusal.code, 422)
        errors = [saving.error(finding) for finding in refusal.findings]
        raise api.ApiProblem(
            status, refusal.code, refusal.message, **({"errors": errors} if errors else {})
        ) from refusal


def _request_key(request: HttpRequest) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not (key.isascii() and key.isprintable() and 0 < len(key) <= MAX_KEY_LENGTH):
        message = f"Thiếu tiêu đề Idempotency-Key, hoặc không phải 1 đến {MAX_KEY_LENGTH} chữ và số thường."
        raise api.ApiProblem(400, "bad_key", message)
    return key


def _body(request: HttpRequest) -> bytes:
    if request.content_type != "application/json":
        raise api.ApiProblem(415, "not_json", "Gửi nội dung kiểu application/json.")
    try:
        return request.body
    except RawPostDataException as error:
        raise api.ApiProblem(400, "bad_request", "Hệ thống không đọc được yêu cầu này.") from error


def read_json_body(body: bytes) -> CountsBody:
    """Errors: ApiProblem."""
    try:
        return read_counts_body(body)
    except UnreadableBody as error:
        raise api.ApiProblem(400, "bad_request", str(error), pointer=error.pointer) from error


class _ApiSaving:
    """One saving, within the transaction that stores its key."""

    def __init__(self, request: HttpRequest, unit: Unit, month: Month, body: CountsBody) -> None:
        self.request, self.unit, self.month, self.body = request, unit, month, body
        self.days = stored_calendar()
        self.catalogue = Catalogue(self.days)
        self.read: SentRows = SentRowReader(unit, month, self.catalogue).read(body.rows)

    def save(self) -> request_keys.Answer:
        by, at = self.request.user, clock.now()
        editability.must_have_ended(self.month, self.days, self.request.day)
        submission = actions.open_submission(self.unit, self.month, by=by, at=at, days=self.days)
        submission.unit = self.unit
        edition = editability.locked_working_edition(submission)
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
        editions = list(submission.editions.order_by("number"))
        return 200, month_payload(submission, edition, editions, self.catalogue, at=at, day=self.request.day)

    def _refuse(self) -> None:
        errors = [
            {"pointer": pointer, "measure": fault.measure, "code": fault.code, "message": fault.message}
            for pointer, fault in self.read.faults
        ]
        raise api.ApiProblem(422, "faults", FAULTS_MESSAGE, errors=errors)

    def error(self, finding: Finding) -> dict[str, Any]:
        """A finding with its pointer into the body; "" where the row was stored before."""
        pointer = self.read.pointers.get((finding.field, finding.procedure), "")
        if pointer and finding.measure:
            pointer += f"/counts/{finding.measure}"
        return {"pointer": pointer, **payload.finding_payload(finding)}

    def conflict(self, stale: StaleEdition) -> dict[str, Any]:
        """Both values of every cell that differs, and the current revision."""
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
    """Opened months by id, filtered by `unit` with all below it, `month` and `state`."""
    api.allow_parameters(request, PARAMETERS)
    cursor = api.PageCursor.read(request, "submissions")
    editions = Prefetch("editions", Edition.objects.order_by("number"), to_attr="all_editions")
    rows = _filtered_submissions(request).filter(pk__gt=cursor.after).order_by("pk")
    rows = rows.select_related("unit").prefetch_related(editions)[: cursor.limit + 1]
    return cursor.page(request, [(row.pk, _list_row(request, row, row.all_editions)) for row in rows])


def _filtered_submissions(request: HttpRequest) -> QuerySet:
    parameters = request.GET
    units = visible_units(request.user, request.day)
    if code := parameters.get("unit"):
        units = units.under(api.unit_on(request, code, Right.READ, request.day))
    rows = Submission.objects.filter(unit__in=units)
    if month := parameters.get("month"):
        rows = rows.filter(month=_month_or_problem(month).number)
    if state := parameters.get("state"):
        if state not in State.values:
            message = f"Không có trạng thái “{state[:40]}”. Dùng: {', '.join(State.values)}."
            raise api.ApiProblem(400, "bad_state", message)
        later = Edition.objects.filter(submission=OuterRef("submission"), number__gt=OuterRef("number"))
        rows = rows.filter(pk__in=Edition.objects.filter(~Exists(later), state=state).values("submission"))
    return rows


def _list_row(request: HttpRequest, submission: Submission, editions: list[Edition]) -> dict[str, Any]:
    newest = editions[-1] if editions else None
    return payload.state_payload(submission, newest, payload.edition_in_force(editions), request.day)


@api.endpoint(TokenScope.SUBMISSIONS, methods=("GET", "PUT"))
def submission(request: HttpRequest, unit: str, month: str) -> dict[str, Any]:
    """GET: the newest edition of a unit's month, or `edition`. PUT: saves its counts, and sends it with `send`."""
    when, days = _month_or_problem(month), stored_calendar()
    span = days.span(when)
    if request.method == "PUT":
        api.allow_parameters(request, ())
        return save_submission(request, api.unit_on(request, unit, Right.ENTER, span.end), when)
    api.allow_parameters(request, ("edition",))
    holder = api.unit_on(request, unit, Right.READ, span.end)
    stored = Submission.objects.filter(unit=holder, month=when.number).first()
    if stored is None and not holder.expected_to_report(span.start, span.end):
        raise api.ApiProblem(404, "not_expected", f"{holder.name} không phải gửi báo cáo {when.label}.")
    stored = stored or Submission(month=when.number, due_on=due_date(holder, when, days))
    stored.unit = holder
    editions = list(stored.editions.order_by("number")) if stored.pk else []
    shown = _edition_or_problem(editions, request.GET.get("edition", ""))
    return month_payload(stored, shown, editions, Catalogue(days), at=clock.now(), day=request.day)


def _edition_or_problem(editions: list[Edition], number: str) -> Edition | None:
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
