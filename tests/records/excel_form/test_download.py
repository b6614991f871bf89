"""The downloaded Excel form."""

import io
import zipfile
from dataclasses import replace
from datetime import date

from django.urls import reverse

from figures.measures import MEASURES
from records import column_groups
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.excel_form.layout import CellRemark, UploadedCopy, unit_forms
from records.excel_form.reader import read_workbook
from records.excel_form.views import MAX_SHEETS
from records.excel_form.workbook import form_workbook
from records.models import SwitchedGroup
from records.submissions import actions
from tests.records.conftest import AT, JULY, balanced, entered
from tests.support.libreoffice import converted
from units.lifecycle import restructuring
from units.tree.rules import UnitDraft

from .book import form_of
from .cells import cell, opened, saved


def half(people, fields, july, **more):
    """July with a closed and an open balance, after an approved June."""
    before = {(fields.ho_tich.pk, None): {**balanced(20), "resolved_on_time": 15, "pending_in_time": 5}}
    entered(people.alpha, JULY.previous(), before, by=people.clerk, reviewer=people.reviewer)
    rows = {
        (fields.chung_thuc.pk, None): balanced(1240, online=20, postal=None),
        (fields.ho_tich.pk, None): {**balanced(30), "opening": 5, "withdrawn": 1, **more},
    }
    return actions.save_counts(july.editions.get(), rows, by=people.clerk, revision=0, at=AT)


def test_only_cells_to_fill_in_are_unlocked(as_, people, fields, july):
    half(people, fields, july)
    book = opened(form_of(as_("clerk"), july))
    sheet = book.worksheets[0]
    assert sheet.protection.sheet and not sheet.merged_cells.ranges
    assert sheet.title == "Đơn vị 13441"
    assert not cell(sheet, "ho-tich", "opening").protection.locked
    assert cell(sheet, "ho-tich", "received").protection.locked
    assert cell(sheet, "chung-thuc", "received_postal").value == "không có"
    assert cell(sheet, "chung-thuc", "received_postal").protection.locked
    assert cell(sheet, "chung-thuc", "received_direct").value == 1240
    assert cell(sheet, "ho-tich", "resolved_early").value == 0
    assert sheet.column_dimensions["A"].hidden and sheet.row_dimensions[6].hidden


def test_numbers_are_validated_in_vietnamese_and_reasons_offered(as_, people, fields, july):
    sheet = opened(form_of(as_("clerk"), july)).worksheets[0]
    rules = {rule.type: rule for rule in sheet.data_validations.dataValidation}
    assert rules["whole"].formula1 == "0" and rules["whole"].formula2 == "999999999"
    assert rules["whole"].error.startswith("Số hồ sơ là số nguyên")
    covered = {
        (row, column)
        for rule in sheet.data_validations.dataValidation
        for box in rule.sqref.ranges
        for row, column in box.cells
    }
    for name in (*MEASURES, "reason"):
        box = cell(sheet, "ho-tich", name)
        assert (box.row, box.column) in covered, name
    assert "Đã đối chiếu" in rules["list"].formula1


def test_groups_that_are_switched_off_are_not_there(as_, people, fields, july):
    column_groups.switch_column_group(
        people.district, SwitchedGroup.TRANSFERRED, JULY, is_on=False, by=people.reviewer, at=AT
    )
    names = [worksheet.value for worksheet in opened(form_of(as_("clerk"), july)).worksheets[0][6]]
    assert "returned_direct" in names and "transferred_in" not in names


