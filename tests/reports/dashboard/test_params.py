"""The address contains the whole view; any other parameters give 200, 400 or 404, never 500 (S26, S27)."""

import json
from types import SimpleNamespace

import pytest
from django.urls import reverse

from figures.periods import DEFAULT_CALENDAR, Period
from records.summary.figures_query import FiguresQuery
from reports.dashboard.params import PageState

HUGE = "9" * 5000
PATHS = (
    "/",
    "/reports/dashboard.csv",
    "/reports/dashboard.xlsx",
    "/reports/charts/online.json",
    "/reports/charts/channels.json",
    "/api/v1/summary",
)
BAD = [
    ("period=2022-M13", 400),
    ("period=2022-H3", 400),
    ("period=2022-M06..M01", 400),
    ("period=1990", 400),
    ("period=٢٠٢٢", 400),
    (f"period={HUGE}", 400),
    ("period=%00", 400),
    ("unit=%00", 400),
    ("unit=khong-co", 404),
    (f"unit={HUGE}", 400),
    ("unit=35", 404),
    ("unit=351@2022-02-30", 404),
    ("unit=9223372036854775808", 404),
    ("include=draft", 400),
    ("tier=xa", 400),
    ("by=; drop table", 400),
    ("decimals=9", 400),
    ("external=maybe", 400),
]


@pytest.mark.parametrize("path", PATHS)
def test_bad_addresses_are_answered_in_words(reader, path):
    client = reader("tonghop")
    client.raise_request_exception = False
    for query, status in BAD:
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == status, (path, query[:40])


@pytest.mark.parametrize("page", ["1000000000", HUGE, "9223372036854775808", "0"])
def test_pages_are_capped(reader, page):
    assert reader("tonghop").get(f"/?page={page}").status_code == 200


@pytest.mark.parametrize("page", ["-1", "abc", "٣", "1.5"])
def test_what_is_no_page_is_refused(reader, page):
    assert reader("tonghop").get("/", {"page": page}).status_code == 400


@pytest.mark.parametrize("sort", ["nothing", "-", "--name", "received,name", "<b>"])
def test_an_unknown_order_is_ignored(reader, sort):
    assert reader("tonghop").get("/", {"sort": sort}).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("period=2022-M13", "bad_period"),
        ("basis=today&as_of=2022-06-30", "as_of_reported_only"),
        ("decimals=5", "bad_decimals"),
        ("colour=red", "unknown_parameter"),
    ],
)
def test_api_errors_are_problems_with_codes(reader, query, code):
    answer = reader("tonghop").get(f"/api/v1/summary?unit=351&{query}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code


def test_api_refuses_strangers(client, demo):
    assert client.get("/api/v1/summary?unit=351").status_code == 401
    assert client.get("/api/v1/openapi.json").status_code == 401
    assert reverse("api_summary") == "/api/v1/summary"


def test_an_outsider_cannot_tell_a_hidden_unit_from_none(reader):
    client = reader("xa-13474")
    hidden, none = (client.get("/api/v1/summary", {"unit": unit}) for unit in ("351", "khong-co"))
    assert hidden.status_code == none.status_code == 404
    assert hidden.content == none.content


@pytest.mark.parametrize("name", ["tonghop", "lanhdao", "xa-13474", "phong-noi-vu", "quantri"])
def test_everybody_opens_on_the_own_unit_and_the_last_half_year(reader, name):
    page = reader(name).get("/").content.decode()
    assert "6 tháng đầu năm 2022" in page
    assert page.count("<h1") == 1


def test_a_period_without_figures_says_what_to_do(reader):
    page = reader("tonghop").get("/?period=2024-H1").content.decode()
    assert "Chưa có báo cáo nào trong kỳ này" in page
    assert "hoặc chọn kỳ khác" in page


def test_the_query_string_is_the_whole_view():
    unit = SimpleNamespace(has_children=True)
    period = Period.parse("2022-H1")
    query = FiguresQuery(unit, period, DEFAULT_CALENDAR, "submitted", external=True, tier="commune")
    state = PageState(query, None, "351", q="thanh", page=3)
    assert (
        state.query_string()
        == "unit=351&period=2022-H1&include=submitted&external=1&tier=commune&q=thanh&page=3"
    )
    assert state.query_string(sort="-received") == (
        "unit=351&period=2022-H1&include=submitted&external=1&tier=commune&sort=-received&q=thanh"
    )
    assert state.link(page=2).endswith("&page=2")
    assert state.query_string(include="", external="", tier="", q="") == "unit=351&period=2022-H1"


def test_openapi_describes_what_is_answered(reader):
    document = reader("tonghop").get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    answer = reader("tonghop").get("/api/v1/summary?unit=351&period=2022-H1&by=month&as_of=2022-08-12").json()
    schemas = document["components"]["schemas"]
    today = reader("tonghop").get("/api/v1/summary?unit=351&period=2022-H1&by=month&basis=today").json()
    # `handover` appears only with a merger inside a month (test_handover_notes.py).
    assert set(answer) | set(today) == set(schemas["Summary"]["properties"]) - {"handover"}
    assert today["territory"] == {"equal": True}
    for name, row in (("Tier", answer["tiers"][0]), ("Row", answer["rows"][0]), ("Figures", answer["total"])):
        assert set(row) == set(schemas[name]["properties"]) - {"estimated", "change"}
    assert set(answer["total"]["counts"]) == set(schemas["Figures"]["properties"]["counts"]["properties"])
    assert "$ref" in json.dumps(document)
