"""Downloading and uploading Excel forms through the pages."""

from html import unescape

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.records.conftest import balanced

from .cells import cell as cell
from .cells import filled as filled
from .cells import opened as opened
from .cells import saved as saved

# A complete row whose balance closes.
WHOLE = {("ho-tich", name): value for name, value in balanced(30).items() if value is not None}


def form_of(client: Client, submission) -> bytes:
    """The downloaded form."""
    answer = client.get(reverse("records:form_xlsx", args=[submission.pk]))
    assert answer.status_code == 200
    return answer.content


def brought(client: Client, content: bytes, submission=None, name: str = "bieu.xlsx", **more):
    """Upload a file on the page of a month, or of all own units."""
    address = reverse("records:form", args=[submission.pk]) if submission else reverse("records:forms")
    return client.post(address, {"file": SimpleUploadedFile(name, content)}, **more)


def stored_by(client: Client, content: bytes, submission=None):
    """Upload, preview and store a form; returns the last response."""
    answer = brought(client, content, submission)
    assert answer.status_code == 302, answer.content.decode()
    look = client.get(answer.url)
    return client.post(answer.url, {"seen": look.context["weighed"].seen})


def words(answer) -> str:
    """The page's text with entities resolved."""
    return unescape(answer.content.decode())


def wrong(answer) -> list[tuple[str, str]]:
    """Cell and code of every fault."""
    return [(fault.cell, fault.code) for fault in answer.context["wrong"]]


def refused(answer) -> list[str]:
    """Codes of the refusals of a whole file."""
    return [refusal.code for refusal in answer.context["weighed"].refused]
