"""Uploading the Excel form: all faults at once, a preview of the changes, then all or nothing."""

from datetime import date

import pytest
from django.urls import reverse

from ledger.models import Entry
from records.models import DossierCount, FormFile
from spreadsheets.cells import column_letters
from tests.records.conftest import JULY, balanced, entered, stored

from .book import WHOLE, brought, form_of, words, wrong
from .cells import cell, filled, opened, saved


def test_a_filled_form_is_looked_at_then_stored_through_the_same_action(as_, people, july):
    clerk = as_("clerk")
    content = filled(form_of(clerk, july), WHOLE)
    answer = brought(clerk, content, july)
    assert answer.status_code == 302 and july.editions.get().revision == 0
    look = clerk.get(answer.url)
    assert "Tệp khác số đang lưu ở 15 ô" in words(look)
    assert clerk.post(answer.url, {"seen": look.context["weighed"].seen}).url == reverse(
        "records:check", args=[july.pk]
    )
    assert stored(july, "ho-tich").received_direct == 30
    edition = july.editions.get()
    assert (edition.revision, edition.saved_by) == (1, str(people.clerk))
    entry = Entry.objects.get(action="submission.save")
    assert (entry.detail["way"], entry.detail["file"]) == ("file", "bieu.xlsx")
    assert "từ tệp" in words(clerk.get(reverse("records:history", args=[july.pk])))
    assert not bytes(FormFile.objects.get().content)


def test_storing_twice_changes_nothing_and_so_does_the_same_file(as_, july):
    clerk = as_("clerk")
    content = filled(form_of(clerk, july), WHOLE)
    address = brought(clerk, content, july).url
    preview = clerk.get(address).context["weighed"].seen
    for _ in range(3):
        assert clerk.post(address, {"seen": preview}, follow=True).status_code == 200
    assert july.editions.get().revision == 1
    again = clerk.get(brought(clerk, content, july).url)
    assert "Tệp không khác số đang lưu" in words(again) and not again.context["cells"]


def test_all_faults_are_shown_at_once_by_cell(as_, july):
    clerk = as_("clerk")
    content = form_of(clerk, july)
    bad = {
        "opening": 12.5, "received_direct": -3, "received_online_full": "#N/A", "received_postal": date(2022, 6, 14),
        "resolved_early": True, "resolved_late": "1_000", "withdrawn": "=1+1", "awaiting": 2**63,
    }  # fmt: skip
    codes = [
        "not_whole",
        "negative",
        "not_a_number",
        "not_a_number",
        "not_a_number",
        "not_a_number",
        "formula",
        "too_large",
    ]
    answer = brought(clerk, filled(content, {("ho-tich", name): value for name, value in bad.items()}), july)
    sheet = opened(content).worksheets[0]
    assert answer.status_code == 400
    assert wrong(answer) == [
        (cell(sheet, "ho-tich", name).coordinate, code) for name, code in zip(bad, codes, strict=True)
    ]
    page = words(answer)
    assert (
        "“-3” là số âm" in page
        and "“#N/A” là lỗi của bảng tính" in page
        and "“2022-06-14” là ngày tháng" in page
    )
    assert not DossierCount.objects.exists()


def test_percentages_are_refused_and_text_numbers_are_read(as_, july):
    clerk = as_("clerk")

    def as_percent(sheet):
        cell(sheet, "ho-tich", "opening").number_format = "0%"

    content = filled(
        form_of(clerk, july), {("ho-tich", "opening"): 0.05, ("ho-tich", "withdrawn"): "1.240"}, as_percent
    )
    answer = brought(clerk, content, july)
    assert [code for _, code in wrong(answer)] == ["not_a_number"] and "“5%” là tỷ lệ phần trăm" in words(
        answer
    )
    content = filled(form_of(clerk, july), {("ho-tich", "withdrawn"): "1.240", ("ho-tich", "awaiting"): " "})
    look = clerk.get(brought(clerk, content, july).url)
    assert [(change.name, change.after) for change in look.context["weighed"].changed[0].changes] == [
        ("ho-tich-withdrawn", 1240)
    ]


def test_a_number_that_is_not_served_is_refused(as_, july):
    clerk = as_("clerk")
    answer = brought(clerk, filled(form_of(clerk, july), {("chung-thuc", "received_postal"): 3}), july)
    assert [code for _, code in wrong(answer)] == ["not_served"]


