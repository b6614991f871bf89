"""Locks on the pages: one sentence everywhere, unlocking by two people, and the page of closing times."""

import re
from datetime import date, datetime, timedelta, timezone

import pytest

from accounts.models import User
from records.approval import actions as approval_actions
from records.locking import actions as locking_actions
from records.models import ClosingTime, State, UnlockRequest
from records.submissions import actions as submissions_actions
from tests.records.conftest import AT, JULY, SINCE
from tests.support.page_text import shows
from units.models import Membership, Role

# The demo's clock stands at 08:30 on 12 August 2022.
NOW = datetime(2022, 8, 12, 8, 30, tzinfo=timezone(timedelta(hours=7)))
SECOND = timedelta(seconds=1)
SENTENCE = "Báo cáo đã khóa từ 08:29:59 ngày 12/8/2022 vì đã quá giờ chốt. Đề nghị Đơn vị 351 mở khóa để sửa."
pytestmark = pytest.mark.django_db


@pytest.fixture
def approved(people, sent):
    """Alpha's July, approved."""
    approval_actions.approve_edition(sent.editions.get(), by=people.reviewer, at=AT)
    return sent


@pytest.fixture
def province_reviewer(people):
    people.above = User.objects.create(username="tinh")
    Membership.objects.create(user=people.above, unit=people.province, role=Role.REVIEWER, valid_from=SINCE)
    return people.above


def test_closed_by_the_second_on_every_way_in(as_, people, july):
    where, clerk = f"/records/{july.pk}/", as_("clerk")
    data = {"revision": "0", "ho-tich-opening": "5"}
    locking_actions.set_closing_time(people.district, JULY, NOW, by=people.reviewer, at=AT)
    assert clerk.post(f"{where}save/", data).status_code == 302
    locking_actions.set_closing_time(people.district, JULY, NOW - SECOND, by=people.reviewer, at=AT)
    assert SENTENCE in clerk.get(where).content.decode()
    assert '<span class="chip chip--lock">Đã khóa</span>' in clerk.get("/records/").content.decode()
    assert clerk.get(f"{where}check/").status_code == 302
    for act in ("save", "send", "no-dossiers"):
        answer = clerk.post(f"{where}{act}/", data | {"revision": "1", "ho-tich-opening": "6"})
        text = answer.content.decode()
        assert (answer.status_code, text.count(SENTENCE)) == (423, 1), act
        # The typed values are still there to be copied.
        assert 'value="6"' in text, act
    cells = {"key": "1", "revision": 1, "cells": {"ho-tich-opening": "6"}}
    answer = clerk.post(f"{where}cells/", cells, "application/json", headers={"Accept": "application/json"})
    result = answer.json()
    assert (answer.status_code, result["code"], result["detail"]) == (423, "locked", SENTENCE)


def test_what_is_sent_is_not_recalled_once_the_month_is_closed(as_, people, sent):
    locking_actions.set_closing_time(people.district, JULY, NOW - SECOND, by=people.reviewer, at=AT)
    clerk = as_("clerk")
    assert "Rút lại để sửa" not in clerk.get(f"/records/{sent.pk}/").content.decode()
    assert clerk.post(f"/records/{sent.pk}/recall/").status_code == 423
    deciding = as_("reviewer").get(f"/records/{sent.pk}/").content.decode()
    assert "Trả lại để sửa" in deciding and "mở khóa" not in deciding, "a reviewer can return it instead"
    assert as_("reviewer").post(f"/records/{sent.pk}/approve/", {"revision": "1"}).status_code == 302


def test_unlocking_by_two_people(as_, people, approved, province_reviewer):
    where, reviewer, above = f"/records/{approved.pk}/", as_("reviewer"), as_("above")
    bare = reviewer.post(f"{where}unlock/", {"reason": " "})
    assert bare.status_code == 400 and "Phải ghi lý do." in bare.content.decode()
    assert reviewer.post(f"{where}unlock/", {"reason": "Sót hồ sơ"}).status_code == 302
    again = reviewer.post(f"{where}unlock/", {"reason": "Sót hồ sơ"})
    assert again.status_code == 409 and UnlockRequest.objects.count() == 1
    unlock_request = UnlockRequest.objects.get()
    decision = {"request": str(unlock_request.pk), "verdict": "grant", "answer": ""}
    text = reviewer.get(where).content.decode()
    assert shows(text, "Bạn đã đề nghị nên người khác quyết định. Đang chờ Đơn vị 35 quyết định.")
    assert reviewer.post(f"{where}unlock/decide/", decision).status_code == 403
    assert "Đề nghị mở khóa chờ quyết định" not in reviewer.get("/records/").content.decode()
    text = above.get("/records/").content.decode()
    assert "Sót hồ sơ" in text and "Không có báo cáo nào chờ duyệt, 1 đề nghị mở khóa" in text
    bare = above.post(f"{where}unlock/decide/", decision | {"verdict": "decline"})
    assert bare.status_code == 400 and "Phải ghi lý do không đồng ý." in bare.content.decode()
    assert above.post(f"{where}unlock/decide/", decision).status_code == 302
    assert above.post(f"{where}unlock/decide/", decision).status_code == 409
    assert approved.editions.last().state == State.DRAFT
    text = as_("clerk").get(where).content.decode()
    assert "Báo cáo được mở khóa đến 08:30 ngày 14/8/2022" in text
    assert 'name="ho-tich-opening" value="0"' in text
    history = as_("leader").get(f"{where}history/").content.decode()
    assert "Đề nghị mở khóa" in history and "Đồng ý mở khóa" in history


