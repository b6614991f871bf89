"""Uploading form II.06a: unchanged, no difference; changes are previewed and saved whole; faults name their cell."""

from datetime import date, timedelta
from io import BytesIO

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from figures.measures import MEASURES
from figures.periods import Month
from ledger.models import Entry
from records.approval import actions as approval_actions
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.models import FormFile
from records.official_form_upload.comparison import compare_official_form
from records.official_form_upload.reader import DOSSIER_FORM, official_forms
from records.storage import measures_of_row
from records.submissions import actions as submissions_actions
from reports.official_forms.filled_form import fill_from_edition, form_xlsx_bytes
from tests.bad_inputs.numbers import REFUSED
from tests.records.conftest import AT, SINCE, balanced, stored
from units.models import Membership, Role

FORM = official_forms().on(DOSSIER_FORM, date(2022, 7, 14))
# Rows of the two fields and of the total in July's sheet; column (3) is C and so on.
CHUNG_THUC, HO_TICH, TOTAL = 9, 10, 11


def out(edition) -> bytes:
    return form_xlsx_bytes(fill_from_edition(FORM, edition.submission.unit, edition, stored_calendar()), AT)


def edited(content: bytes, cells: dict[str, object]) -> bytes:
    """The file with some cells overwritten and their totals removed, which are formulas."""
    book = openpyxl.load_workbook(BytesIO(content))
    for place, value in cells.items():
        book.worksheets[0][place] = value
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def read(content: bytes, edition, by=None):
    return compare_official_form(content, FORM, edition, Catalogue(stored_calendar()), by=by, at=AT)


def upload(client, submission, content: bytes):
    file = SimpleUploadedFile("bieu.xlsx", content)
    return client.post(reverse("records:official", args=[submission.pk]), {"file": file}, follow=True)


def confirmed(client, answer):
    """Confirm the previewed changes."""
    submission, form_file = answer.context["found"], answer.context["kept"]
    address = reverse("records:official_look", args=[submission.pk, form_file.token])
    return client.post(address, {"seen": answer.context["seen"]})


@pytest.fixture
def filled(people, fields, july):
    """July with detail that the form lacks: both online levels, post, withdrawn and waiting dossiers."""
    ho_tich = balanced(30) | {
        "received_online_partial": 4, "received_online_full": 6, "received_postal": 5,
        "resolved_on_time": 30, "withdrawn": 3, "pending_in_time": 8, "awaiting": 4,
    }  # fmt: skip
    rows = {
        (fields.chung_thuc.pk, None): balanced(1240, online=20, postal=None),
        (fields.ho_tich.pk, None): ho_tich,
    }
    return submissions_actions.save_counts(july.editions.get(), rows, by=people.clerk, revision=0, at=AT)


def test_out_and_in_again_is_no_difference(filled, as_):
    answer = upload(as_("clerk"), filled.submission, out(filled))
    assert answer.status_code == 200
    reading = answer.context["reading"]
    assert (reading.lines, reading.changes, list(reading.faults), reading.notes) == (2, [], [], [])
    assert "Biểu không khác số đang có" in answer.content.decode()
    assert answer.context["kept"] is None and not FormFile.objects.exists()


ROWS = st.fixed_dictionaries({name: st.none() | st.integers(0, 99_999_999) for name in MEASURES})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(ROWS, ROWS)
def test_whatever_is_stored_out_and_in_again_is_no_difference(july, fields, first, second):
    edition = july.editions.get()
    no_post = {"received_postal": None, "returned_postal": None}
    rows = {(fields.chung_thuc.pk, None): first | no_post, (fields.ho_tich.pk, None): second}
    edition = submissions_actions.save_counts(edition, rows, by=None, revision=edition.revision, at=AT)
    reading = read(out(edition), edition)
    assert (reading.changes, list(reading.faults)) == ([], [])


