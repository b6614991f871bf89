"""import_counts: written and unchanged rows, and every fault with its place."""

import json
from io import BytesIO, StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from figures import count_rules
from figures.measures import ALL_SERVED, MEASURES, served_measures
from figures.outliers import find_outlier
from figures.periods import Month
from ledger.models import Entry
from records import errors
from records.approval import actions
from records.bulk_import import counts
from records.bulk_import.counts import import_counts
from records.bulk_import.reader import is_outlier, served_rules
from records.bulk_import.validation import APPROVED, DRAFT, SENT
from records.bulk_import.writer import UnitMonthWriter
from records.models import DossierCount, Edition, Procedure, State
from records.stored_sums import recount
from spreadsheets.cells import FileFaults
from tests.figures.strategies import VALUES
from tests.records.conftest import AT, balanced, entered, unlocked

JUNE = Month(2022, 6)
HEAD = "unit,month,field,received_direct,received_online_full,resolved_on_time,pending_late"
pytestmark = pytest.mark.django_db


def load(text: str, becomes: str = SENT, **more):
    return import_counts(text.encode(), "counts.csv", at=AT, becomes=becomes, **more)


def faults(messages) -> list[tuple]:
    return [(fault.row, fault.column, fault.code) for _, fault in messages]


def row(unit: str, field: str = "ho-tich", month: str = "2022-M06", **values) -> str:
    """A CSV line of a balanced row, with some values replaced."""
    cells = {**balanced(40, online=5, postal=None if field == "chung-thuc" else 0), **values}
    return ",".join(
        [unit, month, field, *("" if cells.get(name) is None else str(cells[name]) for name in MEASURES)]
    )


def file(*rows: str) -> str:
    return "\n".join([",".join(["unit", "month", "field", *MEASURES]), *rows])


def test_written_sent_and_again_unchanged(cast, fields):
    text = file(row("13441"), row("13450"))
    report = load(text, by=cast.clerk)
    assert (report.written, report.unchanged, report.errors, report.warnings) == (2, 0, [], [])
    edition = Edition.objects.get(submission__unit=cast.alpha)
    assert (edition.state, edition.received_direct, edition.sent_by) == (State.SENT, 40, "xa-13441")
    assert edition.counts.count() == 2 and edition.blank_received == 1
    assert list(edition.writers.all()) == [cast.clerk]
    report = load(text, by=cast.clerk)
    assert (report.written, report.unchanged) == (0, 2)
    assert Entry.objects.count() == 1
    assert list(recount.sum_differences()) == []


def test_approve_names_the_file_as_writer_and_by_as_approver(cast, fields):
    load(file(row("13441")), APPROVED, by=cast.reviewer)
    edition = Edition.objects.get()
    assert (edition.state, edition.saved_by, edition.decided_by) == (
        State.APPROVED,
        "tệp counts.csv",
        "tonghop",
    )
    assert not edition.writers.exists()
    assert [(entry.action, entry.actor) for entry in Entry.objects.order_by("sequence")] == [
        ("counts.import", "hệ thống"),
        ("counts.approve", "tonghop"),
    ]


def test_row_replaces_its_field_and_others_stay(cast, fields):
    load(file(row("13441"), row("13441", "chung-thuc")))
    report = load(file(row("13441", received_direct=50, resolved_on_time=55)))
    assert (report.written, report.unchanged) == (1, 0)
    edition = Edition.objects.get()
    assert edition.received_direct == 90
    assert edition.state == State.SENT and edition.revision == 2
    assert list(recount.sum_differences()) == []


def test_missing_column_and_empty_cell_are_not_reported(cast, fields):
    load(f"{HEAD}\n13441,2022-M06,ho-tich,12,,3,")
    count = DossierCount.objects.get(field=fields.ho_tich)
    assert (count.received_direct, count.received_online_full, count.opening) == (12, None, None)


