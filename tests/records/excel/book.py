"""Excel forms as the tests fill them in: cells are named by row code and column name, wherever they stand."""

import io
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from tests.records.conftest import balanced

# A row that is whole and closes.
WHOLE = {("ho-tich", name): value for name, value in balanced(30).items() if value is not None}
Cells = Mapping[tuple[str, str], Any]


def form_of(client: Client, submission) -> bytes:
    """The form as it is downloaded."""
    answer = client.get(reverse("records:form_xlsx", args=[submission.pk]))
    assert answer.status_code == 200
    return answer.content


def opened(content: bytes, *, values: bool = False) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content), data_only=values)


def saved(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def cell(sheet: Worksheet, code: str, name: str) -> Cell:
    """The cell of a row and column of the form."""
    rows = {row[0].value: row[0].row for row in reversed(list(sheet.iter_rows(max_col=1)))}
    names = {one.value: one.column for one in sheet[rows["cchc-names"]]}
    return sheet.cell(rows[code], names[name])


def filled(content: bytes, cells: Cells, change: Callable[[Worksheet], None] | None = None) -> bytes:
    """The form with these cells typed over and saved by a program that keeps no results of formulas."""
    book = opened(content)
    sheet = book.worksheets[0]
    for (code, name), value in cells.items():
        cell(sheet, code, name).value = value
    if change:
        change(sheet)
    return saved(book)


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
