"""Headings name their tier and mark missing reports; a page that leaves a unit out says so."""

import html
import re

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.page_text import squeezed

JULY = "/?unit=351&period=2022-M07"
EXTERNAL = "/?unit=chi-nhanh-vpdk-dat-dai&period=2022-H1"


def words(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def headings(client, address: str) -> dict[str, str]:
    page = squeezed(html.unescape(client.get(address).content.decode()))
    sections = dict(re.findall(r'<h2 id="h-(\w+)">(.*?)</h2>', page))
    return sections | {"answer": re.sub(r"<[^>]+>", "", re.search(r"<h1>(.*?)</h1>", page)[1])}


def test_claims_of_an_incomplete_month_are_marked(reader):
    client = reader("tonghop")
    claims = headings(client, JULY)
    for name in ("answer", "shares", "time", "trend", "compare", "rows"):
        assert claims[name].count("(chưa đủ)") == 1, (name, claims[name])
        # Only the communes are incomplete, not the district.
        assert not re.search(r"cấp huyện[^,;]*\(chưa đủ\)", claims[name], re.I), (name, claims[name])
    assert re.search(r"điểm \(chưa đủ\) so với cùng kỳ", words(client, JULY))


def test_claims_of_a_complete_half_year_are_not(reader):
    claims = headings(reader("tonghop"), "/?unit=351&period=2022-H1")
    assert not [name for name, text in claims.items() if "chưa đủ" in text]


def test_the_heading_of_the_table_names_its_tier(reader):
    client = reader("tonghop")
    assert headings(client, "/?unit=351&period=2022-H1")["rows"].startswith("Cấp xã: ")
    alone = headings(client, "/?unit=351&period=2022-H1&tier=commune")["rows"]
    assert alone.startswith(("Xã ", "Thị trấn "))


def test_an_external_body_reads_why_it_is_not_counted(reader):
    client = reader("tonghop")
    page = words(client, EXTERNAL)
    assert "là cơ quan ngoài Ủy ban nhân dân, chỉ được tính khi chọn" in page
    assert "không phải báo cáo" not in page
    link = re.search(r'href="([^"]+)">Xem số liệu của đơn vị này', client.get(EXTERNAL).content.decode())[1]
    assert "6/6 báo cáo tháng" in words(client, "/" + html.unescape(link))
    assert "không được tính" in client.get("/reports/dashboard.csv" + EXTERNAL[1:]).content.decode()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/v1/nothing", 404, "not_found"),
        ("post", "/api/v1/summary", 405, "method_not_allowed"),
        ("get", "/api/v1/summary?unit=%00", 400, "bad_request"),
        ("get", "/reports/charts/none.json", 404, "not_found"),
        ("get", "/reports/charts/online.json?period=x", 400, "bad_period"),
        ("post", "/reports/charts/online.json", 405, "method_not_allowed"),
        ("get", "/api/v1/summary?period=1990-M02..2000-M03", 400, "bad_period"),
    ],
)
def test_programs_get_problems(reader, method, path, status, code):
    answer = getattr(reader("tonghop"), method)(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code and answer.json()["detail"]


def test_strangers_get_a_problem_too(client, demo):
    answer = client.get("/api/v1/summary")
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert answer.json()["code"] == "not_signed_in"


@pytest.mark.parametrize("path", ["/accounts/logout/", "/units/people/1/password/"])
def test_a_refused_method_leads_on(reader, path):
    answer = reader("quantri").get(path)
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]
    assert "Về Tổng quan" in answer.content.decode()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_periods_of_over_ten_years_are_refused_in_words(reader):
    client = reader("tonghop")
    assert client.get("/?period=1991-M01..2000-M12").status_code == 200
    answer = client.get("/?period=1991-M01..2001-M01")
    assert answer.status_code == 400 and "nhiều nhất 120 tháng" in answer.content.decode()


def test_a_field_names_who_is_missing(reader):
    client = reader("tonghop")
    page = words(client, JULY + "&field=chung-thuc&by=unit&tier=commune")
    assert "10/16 đơn vị; còn thiếu:" in page and "xã Liêm Túc" in page


@pytest.mark.parametrize(("most", "named"), [(5, False), (6, True)])
def test_of_many_missing_units_only_the_number_is_read(reader, monkeypatch, most, named):
    monkeypatch.setattr("reports.dashboard.views.MOST_MISSING", most)
    cache.clear()
    client = reader("tonghop")
    with CaptureQueriesContext(connection) as queries:
        page = words(client, JULY + "&by=unit&tier=commune")
    assert ("còn thiếu: " in page, "còn thiếu 6 đơn vị." in page) == (named, not named)
    assert page.count("chưa có báo cáo được duyệt") == 6
    looked_up = [query["sql"] for query in queries if "records_missingreport" in query["sql"]]
    assert bool(looked_up) is named
    data = client.get("/api/v1/summary" + JULY.removeprefix("/") + "&tier=commune").json()
    assert len(data["total"]["completeness"]["missing"]) == 6


def test_files_say_what_they_are_of(reader):
    client = reader("tonghop")
    address = "/reports/dashboard.csv?unit=351&period=2022-H1&field=ho-tich&external=1&q=thanh"
    answer = client.get(address)
    rows = answer.content.decode().strip().splitlines()
    for scope in ("lĩnh vực Hộ tịch", "có tính cơ quan ngoài Ủy ban", "chỉ dòng có tên “thanh”"):
        assert all(scope in row for row in rows[1:]), scope
    assert "so-lieu-351-2022-H1-ho-tich-ca-ngoai-uy-ban-loc.csv" in answer.headers["Content-Disposition"]


def test_the_address_keeps_decimals_and_sections_keep_their_order(reader):
    client = reader("tonghop")
    assert "decimals=2" in client.get("/?unit=351&period=2022-H1&decimals=2").content.decode()
    body = client.get("/?unit=351&period=2022-H1&q=th").content.decode().split('id="h-rows"')[1]
    assert re.findall(r'scope="rowgroup"[^>]*>(Cấp [^<]+)<', body) == ["Cấp huyện", "Cấp xã"]


def test_the_share_of_online_dossiers_stands_against_its_target(reader):
    page = reader("tonghop").get("/").content.decode()
    assert (
        "Chỉ tiêu trực tuyến: cấp huyện 50,0% (vượt chỉ tiêu 1,7 điểm phần trăm); "
        "cấp xã 15,0% (thấp hơn chỉ tiêu 2,4 điểm phần trăm)." in page
    )
