"""Downloads of the tables of units and people: rights and filters of the page, all rows."""

import csv
import io
import json

import pytest

from tests.units.lifecycle.test_views import cast as cast
from tests.units.lifecycle.test_views import signed_in
from units.models import Unit


@pytest.fixture
def as_administrator(cast):
    return signed_in(cast.province)


def rows(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


@pytest.mark.parametrize("kind", ["csv", "json", "xlsx"])
def test_the_list_of_units_has_its_files(as_administrator, kind):
    page = as_administrator.get("/units/")
    assert f"?tai={kind}" in page.content.decode()
    answer = as_administrator.get(f"/units/?tai={kind}")
    assert f'filename="don-vi.{kind}"' in answer.headers["Content-Disposition"]


def test_a_file_holds_all_rows_that_the_filter_finds(as_administrator, monkeypatch):
    monkeypatch.setattr("core.web.PAGE_SIZE", 1)
    lines = rows(as_administrator.get("/units/?tai=csv&state=all"))
    assert len(lines) - 1 == Unit.objects.count() > 1
    unit = Unit.objects.order_by("pk").last()
    assert [row[1] for row in rows(as_administrator.get(f"/units/?tai=csv&state=all&q={unit.code}"))[1:]] == [
        unit.code
    ]


def test_a_unit_has_files_of_its_tables(as_administrator):
    unit = Unit.objects.filter(has_children=True).first()
    for table in ("truc-thuoc", "phan-quyen", "nhat-ky"):
        content = json.loads(
            b"".join(as_administrator.get(f"/units/{unit.pk}/?tai=json&bang={table}").streaming_content)
        )
        assert content["columns"] and isinstance(content["rows"], list), table
    assert as_administrator.get(f"/units/{unit.pk}/?tai=json&bang=la").status_code == 400


def test_people_are_a_file_for_who_manages_them(as_administrator, client):
    assert rows(as_administrator.get("/units/people/?tai=csv"))[0][1] == "Tên đăng nhập"
    assert client.get("/units/people/?tai=csv").status_code == 302
