"""PUT of a month by another system: the page's rules and messages, all or nothing, once per key."""

import json
from collections.abc import Callable
from datetime import date

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from ledger.models import Entry
from records.approval import actions as approval_actions
from records.models import DossierCount, Edition, Submission
from records.submissions import actions as submissions_actions
from tests.records.conftest import AT, JULY, balanced
from units.models import Membership, Role, TokenScope
from units.tokens import create_token

WHERE = "/api/v1/submissions/13441/2022-M07"
Put = Callable[..., HttpResponse]


def client(unit, *scopes: str, by: User | None = None) -> Client:
    _, secret = create_token("Một cửa", unit, scopes or (TokenScope.WRITE,), 30, by=by, at=timezone.now())
    return Client(headers={"Authorization": f"Bearer {secret}"})


def body(revision: int = 0, *, send: bool = False, **rows: dict) -> dict:
    return {
        "revision": revision,
        "send": send,
        "rows": [{"field": field.replace("_", "-"), "counts": counts} for field, counts in rows.items()],
    }


def put(
    system: Client, content, *, key: str = "k1", where: str = WHERE, kind: str = "application/json"
) -> HttpResponse:
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    return system.put(where, text, content_type=kind, headers={"Idempotency-Key": key})


@pytest.fixture
def system(people, fields) -> Client:
    """A token with the right to write for the district."""
    return client(people.district)


WHOLE = {"chung_thuc": balanced(40, postal=None), "ho_tich": balanced(10)}


def test_a_month_is_entered_and_sent_at_once(system, people):
    answer = put(system, body(send=True, **WHOLE))
    assert answer.status_code == 200, answer.content.decode()
    result = answer.json()
    assert (result["state"], result["revision"], result["totals"]["received"]) == ("sent", 1, 50)
    edition = Edition.objects.get(submission__unit=people.alpha, submission__month=JULY.number)
    assert (edition.state, edition.saved_by, edition.sent_by) == ("sent", "Một cửa (API)", "Một cửa (API)")
    entries = list(Entry.objects.filter(subject=edition.submission.subject).order_by("sequence"))
    assert [entry.action for entry in entries] == ["submission.open", "submission.save", "submission.send"]
    assert {(entry.actor, entry.actor_id) for entry in entries} == {("Một cửa (API)", None)}
    assert entries[1].detail["way"] == "api"
    assert not edition.writers.exists()


def test_the_history_of_a_cell_says_that_it_came_in_by_the_api(system, as_, people):
    put(system, body(**WHOLE))
    submission = Submission.objects.get()
    page = as_("clerk").get(f"/records/{submission.pk}/history/?o=ho-tich-received_direct").content.decode()
    assert "Một cửa (API)" in page and "qua API" in page


def test_a_reviewer_approves_what_a_system_sent(system, people):
    put(system, body(send=True, **WHOLE))
    edition = Edition.objects.get()
    assert approval_actions.approve_edition(edition, by=people.reviewer, at=AT).state == "approved"


def test_who_made_the_token_does_not_approve_what_it_sent(as_, people, fields):
    Membership.objects.create(
        user=people.administrator, unit=people.district, role=Role.REVIEWER, valid_from=date(2022, 1, 1)
    )
    put(client(people.district, by=people.administrator), body(send=True, **WHOLE))
    edition = Edition.objects.get()
    assert list(edition.writers.all()) == [people.administrator]
    where = f"/records/{edition.submission_id}/approve/"
    assert as_("administrator").post(where, {"revision": "1"}).status_code == 403
    assert as_("reviewer").post(where, {"revision": "1"}).status_code == 302
    assert Edition.objects.get().state == "approved"


def test_who_made_the_token_does_not_approve_what_it_sent_of_others(as_, people, sent):
    """A token sends the clerk's numbers again unchanged: its maker becomes responsible for them."""
    Membership.objects.create(
        user=people.administrator, unit=people.district, role=Role.REVIEWER, valid_from=date(2022, 1, 1)
    )
    submissions_actions.recall_edition(sent.editions.get(), by=people.clerk, at=AT)
    put(client(people.district, by=people.administrator), body(1, send=True))
    edition = Edition.objects.get()
    assert (edition.state, list(edition.writers.all())) == ("sent", [people.clerk])
    where = f"/records/{edition.submission_id}/approve/"
    assert as_("administrator").post(where, {"revision": "1"}).status_code == 403
    assert as_("reviewer").post(where, {"revision": "1"}).status_code == 302


def test_rows_that_are_not_named_stay_and_a_named_row_is_replaced(system, people, fields):
    put(system, body(**WHOLE))
    answer = put(system, body(1, ho_tich={"received_direct": 7}), key="k2")
    assert answer.json()["revision"] == 2
    counts = {count.field.code: count for count in DossierCount.objects.select_related("field")}
    assert (counts["ho-tich"].received_direct, counts["ho-tich"].opening) == (7, None)
    assert counts["chung-thuc"].received_direct == 40


