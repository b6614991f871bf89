"""Every way of input reads the same counts and refuses the same texts (acceptance S23)."""

import csv
import io
from collections.abc import Callable, Iterable

import openpyxl
import pytest
from django import forms
from openpyxl.utils import get_column_letter

from figures.count_input import CountInputError, parse_count
from figures.periods import Month
from records.bulk_import.counts import ImportReport, import_counts
from records.entry.forms import CountField
from records.models import DossierCount
from tests.records.conftest import AT

from .numbers import READ, REFUSED, REFUSED_CELLS, REFUSED_TYPED

HEAD = ["unit", "month", "field", "received_direct", "resolved_late"]
FIRST = Month(2020, 8)
Loader = Callable[[Iterable[object]], ImportReport]


def rows(values: Iterable[object]) -> list[list[object]]:
    """One month for each value, in the last column."""
    return [["13441", str(FIRST.plus(at)), "ho-tich", 1, value] for at, value in enumerate(values)]


def from_csv(values: Iterable[object]) -> ImportReport:
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *rows(values)])
    return import_counts(text.getvalue().encode(), "so-lieu.csv", at=AT)


def from_xlsx(values: Iterable[object], formats: Iterable[str] = ()) -> ImportReport:
    """Without `formats` texts become text cells, even if they look like formulas."""
    book = openpyxl.Workbook()
    sheet = book.active
    formats = list(formats)
    for number, row in enumerate([HEAD, *rows(values)], start=1):
        sheet.append(row)
        cell = sheet.cell(number, len(HEAD))
        if formats and number > 1:
            cell.number_format = formats[number - 2]
        elif isinstance(cell.value, str):
            cell.data_type = "s"
    stream = io.BytesIO()
    book.save(stream)
    return import_counts(stream.getvalue(), "so-lieu.xlsx", at=AT)


@pytest.mark.parametrize("load", [from_csv, from_xlsx])
def test_files_read_what_people_type(cast, fields, load: Loader):
    report = load([typed for typed, _ in READ])
    assert report.errors == []
    stored = dict(
        DossierCount.objects.filter(field=fields.ho_tich).values_list(
            "edition__submission__month", "resolved_late"
        )
    )
    assert [stored[FIRST.plus(at).number] for at in range(len(READ))] == [number for _, number in READ]


@pytest.mark.parametrize("load", [from_csv, from_xlsx])
def test_files_refuse_every_other_text_with_its_place(cast, fields, load: Loader):
    report = load([typed for typed, _ in REFUSED])
    faults = [(fault.row, fault.column, fault.code) for _, fault in report.errors]
    assert faults == [(row, "resolved_late", code) for row, (_, code) in enumerate(REFUSED, start=2)]
    assert not DossierCount.objects.exists()


def test_cells_of_a_sheet_that_are_no_counts_are_refused_with_their_address(cast, fields):
    report = from_xlsx([value for value, _, _ in REFUSED_CELLS], [shape for _, shape, _ in REFUSED_CELLS])
    letter = get_column_letter(len(HEAD))
    assert [(fault.cell, fault.code) for _, fault in report.errors] == [
        (f"{letter}{row}", code) for row, (_, _, code) in enumerate(REFUSED_CELLS, start=2)
    ]
    assert not DossierCount.objects.exists()


@pytest.mark.parametrize(("typed", "number"), READ)
def test_forms_read_what_people_type(typed, number):
    assert CountField().clean(typed) == parse_count(typed) == number


@pytest.mark.parametrize(("typed", "code"), [*REFUSED, *REFUSED_TYPED])
def test_forms_refuse_every_other_text(typed, code):
    with pytest.raises(forms.ValidationError) as fault:
        CountField().clean(typed)
    with pytest.raises(CountInputError) as refusal:
        parse_count(typed)
    assert fault.value.code == refusal.value.code == code
