"""Excel forms as the tests bring them to the pages."""

from html import unescape

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.records.conftest import balanced

from .cells import cell as cell
from .cells import filled as filled
from .cells import opened as opened
from .cells import saved as saved

# A row that is whole and closes.
WHOLE = {("ho-tich", name): value for name, value in balanced(30).items() if value is not None}


def form_of(client: Client, submission) -> bytes:
    """The form as it is downloaded."""
    answer = client.get(reverse("records:form_xlsx", args=[submission.pk]))
    assert answer.status_code == 200
    return answer.content


def brought(client: Client, content: bytes, submission=None, name: str = "bieu.xlsx", **more):
    """A file uploaded at the page of a month, or of all own units."""
    address = reverse("records:form", args=[submission.pk]) if submission else reverse("records:forms")
    return client.post(address, {"file": SimpleUploadedFile(name, content)}, **more)


def stored_by(client: Client, content: bytes, submission=None):
    """Uploaded, looked at, and stored; the answer of the last step."""
    answer = brought(client, content, submission)
    assert answer.status_code == 302, answer.content.decode()
    look = client.get(answer.url)
    return client.post(answer.url, {"seen": look.context["weighed"].seen})


def words(answer) -> str:
    """What a page says."""
    return unescape(answer.content.decode())


def wrong(answer) -> list[tuple[str, str]]:
    """Cell and code of everything that the file is refused for."""
    return [(one.cell, one.code) for one in answer.context["wrong"]]


def refused(answer) -> list[str]:
    """Codes for which a file is not taken at all."""
    return [one.code for one in answer.context["weighed"].refused]
