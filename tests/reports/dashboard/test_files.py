"""Every table of the dashboard, of reviews, tasks and forms as a file, with the figures of the page."""

import csv
import io
import json
import re
from datetime import date

import pytest

from figures.formatting import format_percent
from tests.support.libreoffice import recalculated
from units.lifecycle import actions
from units.models import Unit
from units.tree.rules import UnitDraft

HALF = "/?unit=351&period=2022-H1"
TABLES = ("hinh-thuc", "dung-han", "theo-thang", "so-sanh", "chi-tieu")


def body(answer) -> bytes:
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content)


def data(answer) -> dict:
    return json.loads(body(answer))


@pytest.mark.parametrize("table", TABLES)
def test_each_table_of_the_dashboard_is_there_in_three_kinds(reader, table):
    client = reader("tonghop")
    page = client.get(HALF).content.decode()
    assert len(re.findall(rf"tai=(?:xlsx|csv|json)&amp;bang={table}\"", page)) == 3
    content = data(client.get(f"{HALF}&tai=json&bang={table}"))
    assert content["rows"] and "6 tháng đầu năm 2022" in json.dumps(content["source"], ensure_ascii=False)
    text = body(client.get(f"{HALF}&tai=csv&bang={table}")).decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(text)))) == len(content["rows"]) + 1
    assert body(client.get(f"{HALF}&tai=xlsx&bang={table}"))[:2] == b"PK"


@pytest.mark.parametrize("table", TABLES)
def test_each_table_is_there_where_a_unit_opened_between_both_years(reader, table):
    """Fewer units are compared than shown."""
    district = Unit.objects.get(code="351")
    actions.open_unit(
        UnitDraft("moi", "xã Mới Lập", "committee", "commune", date(2022, 3, 1), parent=district), by=None
    )
    client = reader("tonghop")
    assert "không tính 1 đơn vị" in client.get(HALF).content.decode()
    assert data(client.get(f"{HALF}&tai=json&bang={table}"))["rows"]


def test_shares_and_rates_are_those_of_the_page_and_live(reader, tmp_path):
    client = reader("tonghop")
    page = client.get(HALF).content.decode()
    rows = data(client.get(f"{HALF}&tai=json&bang=hinh-thuc"))["rows"]
    assert all(format_percent(row["share"]) in page for row in rows)
    assert {(row["tier"], row["channel"]): row["share"] for row in rows}["Cấp xã", "Trực tuyến"] == "12.6"
    book = recalculated(body(client.get(f"{HALF}&tai=xlsx&bang=hinh-thuc")), tmp_path)
    for row, cells in zip(rows, book["Số liệu"].iter_rows(min_row=4, values_only=True), strict=False):
        assert cells[2:4] == (row["number"], row["received"])
        assert cells[4] == pytest.approx(row["number"] / row["received"])


def test_the_months_of_one_unit(reader):
    content = data(reader("xa-13474").get("/?unit=13474&period=2022-H1&tai=json&bang=bao-cao"))
    assert len(content["rows"]) == 6 and content["rows"][0]["saved_by"]


def test_the_main_table_is_json_by_the_api(reader):
    client = reader("tonghop")
    page = client.get(HALF).content.decode()
    address = re.search(r'href="(/api/v1/summary[^"]+)"', page)[1].replace("&amp;", "&")
    assert len(client.get(address).json()["rows"]) == 28


def test_reviews_tasks_and_forms(reader):
    client = reader("tonghop")
    reviews = data(client.get("/reports/reviews/?tai=json"))["rows"]
    assert [(review["unit_code"], review["period"]) for review in reviews] == [("351", "2022-H1")]
    assert isinstance(data(client.get("/reports/tasks/?tai=json"))["rows"], list)
    pk = re.search(r"/reports/reviews/(\d+)/", client.get("/reports/reviews/").content.decode())[1]
    tasks = data(client.get(f"/reports/reviews/{pk}/tasks/?tai=json&bang=ky-toi"))["rows"]
    assert tasks and tasks[0]["text"]
    form = data(client.get("/reports/forms/ii-06a/?unit=351&period=2022-H1&tai=json"))
    shown = client.get("/reports/forms/ii-06a/?unit=351&period=2022-H1").context["filled"]
    assert [tuple(row[f"column_{n}"] for n in range(3, 14)) for row in form["rows"]] == [
        row.cells for row in shown.rows
    ]


def test_a_table_that_there_is_not_is_refused_and_rights_hold(reader):
    assert reader("tonghop").get(f"{HALF}&tai=csv&bang=la").status_code == 400
    assert reader("tonghop").get(f"{HALF}&tai=exe&bang=so-sanh").status_code == 400
    assert reader("xa-13474").get(f"{HALF}&tai=csv&bang=so-sanh").status_code == 404