def test_one_key_is_one_change(system, people):
    answers = [put(system, body(**WHOLE)) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert Entry.objects.filter(action="submission.save").count() == 1
    other = put(system, body(ho_tich={"received_direct": 1}))
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    # Another system's keys are its own.
    assert put(client(people.district), body(1, ho_tich={"received_direct": 1})).status_code == 200


def test_a_refusal_leaves_its_key_free(system):
    assert put(system, body(ho_tich={"received_direct": -1})).status_code == 422
    assert put(system, body(ho_tich={"received_direct": 1})).status_code == 200


def test_a_stale_save_shows_the_other_user_and_both_values(system, people, july, fields):
    edition = submissions_actions.save_counts(
        july.editions.get(),
        {(fields.ho_tich.pk, None): {"received_direct": 5}},
        by=people.clerk,
        revision=0,
        at=AT,
    )
    answer = put(system, body(ho_tich={"received_direct": 9}))
    result = answer.json()
    assert (answer.status_code, result["code"], result["revision"]) == (409, "stale", edition.revision)
    (cell,) = result["cells"]
    assert (cell["field"], cell["measure"], cell["mine"], cell["theirs"], cell["by"]) == (
        "ho-tich", "received_direct", 9, 5, "xa-13441",
    )  # fmt: skip
    assert DossierCount.objects.get(field=fields.ho_tich).received_direct == 5


def test_all_or_nothing(system):
    """A good row beside a bad one, a draft that cannot be sent: nothing is stored, the month not even opened."""
    for content in (
        body(chung_thuc=balanced(5, postal=None), ho_tich={"received_direct": "12,5"}),
        body(send=True, chung_thuc=balanced(5, postal=None), ho_tich=balanced(5) | {"opening": 3}),
        body(send=True),
    ):
        answer = put(system, content)
        assert (answer.status_code, answer.json()["code"]) == (422, "faults")
        assert not Submission.objects.exists() and not Entry.objects.filter(action="submission.save").exists()


def test_every_fault_has_its_place(system):
    rows = [
        {"field": "chung-thuc", "counts": {"received_postal": 3, "opening": -1, "received": 4}},
        {"field": "khong-co", "counts": {}},
        {"field": "ho-tich", "procedure": "9.999", "counts": {}},
        {"field": "ho-tich", "counts": {"received_direct": True}, "reason": "x" * 2001},
        {"field": "ho-tich", "counts": {}},
    ]
    answer = put(system, {"revision": 0, "rows": rows})
    errors = {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert errors == {
        ("/rows/0/counts/received_postal", "not_served"),
        ("/rows/0/counts/opening", "negative"),
        ("/rows/0/counts/received", "unknown_column"),
        ("/rows/1/field", "unknown_field"),
        ("/rows/2/procedure", "unknown_procedure"),
        ("/rows/3/counts/received_direct", "not_a_number"),
        ("/rows/3/reason", "too_long"),
        ("/rows/4", "repeated_row"),
    }


def test_a_rule_of_the_whole_row_points_to_the_row(system):
    answer = put(
        system, body(send=True, chung_thuc=balanced(5, postal=None), ho_tich=balanced(5) | {"opening": 3})
    )
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"], error["severity"]) == ("/rows/1", "balance", "error")


def test_locks_and_states(system, people):
    put(system, body(send=True, **WHOLE))
    again = put(system, body(1, ho_tich={"received_direct": 1}), key="k2")
    assert (again.status_code, again.json()["code"]) == (409, "sent")
    approval_actions.approve_edition(Edition.objects.get(), by=people.reviewer, at=AT)
    locked = put(system, body(1, ho_tich={"received_direct": 1}), key="k3")
    assert (locked.status_code, locked.json()["code"]) == (423, "locked")
    assert "Đề nghị" in locked.json()["detail"]


def test_only_where_somebody_reports(system):
    answer = put(system, body(**WHOLE), where="/api/v1/submissions/351/2022-M07")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_expected")


@pytest.mark.parametrize("month", ["2022-M08", "2022-M09", "2100-M12"])
@pytest.mark.parametrize("send", [False, True])
def test_a_month_that_has_not_ended_is_refused_as_on_the_page(system, as_, people, month, send):
    answer = put(system, body(send=send, **WHOLE), where=f"/api/v1/submissions/13441/{month}")
    result = answer.json()
    assert (answer.status_code, result["code"]) == (409, "too_early")
    form = {"unit": people.alpha.pk, "month": month}
    assert result["detail"] in as_("clerk").post("/records/open/", form, follow=True).content.decode()
    assert not Submission.objects.exists() and not Entry.objects.filter(action="submission.open").exists()


def test_who_may_write(people, fields, as_):
    for scope in (TokenScope.FIGURES, TokenScope.SUBMISSIONS, TokenScope.REVIEWS):
        answer = put(client(people.district, scope), body(**WHOLE))
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_scope")
    outside = put(client(people.beta), body(**WHOLE))
    unknown = put(client(people.beta), body(**WHOLE), where="/api/v1/submissions/khong-co/2022-M07")
    assert outside.status_code == unknown.status_code == 404 and outside.content == unknown.content
    assert put(as_("viewer"), body(**WHOLE)).status_code == 403
    assert put(as_("neighbour"), body(**WHOLE)).status_code == 404
    assert put(as_("reviewer"), body(**WHOLE)).status_code == 403
    assert not Submission.objects.exists()
    assert put(as_("clerk"), body(**WHOLE)).status_code == 200
    assert list(Edition.objects.get().writers.all()) == [people.clerk]


def test_a_session_needs_the_token_of_a_form_too(people, fields):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.clerk, "django.contrib.auth.backends.ModelBackend")
    assert put(browser, body(**WHOLE)).status_code == 403
    _, secret = create_token("Một cửa", people.alpha, [TokenScope.WRITE], 1, by=None, at=timezone.now())
    strict = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {secret}"})
    assert put(strict, body(**WHOLE)).status_code == 200


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (b"\x00", ""),
        (b"\xff\xfe", ""),
        ("[" * 100_000, ""),
        ('{"revision": 0, "rows": ' + "[" * 100_000, ""),
        ('{"revision": NaN}', ""),
        ('{"revision": Infinity}', ""),
        ('{"revision": 1e400}', ""),
        ('{"revision": 0, "rows": [{"field": "ho-tich", "counts": {"opening": 1e400}}]}', ""),
        ('{"revision": 0, "rows": [{"field": "ho-tich\\u0000", "counts": {}}]}', ""),
        ('{"revision": 0, "rows": [{"field": "\\ud800", "counts": {}}]}', ""),
        ('{"revision": 0, "revision": 1}', ""),
        ('{"revision": 0, "rows": [{"counts": {"opening": 1, "opening": 2}}]}', ""),
        ("[]", ""),
        ("null", ""),
        ('{"revision": 0, "approve": true}', ""),
        ("{}", "/revision"),
        ('{"revision": -1}', "/revision"),
        ('{"revision": 1.0}', "/revision"),
        ('{"revision": "0"}', "/revision"),
        ('{"revision": true}', "/revision"),
        ('{"revision": 9223372036854775808}', "/revision"),
        ('{"revision": ' + "9" * 5001 + "}", "/revision"),
        ('{"revision": 0, "send": "true"}', "/send"),
        ('{"revision": 0, "send": 1}', "/send"),
        ('{"revision": 0, "rows": {}}', "/rows"),
        ('{"revision": 0, "rows": [1]}', "/rows/0"),
        ('{"revision": 0, "rows": [{"counts": []}]}', "/rows/0/counts"),
        ('{"revision": 0, "rows": [{"field": 5, "counts": {}}]}', "/rows/0/field"),
        ('{"revision": 0, "rows": [{"counts": {"opening": [1]}}]}', "/rows/0/counts/opening"),
    ],
)
def test_no_other_body(system, content, pointer):
    answer = put(system, content)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request"), answer.content.decode()
    assert answer.json()["pointer"] == pointer and not Submission.objects.exists()