def test_numbers_as_people_type_them(cast, fields):
    load(f'{HEAD}\n13441,2022-M06,ho-tich,"1.240",1 000,3,')
    count = DossierCount.objects.get(field=fields.ho_tich)
    assert (count.received_direct, count.received_online_full) == (1240, 1000)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("12,5", "not_whole"),
        ("-5", "negative"),
        ("1e3", "not_a_number"),
        ("1_000", "not_a_number"),
        ("٣", "not_a_number"),
        ("12.5", "not_whole"),
        ("#N/A", "not_a_number"),
        ("TRUE", "not_a_number"),
        ("NaN", "not_a_number"),
        ("5%", "not_a_number"),
        ("30/6/2022", "not_a_number"),
        ("9223372036854775808", "too_large"),
        ("1" * 5001, "too_large"),
    ],
)
def test_what_is_no_count_is_refused_with_its_place(cast, fields, typed, code):
    report = load(f'{HEAD}\n13441,2022-M06,ho-tich,3,"{typed}",3,\n13450,2022-M06,ho-tich,3,,3,')
    assert faults(report.errors) == [(2, "received_online_full", code)]
    assert not DossierCount.objects.exists()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["99999,2022-M06,ho-tich,1,,1,"], [(2, "unit", "unknown_unit")]),
        ([",2022-M06,ho-tich,1,,1,"], [(2, "unit", "missing")]),
        (["13441@2022-13-01,2022-M06,ho-tich,1,,1,"], [(2, "unit", "bad_date")]),
        (["13441@2019-01-01,2022-M06,ho-tich,1,,1,"], [(2, "unit", "unknown_unit")]),
        (["351,2022-M06,ho-tich,1,,1,"], [(2, "unit", "not_expected")]),
        (["13441,2019-M06,ho-tich,1,,1,"], [(2, "unit", "not_expected")]),
        (["13441,2022-M13,ho-tich,1,,1,"], [(2, "month", "unknown_month")]),
        (["13441,tháng 6,ho-tich,1,,1,"], [(2, "month", "unknown_month")]),
        (["13441,2022-M06,la-gi,1,,1,"], [(2, "field", "unknown_field")]),
        (["13441,2022-M06,ho-tich,1,,1,", "13441,2022-M06,ho-tich,1,,1,"], [(3, "", "repeated_row")]),
        (["13441,2022-M06,,1,,1,", "13441,2022-M06,ho-tich,1,,1,"], [(2, "", "mixed_level")]),
        (["van-phong,2022-M06,ho-tich,1,,1,"], [(2, "field", "not_served")]),
        (["13441,2022-M06,ho-tich,,,,"], [(2, "", "nothing_reported")]),
        (
            ["x,2022-M00,ho-tich,1,,1,", "13441,2022-M06,ho-tich,a,b,1,", "13450,2022-M06,gi,1,,1,"],
            [
                (2, "month", "unknown_month"),
                (2, "unit", "unknown_unit"),
                (3, "received_direct", "not_a_number"),
                (3, "received_online_full", "not_a_number"),
                (4, "field", "unknown_field"),
            ],
        ),
    ],
)
def test_every_fault_at_once(cast, fields, lines, expected):
    report = load("\n".join([HEAD, *lines]))
    assert faults(report.errors) == expected
    assert (report.written, report.unchanged) == (0, 0)
    assert not Edition.objects.exists()


def test_unserved_cell(cast, fields):
    report = load("unit,month,field,received_postal\n13441,2022-M06,chung-thuc,3")
    assert faults(report.errors) == [(2, "received_postal", "not_served")]


def test_unknown_and_missing_columns(cast):
    report = load("unit,thang,field,received_total\n13441,1,x,3")
    assert faults(report.errors) == [
        (1, "month", "missing_column"),
        (1, "thang", "unknown_column"),
        (1, "received_total", "unknown_column"),
        (2, "field", "unknown_field"),
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["NOPE,2022-M13,x,-1,,1,"], ["month", "unit", "field", "received_direct"]),
        (["13441@2022-99-01,x,,1,,1,"], ["month", "unit"]),
        (["13441@1999-01-01,x,,1,,1,", ",,,a,,,"], ["month", "unit", "month", "unit", "received_direct"]),
        # An unreadable cell hides neither faults beside it nor faults between rows.
        (["13441,2022-M06,chung-thuc,x,1,1,", "13441,2022-M06,chung-thuc,1,1,1,"], ["received_direct", ""]),
        (
            ["13441,2022-M06,,x,1,1,", "13441,2022-M06,ho-tich,y,1,1,"],
            ["received_direct", "", "received_direct"],
        ),
        (["van-phong,2022-M06,ho-tich,x,1,1,"], ["received_direct", "field"]),
        (["13441,2022-M06,ho-tich,x,,,"], ["received_direct"]),
    ],
)
def test_a_fault_hides_no_other(cast, fields, lines, expected):
    report = load("\n".join([HEAD, *lines]))
    assert [fault.column for _, fault in report.errors] == expected


