"""Refused exports: each fault with its place, nothing stored."""

import html
import io
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings

from records.models import CaseFile, CaseRow
from tests.bad_inputs.files import BOMBS, REFUSED_FILES, sheet, with_part

from .clerk import address, read, spoiled, uploaded
from .exports import as_csv, as_xlsx, rows


@pytest.mark.parametrize(
    ("head", "text", "code"),
    [
        ("Số hồ sơ", "", "missing"),
        ("Số hồ sơ", "x" * 101, "too_long"),
        ("Ngày tiếp nhận", "", "missing"),
        ("Ngày tiếp nhận", "31/02/2022 08:00", "bad_date"),
        ("Ngày tiếp nhận", "14/06/0222 08:00", "bad_date"),
        ("Ngày tiếp nhận", "14/06/2202", "bad_date"),
        ("Ngày tiếp nhận", "01/01/0001", "bad_date"),
        ("Ngày trả kết quả", "14/06/2202", "bad_date"),
        ("Ngày hẹn trả", "06/25/2022", "bad_date"),
        ("Ngày hẹn trả", "01/01/0001", "bad_date"),
        ("Ngày hẹn trả", "01/01/2022", "order"),
        ("Hình thức tiếp nhận", "", "missing"),
        ("Lĩnh vực", "dat-dai", "unknown_field"),
        ("Trạng thái", "", "missing"),
    ],
)
def test_faults_name_row_and_column_and_nothing_is_stored(as_, july, work, head, text, code):
    client = as_("clerk")
    file = read(client, july, work, as_csv(spoiled(4, head, text)))
    assert file.state == "failed" and file.wrong == 1 and not CaseRow.objects.exists()
    (fault,) = file.faults
    assert (fault["row"], fault["column"], fault["code"]) == (8, head, code)
    page = html.unescape(client.get(address("case_file", july.pk, file.pk)).content.decode())
    assert "Chưa nạp được" in page and fault["message"] in page


def test_a_due_day_that_stands_for_none_is_taken(as_, july, work):
    file = read(as_("clerk"), july, work, as_csv(spoiled(4, "Ngày hẹn trả", "31/12/9999")))
    assert file.state == "done" and CaseRow.objects.filter(due__year=9999).count() == 1


def test_faults_of_a_workbook_name_their_cells_and_merged_titles_do_no_harm(as_, july, work):
    lines = rows(20)

    def spoil(content: bytes) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(content))
        book.active["J6"] = "#N/A"
        book.active["J6"].data_type = "e"
        book.active["B9"] = book.active["B8"].value
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    file = read(as_("clerk"), july, work, spoil(as_xlsx(lines)), "ho-so.xlsx")
    assert [(fault["cell"], fault["code"]) for fault in file.faults] == [
        ("J6", "error_value"),
        ("B9", "repeated_row"),
    ]


def test_files_that_cannot_be_read_are_refused_with_their_place(as_, july):
    client = as_("clerk")
    tried = 0
    for content, _ in REFUSED_FILES:
        answer = uploaded(client, july, content) if content else None
        if answer is not None:
            assert answer.status_code == 400 and "Dòng " in html.unescape(answer.content.decode())
            tried += 1
    base = sheet(["Mã hồ sơ", "Ngày tiếp nhận"], ["H1-1", "14/06/2022"])
    for part, data, _ in BOMBS:
        answer = uploaded(client, july, with_part(base, part, data), "ho-so.xlsx")
        assert answer.status_code in (400, 302), part
        tried += answer.status_code == 400
    assert tried > 20
    assert (
        len(list(Path(settings.MEDIA_ROOT).rglob("*.csv")))
        == CaseFile.objects.filter(state="mapping").count()
    )


def test_a_file_of_nobody_and_of_another_month_is_refused(as_, july, work):
    client = as_("clerk")
    nothing = uploaded(client, july, "Họ và tên;Số điện thoại\nA;0912\n".encode())
    assert nothing.status_code == 400 and "Không nhận ra cột nào" in html.unescape(nothing.content.decode())
    old = [[text.replace("/2022", "/2020") for text in line] for line in rows(10)]
    old = [line for line in old if line[-1] in ("Đã trả kết quả", "Công dân rút hồ sơ")]
    file = read(client, july, work, as_csv(old))
    assert [fault["code"] for fault in file.faults] == ["nothing_counted"]
