"""The clerk's page: saving, refusals with their place, sending."""

import pytest

from records.models import DossierCount, Edition, State, Submission
from records.submissions import actions
from tests.records.conftest import AT, JULY, balanced, cells, entered, posted, stored
from tests.support.page_text import shows

pytestmark = pytest.mark.django_db


def test_the_page_has_a_box_for_every_served_cell_and_hatches_the_others(as_, july):
    page = as_("clerk").get(f"/records/{july.pk}/")
    text = page.content.decode()
    assert page.status_code == 200
    assert 'name="ho-tich-received_postal"' in text
    assert 'name="chung-thuc-received_postal"' not in text and "không có" in text
    assert "Tiếp nhận trực tuyến mức độ 3" in text and "một phần" not in text


def test_numbers_as_people_type_them_are_saved(as_, july):
    data = posted(
        july, **{"ho-tich-opening": "1.240", "ho-tich-received_direct": "7", "ho-tich-withdrawn": " "}
    )
    answer = as_("clerk").post(f"/records/{july.pk}/save/", data)
    assert answer.status_code == 302
    row = stored(july, "ho-tich")
    assert (row.opening, row.received_direct, row.withdrawn) == (1240, 7, None)
    assert 'value="1.240"' in as_("clerk").get(f"/records/{july.pk}/").content.decode()


@pytest.mark.parametrize(
    "typed", ["12,5", "-5", "1e3", "#N/A", "٣", "1_000", "2022-01-05", "99999999999", "TRUE"]
)
def test_what_cannot_be_read_stays_in_its_box_and_the_rest_is_saved(as_, july, typed):
    data = posted(july, **{"ho-tich-opening": typed, "ho-tich-received_direct": "7"})
    answer = as_("clerk").post(f"/records/{july.pk}/save/", data)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert (
        f'value="{typed}"' in text
        and 'aria-invalid="true"' in text
        and "ho-tich: Kỳ trước chuyển sang" in text
    )
    row = stored(july, "ho-tich")
    assert (row.opening, row.received_direct) == (None, 7)


def test_a_number_where_the_field_has_no_such_channel_is_refused(as_, july):
    data = posted(july, **{"chung-thuc-received_postal": "3", "chung-thuc-opening": "1"})
    answer = as_("clerk").post(f"/records/{july.pk}/save/", data)
    assert answer.status_code == 400 and "hình thức không có" in answer.content.decode()
    assert stored(july, "chung-thuc").received_postal is None


def test_a_stale_save_shows_both_values_and_overwrites_nothing(as_, july):
    clerk = as_("clerk")
    old = posted(july, **{"ho-tich-opening": "61"})
    clerk.post(f"/records/{july.pk}/save/", posted(july, **{"ho-tich-opening": "16"}))
    answer = clerk.post(f"/records/{july.pk}/save/", old)
    text = answer.content.decode()
    assert answer.status_code == 409 and "Giữ 61" in text and "Lấy 16" in text
    assert stored(july, "ho-tich").opening == 16
    chosen = clerk.post(f"/records/{july.pk}/save/", posted(july, **{"ho-tich-opening": "61"}))
    assert chosen.status_code == 302 and stored(july, "ho-tich").opening == 61


def test_a_stale_save_asks_only_about_what_both_changed(as_, people, july):
    clerk = as_("clerk")
    start = posted(july, **{"ho-tich-opening": "1", "ho-tich-withdrawn": "2", "ho-tich-awaiting": "3"})
    clerk.post(f"/records/{july.pk}/save/", start)
    old = start | {"revision": "1"}
    theirs = {"ho-tich-opening": "16", "ho-tich-withdrawn": "7"}
    clerk.post(f"/records/{july.pk}/save/", posted(july, **theirs))
    answer = clerk.post(f"/records/{july.pk}/save/", old | {"ho-tich-opening": "61", "ho-tich-awaiting": "9"})
    text = answer.content.decode()
    assert answer.status_code == 409 and "Giữ 61" in text and "Lấy 16" in text and str(people.clerk) in text
    assert [clash.name for clash in answer.context["clashes"]] == ["ho-tich-opening"]
    assert answer.context["own"] == [("ho-tich-awaiting", "9")]
    chosen = posted(july, **{"ho-tich-opening": "61", **dict(answer.context["own"])})
    clerk.post(f"/records/{july.pk}/save/", chosen)
    row = stored(july, "ho-tich")
    assert (row.opening, row.withdrawn, row.awaiting) == (61, 7, 9)