def test_an_unread_cell_hides_no_unserved_one_nor_balance_of_other_rows(cast, fields):
    report = load(
        "unit,month,field,received_direct,received_postal,tong\n"
        "13441,2022-M06,chung-thuc,x,5,\n13450,2022-M06,chung-thuc,1,5,\n"
    )
    assert faults(report.errors) == [
        (1, "tong", "unknown_column"),
        (2, "received_direct", "not_a_number"),
        (2, "received_postal", "not_served"),
        (3, "received_postal", "not_served"),
    ]
    report = load(file(row("13441", opening="x", pending_late=2), row("13450", pending_late=2)))
    assert faults(report.errors) == [(2, "opening", "not_a_number"), (3, "", "balance")]


def test_faults_of_the_file_stand_in_row_1_and_of_the_header_in_its_own(cast):
    assert faults(load("a,b\n\x9d\x8f").errors)[0] == (1, "unit", "missing_column")
    assert [fault.row for _, fault in load("\n,\nunit,thang\n1,2").errors] == [3, 3, 4]
    assert faults(import_counts(b"PK\x03\x04", "x.xlsx", at=AT).errors) == [(1, "", "unreadable")]


def test_a_file_that_breaks_off_half_way_leaves_nothing(cast, fields, monkeypatch):
    """The log entry fails after the rows were written."""
    written = []

    def broken(touched, *rest):
        written.append(DossierCount.objects.count())
        raise RuntimeError("broken off")

    monkeypatch.setattr(counts, "_log", broken)
    with pytest.raises(RuntimeError):
        load(file(row("13441"), row("13450")))
    assert written == [4] and not DossierCount.objects.exists() and not Edition.objects.exists()


def test_too_many_faults_are_counted(cast, fields, monkeypatch):
    monkeypatch.setattr(FileFaults, "MOST", 3)
    report = load("\n".join([HEAD, *["13441,2022-M06,ho-tich,x,y,,"] * 3]))
    assert [fault.code for _, fault in report.errors] == ["not_a_number"] * 2 + [
        "not_a_number",
        "more_faults",
    ]
    assert report.wrong > 3


def test_open_balance_is_an_error_and_for_a_draft_a_warning(cast, fields):
    text = file(row("13441", pending_late=2))
    assert faults(load(text).errors) == [(2, "", "balance")]
    report = load(text, DRAFT)
    assert (report.written, faults(report.warnings)) == (1, [(2, "", "balance")])
    assert Edition.objects.get().state == State.DRAFT
    # The stored draft's balance is still open when the file that sends the month does not mention it.
    report = load(file(row("13441", "chung-thuc")))
    assert faults(report.errors) == [(2, "", "balance")]


def test_sending_a_draft_file_again(cast, fields):
    text = file(row("13441"))
    load(text, DRAFT)
    report = load(text)
    assert (report.written, report.unchanged) == (0, 1)
    assert Edition.objects.get().state == State.SENT
    assert list(recount.sum_differences()) == []


def test_approved_month_is_locked_unless_equal(cast, fields):
    text = file(row("13441"))
    load(text, APPROVED)
    for becomes in (DRAFT, SENT, APPROVED):
        assert load(text, becomes).unchanged == 1
        report = load(file(row("13441", received_direct=41, resolved_on_time=46)), becomes)
        assert faults(report.errors) == [(2, "", "locked")]


def test_reason_of_a_locked_month_is_ignored_with_a_warning(cast, fields):
    head, line = file(row("13441")).split("\n")
    head += ",reason"
    load(f"{head}\n{line},Lý do A", APPROVED)
    for typed, warned in (("Lý do B", ["reason_ignored"]), ("Lý do A", []), ("", [])):
        report = load(f"{head}\n{line},{typed}", APPROVED)
        assert (report.unchanged, report.errors) == (1, [])
        assert [fault.code for _, fault in report.warnings] == warned
    assert DossierCount.objects.get(field=fields.ho_tich).reason == "Lý do A"