def test_an_unlocking_ends_by_itself(as_, people, approved):
    locking_actions.decide_unlock_request(
        locking_actions.request_unlock(approved, reason="Sót", by=people.clerk, at=AT),
        grant=True,
        by=people.reviewer,
        at=NOW - timedelta(hours=48) - SECOND,
    )
    revision = approved.editions.last().revision
    answer = as_("clerk").post(
        f"/records/{approved.pk}/save/", {"revision": revision, "ho-tich-opening": "6"}
    )
    assert answer.status_code == 423 and "đã hết thời gian mở khóa" in answer.content.decode()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"request": "x", "verdict": "grant"},
        {"request": "1", "verdict": "x"},
        {"request": str(2**63), "verdict": "grant"},
        {"request": "1", "verdict": "decline", "answer": "x" * 2001},
    ],
)
def test_an_odd_decision_is_a_bad_request(as_, approved, data):
    assert as_("reviewer").post(f"/records/{approved.pk}/unlock/decide/", data).status_code == 400


def test_a_request_of_another_month_is_not_found(as_, people, approved):
    other = submissions_actions.open_submission(people.beta, JULY, by=None, at=AT)
    locking_actions.set_closing_time(people.district, JULY, NOW - SECOND, by=None, at=AT)
    unlock_request = locking_actions.request_unlock(other, reason="Sót", by=people.neighbour, at=NOW)
    decision = {"request": str(unlock_request.pk), "verdict": "grant"}
    assert as_("reviewer").post(f"/records/{approved.pk}/unlock/decide/", decision).status_code == 404


def test_editions_say_when_they_counted(as_, people, approved):
    unlock_request = locking_actions.request_unlock(approved, reason="Sót", by=people.clerk, at=AT)
    locking_actions.decide_unlock_request(unlock_request, grant=True, by=people.reviewer, at=AT)
    draft = submissions_actions.send_edition(approved.editions.last(), by=people.clerk, at=AT)
    approval_actions.approve_edition(draft, by=people.reviewer, at=NOW)
    text = as_("viewer").get(f"/records/{approved.pk}/").content.decode()
    assert "Được tính vào tổng hợp từ 09:00 ngày 15/6/2022 đến 08:30 ngày 12/8/2022" in text
    assert "Đang được tính vào tổng hợp, từ 08:30 ngày 12/8/2022" in text
    then = re.search(r'href="([^"]*as_of=2022-08-11)"', text)[1].replace("&amp;", "&")
    assert "Số liệu như đã duyệt đến hết ngày 11/8/2022" in as_("viewer").get(then).content.decode()


CHOICE = {"month": "2022-M07", "day": "16/8/2022", "time": "17:00"}


def test_a_closing_time_is_set_changed_and_removed_on_its_page(as_, people, july):
    reviewer, where = as_("reviewer"), "/records/closing/"
    choice = CHOICE | {"unit": str(people.district.pk)}
    assert reviewer.post(where, choice).status_code == 302
    closing = ClosingTime.objects.get()
    text = reviewer.get(where, {"unit": people.district.pk, "month": "2022-M07"}).content.decode()
    assert "17:00 ngày 16/8/2022" in text and 'value="16/8/2022"' in text
    assert reviewer.post(where, choice | {"time": "23:59:59"}).status_code == 302
    july.refresh_from_db()
    assert july.closes_at == datetime(2022, 8, 16, 23, 59, 59, tzinfo=NOW.tzinfo)
    assert reviewer.post(f"{where}{closing.pk}/remove/").status_code == 302
    assert not ClosingTime.objects.exists()