@pytest.mark.parametrize(
    ("literal", "code"),
    [("12.5", "not_whole"), ("1.240", "not_whole"), ("12.0", "not_whole"), ("1e3", "not_a_number"), ("-5", "negative"),
     ("1000000000", "too_large"), ("9" * 5001, "too_large"), ("true", "not_a_number"), ("-0", "negative")],
)  # fmt: skip
def test_numbers_of_json_are_never_guessed(system, literal, code):
    answer = put(
        system, f'{{"revision": 0, "rows": [{{"field": "ho-tich", "counts": {{"opening": {literal}}}}}]}}'
    )
    assert answer.status_code == 422 and [error["code"] for error in answer.json()["errors"]] == [code]


def test_null_is_not_reported_and_never_zero(system, fields):
    put(system, body(ho_tich={"received_direct": 0, "opening": None}))
    row = DossierCount.objects.get(field=fields.ho_tich)
    assert (row.received_direct, row.opening, row.awaiting) == (0, None, None)


@pytest.mark.parametrize("key", ["", "x" * 201, "khóa"])
def test_a_key_is_needed(system, key):
    answer = put(system, body(), key=key.encode("utf-8").decode("latin-1"))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_key")


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
def test_only_json_is_taken(system, kind):
    answer = put(system, body(), kind=kind)
    assert (answer.status_code, answer.json()["code"]) == (415, "not_json")


def test_saving_takes_a_fixed_number_of_queries(system, people, django_assert_max_num_queries):
    put(system, body(**WHOLE))
    with django_assert_max_num_queries(40):
        put(system, body(1, ho_tich={"received_direct": 3}), key="k2")
