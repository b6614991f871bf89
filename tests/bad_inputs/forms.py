"""Files that are not the Excel form of the month, or a faulty one, each with the code of its refusal. `sheet`: the
form of alpha's July, opened with openpyxl.
"""

from datetime import date

from openpyxl.worksheet.worksheet import Worksheet

from tests.records.excel_form.cells import cell

from .files import SHEET, STRINGS


def _signed(at: int, text: str):
    """Replaces one part of the form's sign."""

    def change(sheet: Worksheet) -> None:
        parts = sheet["A1"].value.split(";")
        parts[at] = text
        sheet["A1"].value = ";".join(parts)

    return change


def _typed(name: str, value, number_format: str = ""):
    def change(sheet: Worksheet) -> None:
        target = cell(sheet, "ho-tich", name)
        target.value = value
        if number_format:
            target.number_format = number_format

    return change


def _merged(sheet: Worksheet) -> None:
    sheet.merge_cells("D7:E8")


def _merged_into_a_title(sheet: Worksheet) -> None:
    sheet.merge_cells("D5:D7")


def _beside(sheet: Worksheet) -> None:
    sheet.cell(7, 50).value = "ghi chú"


def _below(sheet: Worksheet) -> None:
    sheet.cell(60, 4).value = 5


def _new_row(sheet: Worksheet) -> None:
    sheet["A60"].value, sheet["B60"].value, sheet["C60"].value = "dat-dai", "Đất đai", 4


def _doubled_row(sheet: Worksheet) -> None:
    sheet["A60"].value, sheet["C60"].value = "ho-tich", 4


def _doubled_column(sheet: Worksheet) -> None:
    sheet["AZ6"].value = "opening"


def _without_names(sheet: Worksheet) -> None:
    sheet.delete_rows(6)


def _without_codes(sheet: Worksheet) -> None:
    sheet.delete_cols(1)


def _without_a_column(sheet: Worksheet) -> None:
    sheet.delete_cols(4)


def _without_a_row(sheet: Worksheet) -> None:
    sheet.delete_rows(cell(sheet, "ho-tich", "opening").row)


# (what somebody did to the form, code of the first fault)
CHANGED = {
    "sign of no version": (_signed(1, "x"), "old_form"),
    "earlier version": (_signed(1, "0"), "old_form"),
    "later version": (_signed(1, "2"), "old_form"),
    "other unit": (_signed(2, "987654321"), "other_unit"),
    "unit of other digits": (_signed(2, "٣"), "old_form"),
    "unit beyond the database": (_signed(2, "9" * 30), "old_form"),
    "other month": (_signed(3, "2022-M06"), "other_month"),
    "no month": (_signed(3, "2022-M13"), "old_form"),
    "revision below 0": (_signed(5, "-1"), "old_form"),
    "rows of another catalogue": (_signed(6, "0" * 16), "old_form"),
    "no sign": (lambda sheet: sheet["A1"].__setattr__("value", None), "no_form"),
    "row 1 deleted": (lambda sheet: sheet.delete_rows(1), "no_form"),
    "column of codes deleted": (_without_codes, "no_form"),
    "names deleted": (_without_names, "outside_form"),
    "column deleted": (_without_a_column, "missing_column"),
    "row deleted": (_without_a_row, "missing_row"),
    "row doubled": (_doubled_row, "repeated_row"),
    "column doubled": (_doubled_column, "repeated_column"),
    "row of another field": (_new_row, "outside_form"),
    "number below": (_below, "outside_form"),
    "text beside": (_beside, "outside_form"),
    "merged cells": (_merged, "merged_cell"),
    "merged into a title": (_merged_into_a_title, "merged_cell"),
    "negative": (_typed("opening", -1), "negative"),
    "fraction": (_typed("opening", 12.5), "not_whole"),
    "beyond 64 bits": (_typed("opening", 2**63), "too_large"),
    "huge": (_typed("opening", 1e300), "not_a_number"),
    "truth value": (_typed("opening", True), "not_a_number"),
    "day": (_typed("opening", date(2022, 6, 14), "dd/mm/yyyy"), "not_a_number"),
    "month": (_typed("opening", 44726, "yyyy-mm"), "not_a_number"),
    "percentage": (_typed("opening", 0.05, "0%"), "not_a_number"),
    "error": (_typed("opening", "#N/A"), "not_a_number"),
    "formula without result": (_typed("opening", "=1+1"), "formula"),
    "reason without result": (_typed("reason", "=A1"), "formula"),
    "reason as an error": (_typed("reason", "#REF!"), "error_value"),
    "long reason": (_typed("reason", "a" * 2001), "too_long"),
}
_CONTENT = b'<?xml version="1.0"?>%s'
_BOOK = b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</workbook>'
# (part of the package, what it holds, code of the refusal), beside those of files.BOMBS
PARTS = {
    "workbook without sheets": ("xl/workbook.xml", _BOOK % b"", "no_form"),
    "workbook cut off": ("xl/workbook.xml", b"<workbook>", "unreadable"),
    "workbook with a type": ("xl/workbook.xml", _CONTENT % b"<!DOCTYPE x><workbook/>", "doctype"),
    "relations cut off": ("xl/_rels/workbook.xml.rels", b"<Relationships>", "unreadable"),
    "styles cut off": ("xl/styles.xml", b"<styleSheet>", "unreadable"),
    "texts cut off": ("xl/sharedStrings.xml", STRINGS % b"<si><t>", "unreadable"),
    "no texts": ("xl/sharedStrings.xml", STRINGS % b"", "unreadable"),
    "macro sheet": ("xl/macrosheets/sheet1.xml", SHEET % b"", "macro"),
    "unknown kind of cell": (
        "xl/worksheets/sheet1.xml", SHEET % b'<row r="1"><c r="A1" t="z"><v>1</v></c></row>', "unreadable",
    ),
    "no such style": (
        "xl/worksheets/sheet1.xml", SHEET % b'<row r="1"><c r="A1" s="99999"><v>1</v></c></row>', "unreadable",
    ),
    "no such text": (
        "xl/worksheets/sheet1.xml", SHEET % b'<row r="1"><c r="A1" t="s"><v>99999</v></c></row>', "unreadable",
    ),
    "rows backwards": (
        "xl/worksheets/sheet1.xml", SHEET % b'<row r="2"/><row r="1"/>', "unreadable",
    ),
    "cells backwards": (
        "xl/worksheets/sheet1.xml", SHEET % b'<row r="1"><c r="B1"/><c r="A1"/></row>', "unreadable",
    ),
    "number of words": (
        "xl/worksheets/sheet1.xml", SHEET % b'<row r="1"><c r="A1"><v>1_000</v></c></row>', "unreadable",
    ),
    "merge of nothing": ("xl/worksheets/sheet1.xml", SHEET % b'<mergeCell ref="x"/>', "unreadable"),
    "text in another alphabet": ("xl/worksheets/sheet1.xml", "<worksheet/>".encode("utf-16"), "doctype"),
}  # fmt: skip


def two_of_one_part(workbook: bytes) -> bytes:
    """A workbook that names its first sheet twice."""
    start = workbook.index(b"<sheet ")
    element = workbook[start : workbook.index(b"/>", start) + 2]
    return workbook.replace(element, element + element.replace(b'sheetId="1"', b'sheetId="2"'))
