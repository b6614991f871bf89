"""Which fields a unit reports in a month, and import_catalogue."""

import re
from datetime import date

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from figures.measures import ALL_SERVED
from figures.periods import DEFAULT_CALENDAR, Month
from records.bulk_import.catalogue import import_catalogue
from records.calendar.queries import after_working_days, due_date, stored_calendar
from records.catalogue import CATALOGUE_TABLES, Catalogue, CatalogueRows, catalogue_rows
from records.models import (
    CutoffRule,
    DueRule,
    Field,
    FieldScope,
    GroupSwitch,
    Holiday,
    Procedure,
    ProcedureScope,
)

from .conftest import AT

HEAD = (
    "field,field_name,procedure,procedure_name,tier,online_level,posted,valid_from,valid_until,units,channels"
)
JUNE = Month(2022, 6)
pytestmark = pytest.mark.django_db


def load(*rows: str, head: str = HEAD):
    return import_catalogue("\n".join([head, *rows]).encode(), "catalogue.csv", at=AT)


def codes(unit, month=JUNE) -> list[str]:
    catalogue = Catalogue(DEFAULT_CALENDAR)
    return [catalogue.fields[number].code for number in catalogue.expected(unit, month)]


def test_remembered_until_any_row_changes(cast, fields):
    """However the rows change; after a rollback the old catalogue is back."""
    listed = FieldScope.objects.filter(field=fields.ho_tich)
    procedure = Procedure.objects.create(code="1.001193", name="Khai sinh", field=fields.ho_tich)
    scope = ProcedureScope.objects.create(procedure=procedure, valid_from=date(2020, 1, 1))
    changes = {
        "field": lambda: Field.objects.filter(pk=fields.ho_tich.pk).update(name="Tên mới"),
        "procedure": lambda: Procedure.objects.update(name="Tên mới"),
        "field row": lambda: listed.update(channels="direct"),
        "its units": lambda: listed.get().units.add(cast.alpha),
        "procedure row": lambda: ProcedureScope.objects.update(valid_until=date(2021, 1, 1)),
        "their units": lambda: scope.units.add(cast.beta),
        "group": lambda: GroupSwitch.objects.create(
            unit=cast.district, group="returned", first_month=202207, asked=False
        ),
    }
    before = catalogue_rows()
    assert len(changes) == len(CATALOGUE_TABLES)
    for what, change in changes.items():
        with CaptureQueriesContext(connection) as queries:
            assert catalogue_rows() == before, what
        assert len(queries) == 1, what
        with transaction.atomic():
            change()
            with CaptureQueriesContext(connection) as queries:
                after = catalogue_rows()
            assert _contents(after) != _contents(before), what
            transaction.set_rollback(True)
        assert _contents(catalogue_rows()) == _contents(before), what
        before = catalogue_rows()
    read = " ".join(query["sql"] for query in queries)
    assert set(re.findall(r'(?:FROM|JOIN) "(\w+)"', read)) == {
        model._meta.db_table for model in CATALOGUE_TABLES
    }


def _contents(rows: CatalogueRows) -> tuple:
    named = [(row.pk, row.name) for row in (*rows.fields.values(), *rows.procedures.values())]
    return named, rows.field_rows, rows.procedure_rows, rows.switches


def test_without_rows_a_unit_reports_undivided(cast):
    assert codes(cast.alpha) == ["chung"]


def test_tier_units_and_dates(cast):
    report = load(
        "a,Lĩnh vực A,,,commune,,,2022-05-14,2022-05-15,,",
        "b,Lĩnh vực B,,,district,,,2020-01-01,,van-phong,direct postal",
        "c,Lĩnh vực C,1.001193,Khai sinh,commune,full,yes,2020-01-01,,,",
        "d,Lĩnh vực D,,,,,,2022-06-15,,,",
    )
    assert report.errors == [] and report.written == 4
    assert codes(cast.alpha) == ["a", "c"]
    assert codes(cast.alpha, Month(2022, 5)) == ["a", "c"]
    assert codes(cast.alpha, Month(2022, 7)) == ["c", "d"]
    assert codes(cast.office) == ["b"]
    assert codes(cast.land) == ["chung"]


def test_channels_of_field_and_procedure(cast):
    load(
        "a,A,,,commune,,,2020-01-01,,,direct postal",
        "a,A,1.1,Thủ tục 1,commune,,,2020-01-01,,,",
        "a,A,1.2,Thủ tục 2,commune,,,2020-01-01,,,direct",
        "b,B,1.3,Thủ tục 3,commune,,,2020-01-01,,,direct online_full",
    )
    entries = Catalogue(DEFAULT_CALENDAR).expected(cast.alpha, JUNE)
    a, b = entries.values()
    first, second = a.procedures.values()
    assert "received_postal" in a.served and "received_online_full" not in a.served
    assert first == a.served and "received_postal" not in second
    assert "received_online_full" in b.served and "received_postal" not in b.served
    assert Catalogue(DEFAULT_CALENDAR).undivided_entry().served == ALL_SERVED


