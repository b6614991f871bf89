"""Approving, returning and unlocking on the page: rights, own entries, stale revisions, batches."""

import pytest
from django.db import transaction

from accounts.models import User
from core import clock
from ledger import log
from records.approval import actions as approval_actions
from records.models import Edition, State
from records.submissions import actions as submissions_actions
from tests.records.conftest import AT, JULY, SINCE, balanced, entered, posted, unlocked
from tests.support.page_text import shows
from units.models import Membership, Role

pytestmark = pytest.mark.django_db

ACTS = ["save", "send", "no-dossiers", "recall", "approve", "return", "unlock", "unlock/decide"]


def test_approved_with_the_revision_that_was_looked_at(as_, sent):
    reviewer = as_("reviewer")
    for unread in ({}, {"revision": "x"}, {"revision": "9" * 400}):
        assert reviewer.post(f"/records/{sent.pk}/approve/", unread).status_code == 409
    stale = reviewer.post(f"/records/{sent.pk}/approve/", {"revision": "0"})
    assert stale.status_code == 409 and sent.editions.get().state == State.SENT
    assert reviewer.post(f"/records/{sent.pk}/approve/", {"revision": "1"}).status_code == 302
    edition = sent.editions.get()
    assert (edition.state, edition.decided_by) == (State.APPROVED, "tonghop")


def test_returned_with_a_reason_and_marked_cells(as_, sent):
    reviewer, where = as_("reviewer"), f"/records/{sent.pk}/return/"
    bare = reviewer.post(where, {"reason": "  "})
    assert bare.status_code == 400 and "Phải ghi lý do." in bare.content.decode()
    data = {"reason": "Đối chiếu sổ", "cells": ["ho-tich-opening", "ho-tich-withdrawn"]}
    assert reviewer.post(where, data).status_code == 302
    assert sent.editions.get().marked_cells == data["cells"]
    text = as_("clerk").get(f"/records/{sent.pk}/").content.decode()
    assert "Đối chiếu sổ" in text and shows(text, "đánh dấu 2 ô") and text.count("is-warn") == 2


def test_unlocked_while_the_old_figures_count_on(as_, people, sent):
    reviewer, where = as_("reviewer"), f"/records/{sent.pk}/"
    reviewer.post(f"{where}approve/", {"revision": "1"})
    locked = as_("clerk").post(f"{where}save/", {"revision": "1", "ho-tich-opening": "5"})
    assert locked.status_code == 423
    unlocked(sent, by=people.reviewer, at=clock.now())
    assert sorted(sent.editions.values_list("state", flat=True)) == [State.APPROVED, State.DRAFT]
    assert 'name="ho-tich-opening" value="0"' in as_("clerk").get(where).content.decode()
    assert "<input" not in as_("leader").get(where).content.decode().split("<table")[1].split("</table")[0]


def test_nobody_approves_own_entries(as_, people, sent):
    sent.editions.get().writers.add(people.reviewer)
    reviewer = as_("reviewer")
    assert "người duyệt khác sẽ duyệt" in reviewer.get(f"/records/{sent.pk}/").content.decode()
    assert reviewer.post(f"/records/{sent.pk}/approve/", {"revision": "1"}).status_code == 403
    assert reviewer.post("/records/approve/", {"chosen": f"{sent.pk}:1"}).status_code == 403
    assert sent.editions.get().state == State.SENT


@pytest.fixture
def sent_by_the_reviewer(people, sent):
    """Alpha's July with its clerk's numbers, recalled and sent again by the only reviewer, who is a clerk there too."""
    Membership.objects.create(user=people.reviewer, unit=people.alpha, role=Role.CLERK, valid_from=SINCE)
    submissions_actions.recall_edition(sent.editions.get(), by=people.reviewer, at=AT)
    submissions_actions.send_edition(sent.editions.get(), by=people.reviewer, at=AT)
    return sent


def test_nobody_approves_what_they_sent(as_, people, sent_by_the_reviewer):
    sent, reviewer = sent_by_the_reviewer, as_("reviewer")
    assert list(sent.editions.get().writers.all()) == [people.clerk]
    page = reviewer.get(f"/records/{sent.pk}/").content.decode()
    assert (
        "Bạn đã gửi báo cáo này nên không duyệt được" in page and f"/records/{sent.pk}/approve/" not in page
    )
    assert reviewer.post(f"/records/{sent.pk}/approve/", {"revision": "1"}).status_code == 403
    listed = reviewer.get("/records/").content.decode()
    assert "Bạn đã gửi, người khác duyệt" in listed and f'value="{sent.pk}:1"' not in listed
    assert reviewer.post("/records/approve/", {"chosen": f"{sent.pk}:1"}).status_code == 403
    assert sent.editions.get().state == State.SENT