def test_correction_of_an_approved_month_by_file(cast, fields):
    load(file(row("13441")), APPROVED)
    first = Edition.objects.get()
    unlocked(first.submission, by=cast.reviewer)
    load(file(row("13441", received_direct=41, resolved_on_time=46)), APPROVED)
    first.refresh_from_db()
    assert first.state == State.SUPERSEDED
    assert Edition.objects.get(state=State.APPROVED).received_direct == 41
    assert list(recount.sum_differences()) == []


def test_writer_does_not_approve_through_a_file(cast, fields):
    text = file(row("13441"))
    load(text, DRAFT, by=cast.clerk)
    assert faults(load(text, APPROVED, by=cast.clerk).errors) == [(2, "", "own_entries")]
    assert load(text, APPROVED, by=cast.reviewer).unchanged == 1
    assert Edition.objects.get().state == State.APPROVED


def test_who_sent_it_does_not_approve_through_a_file(cast, fields):
    """Whoever sends a month, on the page or by a file without changes, is responsible for it."""
    text = file(row("13441"))
    load(text, DRAFT, by=cast.clerk)
    load(text, by=cast.neighbour)
    edition = Edition.objects.get()
    assert (edition.state, edition.sender, list(edition.writers.all())) == (
        State.SENT, cast.neighbour, [cast.clerk],
    )  # fmt: skip
    assert faults(load(text, APPROVED, by=cast.neighbour).errors) == [(2, "", "own_entries")]
    with pytest.raises(errors.OwnEntries):
        actions.approve_edition(edition, by=cast.neighbour, at=AT)
    assert load(text, APPROVED, by=cast.reviewer).unchanged == 1
    edition.refresh_from_db()
    assert (edition.state, edition.sent_by, edition.sender) == (State.APPROVED, "tệp counts.csv", None)


def test_returned_month_stays_returned_for_equal_rows(cast, fields):
    text = file(row("13441"))
    load(text)
    actions.return_edition(Edition.objects.get(), reason="Sai", by=cast.reviewer, at=AT)
    load(text)
    assert Edition.objects.get().state == State.RETURNED
    load(file(row("13441", received_direct=41, resolved_on_time=46)))
    assert Edition.objects.get().state == State.SENT


def test_continuity_and_outlier_warn(cast, fields):
    for month in Month.range(Month(2021, 11), Month(2022, 5)):
        entered(cast.alpha, month, {(fields.ho_tich.pk, None): balanced(40)})
    report = load(file(row("13441", opening=2, received_direct=400, resolved_on_time=407)))
    assert report.errors == []
    assert faults(report.warnings) == [
        (2, "opening", "continuity"),
        (2, "received", "outlier"),
        (2, "resolved", "outlier"),
    ]
    assert report.written == 1


@pytest.mark.parametrize(
    ("june", "warned"),
    [
        ([row("13441"), row("13441", "chung-thuc")], [(4, "", "same_as_last")]),
        ([row("13441")], []),  # last month had one row more
        ([row("13441"), row("13441", "chung-thuc", returned_direct=44)], []),
        (
            [row("13441", **balanced(0)), row("13441", "chung-thuc", **balanced(0, postal=None))],
            [(4, "", "all_zero")],
        ),
    ],
)
def test_a_month_held_against_the_one_before_it_in_the_same_file(cast, fields, june, warned):
    may = [row("13441", month="2022-M05"), row("13441", "chung-thuc", month="2022-M05")]
    report = load(file(*may, *june))
    assert (report.errors, faults(report.warnings)) == ([], warned)


def test_a_month_held_against_the_stored_one_before_it(cast, fields):
    load(file(row("13441", month="2022-M05"), row("13441", "chung-thuc", month="2022-M05")))
    # The file adds the row that completes the month; the other one is stored already.
    load(file(row("13441", "chung-thuc")), DRAFT)
    assert faults(load(file(row("13441"))).warnings) == [(2, "", "same_as_last")]


def test_procedures_of_a_field(cast, fields):
    Procedure.objects.create(code="1.001193", name="Khai sinh", field=fields.ho_tich)
    Procedure.objects.create(code="1.000894", name="Kết hôn", field=fields.ho_tich)
    head = "unit,month,field,procedure,received_direct"
    report = load(f"{head}\n13441,2022-M06,ho-tich,1.001193,3\n13441,2022-M06,,1.000894,4")
    assert report.errors == []
    assert Edition.objects.get().received_direct == 7
    report = load(f"{head}\n13441,2022-M06,ho-tich,,3")
    assert faults(report.errors) == [(2, "", "mixed_level")]
    report = load(f"{head}\n13450,2022-M06,ho-tich,1.9,3\n13450,2022-M06,chung-thuc,1.000894,3")
    assert faults(report.errors) == [
        (2, "procedure", "unknown_procedure"),
        (3, "procedure", "unknown_procedure"),
    ]


