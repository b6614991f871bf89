"""Figures as of an earlier day say so on every outlet, and every link of the page keeps the day."""

import csv
import re
from io import BytesIO, StringIO

import openpyxl
import pytest

pytestmark = pytest.mark.django_db
WHERE = "?unit=351&period=2022-H1&as_of=2022-06-15"
NOTE = "như đã duyệt đến hết ngày 15/6/2022"


@pytest.fixture
def page(reader):
    """page(path): the answer to the district's reviewer."""
    return reader("tonghop").get


def test_page_says_so_and_keeps_the_day(page):
    text = page(f"/{WHERE}").content.decode()
    assert text.count(NOTE) >= 2 and "Xem số liệu hiện nay" in text
    links = re.findall(r'href="(\?[^"]*)"', text)
    assert len(links) > 20
    assert [link for link in links if "as_of=" not in link] == ["?unit=351&amp;period=2022-H1"]
    assert 'name="as_of" value="2022-06-15"' in text and 'name="as_of" value="15/6/2022"' in text


def test_the_page_of_now_offers_an_earlier_day(page):
    text = page("/?unit=351&period=2022-H1").content.decode()
    assert NOTE not in text and 'href="?unit=351&amp;period=2022-H1&amp;as_of=2022-08-12"' in text


def test_what_was_approved_later_does_not_count(page):
    then, now = (page(f"/api/v1/summary{where}").json() for where in (WHERE, WHERE.split("&as_of")[0]))
    assert then["as_of"] == "2022-06-15" and "as_of" not in now
    # Of 28 units and 6 months, June was approved from 17 June on.
    complete = now["total"]["completeness"]
    assert then["total"]["completeness"]["reported"] < complete["reported"] == complete["expected"]
    assert (
        len(then["total"]["completeness"]["missing"])
        == complete["expected"] - then["total"]["completeness"]["reported"]
    )


def test_files_and_charts_say_so(page):
    answer = page(f"/reports/dashboard.csv{WHERE}")
    assert "den-het-2022-06-15" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert all(row["Phạm vi"].startswith(NOTE) for row in rows)
    book = openpyxl.load_workbook(BytesIO(page(f"/reports/dashboard.xlsx{WHERE}").content))
    assert NOTE in book["Số liệu"]["A2"].value
    source = {row[0].value: row[1].value for row in book["Nguồn"].iter_rows()}
    assert source["Phạm vi"].endswith(NOTE)
    for name in ("online", "channels"):
        assert page(f"/reports/charts/{name}.json{WHERE}").json()["told"].endswith(NOTE)


def test_a_unit_shows_the_edition_that_counted_then(page):
    text = page("/?unit=13474&period=2022-M06&as_of=2022-06-16").content.decode()
    assert "Chưa duyệt" in text and "chưa có báo cáo nào của kỳ này được duyệt" in text
    assert "Công chức tổng hợp" in page("/?unit=13474&period=2022-M06&as_of=2022-06-17").content.decode()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("as_of=2022-08-13", "bad_as_of"),
        ("as_of=x", "bad_as_of"),
        ("as_of=9999-12-31", "bad_as_of"),
        ("as_of=2022-06-15&include=submitted", "as_of_approved_only"),
    ],
)
def test_an_invalid_day_is_refused_in_words(page, more, code):
    answer = page(f"/api/v1/summary?unit=351&period=2022-H1&{more}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    for where in ("/", "/reports/dashboard.csv", "/reports/charts/online.json"):
        assert page(f"{where}?unit=351&period=2022-H1&{more}").status_code == 400


def test_the_first_day_of_all_is_empty(page):
    text = page("/?unit=351&period=2022-H1&as_of=1900-01-01").content.decode()
    assert "chưa có báo cáo nào của kỳ này được duyệt" in text