def test_a_change_is_shown_and_saved_once_confirmed(filled, as_, people, fields):
    clerk = as_("clerk")
    content = edited(
        out(filled),
        {f"E{CHUNG_THUC}": 1250, f"I{CHUNG_THUC}": 1270, f"C{CHUNG_THUC}": 1270, f"G{CHUNG_THUC}": 1270},
    )
    for column in "CEGI":
        content = edited(content, {f"{column}{TOTAL}": None})
    answer = upload(clerk, filled.submission, content)
    assert answer.status_code == 200, [str(fault) for fault in answer.context["faults"]]
    assert [
        (change.field, change.column.number, change.before, change.after)
        for change in answer.context["reading"].changes
    ] == [
        ("chung-thuc", 5, 1240, 1250),
        ("chung-thuc", 9, 1260, 1270),
    ]
    assert stored(filled.submission, "chung-thuc").received_direct == 1240, "nothing is written yet"
    assert confirmed(clerk, answer).status_code == 302
    row = stored(filled.submission, "chung-thuc")
    assert (row.received_direct, row.resolved_on_time, row.withdrawn) == (1250, 1270, 0)
    assert row.received_online_partial == 20 and row.returned_direct == 1260, "unchanged detail stays"
    entry = Entry.objects.filter(action="submission.save").latest("sequence")
    assert (entry.detail["way"], entry.detail["file"]) == ("file", "bieu.xlsx")
    assert entry.actor_id == people.clerk.pk
    # Confirming twice changes nothing.
    assert confirmed(clerk, answer).status_code == 302
    assert Entry.objects.filter(action="submission.save").latest("sequence") == entry
    assert bytes(FormFile.objects.get().content) == b""


def test_a_column_without_detail_goes_into_its_first_measure_and_the_page_says_so(filled, as_):
    cells = {
        f"D{HO_TICH}": 12,
        f"E{HO_TICH}": 33,
        f"C{HO_TICH}": None,
        f"C{TOTAL}": None,
        f"D{TOTAL}": None,
        f"E{TOTAL}": None,
    }
    answer = upload(as_("clerk"), filled.submission, edited(out(filled), cells))
    assert answer.status_code == 200, [str(fault) for fault in answer.context["faults"]]
    (values,) = answer.context["reading"].rows.values()
    assert (values["received_online_full"], values["received_online_partial"]) == (12, 0)
    assert (values["received_direct"], values["received_postal"]) == (33, 0)
    assert (values["withdrawn"], values["awaiting"]) == (3, 4), "detail that adds up stays"
    page = answer.content.decode()
    assert "Cột (4) ghi vào “Tiếp nhận trực tuyến mức độ 4”" in page
    assert "Cột (5) ghi vào “Tiếp nhận trực tiếp”" in page


@pytest.mark.parametrize(
    ("cells", "cell", "code"),
    [
        ({f"E{HO_TICH}": 36}, f"C{HO_TICH}", "identity"),
        ({f"M{HO_TICH}": 1}, f"C{HO_TICH}", "identity"),
        ({f"C{HO_TICH}": 7}, f"C{HO_TICH}", "identity"),
        ({f"B{HO_TICH}": "lĩnh vực lạ"}, f"B{HO_TICH}", "unknown_field"),
        ({f"B{HO_TICH}": "chung-thuc"}, f"B{HO_TICH}", "repeated_row"),
        ({f"D{TOTAL}": 99}, f"D{TOTAL}", "identity"),
        ({f"F{HO_TICH}": "#N/A"}, f"F{HO_TICH}", "error_value"),
        ({f"F{HO_TICH}": True}, f"F{HO_TICH}", "boolean"),
        ({f"F{HO_TICH}": 1.5}, f"F{HO_TICH}", "fraction"),
        ({f"F{HO_TICH}": "=1+1"}, f"F{HO_TICH}", "formula"),
        ({"I1": "Đơn vị báo cáo: UBND xã khác"}, "I1", "other_unit"),
        ({"D3": "(từ ngày 15/5/2022 đến ngày 14/6/2022)"}, "D3", "other_month"),
        ({"D2": "Kỳ báo cáo: tháng 6/2022", "D3": None}, "D2", "other_month"),
        ({"D3": "(từ ngày 31/2/2022 đến ngày 14/6/2022)"}, "D3", "other_month"),
        *(
            ({f"J{HO_TICH}": text}, f"J{HO_TICH}", code)
            for text, code in REFUSED
            if not text.startswith(("=", "#"))
        ),
    ],
)
def test_every_fault_names_its_cell_and_nothing_is_written(filled, as_, cells, cell, code):
    before = measures_of_row(stored(filled.submission, "ho-tich"))
    answer = upload(as_("clerk"), filled.submission, edited(out(filled), cells))
    assert answer.status_code == 422
    assert (cell, code) in [(fault.cell, fault.code) for fault in answer.context["faults"]], answer.context[
        "faults"
    ]
    assert f"Ô {cell}" in answer.content.decode() and answer.context["kept"] is None
    assert measures_of_row(stored(filled.submission, "ho-tich")) == before