def test_xlsx_names_the_cell(cast, fields):
    book = Workbook()
    sheet = book.active
    sheet.append(["unit", "month", "field", "received_direct", "resolved_on_time"])
    sheet.append(["13441", "2022-M06", "ho-tich", 12, -3])
    sheet.append(["13450", "2022-M06", "ho-tich", 12.5, True])
    stream = BytesIO()
    book.save(stream)
    report = import_counts(stream.getvalue(), "counts.xlsx", at=AT)
    assert [(fault.cell, fault.column) for _, fault in report.errors] == [
        ("E2", "resolved_on_time"),
        ("D3", "received_direct"),
        ("E3", "resolved_on_time"),
    ]


def test_dry_run_and_json(cast, fields, tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text(file(row("13441")))
    out = StringIO()
    call_command("import_counts", str(path), "--dry-run", "--format", "json", stdout=out)
    assert json.loads(out.getvalue()) == {"written": 1, "unchanged": 0, "errors": [], "warnings": []}
    assert not Edition.objects.exists()
    path.write_text(file(row("1")))
    out = StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("import_counts", str(path), "--format", "json", stdout=out)
    report = json.loads(out.getvalue())
    assert stopped.value.code == 1
    assert set(report["errors"][0]) == {"file", "row", "column", "code", "message"}
    with pytest.raises(CommandError) as wrong:
        call_command("import_counts", str(path), "--by", "ai")
    assert wrong.value.returncode == 2


@given(st.integers(0, 400), st.lists(st.integers(0, 400), max_size=14))
def test_the_quick_look_sees_the_outliers_that_the_rules_see(value, past):
    assert is_outlier(value, past) == (find_outlier(value, past) is not None)


@given(VALUES, st.sampled_from([ALL_SERVED, served_measures(frozenset({"direct"}))]))
def test_the_quick_look_at_a_row_sees_what_the_rules_see(values, names):
    row = tuple(values.values())
    assert served_rules(names).clean(row) == (
        count_rules.check_row(dict(zip(MEASURES, row, strict=True)), names) == ()
    )


def test_parts_over_their_whole_are_an_error_and_for_a_draft_a_warning(cast, fields):
    text = file(row("13441", pending_late=2, awaiting=None))
    assert faults(load(text).errors) == [(2, "", "over_whole")]
    assert faults(load(text, DRAFT).warnings) == [(2, "", "over_whole")]


def test_months_opened_meanwhile_are_reread(cast, fields, monkeypatch):
    """On PostgreSQL two files with the same new months can run at once: the second then reads the first one's rows."""
    write, calls = UnitMonthWriter.write, []

    def beaten(self, targets):
        calls.append(1)
        if len(calls) == 1:
            raise IntegrityError("submission_once")
        return write(self, targets)

    monkeypatch.setattr(UnitMonthWriter, "write", beaten)
    assert load(file(row("13441"))).written == 1
    assert len(calls) == 2 and list(recount.sum_differences()) == []


def test_no_query_for_each_row(cast, fields):
    def queries(*rows: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            load(file(*rows))
        return len(captured)

    single = queries(row("13441", month="2022-M01"))
    many = queries(
        *(
            row(unit, field, f"2022-M{month:02}")
            for unit in ("13441", "13450")
            for field in ("ho-tich", "chung-thuc")
            for month in range(2, 12)
        )
    )
    # One query more if there are earlier months to compare with.
    assert many <= single + 2


def test_merged_cells_are_refused_with_their_address(cast, fields):
    book = Workbook()
    sheet = book.active
    sheet.append(["unit", "month", "field", "received_direct", "resolved_on_time"])
    sheet.append(["13441", "2022-M06", "ho-tich", 12, None])
    sheet.merge_cells("D2:E2")
    stream = BytesIO()
    book.save(stream)
    report = import_counts(stream.getvalue(), "counts.xlsx", at=AT)
    assert [fault.code for _, fault in report.errors] == ["merged_cell"]
