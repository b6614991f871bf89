"""The demo, and beside it something of everything that a page can be about."""

import logging
import re
from datetime import UTC, date, datetime
from types import SimpleNamespace
from urllib.parse import urljoin

import pytest
from django.test import Client

from accounts.models import Identity, User
from figures.periods import Month
from ledger import jobs
from ledger.models import Message
from records.models import CaseFile, CaseMapping, ClosingTime, FormFile, Indicator, Submission, UnlockRequest
from records.submissions import actions
from reports.models import Asking, Meeting, PlanTask, Review, SectionComment
from reports.pdf import drawing
from tests.product.test_routes import address, routes
from tests.reports.conftest import loaded as loaded
from tests.reports.conftest import review as review
from tests.support.page_forms import Forms
from units import tokens
from units.models import Receiver, Token, Unit

from .random_requests import numbers_of

PEOPLE = {"nobody": "", "clerk": "xa-13474", "reviewer": "tonghop", "administrator": "quantri"}
NOW = datetime(2022, 8, 12, 2, 0, tzinfo=UTC)


@pytest.fixture
def world(review, monkeypatch, settings, tmp_path) -> SimpleNamespace:
    """The demo, and beside it something of everything; `things`: numbers by the beginning of an address.

    It has a DATA_DIR of its own, since the stand-in for drawn PDFs is cached there for whoever opens the draft next.
    """
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(jobs, "start_worker", lambda: None)
    monkeypatch.setattr(
        logging.root.manager, "disable", logging.CRITICAL
    )  # thousands of refusals, each with its trace
    monkeypatch.setattr(drawing, "draw_job", lambda job, following=None: b"%PDF-1.7")
    people = {name: User.objects.filter(username=username).first() for name, username in PEOPLE.items()}
    own, other, top = (Unit.objects.get(code=code) for code in ("13474", "13441", "351"))
    clerk = people["clerk"]
    opened = actions.open_submission(own, Month(2022, 7), by=clerk, at=NOW)
    mapping = {
        "columns": {"code": "Số hồ sơ", "received": "Ngày", "channel": "Kênh"},
        "words": {},
        "undue": False,
    }
    CaseMapping.objects.create(unit=own, name="Cổng", content=mapping, saved_by="x", saved_at=NOW)
    filed = {"unit": own, "asked_by": clerk, "asked_at": NOW, "first_month": 202207, "last_month": 202207}
    CaseFile.objects.create(name="x.csv", sha256="0" * 64, **filed)
    CaseFile.objects.create(name="y.csv", sha256="1" * 64, state="done", mapping=mapping, **filed)
    FormFile.objects.create(
        token="tep", owner=clerk, submission=opened, name="x.xlsx", content=b"x", kept_at=NOW
    )
    ClosingTime.objects.create(unit=top, month=202207, closes_at=NOW)
    locked = Submission.objects.filter(unit=own, month=202206).get()
    UnlockRequest.objects.create(
        submission=locked, reason="x", requested_at=NOW, requested_by="x", requester=clerk
    )
    section = review.sections.first()
    asked = {"review": review, "asked_by": "x", "asked_at": NOW, "due_on": date(2022, 8, 20)}
    for unit in (own, other):
        Asking.objects.create(kind="text", unit=unit, section=section, **asked)
        Asking.objects.create(kind="comment", unit=unit, sent_by="x", sent_at=NOW, body="x", **asked)
    SectionComment.objects.create(review=review, section=section, unit=own, text="x", said_by="x", at=NOW)
    Meeting.objects.create(review=review, saved_at=NOW)
    receiver = Receiver.objects.create(
        name="x", unit=top, url="https://example.org/", nonce="x", created_at=NOW
    )
    Message.objects.create(
        event="00000000-0000-0000-0000-000000000001", kind="x", destination=receiver.pk, subject="x", body="{}",
        created_at=NOW, next_at=NOW, state="failed",
    )  # fmt: skip
    Identity.objects.create(user=clerk, issuer="https://example.org", subject="x")
    tokens.create_token("x", top, ["figures"], 30, by=people["administrator"], at=NOW)
    things = {
        "": [own.pk, other.pk, 1],
        "units/": _numbers(own, other, top),
        "units/people/": _numbers(clerk, people["reviewer"], people["administrator"]),
        "units/tokens/": _all(Token),
        "units/receivers/": _all(Receiver),
        "units/receivers/messages/": _all(Message),
        "records/": [
            opened.pk,
            locked.pk,
            *Submission.objects.filter(month=202207).values_list("pk", flat=True)[:6],
        ],
        "records/indicators/": _numbers(own, other, top),
        "records/indicators/list/": _all(Indicator),
        "records/targets/": _numbers(own, other, top),
        "records/closing/": _all(ClosingTime),
        "reports/forms/months/": [opened.pk, locked.pk],
        "reports/reviews/": _all(Review),
        "api/v1/reviews/": _all(Review),
        "reports/comments/": _all(SectionComment),
        "reports/asking/": _all(Asking),
        "reports/asked/": _all(Asking),
        "reports/tasks/": _all(PlanTask),
    }
    return SimpleNamespace(people=people, things=things)


def _numbers(*things) -> list[int]:
    return [thing.pk for thing in things]


def _all(model) -> list[int]:
    found = list(model.objects.order_by("pk").values_list("pk", flat=True)[:5])
    assert found, model
    return found


class Holders(Forms):
    """Forms with the names of their boxes for files, and of all others that hold nothing yet."""

    def __init__(self, html: str) -> None:
        self.holders: list[list[str]] = []
        self.empty: list[dict[str, str]] = []
        super().__init__(html)

    def handle_starttag(self, tag, attrs):
        super().handle_starttag(tag, attrs)
        given = dict(attrs)
        if tag == "form":
            self.holders.append([])
            self.empty.append({})
        elif self.forms and tag == "input" and given.get("name"):
            if given.get("type") == "file":
                self.holders[-1].append(given["name"])
            elif given.get("type") in ("checkbox", "radio"):
                self.empty[-1][given["name"]] = given.get("value", "on")


def forms_for(client: Client, things: dict[str, list[int]]) -> list[tuple[str, dict[str, str], list[str]]]:
    """(address, fields, boxes for files) of every form that this person finds on a page, each kind once."""
    found: dict[tuple[str, ...], tuple[str, dict[str, str], list[str]]] = {}
    for where, _ in routes():
        if where in ("accounts/logout/", "accounts/login/code/"):
            continue
        for number in numbers_of(where, things)[:2] if "<" in where else [0]:
            page = client.get(address(where, number))
            if "html" not in page.headers.get("Content-Type", ""):
                continue
            read = Holders(page.content.decode())
            for (target, fields), holders, empty in zip(read.forms, read.holders, read.empty, strict=True):
                fields.pop("csrfmiddlewaretoken", None)
                to = urljoin(address(where, number), target)
                kind = (re.sub(r"\d+", "#", to), *sorted(fields), *sorted(empty))
                if "logout" not in to:
                    found.setdefault(kind, (to, empty | fields, holders))
    assert found
    return list(found.values())