def test_merged_cells_are_refused_and_hidden_rows_are_read(as_, july):
    clerk = as_("clerk")

    def merge(sheet):
        first = cell(sheet, "ho-tich", "received_direct")
        sheet.merge_cells(f"{first.coordinate}:{column_letters(first.column)}{first.row}")

    answer = brought(clerk, filled(form_of(clerk, july), {}, merge), july)
    assert [code for _, code in wrong(answer)] == ["merged_cell"]

    def hide(sheet):
        sheet.row_dimensions[cell(sheet, "ho-tich", "opening").row].hidden = True
        sheet.column_dimensions["E"].hidden = True

    look = clerk.get(brought(clerk, filled(form_of(clerk, july), WHOLE, hide), july).url)
    assert look.context["cells"] == 15


def test_numbers_beside_the_form_are_refused_and_moved_rows_are_read(as_, july):
    clerk = as_("clerk")

    def beside(sheet):
        sheet.cell(cell(sheet, "ho-tich", "opening").row, 45).value = 7
        sheet.cell(40, 3).value = 12

    answer = brought(clerk, filled(form_of(clerk, july), {}, beside), july)
    assert [code for _, code in wrong(answer)] == ["outside_form", "outside_form"]
    content = filled(form_of(clerk, july), WHOLE, lambda sheet: sheet.insert_rows(7))
    assert clerk.get(brought(clerk, content, july).url).context["cells"] == 15
    content = filled(form_of(clerk, july), {}, lambda sheet: sheet.delete_rows(8))
    assert [code for _, code in wrong(brought(clerk, content, july))] == ["missing_row"]


def test_warnings_are_shown_and_a_draft_is_stored_all_the_same(as_, people, fields, july):
    clerk = as_("clerk")
    before = {(fields.ho_tich.pk, None): {**balanced(20), "resolved_on_time": 15, "pending_in_time": 5}}
    entered(people.alpha, JULY.previous(), before, by=people.clerk, reviewer=people.reviewer)
    odd = {**WHOLE, ("ho-tich", "opening"): 9, ("ho-tich", "reason"): "Đã đối chiếu"}
    address = brought(clerk, filled(form_of(clerk, july), odd), july).url
    look = clerk.get(address)
    assert sorted(remark.code for remark in look.context["odd"]) == ["balance", "continuity"]
    clerk.post(address, {"seen": look.context["weighed"].seen})
    assert (stored(july, "ho-tich").opening, stored(july, "ho-tich").reason) == (9, "Đã đối chiếu")


def test_the_marked_copy_says_why_in_each_cell_and_can_be_brought_back(as_, people, july):
    clerk = as_("clerk")
    bad = {
        **WHOLE,
        ("ho-tich", "opening"): "#N/A",
        ("ho-tich", "withdrawn"): 12.5,
        ("ho-tich", "awaiting"): "=1+1",
    }
    answer = brought(clerk, filled(form_of(clerk, july), bad), july)
    upload = answer.context["kept"]
    marked = clerk.get(reverse("records:form_marked", args=[upload.token])).content
    book = opened(marked)
    listed, sheet = book.worksheets
    assert listed.title == "Cần sửa" and listed.max_row == 2 + 3
    for name, shown in (("opening", "#N/A"), ("withdrawn", "12,5"), ("awaiting", "?")):
        box = cell(sheet, "ho-tich", name)
        assert box.value == shown and box.comment and box.fill.fgColor.rgb == "FFF8B4B4", name
    assert cell(sheet, "ho-tich", "received_direct").value == 30
    again = brought(clerk, marked, july)
    assert [cell for cell, _ in wrong(again)] == [cell for cell, _ in wrong(answer)]
    # The copy has the formula results as texts.
    mended = filled_second(marked)
    assert brought(clerk, mended, july).status_code == 302


def filled_second(content: bytes) -> bytes:
    book = opened(content)
    for name in ("opening", "withdrawn", "awaiting"):
        cell(book.worksheets[1], "ho-tich", name).value = 0
    return saved(book)


def test_too_large_a_file_and_none_at_all(as_, july, settings):
    clerk = as_("clerk")
    assert "Hãy chọn tệp Excel." in words(clerk.post(reverse("records:form", args=[july.pk])))
    settings.UPLOAD_MAX_BYTES = 1000
    assert brought(clerk, b"PK" * 600, july).status_code == 413


@pytest.mark.parametrize("name", ["../x.xlsx", "..\\x", "a\r\nX: 1", "\u202eslx", "n" * 300])
def test_names_of_files_are_only_shown(as_, july, name):
    clerk = as_("clerk")
    assert brought(clerk, filled(form_of(clerk, july), WHOLE), july, name=name).status_code == 302
    file = FormFile.objects.get()
    assert len(file.name) <= 200 and not set(file.name) & set("\r\n\u202e\0")
