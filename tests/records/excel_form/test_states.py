"""Uploads of forms for other units, months and states, and after changes by others."""

from datetime import UTC, date, datetime, timedelta

import openpyxl
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ledger.models import Entry
from records.approval import actions as approval_actions
from records.locking import actions as locking_actions
from records.models import Edition, Field, FieldScope, FormFile, Submission
from records.submissions import actions as submissions_actions
from tests.records.conftest import AT, JULY, balanced, stored
from units.models import Membership, Role

from .book import WHOLE, brought, form_of, refused, stored_by, words, wrong
from .cells import cell, filled, opened, saved


def doubled(content: bytes) -> bytes:
    book = opened(content)
    book.copy_worksheet(book.worksheets[0])
    return saved(book)


def old(sheet) -> None:
    sheet["A1"].value = sheet["A1"].value.replace("cchc-form;1;", "cchc-form;0;")


def test_forms_of_other_units_months_and_versions_are_refused(as_, people, july):
    clerk = as_("clerk")
    june = submissions_actions.open_submission(people.alpha, JULY.previous(), by=people.clerk, at=AT)
    beta = submissions_actions.open_submission(people.beta, JULY, by=people.neighbour, at=AT)
    mine, plain = form_of(clerk, july), saved(openpyxl.Workbook())
    for content, code, message in [
        (form_of(as_("neighbour"), beta), "other_unit", "đơn vị mã 13450"),
        (form_of(clerk, june), "other_month", "của tháng 6/2022"),
        (filled(mine, {}, old), "old_form", "mẫu cũ"),
        (plain, "no_form", "không có biểu nào"),
        (b"PK not a package", "unreadable", "hỏng"),
        (b"unit,month\n1,2\n", "unreadable", "không phải bảng tính"),
    ]:
        answer = brought(clerk, content, july)
        assert (answer.status_code, refused(answer)) == (400, [code]), code
        assert message in words(answer)
    assert not FormFile.objects.exists()


def test_what_is_wrong_with_one_sheet_hides_nothing_of_another(as_, people, fields, july):
    clerk = as_("clerk")
    answer = brought(clerk, doubled(filled(form_of(clerk, july), {("ho-tich", "opening"): -1})), july)
    assert answer.status_code == 400
    assert [code for _, code in wrong(answer)] == ["repeated_sheet", "negative"]
    Membership.objects.create(
        user=people.clerk, unit=people.beta, role=Role.CLERK, valid_from=date(2020, 7, 1)
    )
    address = reverse("records:forms_xlsx") + f"?unit={people.district.pk}&month={JULY}"
    book = opened(as_("reviewer").get(address).content)
    old(book.worksheets[0])
    cell(book.worksheets[1], "ho-tich", "opening").value = -1
    answer = brought(clerk, saved(book))
    assert [code for _, code in wrong(answer)] == ["old_form", "negative"]
    assert not Edition.objects.filter(revision__gt=0).exists()


def test_a_form_made_before_the_catalogue_changed_is_refused(as_, people, fields, july):
    clerk = as_("clerk")
    content = form_of(clerk, july)
    third = Field.objects.create(code="dat-dai", name="Đất đai", order=3)
    FieldScope.objects.create(field=third, tier="commune", valid_from=date(2020, 7, 1))
    answer = brought(clerk, content, july)
    assert wrong(answer) == [("", "old_form")] and "Hãy tải biểu mới" in words(answer)


def test_a_locked_or_sent_month_is_refused_and_says_whom_to_ask(as_, people, fields, sent):
    clerk = as_("clerk")
    content = filled(form_of(clerk, sent), {("ho-tich", "withdrawn"): 4})
    answer = brought(clerk, content, sent)
    assert (answer.status_code, wrong(answer)) == (409, [("", "sent")])
    approval_actions.approve_edition(sent.editions.get(), by=people.reviewer, at=AT)
    answer = brought(clerk, content, sent)
    assert (answer.status_code, wrong(answer)) == (423, [("", "locked")])
    assert "đã được duyệt. Đề nghị Đơn vị 351 mở khóa" in words(answer)


def test_what_a_colleague_saved_stays_and_clashes_need_a_choice(as_, people, fields, july):
    clerk = as_("clerk")
    edition = july.editions.get()
    key = (fields.ho_tich.pk, None)
    edition = submissions_actions.save_counts(
        edition, {key: balanced(30)}, by=people.clerk, revision=0, at=AT
    )
    form = form_of(clerk, july)
    theirs = {key: {"received_direct": 31, "resolved_on_time": 31}}
    submissions_actions.save_counts(edition, theirs, by=people.leader, revision=1, at=AT)
    look = clerk.get(brought(clerk, filled(form, {("ho-tich", "withdrawn"): 2}), july).url)
    assert (look.context["cells"], look.context["others"]) == (1, 2)
    answer = brought(clerk, filled(form, {("ho-tich", "received_direct"): 40}), july)
    assert answer.status_code == 409
    clash = answer.context["clashes"][0]
    assert (clash.name, clash.mine, clash.theirs, clash.by) == (
        "ho-tich-received_direct", "40", "31", "Lãnh đạo huyện",
    )  # fmt: skip
    assert stored(july, "ho-tich").received_direct == 31