def test_who_also_approves_is_warned_before_sending(as_, people, sent_by_the_reviewer):
    submissions_actions.recall_edition(sent_by_the_reviewer.editions.get(), by=people.reviewer, at=AT)
    where, warning = f"/records/{sent_by_the_reviewer.pk}/check/", "gửi rồi thì bạn không duyệt được nữa"
    assert warning in as_("reviewer").get(where).content.decode()
    assert warning not in as_("clerk").get(where).content.decode()


def test_what_another_person_sends_again_is_approved(as_, people, sent_by_the_reviewer):
    """With a single reviewer the unit's clerk can recall the month and send it again."""
    sent = sent_by_the_reviewer
    assert as_("clerk").post(f"/records/{sent.pk}/recall/").status_code == 302
    assert as_("clerk").post(f"/records/{sent.pk}/send/", posted(sent)).status_code == 302
    assert as_("reviewer").post(f"/records/{sent.pk}/approve/", {"revision": "1"}).status_code == 302
    assert sent.editions.get().state == State.APPROVED


def test_who_sent_the_old_figures_approves_the_correction_of_another(as_, people, sent_by_the_reviewer):
    sent, second = sent_by_the_reviewer, User.objects.create(username="duyet2")
    approval_actions.approve_edition(sent.editions.get(), by=second, at=AT)
    unlocked(sent, by=second, at=clock.now())
    draft = sent.editions.get(state=State.DRAFT)
    assert draft.sender is None and list(draft.writers.all()) == [people.clerk]
    submissions_actions.send_edition(draft, by=people.clerk, at=clock.now())
    where = f"/records/{sent.pk}/approve/"
    assert as_("reviewer").post(where, {"revision": str(draft.revision)}).status_code == 302


def test_several_are_approved_at_once_and_the_changed_one_is_named(as_, people, fields, sent):
    other = submissions_actions.open_submission(people.beta, JULY, by=people.neighbour, at=AT)
    rows = {(fields.ho_tich.pk, None): balanced(4)}
    edition = submissions_actions.save_counts(
        other.editions.get(), rows, by=people.neighbour, revision=0, at=AT
    )
    submissions_actions.send_edition(edition, by=people.neighbour, at=AT)
    answer = as_("reviewer").post(
        "/records/approve/", {"chosen": [f"{sent.pk}:1", f"{other.pk}:9"]}, follow=True
    )
    text = answer.content.decode()
    assert "Đã duyệt 1 báo cáo." in text and f"Chưa duyệt {people.beta.name}" in text
    assert (sent.editions.get().state, other.editions.get().state) == (State.APPROVED, State.SENT)


@pytest.mark.parametrize("chosen", ["x", "1", "1:x", f"{2**63}:0:1", "1" * 5000 + ":1", ":", "1:-1"])
def test_an_odd_choice_is_a_bad_request(as_, people, chosen):
    assert as_("reviewer").post("/records/approve/", {"chosen": chosen}).status_code == 400


def test_an_unknown_choice_is_not_found_and_approves_nothing(as_, sent):
    answer = as_("reviewer").post("/records/approve/", {"chosen": [f"{sent.pk}:1", "999999:0"]})
    assert answer.status_code == 404 and sent.editions.get().state == State.SENT


@pytest.mark.parametrize(
    ("who", "reading", "entering", "deciding"),
    [
        ("clerk", 200, None, 403),
        ("neighbour", 404, 404, 404),
        ("outsider", 404, 404, 404),
        ("viewer", 200, 403, 403),
        ("leader", 200, 403, 403),
        ("administrator", 200, 403, 403),
        ("reviewer", 200, 403, None),
    ],
)
def test_who_may_what(as_, sent, who, reading, entering, deciding):
    """None: allowed; other tests check the response."""
    client, where = as_(who), f"/records/{sent.pk}/"
    before = list(Edition.objects.values())
    assert client.get(where).status_code == reading
    assert client.get(f"{where}history/").status_code == reading
    for act in ACTS:
        expected = entering if act in ("save", "send", "no-dossiers", "recall") else deciding
        if act == "unlock" and None in (entering, deciding):
            expected = None
        assert client.get(f"{where}{act}/").status_code == (expected or 302), act
        if expected:
            assert client.post(f"{where}{act}/", {"reason": "x", "revision": "1"}).status_code == expected, (
                act
            )
    if deciding:
        assert client.post("/records/approve/", {"chosen": f"{sent.pk}:1"}).status_code == deciding
    assert list(Edition.objects.values()) == before


