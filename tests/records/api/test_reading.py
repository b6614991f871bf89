"""Reading `/api/v1/` with a token: units, months, the catalogue; pagination, ETags and rights."""

import json
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from figures.periods import Month
from records.approval import actions as approval_actions
from records.locking import actions as locking_actions
from tests.records.conftest import AT, balanced, entered
from units.models import TokenScope
from units.tokens import create_token

LISTS = (
    "/api/v1/units",
    "/api/v1/periods",
    "/api/v1/catalogue/fields",
    "/api/v1/catalogue/procedures",
    "/api/v1/submissions",
    "/api/v1/reviews",
)
Get = Callable[..., HttpResponse]


@pytest.fixture
def token(people) -> Callable[..., Get]:
    """token(unit, *scopes): a GET function with such a token."""

    def made(unit, *scopes: str) -> Get:
        _, secret = create_token("Một cửa", unit, scopes or TokenScope.values, 30, by=None, at=timezone.now())
        client = Client(headers={"Authorization": f"Bearer {secret}"})
        return client.get

    return made


@pytest.fixture
def months(people, fields) -> None:
    """Two communes with an approved June and a sent July."""
    for unit, clerk in ((people.alpha, people.clerk), (people.beta, people.neighbour)):
        for month, upto in ((Month(2022, 6), "approved"), (Month(2022, 7), "sent")):
            rows = {
                (fields.chung_thuc.pk, None): balanced(40, postal=None),
                (fields.ho_tich.pk, None): balanced(10),
            }
            entered(unit, month, rows, by=clerk, upto=upto, reviewer=people.reviewer)


def all_pages(get: Get, address: str) -> list[dict]:
    """Every row of a list, page by page."""
    items, pages = [], 0
    while address:
        answer = get(address).json()
        items += answer["items"]
        address, pages = answer["next"], pages + 1
        assert pages < 50
    return items


def test_units_of_the_subtree_in_pages(token, people):
    get = token(people.district)
    whole = all_pages(get, "/api/v1/units")
    assert {unit["code"] for unit in whole} == {"351", "13441", "13450", "van-phong", "dat-dai"}
    assert all_pages(get, "/api/v1/units?limit=2") == whole
    top, alpha = (next(unit for unit in whole if unit["code"] == code) for code in ("351", "13441"))
    assert top["parent"] is None and alpha["parent"] == "351" and alpha["reports"]
    assert [unit["code"] for unit in get("/api/v1/units?unit=13441").json()["items"]] == ["13441"]
    assert {unit["tier"] for unit in get("/api/v1/units?tier=commune").json()["items"]} == {"commune"}
    assert get("/api/v1/units?on=2019-01-01").json()["items"] == []


def test_months_with_their_days(token, people):
    (june,) = token(people.alpha)("/api/v1/periods?period=2022-M06").json()["items"]
    assert (june["code"], june["from"], june["to"]) == ("2022-M06", "2022-05-15", "2022-06-14")
    assert june["due_on"]["commune"] == "2022-06-16" and june["irregular"] is False
    usual = token(people.alpha)("/api/v1/periods").json()["items"]
    assert len(usual) == 24 and usual[-1]["code"] == "2022-M08"
    assert len(all_pages(token(people.alpha), "/api/v1/periods?period=2021&limit=5")) == 12


def test_the_catalogue(token, people, fields):
    catalogue = {
        field["code"]: field for field in token(people.alpha)("/api/v1/catalogue/fields").json()["items"]
    }
    assert catalogue["ho-tich"]["scopes"] == [
        {"tier": "commune", "channels": None, "valid_from": "2020-07-01", "valid_until": None}
    ]
    assert catalogue["chung-thuc"]["scopes"][0]["channels"] == ["direct", "online_partial", "online_full"]


