"""Form II-06a filled from any figures, and compared with an uploaded one."""

import html
from datetime import date
from io import BytesIO

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from figures.measures import MEASURES
from figures.summary import compute_figures
from figures.tally import Tally
from ledger.models import Entry
from records.models import FormFile
from records.official_form_upload.reader import DOSSIER_FORM, official_forms
from reports.official_forms.sheet import LINES

FORM = official_forms().on(DOSSIER_FORM, date(2022, 6, 14))
COUNTS = st.fixed_dictionaries({name: st.none() | st.integers(0, 9999) for name in MEASURES})


def counts_of(**values):
    return compute_figures(Tally.of(values)).counts


@given(COUNTS)
def test_identities(values):
    row = [cell or 0 for cell in FORM.cells(counts_of(**values))]
    assert row[0] == row[1] + row[2] + row[3]
    assert row[4] == row[5] + row[6] + row[7]
    assert row[8] == row[9] + row[10]


def test_withdrawn_and_awaiting_are_mapped_and_named():
    counts = counts_of(
        opening=3, received_direct=10, received_online_full=5, received_postal=1, resolved_early=4,
        resolved_on_time=6, resolved_late=1, withdrawn=2, pending_in_time=3, pending_late=1, awaiting=2,
    )  # fmt: skip
    assert FORM.cells(counts) == (19, 5, 11, 3, 13, 4, 8, 1, 6, 5, 1)
    assert "2 hồ sơ rút, trả lại tính vào cột (9)" in FORM.note(counts)
    assert "lệch" not in FORM.note(counts)


def test_a_difference_is_stated():
    counts = counts_of(opening=3, received_direct=10, resolved_on_time=9, pending_in_time=1)
    assert "Cột (3) lệch 3" in FORM.note(counts)


def test_transfers_are_named_and_explain_the_difference():
    counts = counts_of(
        opening=0,
        received_direct=10,
        transferred_in=2,
        transferred_out=1,
        resolved_on_time=11,
        pending_in_time=0,
    )
    note = FORM.note(counts)
    assert "2 hồ sơ nhận từ nơi khác chuyển đến" in note and "1 hồ sơ chuyển nơi khác" in note
    assert "do hồ sơ chuyển đi, chuyển đến" in note


def test_nothing_reported_is_a_dash():
    assert FORM.cells(counts_of()) == (None,) * 11


HALF = "?unit=351&period=2022-H1"


def compared(client, content: bytes, query: str = HALF, key: str = "ii-06a"):
    file = SimpleUploadedFile("bieu.xlsx", content)
    return client.post(f"/reports/forms/{key}/compared/{query}", {"file": file})


def form_of(client, query: str = HALF, key: str = "ii-06a") -> bytes:
    return client.get(f"/reports/forms/{key}.xlsx{query}").content


def edited(content: bytes, cells: dict[str, object]) -> bytes:
    book = openpyxl.load_workbook(BytesIO(content))
    for place, value in cells.items():
        book.worksheets[0][place] = value
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    "query", ["?unit=13474&period=2022-M06", HALF, "?unit=351&period=2022-M07", "?unit=35&period=2022-Q1"]
)
def test_out_and_in_again_is_no_difference(reader, query):
    client, before = reader("quantri"), Entry.objects.count()
    answer = compared(client, form_of(client, query), query)
    result = answer.context["found"]
    assert answer.status_code == 200, [str(fault) for fault in result.faults]
    assert result.equal and result.lines == len(answer.context["filled"].rows) and result.notes == []
    shown = html.unescape(answer.content.decode())
    assert "Tệp khớp với số trên hệ thống" in shown and "Không có gì được ghi." in shown
    assert Entry.objects.count() == before and not FormFile.objects.exists()


def test_every_cell_that_differs_is_listed_with_both_values(reader):
    client = reader("tonghop")
    rows = client.get(f"/reports/forms/ii-06a/{HALF}").context["filled"].rows
    at = next(place for place, row in enumerate(rows) if not row.is_total)
    line, row = LINES + 1 + at, rows[at]
    cells = {f"C{line}": 99_999, f"D{line}": None, f"B{line + 1}": "Lĩnh vực lạ", "C80": None}
    answer = compared(client, edited(form_of(client), cells))
    # The edited file has no computed results: formula cells are compared by their parts.
    result = answer.context["found"]
    differences = {
        (difference.cell, difference.stored, difference.uploaded) for difference in result.differences
    }
    assert {(f"C{line}", row.cells[0], 99_999), (f"D{line}", row.cells[1], None)} <= differences
    assert result.missing == [rows[at + 1].name] and result.unknown == [f"Lĩnh vực lạ (dòng {line + 1})"]
    shown = html.unescape(answer.content.decode())
    assert "99.999" in shown and f"Lĩnh vực lạ (dòng {line + 1})" in shown
    assert "tổng số của các đơn vị trực thuộc" in shown


@pytest.mark.parametrize(
    ("query", "code"),
    [("?unit=351&period=2022-Q1", "other_month"), ("?unit=13474&period=2022-H1", "other_unit")],
)
def test_a_form_of_another_unit_or_period_is_refused(reader, query, code):
    client = reader("tonghop")
    answer = compared(client, form_of(client), query)
    assert answer.status_code == 422 and code in [fault.code for fault in answer.context["faults"]]


def test_what_cannot_be_read_and_whom_it_does_not_concern(reader):
    client = reader("tonghop")
    for content, status in ((b"x", 400), (b"PK\x03\x04 broken", 400), (b"", 422)):
        assert compared(client, content).status_code == status
    assert client.get(f"/reports/forms/ii-06a/compared/{HALF}").status_code == 200
    assert compared(client, b"x", key="khong-co").status_code == 404
    assert compared(client, b"x", "?unit=351&period=2022-X").status_code == 400
    assert compared(reader("xa-13474"), b"x", "?unit=35&period=2022-H1").status_code == 404