def test_libreoffice_gives_the_totals_of_the_server(as_, people, fields, july, tmp_path):
    half(people, fields, july)
    path = tmp_path / "bieu.xlsx"
    path.write_bytes(form_of(as_("clerk"), july))
    book = opened(path.read_bytes())
    # Ignore the results that the server stored with the formulas.
    path.write_bytes(saved(book))
    sheet = opened(converted(path, "xlsx").read_bytes(), values=True).worksheets[0]
    page = as_("clerk").get(reverse("records:submission", args=[july.pk])).context["sheet"]
    for row in page.rows:
        for grid_cell in (*row.cells, *row.after):
            if grid_cell.kind == "sum":
                value = cell(sheet, row.line.code, grid_cell.measure).value
                assert number(value) == grid_cell.text, (row.line.code, grid_cell.measure)
        assert cell(sheet, row.line.code, "balance").value == row.balance_text
    total = sheet.cell(cell(sheet, "ho-tich", "opening").row + 1, cell(sheet, "ho-tich", "received").column)
    assert number(total.value) == "1.290"
    assert sheet.cell(total.row, cell(sheet, "ho-tich", "balance").column).value == "1 dòng"


def number(value) -> str:
    return "—" if value in (None, "") else f"{int(value):,}".replace(",", ".")


def test_the_form_holds_last_month_to_compare_with(as_, people, fields, july):
    half(people, fields, july)
    sheet = opened(form_of(as_("clerk"), july)).worksheets[0]
    label = next(row[1] for row in sheet.iter_rows() if row[1].value == "Tháng 6/2022, để so sánh")
    column = cell(sheet, "ho-tich", "pending_in_time").column
    assert [sheet.cell(label.row + n, column).value for n in (1, 2)] == [None, 5]


def test_of_a_first_month_it_holds_what_was_taken_over(people, fields, july):
    half(people, fields, july)
    on = date(2022, 6, 15)
    draft = UnitDraft("moi", "xã Mới", "committee", "commune", on, parent=people.district)
    new = restructuring.merge_units([people.alpha], draft, on, by=None, basis="NQ").new[0]
    (form,) = unit_forms([new], JULY, Catalogue(stored_calendar()))
    sheet = opened(form_workbook([form.form])).worksheets[0]
    label = next(row[1] for row in sheet.iter_rows() if row[1].value == "Cuối kỳ các đơn vị cũ, để so sánh")
    column = cell(sheet, "ho-tich", "pending_in_time").column
    assert [sheet.cell(label.row + n, column).value for n in (1, 2)] == [None, 5]


def test_a_workbook_of_a_district_has_a_sheet_for_each_unit(
    as_, people, fields, july, django_assert_num_queries
):
    reviewer = as_("reviewer")
    address = reverse("records:forms_xlsx") + f"?unit={people.district.pk}&month={JULY}"
    names = opened(reviewer.get(address).content).sheetnames
    assert names == ["Đơn vị 13441", "Đơn vị 13450", "Đơn vị dat-dai", "Đơn vị van-phong"]


def test_outsiders_get_no_form(as_, people, july):
    for name, status in (
        ("clerk", 200),
        ("viewer", 200),
        ("reviewer", 200),
        ("neighbour", 404),
        ("outsider", 404),
    ):
        assert as_(name).get(reverse("records:form_xlsx", args=[july.pk])).status_code == status, name
        address = reverse("records:forms_xlsx") + f"?unit={people.alpha.pk}&month={JULY}"
        assert as_(name).get(address).status_code == status, name
    for query in ("", "?unit=x", f"?unit={people.district.pk}&month=2022-M13", f"?unit={2**63}&month={JULY}"):
        assert as_("reviewer").get(reverse("records:forms_xlsx") + query).status_code == 404, query


def test_a_marked_copy_of_very_many_units_comes_back_through_the_gate(people, fields, july):
    form = unit_forms([people.alpha], JULY, Catalogue(stored_calendar()))[0].form
    months = [replace(form, unit=number, name=f"xã {number}") for number in range(MAX_SHEETS)]
    remark = CellRemark("x", "C7", "x", "negative", "sai", True, ("ho-tich", "opening"))
    content = form_workbook(months, {month.unit: UploadedCopy({}, [remark]) for month in months})
    assert len(read_workbook(content).sheets) == MAX_SHEETS
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        notes = [name for name in package.namelist() if "comments" in name]
    assert 0 < len(notes) < MAX_SHEETS
