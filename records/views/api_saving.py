"""PUT of a month: its counts under the revision that the sender has read, all of them or none."""

import hashlib
from typing import Any

from django.http import HttpRequest, RawPostDataException

from cchc_dashboard import clock
from figures.periods import Month
from ledger import keys
from records import actions
from records.actions import Refused, StaleEdition
from records.actions.common import API
from records.forms.api import Body, RowReader, Rows, Unreadable, read_body
from records.models import Edition
from records.queries import interchange
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from records.queries.checks import Finding, counts_of
from units import api
from units.models import System, Unit

from .api_month import told
from .submission import STATUS

LONGEST_KEY = 200
FAULTS = "Số liệu có lỗi nên chưa lưu gì. Xem errors."


def save(request: HttpRequest, unit: Unit, month: Month) -> dict[str, Any]:
    """What is stored afterwards, told once more to whoever repeats the request under its key. Errors: Problem."""
    key, body = _key(request), _body(request)
    saving = _Saving(request, unit, month, read_body_of(body))
    who = f"token {request.user.token.pk}" if isinstance(request.user, System) else f"{request.user.pk}"
    content = hashlib.sha256(body).hexdigest()
    try:
        return keys.once(f"{who} PUT {unit.pk} {month}", key, content, saving.done)[1]
    except keys.KeyConflict as conflict:
        raise api.Problem(422, "key_reused", str(conflict)) from conflict
    except StaleEdition as stale:
        raise api.Problem(409, stale.code, stale.message, **saving.clash(stale)) from stale
    except Refused as refusal:
        status = STATUS.get(refusal.code, 422)
        found = [saving.error(one) for one in refusal.findings]
        raise api.Problem(
            status, refusal.code, refusal.message, **({"errors": found} if found else {})
        ) from refusal


def _key(request: HttpRequest) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not (key.isascii() and key.isprintable() and 0 < len(key) <= LONGEST_KEY):
        told = f"Thiếu tiêu đề Idempotency-Key, hoặc không phải 1 đến {LONGEST_KEY} chữ và số thường."
        raise api.Problem(400, "bad_key", told)
    return key


def _body(request: HttpRequest) -> bytes:
    if request.content_type != "application/json":
        raise api.Problem(415, "not_json", "Gửi nội dung kiểu application/json.")
    try:
        return request.body
    except RawPostDataException as error:
        raise api.Problem(400, "bad_request", "Hệ thống không đọc được yêu cầu này.") from error


def read_body_of(body: bytes) -> Body:
    """Errors: Problem."""
    try:
        return read_body(body)
    except Unreadable as error:
        raise api.Problem(400, "bad_request", str(error), pointer=error.pointer) from error


class _Saving:
    """One saving, within the transaction that its key is kept by."""

    def __init__(self, request: HttpRequest, unit: Unit, month: Month, body: Body) -> None:
        self.request, self.unit, self.month, self.body = request, unit, month, body
        self.days = calendar()
        self.catalogue = Catalogue(self.days)
        self.read: Rows = RowReader(unit, month, self.catalogue).read(body.rows)

    def done(self) -> keys.Answer:
        by, at = self.request.user, clock.now()
        actions.must_have_ended(self.month, self.days, self.request.day)
        found = actions.open_submission(self.unit, self.month, by=by, at=at, days=self.days)
        found.unit = self.unit
        edition = actions.worked_on(found)
        if self.read.faults:
            self._refuse()
        edition = actions.save_in_hand(
            edition,
            counts_of(edition),
            self.catalogue,
            self.read.rows,
            by=by,
            revision=self.body.revision,
            at=at,
            reasons=self.read.reasons,
            way=API,
        )
        if self.body.send:
            edition = actions.send(edition, by=by, at=at)
        editions = list(found.editions.order_by("number"))
        return 200, told(found, edition, editions, self.catalogue, at=at, day=self.request.day)

    def _refuse(self) -> None:
        errors = [
            {"pointer": pointer, "measure": fault.measure, "code": fault.code, "message": fault.message}
            for pointer, fault in self.read.faults
        ]
        raise api.Problem(422, "faults", FAULTS, errors=errors)

    def error(self, found: Finding) -> dict[str, Any]:
        """A finding, with where it stands in the body: nowhere, where the row was stored before."""
        pointer = self.read.pointers.get((found.field, found.procedure), "")
        if pointer and found.measure:
            pointer += f"/counts/{found.measure}"
        return {"pointer": pointer, **interchange.finding(found)}

    def clash(self, stale: StaleEdition) -> dict[str, Any]:
        """Both values of every cell that differs, and the revision to go on from."""
        edition: Edition = stale.edition
        by, at = edition.saved_by, interchange.moment(edition.saved_at)
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
