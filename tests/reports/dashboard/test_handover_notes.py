"""A merger inside the last month of a period: each outlet says which unit counts the handed-over dossiers."""

from datetime import date
from io import BytesIO

import openpyxl
import pytest

from figures.periods import Period
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from reports.printing import print_view
from units.lifecycle import restructuring
from units.models import Unit
from units.tree.rules import UnitDraft

pytestmark = pytest.mark.django_db
ON = date(2022, 7, 1)
NOTE = (
    "Giữa tháng cuối kỳ (ngày 01/7/2022) có đơn vị thôi hoạt động: hồ sơ bàn giao tính vào số đang giải quyết "
    "và chờ bổ sung của đơn vị kế thừa, không tính ở đơn vị cũ."
)


@pytest.fixture
def read(reader):
    """read(path): the answer to the district's reviewer after two of its communes merged on 1 July."""
    district, *olds = (Unit.objects.get(code=code) for code in ("351", "13450", "13453"))
    new = UnitDraft("moi", "xã Mới", "committee", "commune", ON, parent=district)
    restructuring.merge_units(olds, new, ON, by=None, basis="Nghị quyết 1")
    return reader("tonghop").get


@pytest.mark.parametrize("more", ["", "&by=field", "&basis=today", "&field=ho-tich", "&tier=commune"])
def test_the_page_and_the_answer_of_the_api_say_it(read, more):
    assert NOTE in read(f"/?unit=351&period=2022-M01..M07{more}").content.decode()
    assert NOTE not in read(f"/?unit=351&period=2022-H1{more}").content.decode()


@pytest.mark.parametrize("basis", ["", "&basis=today"])
def test_the_api_names_the_day(read, basis):
    handover = read(f"/api/v1/summary?unit=351&period=2022-M01..M07{basis}").json()["handover"]
    assert handover == {"pending": ["2022-07-01"]}
    assert "handover" not in read(f"/api/v1/summary?unit=351&period=2022-H1{basis}").json()


def test_files_and_official_forms_say_it(read):
    for path in ("/reports/dashboard.xlsx", "/reports/forms/ii-06a.xlsx"):
        book = openpyxl.load_workbook(BytesIO(read(f"{path}?unit=351&period=2022-M01..M07").content))
        source = [(row[0].value, row[1].value) for row in book["Nguồn"].iter_rows()]
        assert ("Bàn giao giữa tháng", NOTE) in source
    assert NOTE in read("/reports/forms/ii-06a/?unit=351&period=2022-M01..M07").content.decode()


def test_the_printed_review_says_it(read):
    now = summary(FiguresQuery(Unit.objects.get(code="351"), Period.parse("2022-M01..M07")))
    assert NOTE in print_view.notes({}, now)