def test_same_file_changes_nothing_and_a_changed_row_is_brought_up_to_date(cast):
    rows = [
        "a,A,,,commune,,,2020-01-01,,13441 13450,direct",
        "a,,1.1,Thủ tục,commune,partial,no,2020-01-01,,,",
    ]
    load(*rows)
    report = load(*rows)
    assert (report.written, report.unchanged) == (0, 2)
    report = load("a,Tên mới,,,commune,,,1/1/2020,31/12/2022,13450 13441,direct postal", rows[1])
    assert (report.written, report.unchanged) == (1, 1)
    assert Field.objects.get(code="a").name == "Tên mới"
    assert FieldScope.objects.get().channels == "direct postal"
    scope = ProcedureScope.objects.get()
    assert (scope.online_level, scope.posted) == ("partial", False)


def test_every_fault_at_once(cast):
    report = load(
        ",A,,,commune,,,2020-01-01,,,",
        "a,,,,commune,,,2020-01-01,,,",
        "b,B,,,ward,,,2020-01-01,2019-01-01,,mail",
        "c,C,,,commune,maybe,perhaps,,,,",
        "d,D,1.1,,commune,,,2020-01-01,,99999,",
        "e,E,,,commune,,,2020-01-01,,,",
        "e,E,,,commune,,,2020-01-01,,,",
        "f,F,,,commune,,,31/2/2020,,,",
    )
    assert [(fault.row, fault.column, fault.code) for _, fault in report.errors] == [
        (2, "field", "missing"),
        (3, "field_name", "missing"),
        (4, "tier", "unknown_tier"),
        (4, "channels", "unknown_channels"),
        (4, "valid_until", "dates"),
        (5, "online_level", "unknown_online_level"),
        (5, "posted", "unknown_posted"),
        (5, "valid_from", "missing"),
        (6, "units", "unknown_unit"),
        (6, "procedure_name", "missing"),
        (8, "", "repeated_row"),
        (9, "valid_from", "bad_date"),
    ]
    assert list(Field.objects.values_list("code", flat=True)) == ["chung"]
    assert not Procedure.objects.exists()


def test_a_fault_hides_no_other(cast):
    head = HEAD.replace("channels", "channels,ghi-chu")
    report = load("a b,,1.1,,xa,,,bad,31/2/2022,99999 13441,fax", "a,A,,,commune,,,x,,,", head=head)
    assert [(fault.row, fault.column, fault.code) for _, fault in report.errors] == [
        (1, "ghi-chu", "unknown_column"),
        (2, "field", "bad_code"),
        (2, "tier", "unknown_tier"),
        (2, "channels", "unknown_channels"),
        (2, "valid_from", "bad_date"),
        (2, "valid_until", "bad_date"),
        (2, "units", "unknown_unit"),
        (2, "procedure_name", "missing"),
        (3, "valid_from", "bad_date"),
    ]


def test_procedure_stays_in_its_field(cast):
    load("a,A,1.1,Thủ tục,commune,,,2020-01-01,,,")
    report = load("b,B,1.1,Thủ tục,commune,,,2021-01-01,,,")
    assert [fault.code for _, fault in report.errors] == ["differs"]


def test_due_dates_skip_weekends_and_holidays(cast):
    # 14 June 2022 is a Tuesday; 14 May a Saturday.
    assert due_date(cast.alpha, JUNE).isoformat() == "2022-06-16"
    assert due_date(cast.alpha, Month(2022, 5)).isoformat() == "2022-05-17"
    Holiday.objects.create(day="2022-06-15", name="Nghỉ")
    DueRule.objects.create(first_month=202206, working_days=3)
    DueRule.objects.create(first_month=202201, tier="commune", working_days=1)
    assert due_date(cast.alpha, JUNE).isoformat() == "2022-06-16"
    assert due_date(cast.office, JUNE).isoformat() == "2022-06-20"


def test_calendar_of_the_database(db):
    assert stored_calendar() is DEFAULT_CALENDAR
    CutoffRule.objects.create(first_month=199001, day=14)
    CutoffRule.objects.create(first_month=202301, day=None)
    assert stored_calendar().span(Month(2023, 1)).irregular
    assert after_working_days(stored_calendar().span(Month(2023, 1)).end, 2).isoformat() == "2023-02-02"
