"""A clerk's steps with a dossier export: upload, mapping, reading."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from records.models import CaseFile
from tests.records.conftest import JULY

from .exports import HEADS, rows


def address(name: str, *numbers: int) -> str:
    return reverse(f"records:{name}", args=numbers)


def uploaded(client, submission, content: bytes, name: str = "ho-so.csv", **more):
    data = {"file": SimpleUploadedFile(name, content), "first": str(JULY), "last": str(JULY), **more}
    return client.post(address("cases_upload", submission.pk), data)


def mapped(client, submission, **more):
    """Confirm the mapping page unchanged."""
    file = CaseFile.objects.order_by("-pk").first()
    page = client.get(address("case_file", submission.pk, file.pk))
    data = {"lam": "doc", "first": str(JULY), "last": str(JULY), "ten": ""}
    data |= {box: role for _, box, role in page.context["columns"]}
    data |= {box: target for *_, words in page.context["words"] for _, _, box, target in words}
    return client.post(address("case_map", submission.pk, file.pk), data | more)


def read(client, july, work, content: bytes, name: str = "ho-so.csv", **more) -> CaseFile:
    uploaded(client, july, content, name)
    mapped(client, july, **more)
    work()
    return CaseFile.objects.order_by("-pk").first()


def spoiled(place: int, head: str, text: str) -> list[list[str]]:
    lines = rows(20)
    lines[place][HEADS.index(head)] = text
    return lines
