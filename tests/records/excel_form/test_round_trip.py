"""A form uploaded unchanged changes nothing, whatever is stored and whichever program saved it."""

import io
import re
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from figures.measures import MEASURES
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.excel_form.comparison import compare_sheet
from records.excel_form.layout import unit_forms
from records.excel_form.reader import read_workbook
from records.excel_form.workbook import form_workbook
from records.models import DossierCount, Field, FieldScope, Procedure, ProcedureScope
from records.submissions import actions
from tests.bad_inputs.files import with_part
from tests.bad_inputs.test_every_entrance import undone
from tests.records.conftest import AT, JULY, SINCE
from tests.support.libreoffice import converted

from .book import brought, form_of
from .cells import opened, saved

COUNTS = some.one_of(some.none(), some.just(0), some.integers(0, 999_999_999))
TEXTS = some.text(some.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=60)
NOT_POSTAL = {"received_postal", "returned_postal"}
PLACES = ("chung-thuc", "ho-tich", "dat-dai/1.000001", "dat-dai/1.000002", "chung")


@pytest.fixture
def places(people, fields):
    """Row keys of a month by code: two fields, a field by procedures, the undivided one."""
    land = Field.objects.create(code="dat-dai", name="Đất đai", order=3)
    FieldScope.objects.create(field=land, tier="commune", valid_from=SINCE)
    by_code = {"chung-thuc": (fields.chung_thuc.pk, None), "ho-tich": (fields.ho_tich.pk, None)}
    by_code["chung"] = (fields.chung.pk, None)
    for code in ("1.000001", "1.000002"):
        procedure = Procedure.objects.create(code=code, name=f"Thủ tục {code}", field=land)
        ProcedureScope.objects.create(procedure=procedure, tier="commune", valid_from=SINCE)
        by_code[f"dat-dai/{code}"] = (land.pk, procedure.pk)
    return by_code


@some.composite
def months(draw):
    """Rows with counts and some reasons, all on one level."""
    undivided = draw(some.booleans())
    codes = (
        ["chung"] if undivided else draw(some.lists(some.sampled_from(PLACES[:-1]), unique=True, max_size=4))
    )
    return {
        code: (
            {name: draw(COUNTS) for name in MEASURES if code != "chung-thuc" or name not in NOT_POSTAL},
            draw(some.one_of(some.just(""), TEXTS)),
        )
        for code in codes
    }


def changes_of(people, content: bytes) -> list:
    catalogue = Catalogue(stored_calendar())
    form = unit_forms([people.alpha], JULY, catalogue)[0]
    sheet = read_workbook(content).sheets[0]
    comparison = compare_sheet(
        sheet, form.month, form.lines, catalogue=catalogue, end=catalogue.days.span(JULY).end, at=AT
    )
    assert not comparison.blocked, comparison.remarks
    return comparison.changes


@given(months())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_untouched_form_is_an_empty_difference(people, places, july, month):
    with undone():
        rows = {places[code]: values for code, (values, _) in month.items()}
        reasons = {places[code]: reason for code, (_, reason) in month.items()}
        actions.save_counts(july.editions.get(), rows, by=people.clerk, revision=0, at=AT, reasons=reasons)
        form = unit_forms([people.alpha], JULY, Catalogue(stored_calendar()))[0]
        content = form_workbook([form.form])
        assert changes_of(people, content) == []
        # As saved by a program that stores no formula results.
        assert changes_of(people, saved(opened(content))) == []


def test_an_untouched_form_of_a_month_without_numbers_is_an_empty_difference(as_, people, july):
    answer = as_("clerk").get(brought(as_("clerk"), form_of(as_("clerk"), july), july).url)
    assert answer.context["cells"] == 0 and not DossierCount.objects.exists()


def test_an_untouched_form_saved_by_libreoffice_is_an_empty_difference(people, places, july, tmp_path):
    values = dict.fromkeys(MEASURES, 1_234_567) | {"opening": None, "withdrawn": 0}
    rows = {places["chung-thuc"]: {key: value for key, value in values.items() if key not in NOT_POSTAL}}
    rows |= {places["ho-tich"]: values, places["dat-dai/1.000001"]: values}
    reasons = {places["ho-tich"]: "=1+1 không phải công thức; “Hoà”, +84"}
    actions.save_counts(july.editions.get(), rows, by=people.clerk, revision=0, at=AT, reasons=reasons)
    path = tmp_path / "bieu.xlsx"
    path.write_bytes(form_workbook([unit_forms([people.alpha], JULY, Catalogue(stored_calendar()))[0].form]))
    for _ in range(2):
        path = converted(path, "xlsx")
        assert changes_of(people, path.read_bytes()) == []


def as_google_writes(content: bytes) -> bytes:
    """Numbers with a zero fraction, and styled blank cells far below the form."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        xml = package.read("xl/worksheets/sheet1.xml").decode()
    xml = re.sub(r'(<c r="[A-Z]+[0-9]+" s="[0-9]+"><v>[0-9]+)(</v>)', r"\1.0\2", xml)
    blank = "".join(
        f'<row r="{row}"><c r="A{row}" s="1"/><c r="Z{row}" s="1"/></row>' for row in range(900, 1000)
    )
    return with_part(
        content, "xl/worksheets/sheet1.xml", xml.replace("</sheetData>", f"{blank}</sheetData>").encode()
    )


def test_an_untouched_form_as_google_sheets_writes_it_is_an_empty_difference(people, places, july):
    rows = {
        places["ho-tich"]: dict.fromkeys(MEASURES, 12),
        places["dat-dai/1.000001"]: dict.fromkeys(MEASURES, 0),
    }
    actions.save_counts(july.editions.get(), rows, by=people.clerk, revision=0, at=AT)
    content = form_workbook([unit_forms([people.alpha], JULY, Catalogue(stored_calendar()))[0].form])
    written = as_google_writes(content)
    assert b"<v>12.0</v>" in zipfile.ZipFile(io.BytesIO(written)).read("xl/worksheets/sheet1.xml")
    assert changes_of(people, written) == []