def test_months_and_their_states(token, people, months):
    get = token(people.district)
    rows = all_pages(get, "/api/v1/submissions?limit=3")
    assert [(row["unit"], row["month"], row["state"]) for row in rows] == [
        ("13441", "2022-M06", "approved"),
        ("13441", "2022-M07", "sent"),
        ("13450", "2022-M06", "approved"),
        ("13450", "2022-M07", "sent"),
    ]
    assert [row["in_force"] for row in rows] == [1, None, 1, None]
    for query, number in (
        ("unit=13441", 2),
        ("month=2022-M07", 2),
        ("state=sent&unit=13450", 1),
        ("state=draft", 0),
    ):
        assert len(get(f"/api/v1/submissions?{query}").json()["items"]) == number, query


def test_one_month_with_its_counts(token, people, months):
    month = token(people.alpha)("/api/v1/submissions/13441/2022-M06").json()
    assert (month["state"], month["lock"]["code"], month["findings"]) == ("approved", "approved", [])
    assert "Đề nghị" in month["lock"]["detail"]
    row = next(line for line in month["rows"] if line["field"] == "chung-thuc")
    assert row["counts"]["received_direct"] == 40 and row["counts"]["received_postal"] is None
    assert "received_postal" not in row["served"]
    assert month["totals"]["received"] == 50 and month["totals"]["opening"] == 0
    July = token(people.alpha)("/api/v1/submissions/13441/2022-M07").json()
    assert {finding["code"] for finding in July["findings"]} == {"same_as_last"} and July["lock"] is None


def test_a_month_that_was_not_opened(token, people, fields):
    month = token(people.alpha)("/api/v1/submissions/13441/2022-M08").json()
    assert (month["state"], month["revision"], month["edition"]) == ("none", 0, None)
    assert [row["field"] for row in month["rows"]] == ["chung-thuc", "ho-tich"]
    refused = token(people.district)("/api/v1/submissions/351/2022-M08")
    assert (refused.status_code, refused.json()["code"]) == (404, "not_expected")


def test_earlier_editions_are_read_by_number(token, people, months, fields):
    june = people.alpha.submissions.get(month=202206)
    request = locking_actions.request_unlock(june, reason="Sửa", by=None, at=AT)
    locking_actions.decide_unlock_request(request, grant=True, by=people.reviewer, at=AT)
    get = token(people.alpha)
    newest = get("/api/v1/submissions/13441/2022-M06").json()
    assert (newest["edition"], newest["state"], newest["in_force"]) == (2, "draft", 1)
    assert get("/api/v1/submissions/13441/2022-M06?edition=1").json()["state"] == "approved"
    for number in ("3", "x", "9" * 5000, "-1"):
        assert get(f"/api/v1/submissions/13441/2022-M06?edition={number}").json()["code"] == "unknown_edition"


@pytest.mark.parametrize("where", [*LISTS, "/api/v1/submissions/13441/2022-M06"])
def test_what_did_not_change_is_not_sent_again(token, people, months, where):
    get = token(people.district)
    first = get(where)
    again = get(where, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert get(where, headers={"If-None-Match": '"other"'}).content == first.content


def test_an_etag_changes_with_what_it_is_of(token, people, months):
    get, where = token(people.district), "/api/v1/submissions/13441/2022-M07"
    before = get(where).headers["ETag"]
    approval_actions.approve_edition(
        people.alpha.submissions.get(month=202207).editions.get(), by=people.reviewer, at=AT
    )
    assert get(where, headers={"If-None-Match": before}).status_code == 200


@pytest.mark.parametrize("where", LISTS)
@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=1000000", 200, None),
        ("limit=" + "9" * 5000, 200, None),
        ("limit=0", 400, "bad_limit"),
        ("limit=-1", 400, "bad_limit"),
        ("limit=٣", 400, "bad_limit"),
        ("offset=9223372036854775808", 400, "unknown_parameter"),
        ("page=1000000000", 400, "unknown_parameter"),
        ("cursor=x", 400, "bad_cursor"),
        ("cursor=" + "9" * 5000, 400, "bad_cursor"),
        ("cursor=%00", 400, "bad_request"),
        ("cursor=%C3%A9", 400, "bad_cursor"),
    ],
)
def test_odd_pages_are_capped_or_refused(token, people, where, query, status, code):
    answer = token(people.district)(f"{where}?{query}")
    assert answer.status_code == status and answer.json().get("code") == code