def test_a_past_closing_time_needs_confirmation(as_, people, july):
    reviewer, where = as_("reviewer"), "/records/closing/"
    choice = CHOICE | {"unit": str(people.district.pk), "day": "12/8/2022", "time": "8:29"}
    answer = reviewer.post(where, choice)
    text = answer.content.decode()
    assert answer.status_code == 200 and "Giờ chốt này đã qua:" in text and 'value="12/8/2022"' in text
    assert not ClosingTime.objects.exists()
    token = re.search(r'name="confirmed" value="([^"]+)"', text)[1]
    # A different time needs a new confirmation.
    assert reviewer.post(where, choice | {"time": "8:28", "confirmed": token}).status_code == 200
    assert not ClosingTime.objects.exists()
    assert reviewer.post(where, choice | {"confirmed": token}).status_code == 302
    july.refresh_from_db()
    assert july.closes_at == datetime(2022, 8, 12, 8, 29, tzinfo=NOW.tzinfo)
    # A future time needs no confirmation.
    assert reviewer.post(where, choice | {"time": "8:31"}).status_code == 302


def test_a_closed_month_that_nobody_opened_offers_the_request_only(as_, people, fields):
    opening = 'value="2022-M07"><div class="btns"><button class="btn btn--main">'
    late = as_("clerk").get("/records/").content.decode()
    assert shows(late, f'{opening}Nhập<span class="vh"> báo cáo tháng 7/2022')
    locking_actions.set_closing_time(people.district, JULY, NOW - SECOND, by=people.reviewer, at=AT)
    clerk = as_("clerk")
    text = clerk.get("/records/").content.decode()
    assert shows(text, f'{opening}Đề nghị mở khóa<span class="vh"> báo cáo tháng 7/2022')
    assert not shows(text, 'Nhập<span class="vh"> báo cáo tháng 7/2022')
    assert not shows(text, 'hồ sơ<span class="vh">, tháng 7/2022')
    assert shows(text, 'Nhập<span class="vh"> báo cáo tháng 6/2022'), "no other month is closed"
    answer = clerk.post("/records/open/", {"unit": people.alpha.pk, "month": "2022-M07"}, follow=True)
    assert "Gửi đề nghị mở khóa" in answer.content.decode()


def test_a_declined_request_stands_in_the_list_of_the_clerk(as_, people, approved, settings):
    unlock_request = locking_actions.request_unlock(approved, reason="Sót", by=people.clerk, at=NOW)
    clerk = as_("clerk")
    assert "không được đồng ý" not in clerk.get("/records/").content.decode()
    locking_actions.decide_unlock_request(
        unlock_request, grant=False, answer="Sửa ở kỳ sau", by=people.reviewer, at=NOW
    )
    text = clerk.get("/records/").content.decode()
    assert "Đề nghị mở khóa không được đồng ý (tonghop, 08:30 ngày 12/8/2022)" in text
    assert "Sửa ở kỳ sau" in text
    settings.DEMO_TODAY = date(2022, 9, 12)
    assert "không được đồng ý" not in clerk.get("/records/").content.decode(), (
        "the decision is too old to be shown"
    )
    settings.DEMO_TODAY = NOW.date()
    locking_actions.request_unlock(approved, reason="Vẫn phải sửa", by=people.clerk, at=NOW)
    assert "không được đồng ý" not in clerk.get("/records/").content.decode(), "a newer request replaces it"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"time": "25:00"}, "Giờ ghi như 17:00"),
        ({"time": "17"}, "Giờ ghi như 17:00"),
        ({"time": ""}, "Chưa nhập ô này."),
        ({"day": "31/6/2022"}, "Không có ngày"),
        ({"day": "14/7/2022"}, "Giờ chốt phải sau ngày cuối của tháng 7/2022."),
        ({"month": "2031-M01"}, "Hãy chọn một mục trong danh sách."),
        ({"unit": "0"}, "Hãy chọn một mục trong danh sách."),
    ],
)
def test_a_wrong_closing_time_is_an_error_of_its_field(as_, people, wrong, message):
    choice = CHOICE | {"unit": str(people.district.pk)} | wrong
    answer = as_("reviewer").post("/records/closing/", choice)
    assert answer.status_code == 400 and message in answer.content.decode()
    assert not ClosingTime.objects.exists()


@pytest.mark.parametrize(
    ("who", "page", "removal"),
    [
        ("clerk", 403, 404),
        ("outsider", 403, 404),
        ("leader", 403, 403),
        ("administrator", 403, 403),
        ("reviewer", 200, 302),
        ("above", 200, 403),
    ],
)
def test_who_may_set_closing_times(as_, people, province_reviewer, who, page, removal):
    """Each committee's reviewers set and remove their own; the province's can only read the district's."""
    closing = locking_actions.set_closing_time(people.district, JULY, NOW, by=None, at=AT)
    client = as_(who)
    assert client.get("/records/closing/").status_code == page
    if page != 200:
        assert client.post("/records/closing/", CHOICE).status_code == page
    assert client.get(f"/records/closing/{closing.pk}/remove/").status_code == removal
    assert client.post(f"/records/closing/{closing.pk}/remove/").status_code == removal
    assert ClosingTime.objects.exists() == (removal != 302)