def test_what_was_left_open_is_proposed_and_only_saved_by_saving(as_, people, fields):
    left = {**balanced(9), "resolved_on_time": 4, "pending_in_time": 3, "awaiting": 2}
    entered(people.alpha, JULY.previous(), {(fields.ho_tich.pk, None): left}, by=people.clerk)
    submission = actions.open_submission(people.alpha, JULY, by=people.clerk, at=AT)
    text = as_("clerk").get(f"/records/{submission.pk}/").content.decode()
    assert 'name="ho-tich-opening" value="5"' in text and "is-carried" in text
    assert not DossierCount.objects.filter(edition__submission=submission).exists()


def test_a_whole_report_is_sent_at_once_and_can_be_taken_back(as_, july):
    clerk = as_("clerk")
    data = posted(july, **cells("ho-tich", balanced(3)), **cells("chung-thuc", balanced(5, postal=None)))
    assert clerk.post(f"/records/{july.pk}/send/", data).status_code == 302
    assert july.editions.get().state == State.SENT
    locked = clerk.post(f"/records/{july.pk}/save/", posted(july, **{"ho-tich-opening": "9"}))
    assert locked.status_code == 409 and stored(july, "ho-tich").opening == 0
    assert clerk.post(f"/records/{july.pk}/recall/").status_code == 302
    assert july.editions.get().state == State.DRAFT


def test_no_dossiers_fills_zeros_and_keeps_what_was_typed(as_, july):
    data = posted(july, **{"ho-tich-received_direct": "2"})
    assert as_("clerk").post(f"/records/{july.pk}/no-dossiers/", data).status_code == 302
    row = stored(july, "ho-tich")
    assert (row.received_direct, row.received_postal, row.opening, row.transferred_in) == (2, 0, 0, None)
    assert stored(july, "chung-thuc").received_postal is None


def test_no_dossiers_is_one_click_from_the_work_list_and_can_be_undone(as_, people):
    clerk = as_("clerk")
    assert 'name="no_dossiers" value="1"' in clerk.get("/records/").content.decode()
    month = {"unit": people.alpha.pk, "month": "2022-M07", "no_dossiers": "1"}
    page = clerk.post("/records/open/", month, follow=True)
    text = page.content.decode()
    assert "Gửi báo cáo</button>" in text and "Hoàn tác điền 0" in text
    submission = Submission.objects.get()
    assert stored(submission, "ho-tich").awaiting == 0
    page = clerk.post(f"/records/{submission.pk}/undo/", {"revision": "1"}, follow=True)
    assert "Đã hoàn tác" in page.content.decode() and stored(submission, "ho-tich").awaiting is None
    assert "Hoàn tác điền 0" not in page.content.decode()
    assert clerk.post(f"/records/{submission.pk}/undo/", {"revision": "1"}).status_code == 409
    assert clerk.post(f"/records/{submission.pk}/undo/", {"revision": "x"}).status_code == 400


def test_no_dossiers_of_an_opened_month_is_one_click_too(as_, july):
    clerk = as_("clerk")
    assert f"/records/{july.pk}/no-dossiers/" in clerk.get("/records/").content.decode()
    page = clerk.post(f"/records/{july.pk}/no-dossiers/", {"revision": "0"})
    assert page.headers["Location"] == f"/records/{july.pk}/check/?da-dien=1"
    assert f"/records/{july.pk}/no-dossiers/" not in clerk.get("/records/").content.decode()


def test_undoing_keeps_what_was_typed_with_the_zeros(as_, july):
    clerk = as_("clerk")
    clerk.post(f"/records/{july.pk}/no-dossiers/", posted(july, **{"ho-tich-received_direct": "2"}))
    assert "Hoàn tác điền 0" in clerk.get(f"/records/{july.pk}/?da-dien=2").content.decode()
    clerk.post(f"/records/{july.pk}/undo/", {"revision": "2"})
    assert (stored(july, "ho-tich").received_direct, stored(july, "ho-tich").awaiting) == (2, None)