def test_a_name_that_begins_like_ours_is_another_unit(filled, as_, people):
    people.alpha.name = "xã Thanh Hà"
    people.alpha.save()
    content = out(filled)
    for head, faults in (
        ("Đơn vị báo cáo: UBND xã Thanh Hải", [("I1", "other_unit")]),
        ("Đơn vị báo cáo: UBND XÃ THANH HÀ, huyện Thanh Liêm", []),
    ):
        answer = upload(as_("clerk"), filled.submission, edited(content, {"I1": head}))
        assert [(fault.cell, fault.code) for fault in answer.context["faults"]] == faults


def moved(people, fields, edition, **counts: int):
    """The month with a difference of 2 in `ho-tich`: 5 dossiers were transferred out and 3 in."""
    values = measures_of_row(stored(edition.submission, "ho-tich")) | {
        "transferred_in": 3,
        "transferred_out": 5,
    }
    rows = {(fields.ho_tich.pk, None): values | {"received_direct": 32}}
    return submissions_actions.save_counts(edition, rows, by=people.clerk, revision=edition.revision, at=AT)


def test_what_was_moved_explains_a_difference_of_the_form(filled, as_, people, fields):
    edition = moved(people, fields, filled)
    cells = {f"E{HO_TICH}": 47, f"I{HO_TICH}": 43, f"C{HO_TICH}": None, f"G{HO_TICH}": None}
    totals = {f"{column}{TOTAL}": None for column in "CEGI"}
    answer = upload(as_("clerk"), edition.submission, edited(out(edition), cells | totals))
    assert answer.status_code == 200, [str(fault) for fault in answer.context["faults"]]
    assert [(change.column.number, change.after) for change in answer.context["reading"].changes] == [
        (5, 47),
        (9, 43),
    ]
    note = "Cột (3) lệch 2 so với cột (7) + cột (11) do hồ sơ chuyển đi, chuyển đến."
    assert answer.context["reading"].notes == [f"Dòng {HO_TICH}: {note}"] and note in answer.content.decode()
    (values,) = answer.context["reading"].rows.values()
    assert (values["transferred_in"], values["transferred_out"]) == (3, 5)


def test_what_was_moved_explains_no_other_difference(filled, as_, people, fields):
    edition = moved(people, fields, filled)
    content = edited(
        out(edition), {f"E{HO_TICH}": 38, f"C{HO_TICH}": None, f"C{TOTAL}": None, f"E{TOTAL}": None}
    )
    answer = upload(as_("clerk"), edition.submission, content)
    assert [(fault.cell, fault.code) for fault in answer.context["faults"]] == [(f"C{HO_TICH}", "identity")]


def test_a_number_in_an_unserved_channel_is_refused_by_cell(filled, as_, fields):
    fields.chung_thuc.scopes.update(channels="direct")
    cells = {f"D{CHUNG_THUC}": 3, f"E{CHUNG_THUC}": 1257}
    answer = upload(as_("clerk"), filled.submission, edited(out(filled), cells))
    assert [(fault.cell, fault.code) for fault in answer.context["faults"]] == [
        (f"D{CHUNG_THUC}", "not_served")
    ]


