"""Autosave of cells: every answer that the page's script can get (docs/api.md)."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from ledger.models import Entry, IdempotencyKey
from records.approval import actions as approval_actions
from records.change_history import CellChange, split_clashes
from records.models import State
from records.submissions import actions as submissions_actions
from tests.records.conftest import AT, JULY, balanced, entered, stored, unlocked
from tests.records.submissions.test_parallel import apart, at_once

JSON = {"content_type": "application/json", "headers": {"accept": "application/json"}}


def ask(client: Client, submission, revision: int = 0, *, key: str = "", reasons=None, **cells):
    """`cells`: ho_tich__opening="61" is the cell ho-tich-opening."""
    body = {
        "key": key or str(uuid4()),
        "revision": revision,
        "cells": {
            name.replace("__", "-", 1).replace("ho_tich", "ho-tich"): text for name, text in cells.items()
        },
        "reasons": reasons or {},
    }
    return client.post(f"/records/{submission.pk}/cells/", json.dumps(body), **JSON)


def saves() -> int:
    return Entry.objects.filter(action="submission.save").count()


@pytest.mark.django_db
class TestSaving:
    def test_what_can_be_read_is_stored_and_what_cannot_says_why(self, as_, july):
        answer = ask(
            as_("clerk"), july, ho_tich__opening="1.240", ho_tich__withdrawn="12,5", ho_tich__awaiting=""
        )
        result = answer.json()
        assert answer.status_code == 200
        assert (result["revision"], result["saved"]) == (1, ["ho-tich-opening", "ho-tich-awaiting"])
        assert result["faults"]["ho-tich-withdrawn"]["code"] == "not_whole"
        assert "“12,5” không phải số hồ sơ." in result["faults"]["ho-tich-withdrawn"]["message"]
        assert result["saved_at"].startswith("2022-08-12T") and result["saved_at"].endswith("+07:00")
        assert stored(july, "ho-tich").opening == 1240
        detail = Entry.objects.get(action="submission.save").detail
        assert detail["way"] == "page" and detail["cells"] == {"ho-tich": {"opening": [None, 1240]}}

    def test_a_cell_that_is_not_there_is_a_fault_of_its_own(self, as_, july):
        body = {
            "key": "k",
            "revision": 0,
            "cells": {"chung-thuc-received_postal": "3", "x-opening": "1", "ho-tich-opening": "2"},
            "reasons": {"ho-tich": "r" * 2001, "y": "z"},
        }
        result = as_("clerk").post(f"/records/{july.pk}/cells/", json.dumps(body), **JSON).json()
        assert result["saved"] == ["ho-tich-opening"]
        assert {name: fault["code"] for name, fault in result["faults"].items()} == {
            "chung-thuc-received_postal": "not_served",
            "x-opening": "not_served",
            "y-reason": "not_served",
            "ho-tich-reason": "too_long",
        }

    def test_reasons_are_kept(self, as_, july):
        ask(as_("clerk"), july, reasons={"ho-tich": "Đối chiếu lại sổ"}, ho_tich__opening="5")
        assert stored(july, "ho-tich").reason == "Đối chiếu lại sổ"

    def test_the_first_saving_stores_the_openings_that_the_page_shows(self, as_, people, fields):
        left = {**balanced(9), "resolved_on_time": 4, "pending_in_time": 5}
        entered(people.alpha, JULY.previous(), {(fields.ho_tich.pk, None): left}, by=people.clerk)
        submission = submissions_actions.open_submission(people.alpha, JULY, by=people.clerk, at=AT)
        result = ask(as_("clerk"), submission, ho_tich__withdrawn="0").json()
        assert (
            result["saved"] == ["ho-tich-withdrawn", "ho-tich-opening"]
            and stored(submission, "ho-tich").opening == 5
        )
        ask(as_("clerk"), submission, 1, ho_tich__opening="")
        assert stored(submission, "ho-tich").opening is None
        assert ask(as_("clerk"), submission, 2, ho_tich__withdrawn="1").json()["saved"] == [
            "ho-tich-withdrawn"
        ]

    def test_the_same_request_again_is_answered_alike_and_changes_nothing(self, as_, july):
        clerk = as_("clerk")
        answers = [ask(clerk, july, key="k1", ho_tich__opening="5") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert answers[0].json() == answers[2].json() and saves() == 1
        other = ask(clerk, july, key="k1", ho_tich__opening="6")
        assert (other.status_code, other.json()["code"]) == (422, "key_reused")
        assert stored(july, "ho-tich").opening == 5

    def test_a_refused_request_leaves_its_key_free(self, as_, july, people):
        clerk = as_("clerk")
        ask(clerk, july, ho_tich__opening="5")
        assert ask(clerk, july, key="k1", ho_tich__opening="6").status_code == 409
        assert IdempotencyKey.objects.count() == 1


@pytest.mark.django_db
class TestConflict:
    def test_both_values_are_returned_and_nothing_is_overwritten(self, as_, july, people):
        clerk = as_("clerk")
        ask(clerk, july, ho_tich__opening="9", ho_tich__withdrawn="1")
        ask(clerk, july, 1, ho_tich__opening="16", ho_tich__awaiting="3", reasons={"ho-tich": "Sổ mới"})
        answer = ask(clerk, july, 1, ho_tich__opening="61", ho_tich__withdrawn="2")
        result = answer.json()
        assert (answer.status_code, result["code"], result["revision"]) == (409, "stale", 2)
        at = result["cells"]["ho-tich-opening"].pop("at")
        assert at.endswith("+07:00")
        assert result["cells"] == {"ho-tich-opening": {"mine": "61", "theirs": "16", "by": str(people.clerk)}}
        assert {name: cell["value"] for name, cell in result["others"].items()} == {
            "ho-tich-awaiting": "3",
            "ho-tich-reason": "Sổ mới",
        }
        assert stored(july, "ho-tich").opening == 16 and stored(july, "ho-tich").withdrawn == 1
        chosen = ask(clerk, july, result["revision"], ho_tich__opening="61", ho_tich__withdrawn="2")
        assert chosen.status_code == 200 and stored(july, "ho-tich").opening == 61

    def test_a_text_that_is_no_count_is_held_against_theirs_as_typed(self, as_, july):
        clerk = as_("clerk")
        ask(clerk, july, ho_tich__opening="16")
        result = ask(clerk, july, ho_tich__opening="6o").json()
        assert result["cells"]["ho-tich-opening"]["mine"] == "6o"

    def test_what_a_file_wrote_in_between_is_returned_whole(self, as_, july):
        clerk = as_("clerk")
        ask(clerk, july, ho_tich__opening="16")
        july.editions.update(revision=2, saved_by="tệp thang-7.csv", saved_at=AT)
        result = ask(clerk, july, 1, ho_tich__opening="61", ho_tich__withdrawn="2").json()
        assert result["cells"]["ho-tich-opening"]["theirs"] == "16"
        assert result["cells"]["ho-tich-opening"]["by"] == "tệp thang-7.csv"
        assert result["others"]["chung-thuc-opening"]["value"] == ""

    def test_a_page_from_before_a_correction_is_never_level_with_it(self, as_, sent, people):
        edition = sent.editions.get()
        approval_actions.approve_edition(edition, by=people.reviewer, at=AT)
        unlocked(sent, by=people.reviewer, at=clock.now())
        assert ask(as_("clerk"), sent, edition.revision, ho_tich__opening="1").status_code == 409


@pytest.mark.django_db
class TestRefusals:
    def test_the_state_of_the_month(self, as_, sent, people):
        clerk = as_("clerk")
        answer = ask(clerk, sent, 1, ho_tich__opening="1")
        assert (answer.status_code, answer.json()["code"]) == (409, "sent")
        approval_actions.approve_edition(sent.editions.get(), by=people.reviewer, at=AT)
        answer = ask(clerk, sent, 1, ho_tich__opening="1")
        assert (answer.status_code, answer.json()["code"]) == (423, "locked") and answer.json()["detail"]

    def test_a_closing_time_in_between(self, as_, july):
        july.closes_at = AT - timedelta(days=1)
        july.save()
        assert ask(as_("clerk"), july, ho_tich__opening="1").status_code == 423

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "{",
            "[]",
            "[" * 100_000,
            '{"key": "k", "revision": ' + "1" * 5000 + "}",
            '{"key": "k", "revision": true, "cells": {}}',
            '{"key": "k", "revision": -1, "cells": {}}',
            '{"key": "k", "revision": 2147483648, "cells": {}}',
            '{"key": "", "revision": 0, "cells": {}}',
            '{"key": 5, "revision": 0, "cells": {}}',
            '{"revision": 0, "cells": {}}',
            '{"key": "k", "revision": 0, "cells": {"ho-tich-opening": 5}}',
            '{"key": "k", "revision": 0, "cells": []}',
            '{"key": "k", "revision": 0, "cells": {}, "reasons": {"ho-tich": "\\u0000"}}',
            '{"key": "k", "revision": 0, "cells": {"ho-tich-opening": "\\ud800"}}',
        ],
    )
    def test_what_cannot_be_read(self, as_, july, body):
        answer = as_("clerk").post(f"/records/{july.pk}/cells/", body, **JSON)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
        assert saves() == 0

    def test_strangers_readers_and_outsiders(self, as_, july):
        answer = ask(Client(), july, ho_tich__opening="1")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
        assert answer.json()["login"] == f"/accounts/login/?next=/records/{july.pk}/cells/"
        answer = ask(as_("viewer"), july, ho_tich__opening="1")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert answer.json()["detail"] == "Bạn chỉ được xem số liệu của Đơn vị 13441."
        answer = ask(as_("outsider"), july, ho_tich__opening="1")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    def test_the_address_kept_over_a_sign_in_leads_to_the_month(self, as_, july):
        assert as_("clerk").get(f"/records/{july.pk}/cells/").headers["Location"] == f"/records/{july.pk}/"

    def test_a_password_that_was_issued_comes_first(self, as_, july, people):
        people.clerk.must_change_password = True
        people.clerk.save()
        answer = ask(as_("clerk"), july, ho_tich__opening="1")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert "mật khẩu" in answer.json()["detail"]

    def test_a_stale_token_comes_with_a_fresh_one(self, july, people):
        client = Client(enforce_csrf_checks=True)
        client.force_login(people.clerk, backend="django.contrib.auth.backends.ModelBackend")
        answer = ask(client, july, ho_tich__opening="1")
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
        headers = JSON["headers"] | {"x-csrftoken": answer.json()["token"]}
        body = json.dumps({"key": "k", "revision": 0, "cells": {"ho-tich-opening": "1"}})
        address = f"/records/{july.pk}/cells/"
        again = client.post(address, body, content_type="application/json", headers=headers)
        assert again.status_code == 200

    def test_a_database_that_takes_no_writes(self, as_, july, monkeypatch):
        def full(*args, **named):
            raise OperationalError("database or disk is full")

        monkeypatch.setattr(submissions_actions, "save_locked", full)
        answer = ask(as_("clerk"), july, ho_tich__opening="1")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")

    def test_a_body_over_the_limit(self, as_, july, settings):
        settings.UPLOAD_MAX_BYTES = 100
        answer = ask(as_("clerk"), july, ho_tich__opening="1" * 100)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.django_db
def test_the_page_has_the_data_for_its_script(as_, people, fields):
    left = {**balanced(9), "resolved_on_time": 4, "pending_in_time": 5}
    entered(people.alpha, JULY.previous(), {(fields.ho_tich.pk, None): left}, by=people.clerk)
    submission = submissions_actions.open_submission(people.alpha, JULY, by=people.clerk, at=AT)
    page = as_("clerk").get(f"/records/{submission.pk}/").content.decode()
    sheet = json.loads(page.split('<script id="sheet" type="application/json">')[1].split("</script>")[0])
    assert (sheet["submission"], sheet["user"], sheet["revision"]) == (submission.pk, people.clerk.pk, 0)
    assert sheet["urls"]["cells"] == f"/records/{submission.pk}/cells/"
    row = next(line for line in sheet["rows"] if line["code"] == "ho-tich")
    assert row["proposed"] == 5 and "received_postal" in row["served"]
    assert row["history"] == {"received": [None] * 11 + [9], "resolved": [None] * 11 + [4]}
    assert (row["last"]["pending_in_time"], row["last"]["transferred_in"]) == (5, None)


# A cell: never touched, or by one side, or by both.
VALUES = st.none() | st.integers(0, 3)
CELLS = st.dictionaries(st.sampled_from("abcdef"), VALUES)


@given(start=st.dictionaries(st.sampled_from("abcdef"), VALUES), mine=CELLS, theirs=CELLS, keep=st.booleans())
def test_merging_loses_neither_side(start, mine, theirs, keep):
    """After taking over others' changes and choosing between clashes, each cell has the value of its last editor."""
    changes = {
        name: CellChange("x", name, start.get(name), after, "Họ", AT)
        for name, after in theirs.items()
        if start.get(name) != after
    }
    both, others = split_clashes(mine, changes)
    merged = start | {name: change.after for name, change in others.items()} | mine
    if not keep:
        merged |= {name: change.after for name, change in both.items()}
    assert both.keys() | others.keys() == changes.keys() and not both.keys() & others.keys()
    for name in {*start, *mine, *theirs}:
        expected = mine.get(name) if name in mine else start.get(name)
        if name in changes and (name not in mine or not keep):
            expected = changes[name].after
        assert merged.get(name) == expected


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_of_ten_savings_of_one_revision_one_is_stored_and_nine_are_shown_both_values(
    people, july, shared_database
):
    """Acceptance R5."""
    clients = apart(lambda: [signed_in(people.clerk) for _ in range(10)])

    def save(number: int) -> tuple[int, dict]:
        answer = ask(clients[number], july, ho_tich__opening=str(number + 100))
        return answer.status_code, answer.json()

    answers = at_once(save, *range(10))
    assert sorted(status for status, _ in answers) == [200] + [409] * 9
    winner = next(number for number, (status, _) in enumerate(answers) if status == 200)
    for number, (status, result) in enumerate(answers):
        if status == 409:
            cell = result["cells"]["ho-tich-opening"]
            assert (cell["mine"], cell["theirs"]) == (str(number + 100), str(winner + 100))
    assert apart(lambda: july.editions.get().revision) == 1


def test_one_key_sent_ten_times_at_once_changes_once(people, july, shared_database):
    """Acceptance R6."""
    clients = apart(lambda: [signed_in(people.clerk) for _ in range(10)])

    def save(number: int) -> tuple[int, dict]:
        answer = ask(clients[number], july, key="k1", ho_tich__opening="5")
        return answer.status_code, answer.json()

    answers = at_once(save, *range(10))
    assert all(answer == answers[0] for answer in answers) and answers[0][0] == 200
    assert apart(saves) == 1 and apart(lambda: july.editions.get().state) == State.DRAFT