def test_no_dossiers_leaves_what_is_open_to_the_clerk(as_, people, fields):
    left = {**balanced(9), "resolved_on_time": 4, "pending_in_time": 5}
    entered(people.alpha, JULY.previous(), {(fields.ho_tich.pk, None): left}, by=people.clerk)
    submission = actions.open_submission(people.alpha, JULY, by=people.clerk, at=AT)
    as_("clerk").post(f"/records/{submission.pk}/no-dossiers/", posted(submission))
    row = stored(submission, "ho-tich")
    assert (row.opening, row.received_direct, row.pending_in_time) == (5, 0, None)


def test_opening_a_month_makes_it_once(as_, people):
    clerk = as_("clerk")
    for _ in range(2):
        answer = clerk.post("/records/open/", {"unit": people.alpha.pk, "month": "2022-M07"})
        assert answer.status_code == 302
    assert Submission.objects.filter(unit=people.alpha).count() == 1 and Edition.objects.count() == 1


def test_a_month_that_still_runs_is_not_opened(as_, people):
    as_("clerk").post("/records/open/", {"unit": people.alpha.pk, "month": "2022-M08"})
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("unit", "month"),
    [("x", "2022-M07"), (2**63, "2022-M07"), ("-1", "2022-M07"), ("", ""), ("1" * 5000, "2022-M07")],
)
def test_odd_units_and_months_are_not_found(as_, unit, month):
    assert as_("clerk").post("/records/open/", {"unit": unit, "month": month}).status_code == 404


def test_a_month_of_another_unit_is_not_opened(as_, people):
    assert (
        as_("clerk").post("/records/open/", {"unit": people.beta.pk, "month": "2022-M07"}).status_code == 404
    )
    assert (
        as_("viewer").post("/records/open/", {"unit": people.alpha.pk, "month": "2022-M07"}).status_code
        == 403
    )


def test_a_form_without_a_revision_is_refused(as_, july):
    answer = as_("clerk").post(f"/records/{july.pk}/save/", {"ho-tich-opening": "5", "revision": "1" * 40})
    assert answer.status_code == 400
    assert not DossierCount.objects.filter(edition__submission=july, opening=5).exists()


def test_a_stale_save_keeps_the_reasons_and_the_texts_that_were_typed(as_, july):
    clerk = as_("clerk")
    typed = {"ho-tich-opening": "61", "ho-tich-withdrawn": "12,5", "ho-tich-reason": "Lý do của tôi"}
    old = posted(july, **typed)
    clerk.post(f"/records/{july.pk}/save/", posted(july, **{"ho-tich-opening": "16", "ho-tich-reason": "Họ"}))
    answer = clerk.post(f"/records/{july.pk}/save/", old)
    text = answer.content.decode()
    assert answer.status_code == 409 and ">Lý do của tôi</textarea>" in text and "Đã lưu: “Họ”" in text
    assert 'type="hidden" name="ho-tich-withdrawn" value="12,5"' in text
    chosen = clerk.post(f"/records/{july.pk}/save/", posted(july, **typed))
    assert chosen.status_code == 400 and 'value="12,5"' in chosen.content.decode()
    assert (stored(july, "ho-tich").opening, stored(july, "ho-tich").reason) == (61, "Lý do của tôi")


def test_a_form_that_is_not_stored_does_not_say_so(as_, july):
    text = as_("clerk").post(f"/records/{july.pk}/save/", {"ho-tich-opening": "5"}).content.decode()
    assert "Chưa lưu được" in text and "đã lưu" not in text


def test_a_month_from_a_file_names_the_file_and_when(as_, people, july):
    july.editions.update(saved_by="tệp thang-7.csv", saved_at=AT, revision=1)
    text = as_("leader").get(f"/records/{july.pk}/").content.decode()
    assert shows(text, "<b>Nhập từ tệp</b>thang-7.csv, ") and "15/6/2022" in text
