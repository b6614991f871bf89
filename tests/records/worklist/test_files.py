"""Downloads of months, the work list, indicators and targets: rights and filters of their pages."""

import csv
import io
import json

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from records.indicators import actions
from records.indicators.views import PRESETS_FILE
from records.models import Indicator
from tests.records.conftest import AT, JULY, stored
from tests.support.libreoffice import recalculated


def rows(answer) -> list[list[str]]:
    assert answer.status_code == 200, answer.content[:300]
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def data(answer) -> dict:
    return json.loads(b"".join(answer.streaming_content))


def test_a_month_as_its_page_shows_it(sent, as_, tmp_path):
    address = reverse("records:submission", args=[sent.pk])
    table = data(as_("viewer").get(f"{address}?tai=json"))
    first = table["rows"][0]
    row = stored(sent, "chung-thuc")
    assert (first["code"], first["received_direct"], first["received"]) == ("chung-thuc", 1240, 1260)
    assert first["received_postal"] is None and row.received_postal is None
    assert table["source"]["Phạm vi"] == "lần 1: Chờ duyệt"
    written = b"".join(as_("viewer").get(f"{address}?tai=xlsx").streaming_content)
    lines = recalculated(written, tmp_path)["Số liệu"].iter_rows(min_row=3, values_only=True)
    heads, *fields, total = lines
    assert dict(zip(heads, total, strict=True))["Tiếp nhận"] == 1290
    # Sums beside their parts are formulas too, equal the server's figures, and are blank if nothing is reported.
    titles = {column["key"]: column["title"] for column in table["columns"]}
    for name in ("received", "resolved", "returned"):
        place = heads.index(titles[name])
        assert [line[place] for line in fields] == [line[name] for line in table["rows"]], name
        cells = next(openpyxl.load_workbook(io.BytesIO(written))["Số liệu"].iter_cols(place + 1, place + 1))
        live = [str(cell.value).startswith("=SUM(") for cell in cells[3:-1]]
        assert live == [line[name] is not None for line in table["rows"]], name
    assert as_("neighbour").get(f"{address}?tai=csv").status_code == 404


def test_the_work_list_of_a_reviewer(sent, as_, monkeypatch):
    monkeypatch.setattr("records.worklist.views.UNITS_PER_PAGE", 1)
    reviewer, address = as_("reviewer"), reverse("records:worklist")
    page = reviewer.get(address).content.decode()
    for table in ("tinh-hinh", "con-thieu", "cho-duyet"):
        assert f"bang={table}" in page, table
    stands = rows(reviewer.get(f"{address}?tai=csv&bang=tinh-hinh"))
    assert len(stands) - 1 >= 3, "all units, not just the first page"
    assert stands[1][-1] in ("Chờ duyệt", "Quá hạn 26 ngày") or stands[1][-1]
    (waiting,) = data(reviewer.get(f"{address}?tai=json&bang=cho-duyet"))["rows"]
    assert (waiting["code"], waiting["month"], waiting["received"]) == ("13441", JULY.label, 1290)
    missing = data(reviewer.get(f"{address}?tai=json&bang=con-thieu"))["rows"]
    assert ("13441", JULY.label) not in {(row["code"], row["month"]) for row in missing}
    assert any(row["code"] == "13450" for row in missing)


def test_a_clerk_has_no_files_of_others(sent, as_):
    assert as_("clerk").get(f"{reverse('records:worklist')}?tai=csv&bang=tinh-hinh").status_code == 400


def test_the_history_of_a_month_and_of_a_cell(sent, as_):
    address = reverse("records:history", args=[sent.pk])
    lines = rows(as_("reviewer").get(f"{address}?tai=csv"))
    assert len(lines) > 20 and lines[0][:3] == ["Lúc", "Người thực hiện", "Việc"]
    (change,) = data(as_("reviewer").get(f"{address}?tai=json&o=ho-tich-received_direct"))["rows"]
    assert (change["before"], change["after"]) == ("—", "30")


def test_indicators_their_values_and_targets(people, as_):
    actions.define_indicator(actions.read_presets(PRESETS_FILE), by=None, at=AT)
    listed = rows(as_("administrator").get(f"{reverse('records:indicator_list')}?tai=csv"))
    assert len(listed) - 1 == Indicator.objects.count()
    values = reverse("records:indicators", args=[people.alpha.pk])
    assert len(data(as_("clerk").get(f"{values}?tai=json"))["rows"]) > 10
    answer = as_("clerk").get(f"{values}?tai=xlsx")
    assert openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))["Nguồn"]["B2"].value
    targets = reverse("records:targets", args=[people.district.pk])
    assert data(as_("leader").get(f"{targets}?tai=json"))["rows"][0]["percent"] is None
    assert as_("clerk").get(f"{targets}?tai=json").status_code == 404


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_asks_no_more_for_more_units(sent, as_, kind):
    reviewer = as_("reviewer")
    address = f"{reverse('records:worklist')}?tai={kind}&bang=tinh-hinh"
    b"".join(reviewer.get(address).streaming_content)
    with CaptureQueriesContext(connection) as captured:
        b"".join(reviewer.get(address).streaming_content)
    assert len(captured) < 25