def test_a_cursor_is_of_its_list(token, people, months):
    get = token(people.district)
    cursor = get("/api/v1/units?limit=1").json()["next_cursor"]
    assert get(f"/api/v1/submissions?cursor={cursor}").json()["code"] == "bad_cursor"


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("/api/v1/units?tier=x", "bad_tier"),
        ("/api/v1/units?on=x", "bad_day"),
        ("/api/v1/periods?period=x", "bad_period"),
        ("/api/v1/periods?period=1990-M01..2030-M12", "bad_period"),
        ("/api/v1/submissions?month=2022-M13", "bad_month"),
        ("/api/v1/submissions?state=x", "bad_state"),
        ("/api/v1/submissions/13441/2022", "bad_month"),
        ("/api/v1/reviews?period=x", "bad_period"),
        ("/api/v1/reviews?state=x", "bad_state"),
    ],
)
def test_impossible_parameters_are_refused(token, people, where, code):
    answer = token(people.district)(where)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    "where",
    [
        "/api/v1/summary?unit={}",
        "/api/v1/units?unit={}",
        "/api/v1/submissions?unit={}",
        "/api/v1/reviews?unit={}",
        "/api/v1/submissions/{}/2022-M06",
    ],
)
def test_outside_the_subtree_everything_is_unknown(token, people, months, where):
    """The same answer for a neighbour, the unit above, an unknown code, and a code with an invalid day."""
    get = token(people.alpha)
    answers = [get(where.format(code)) for code in ("13450", "351", "khong-co", "13450@2022-02-30", "a/b")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert "13450" not in json.dumps([get(address).json() for address in LISTS])


SCOPES = {
    "/api/v1/summary": TokenScope.FIGURES,
    "/api/v1/units": TokenScope.FIGURES,
    "/api/v1/periods": TokenScope.FIGURES,
    "/api/v1/catalogue/fields": TokenScope.FIGURES,
    "/api/v1/catalogue/procedures": TokenScope.FIGURES,
    "/api/v1/submissions": TokenScope.SUBMISSIONS,
    "/api/v1/submissions/13441/2022-M06": TokenScope.SUBMISSIONS,
    "/api/v1/reviews": TokenScope.REVIEWS,
    "/api/v1/reviews/1": TokenScope.REVIEWS,
    "/api/v1/reviews/1/pdf": TokenScope.REVIEWS,
}


def test_every_address_asks_for_its_scope(token, people):
    cases = 0
    for where, needed in SCOPES.items():
        for scope in TokenScope:
            answer = token(people.district, scope)(where)
            refused = answer.status_code == 403 and answer.json()["code"] == "wrong_scope"
            assert refused == (scope != needed), (where, scope)
            cases += 1
    assert cases == len(SCOPES) * 4


def test_people_read_the_same_by_their_session(as_, people, months):
    client = as_("clerk")
    assert [unit["code"] for unit in client.get("/api/v1/units").json()["items"]] == ["13441"]
    assert client.get("/api/v1/submissions/13441/2022-M06").json()["state"] == "approved"
    assert client.get("/api/v1/submissions/13450/2022-M06").status_code == 404
    for where in LISTS:
        assert Client().get(where).status_code == 401


def test_lists_take_a_fixed_number_of_queries(token, people, months, django_assert_num_queries):
    get = token(people.district)
    for where, number in (
        ("/api/v1/units", 2),
        ("/api/v1/periods", 4),
        ("/api/v1/catalogue/fields", 3),
        ("/api/v1/catalogue/procedures", 2),
        ("/api/v1/submissions", 3),
        ("/api/v1/reviews", 2),
    ):
        get(where)
        with django_assert_num_queries(number):
            get(where)