def test_cells_chosen_after_a_clash_are_logged_as_from_the_file(as_, people, fields, july):
    clerk, key = as_("clerk"), (fields.ho_tich.pk, None)
    form = form_of(clerk, july)
    edition = july.editions.get()
    edition = submissions_actions.save_counts(
        edition, {key: balanced(30)}, by=people.leader, revision=0, at=AT
    )
    answer = brought(clerk, filled(form, {("ho-tich", "received_direct"): 40}), july, name="bieu T7.xlsx")
    token = answer.context["kept"].token
    assert f'name="file" value="{token}"' in answer.content.decode()
    submissions_actions.save_counts(edition, {key: {"withdrawn": 1}}, by=people.leader, revision=1, at=AT)
    chosen = {"revision": "1", "ho-tich-received_direct": "40", "file": token}
    address = reverse("records:save", args=[july.pk])
    # Another cell was saved meanwhile: the choice stays and is not asked again.
    answer = clerk.post(address, chosen)
    if answer.status_code == 409:
        answer = clerk.post(address, chosen | {"revision": str(answer.context["edition"].revision)})
    assert answer.status_code == 302 and stored(july, "ho-tich").received_direct == 40
    entry = Entry.objects.filter(action="submission.save").latest("sequence")
    assert (entry.detail["way"], entry.detail["file"]) == ("file", "bieu T7.xlsx")
    assert "từ tệp" in words(clerk.get(reverse("records:history", args=[july.pk])))
    assert bytes(FormFile.objects.get().content) == b""
    # Once stored, the file is no longer the reason for a change.
    revision = str(july.editions.get().revision)
    clerk.post(address, {"revision": revision, "ho-tich-received_direct": "41", "file": token})
    entry = Entry.objects.filter(action="submission.save").latest("sequence")
    assert entry.detail["way"] == "page" and "file" not in entry.detail