def test_a_form_by_hand_in_the_layout_of_the_circular_is_read(filled, as_):
    """Merged headings, numbers without brackets, no unit named: it is read, and the page says what was left out."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"] = "Biểu số II.06a/VPCP/KSTT"
    sheet.merge_cells("C3:F3")
    sheet["C3"] = "Tiếp nhận"
    sheet.append(list(range(1, 14)))
    sheet.append([1, "HO-TICH", 45, 10, 35, 0, 33, 0, 33, 0, 12, 12, 0])
    sheet.append(["", "Tổng số", 45, 10, 35, 0, 33, 0, 33, 0, 12, 12, 0])
    sheet["A12"] = "Người lập biểu"
    sheet.merge_cells("A12:D12")
    stream = BytesIO()
    book.save(stream)
    answer = upload(as_("clerk"), filled.submission, stream.getvalue())
    assert answer.status_code == 200, [str(fault) for fault in answer.context["faults"]]
    assert (answer.context["reading"].lines, answer.context["reading"].changes) == (1, [])
    assert "Tệp không ghi đơn vị báo cáo và kỳ báo cáo" in answer.content.decode()


@pytest.mark.parametrize("content", [b"x", b"PK\x03\x04 broken", b"a,b,c\n1,2,3\n"])
def test_what_is_no_workbook_is_refused(filled, as_, content):
    answer = upload(as_("clerk"), filled.submission, content)
    assert answer.status_code == 400 and answer.context["faults"]


def test_a_workbook_of_something_else_is_refused(filled, as_):
    stream = BytesIO()
    openpyxl.Workbook().save(stream)
    answer = upload(as_("clerk"), filled.submission, stream.getvalue())
    (fault,) = answer.context["faults"]
    assert answer.status_code == 422
    assert fault.code == "not_the_form" and "(13)" in fault.message


def test_a_locked_month_is_refused_in_its_words(filled, as_, people):
    content = edited(out(filled), {f"H{HO_TICH}": 1, f"I{HO_TICH}": 32, f"H{TOTAL}": None, f"I{TOTAL}": None})
    edition = submissions_actions.send_edition(filled, by=people.clerk, at=AT)
    assert upload(as_("clerk"), filled.submission, content).status_code == 409
    approval_actions.approve_edition(edition, by=people.reviewer, at=AT)
    answer = upload(as_("clerk"), filled.submission, content)
    assert answer.status_code == 423 and "đã được duyệt" in answer.content.decode()


ONE_EARLY = {f"H{HO_TICH}": 1, f"I{HO_TICH}": 32, f"H{TOTAL}": None, f"I{TOTAL}": None}


def test_an_upload_is_of_one_person_and_month_and_not_for_ever(filled, as_, people):
    clerk = as_("clerk")
    form_file = upload(clerk, filled.submission, edited(out(filled), ONE_EARLY)).context["kept"]
    other = submissions_actions.open_submission(people.alpha, Month(2022, 6), by=people.clerk, at=AT)
    Membership.objects.create(user=people.leader, unit=people.alpha, role=Role.CLERK, valid_from=SINCE)
    own = reverse("records:official_look", args=[filled.submission.pk, form_file.token])
    for client, address in (
        (clerk, reverse("records:official_look", args=[other.pk, form_file.token])),
        (clerk, reverse("records:official_look", args=[filled.submission.pk, "x"])),
        (as_("leader"), own),
    ):
        for answer in (client.get(address), client.post(address, {"seen": filled.revision})):
            assert answer.status_code == 404 and "Hãy chọn lại tệp" in answer.content.decode()
    assert as_("neighbour").post(own, {"seen": filled.revision}).status_code == 404
    FormFile.objects.update(kept_at=form_file.kept_at - timedelta(hours=25))
    assert clerk.post(own, {"seen": filled.revision}).status_code == 404
    assert stored(filled.submission, "ho-tich").resolved_early == 0


def test_saves_after_the_preview_need_a_new_preview(filled, as_, people, fields):
    clerk = as_("clerk")
    answer = upload(clerk, filled.submission, edited(out(filled), ONE_EARLY))
    rows = {(fields.ho_tich.pk, None): {"withdrawn": 2}}
    submissions_actions.save_counts(filled, rows, by=people.leader, revision=filled.revision, at=AT)
    again = confirmed(clerk, answer)
    assert again.status_code == 409 and "vừa được lưu ở nơi khác" in again.content.decode()
    assert stored(filled.submission, "ho-tich").resolved_early == 0
    assert confirmed(clerk, again).status_code == 302
    row = stored(filled.submission, "ho-tich")
    assert (row.resolved_early, row.withdrawn) == (1, 2)


def test_who_only_reads_downloads_and_does_not_upload(filled, as_):
    address = reverse("form_of_month", args=[filled.submission.pk])
    assert as_("viewer").get(address).content[:2] == b"PK"
    assert as_("viewer").get(reverse("records:official", args=[filled.submission.pk])).status_code == 403
    assert as_("neighbour").get(address).status_code == 404