@pytest.mark.parametrize("number", ["999999", str(2**63), "9" * 5000])
def test_unknown_numbers_are_not_found(as_, people, number):
    client = as_("reviewer")
    for act in ["", "history/", *(f"{act}/" for act in ACTS)]:
        assert client.get(f"/records/{number}/{act}").status_code == 404, act
        assert client.post(f"/records/{number}/{act}").status_code == 404, act


@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "9" * 5000, "٣"])
def test_unknown_editions_are_not_found(as_, sent, number):
    assert as_("reviewer").get(f"/records/{sent.pk}/", {"lan": number}).status_code == 404
    assert as_("reviewer").get(f"/records/{sent.pk}/", {"lan": "1"}).status_code == 200


def test_nul_is_a_bad_request(as_, sent):
    assert as_("reviewer").post(f"/records/{sent.pk}/return/", {"reason": "a\0b"}).status_code == 400


def test_history_shows_who_changed_which_cell(as_, sent):
    text = as_("leader").get(f"/records/{sent.pk}/history/").content.decode()
    assert "Lưu số liệu trên trang" in text
    assert shows(text, '?o=chung-thuc-received_direct">chung-thuc: Tiếp nhận trực tiếp</a>: — → <b>1.240</b>')


def test_history_names_the_file_that_a_month_came_from(as_, people, july):
    july.editions.update(saved_by="tệp thang-7.csv")
    with transaction.atomic():
        for submissions in ([july.pk], [july.pk + 1]):
            detail = {"file": "thang-7.csv", "submissions": submissions}
            log.append("counts.import", by=None, subject="file:thang-7.csv", detail=detail)
    text = as_("leader").get(f"/records/{july.pk}/history/").content.decode()
    assert text.count("Nhập từ tệp") == 1 and "Tệp thang-7.csv" in text and "hệ thống" in text


def test_a_batch_leaves_out_what_asks_for_a_look_and_says_so(as_, people, fields, sent):
    rows = {(fields.ho_tich.pk, None): balanced(0), (fields.chung_thuc.pk, None): balanced(0, postal=None)}
    zeros = entered(people.beta, JULY, rows, by=people.neighbour, upto="sent").submission
    reviewer = as_("reviewer")
    listed = reviewer.get("/records/").content.decode()
    assert f'value="{sent.pk}:1" checked' in listed and f'value="{zeros.pk}:' not in listed
    answer = reviewer.post("/records/approve/", {"chosen": [f"{sent.pk}:1", f"{zeros.pk}:1"]}, follow=True)
    text = answer.content.decode()
    assert "Đã duyệt 1 báo cáo." in text
    assert f"Chưa duyệt {people.beta.name}: có điều cần xem, mở báo cáo ra xem rồi duyệt." in text
    assert zeros.editions.get().state == State.SENT
    assert "Duyệt báo cáo đã chọn" not in text, "nothing to approve in a batch"
    looked = reviewer.get(f"/records/{zeros.pk}/").content.decode()
    assert "mọi ô đều là 0." in looked and "Chưa ghi lý do." in looked and "nhập tiếp" not in looked, (
        "a reviewer needs no advice for clerks"
    )
    response = reviewer.post(f"/records/{zeros.pk}/approve/", {"revision": "1"}, follow=True)
    assert response.redirect_chain[0][0] == "/records/"
    assert f"Đã duyệt {people.beta.name}, tháng 7/2022." in response.content.decode()


@pytest.mark.parametrize("act", ["approve", "return", "unlock/decide"])
def test_who_does_not_approve_sees_who_does(as_, people, sent, act):
    answer = as_("clerk").post(f"/records/{sent.pk}/{act}/")
    text = answer.content.decode()
    assert answer.status_code == 403
    assert f"Bạn không duyệt số liệu của {people.alpha.name}." in text
    assert "việc của người duyệt số liệu ở cấp trên" in text


def test_blank_cells_are_named_to_who_decides(as_, people, fields, july):
    row = (fields.ho_tich.pk, None)
    edition = submissions_actions.save_counts(
        july.editions.get(),
        {row: {**balanced(30), "returned_direct": None}},
        by=people.clerk,
        revision=0,
        at=AT,
    )
    clerk, where = as_("clerk"), f"/records/{july.pk}/"
    assert "Ô để trống" not in clerk.get(where).content.decode()
    submissions_actions.send_edition(edition, by=people.clerk, at=AT)
    answer = as_("reviewer").get(where)
    text = answer.content.decode()
    place = f"o-{fields.ho_tich.pk}-0-returned_direct"
    assert f'<a href="#{place}">trả kết quả trực tiếp</a>' in text and f'id="{place}"' in text
    assert [line.code for line, _ in answer.context["blanks"]] == ["chung-thuc", "ho-tich"]
    assert "Ô để trống" not in clerk.get(where).content.decode(), "only the reviewer sees it"