def test_expired_uploads_are_deleted_by_the_timer(as_, july, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    clerk = as_("clerk")
    for hours in (25, 1):
        brought(clerk, filled(form_of(clerk, july), WHOLE), july)
        newest = FormFile.objects.latest("pk")
        FormFile.objects.filter(pk=newest.pk).update(kept_at=timezone.now() - timedelta(hours=hours))
    call_command("deliver")
    assert FormFile.objects.get() == newest


def test_a_clash_during_the_preview_needs_a_choice_too(as_, people, fields, july):
    clerk, key = as_("clerk"), (fields.ho_tich.pk, None)
    edition = submissions_actions.save_counts(
        july.editions.get(), {key: balanced(30)}, by=people.clerk, revision=0, at=AT
    )
    content = filled(form_of(clerk, july), {("ho-tich", "received_direct"): 40})
    address = brought(clerk, content, july).url
    submissions_actions.save_counts(
        edition, {key: {"received_direct": 31}}, by=people.leader, revision=1, at=AT
    )
    for answer in (clerk.get(address), clerk.post(address, {"seen": ""})):
        assert answer.status_code == 409
        assert [(clash.mine, clash.theirs) for clash in answer.context["clashes"]] == [("40", "31")]


def test_saves_after_the_preview_need_a_new_preview(as_, people, fields, july):
    clerk = as_("clerk")
    address = brought(clerk, filled(form_of(clerk, july), WHOLE), july).url
    preview = clerk.get(address).context["weighed"].seen
    rows = {(fields.chung_thuc.pk, None): {"withdrawn": 2}}
    submissions_actions.save_counts(july.editions.get(), rows, by=people.leader, revision=0, at=AT)
    answer = clerk.post(address, {"seen": preview})
    assert answer.status_code == 409 and "vừa được lưu ở nơi khác" in words(answer)
    assert clerk.post(address, {"seen": answer.context["weighed"].seen}).status_code == 302
    assert (stored(july, "ho-tich").received_direct, stored(july, "chung-thuc").withdrawn) == (30, 2)


def test_an_upload_is_seen_by_its_owner_only_and_not_for_ever(as_, people, july, settings):
    clerk = as_("clerk")
    address = brought(clerk, filled(form_of(clerk, july), WHOLE), july).url
    Membership.objects.create(
        user=people.leader, unit=people.alpha, role=Role.CLERK, valid_from=date(2020, 7, 1)
    )
    for name in ("leader", "reviewer", "neighbour", "administrator"):
        assert as_(name).get(address).status_code == 404
        assert as_(name).get(f"{address}marked.xlsx").status_code == 404
        assert as_(name).post(address, {"seen": ""}).status_code == 404
    FormFile.objects.update(kept_at=FormFile.objects.get().kept_at - timedelta(hours=25))
    assert clerk.get(address).status_code == 404
    Membership.objects.filter(user=people.clerk).delete()
    FormFile.objects.update(kept_at=FormFile.objects.get().kept_at + timedelta(hours=25))
    assert as_("clerk").get(address).status_code == 404
    assert brought(as_("viewer"), b"", july).status_code == 403


def test_a_workbook_of_several_units_is_stored_whole_or_not_at_all(as_, people, fields, july):
    Membership.objects.create(
        user=people.clerk, unit=people.beta, role=Role.CLERK, valid_from=date(2020, 7, 1)
    )
    clerk = as_("clerk")
    content = (
        as_("reviewer")
        .get(reverse("records:forms_xlsx") + f"?unit={people.district.pk}&month={JULY}")
        .content
    )
    book = opened(content)
    for sheet in book.worksheets[:2]:
        for (code, name), value in WHOLE.items():
            cell(sheet, code, name).value = value
    cell(book.worksheets[1], "ho-tich", "awaiting").value = "12,5"
    answer = brought(clerk, saved(book))
    assert answer.status_code == 400 and [code for _, code in wrong(answer)] == ["not_whole"]
    assert [name for name, _ in answer.context["weighed"].skipped] == ["Đơn vị dat-dai", "Đơn vị van-phong"]
    cell(book.worksheets[1], "ho-tich", "awaiting").value = 0
    assert stored_by(clerk, saved(book)).url == reverse("records:worklist")
    assert {edition.submission.unit.code: edition.revision for edition in Edition.objects.all()} == {
        "13441": 1,
        "13450": 1,
    }
    again = clerk.get(brought(clerk, saved(book)).url)
    assert again.context["cells"] == 0
    answer = brought(as_("outsider"), saved(book))
    assert (answer.status_code, refused(answer)) == (400, ["other_unit"])


def test_a_month_that_nobody_opened_is_opened_by_its_form(as_, people, fields):
    clerk, reviewer = as_("clerk"), as_("reviewer")
    address = reverse("records:forms_xlsx") + f"?unit={people.alpha.pk}&month={JULY}"
    content = filled(reviewer.get(address).content, WHOLE)
    assert stored_by(clerk, content).status_code == 302
    assert stored(Submission.objects.get(), "ho-tich").received_direct == 30
    # A month that was never opened may be locked too.
    Submission.objects.all().delete()
    closes_at = datetime(2022, 8, 1, tzinfo=UTC)
    locking_actions.set_closing_time(people.district, JULY, closes_at, by=people.reviewer, at=AT)
    answer = brought(clerk, content)
    assert (answer.status_code, wrong(answer)) == (423, [("", "locked")])
    assert "đã quá giờ chốt. Đề nghị Đơn vị 351 mở khóa" in words(answer)
    assert not Submission.objects.exists()


def test_a_month_that_has_not_ended_is_refused(as_, people, fields):
    clerk = as_("clerk")
    address = reverse("records:forms_xlsx") + f"?unit={people.alpha.pk}&month={JULY}"
    book = opened(clerk.get(address).content)
    book.worksheets[0]["A1"].value = book.worksheets[0]["A1"].value.replace("2022-M07", "2022-M08")
    answer = brought(clerk, saved(book))
    assert (answer.status_code, refused(answer)) == (409, ["too_early"])


def test_a_clash_in_several_units_shows_both_values(as_, people, fields, july):
    clerk, key = as_("clerk"), (fields.ho_tich.pk, None)
    edition = submissions_actions.save_counts(
        july.editions.get(), {key: balanced(30)}, by=people.clerk, revision=0, at=AT
    )
    content = filled(form_of(clerk, july), {("ho-tich", "received_direct"): 40})
    submissions_actions.save_counts(
        edition, {key: {"received_direct": 31}}, by=people.leader, revision=1, at=AT
    )
    answer = brought(clerk, content)
    assert [code for _, code in wrong(answer)] == ["stale"]
    assert "Lãnh đạo huyện đã lưu 31 sau khi tải biểu; trong tệp là 40." in words(answer)


def test_forms_cost_the_same_for_any_number_of_units(as_, people, fields, july):
    reviewer, clerk = as_("reviewer"), as_("clerk")
    single, district = (
        reverse("records:forms_xlsx") + f"?unit={unit.pk}&month={JULY}"
        for unit in (people.alpha, people.district)
    )
    assert queries(reviewer, single) == queries(reviewer, district) <= 20
    content = filled(reviewer.get(district).content, WHOLE)
    address = brought(clerk, content).url
    alone = queries(clerk, address)
    Membership.objects.create(
        user=people.clerk, unit=people.beta, role=Role.CLERK, valid_from=date(2020, 7, 1)
    )
    assert queries(clerk, address) == alone <= 30


def queries(client, address: str) -> int:
    """Queries of a GET, after a first one that fills the caches of the process."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)
