"""Reviews in the API: state and names of all, document and stored file of frozen ones."""

import hashlib
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from units.models import TokenScope, Unit
from units.tokens import create_token


@pytest.fixture
def get(review):
    """get(code)(address): a request with a token for that unit's reviews."""

    def made(code: str = "351"):
        unit = Unit.objects.get(code=code)
        _, secret = create_token("Tỉnh", unit, [TokenScope.REVIEWS], 30, by=None, at=timezone.now())
        return Client(headers={"Authorization": f"Bearer {secret}"}).get

    return made


def test_a_draft_has_neither_document_nor_file(review, get):
    ask = get()
    (item,) = ask("/api/v1/reviews?unit=351&period=2022-H1&state=draft").json()["items"]
    assert (item["id"], item["unit"], item["period"], item["pdf"]) == (review.pk, "351", "2022-H1", None)
    assert ask(f"/api/v1/reviews/{review.pk}").json()["frozen"] is None
    refused = ask(f"/api/v1/reviews/{review.pk}/pdf")
    assert (refused.status_code, refused.json()["code"]) == (404, "not_frozen")
    assert ask("/api/v1/reviews?state=issued").json()["items"] == []


def test_a_frozen_review_is_read_as_it_was_stored(review, get, drawn_once):
    call_command("issue_review", str(review.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
    review.refresh_from_db()
    ask = get()
    data = ask(f"/api/v1/reviews/{review.pk}").json()
    assert data["state"] == "frozen" and data["frozen"] == review.frozen
    file = ask(data["pdf"])
    assert file.headers["Content-Type"] == "application/pdf"
    assert hashlib.sha256(file.content).hexdigest() == data["pdf_sha256"] == review.pdf_sha256
    again = ask(data["pdf"], headers={"If-None-Match": file.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_outside_the_subtree_a_review_is_unknown(review, get):
    ask = get("13474")
    assert ask("/api/v1/reviews").json()["items"] == []
    for where in ("", "/pdf"):
        answers = [
            ask(f"/api/v1/reviews/{number}{where}") for number in (review.pk, 987_654, 2**63, "9" * 5000)
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers[:3]}) == 1
