"""import_units and import_successions: any row order, all faults at once, all or nothing, idempotent."""

from datetime import date
from fractions import Fraction
from io import BytesIO

import pytest
import xlsxwriter
from django.core.management import call_command

from ledger.models import Entry
from spreadsheets.xlsx_reader import _number
from units.lifecycle.imports import import_successions, import_units
from units.models import Succession, Unit
from units.tree import roster

HEADER = "code,name,kind,tier,parent,active_from,active_until\n"
TREE = HEADER + (
    "13474,thị trấn Tân Thanh,committee,commune,351,2020-01-01,\n"
    "phong-noi-vu,Phòng Nội vụ,office,,351,2020-01-01,\n"
    "351,huyện Thanh Liêm,committee,district,35,1/1/2020,30/6/2025\n"
    "35,tỉnh Hà Nam,committee,province,,2020-01-01,2025-06-30\n"
)


def units(text: str):
    return import_units(text.encode(), "units.csv", by=None)


def fault_keys(result) -> list[tuple[int, str, str]]:
    return [(fault.row, fault.column, fault.code) for fault in result.faults]


def test_parents_first_in_any_row_order(db):
    result = units(TREE)
    assert (result.written, result.unchanged, result.faults) == (4, 0, [])
    commune = Unit.objects.get(code="13474")
    district = commune.parent
    assert commune.path == f"/{district.parent_id}/{district.pk}/{commune.pk}/" and commune.depth == 2
    assert (commune.reports, commune.has_children) == (True, False)
    assert (district.reports, district.has_children) == (False, True)
    assert Unit.objects.get(code="phong-noi-vu").tier == "district"
    assert roster.check() == []


def test_the_same_file_again_changes_nothing(db):
    units(TREE)
    before = Entry.objects.count()
    result = units(TREE.replace("13474", "\u200b13474\u00a0").replace("Thanh Liêm", "Thanh Lie\u0302m"))
    assert (result.written, result.unchanged, result.faults) == (0, 4, [])
    assert Entry.objects.count() == before


def test_every_fault_at_once_and_nothing_written(db):
    result = units(
        HEADER
        + "1,,committee,commune,,2020-01-01,\n"
        + "2,B,comittee,comune,,2020-02-30,\n"
        + "3,C,committee,village,,2020-01-01,2019-01-01\n"
        + "4,D,committee,commune,99,2020-01-01,\n"
        + "5,E,office,,,2020-01-01,\n"
        + "6,F,committee,commune,,2020-01-01,\n"
        + "6,G,committee,commune,,2020-05-01,\n"
        + "7,H,committee,commune,8,2020-01-01,\n"
        + "8,I,committee,commune,7,2020-01-01,\n"
        + "9,K,committee,province,6,2020-01-01,,x\n"
    )
    assert fault_keys(result) == [
        (2, "name", "missing"),
        (3, "active_from", "bad_date"),
        (3, "kind", "unknown_kind"),
        (3, "tier", "unknown_tier"),
        (4, "tier", "unknown_tier"),
        (4, "active_until", "dates"),
        (5, "parent", "unknown_unit"),
        (6, "parent", "no_parent"),
        (7, "code", "code_overlap"),
        (8, "code", "code_overlap"),
        (9, "parent", "cycle"),
        (10, "parent", "cycle"),
        (11, "", "no_header"),
        (11, "tier", "tier_above_parent"),
    ]
    assert not Unit.objects.exists()


def test_a_fault_hides_no_other(db):
    """After an unknown column, a blank cell or an invalid date the rest of the file is still checked."""
    units(TREE)
    result = units(
        HEADER.replace("until\n", "until,hm\n")
        + "x y,X,commitee,commune,zz,2022-02-30,,\n"
        + "a,,committee,commune,zz,2021-01-01,,\n"
        + "b,B,,commune,a,2021-01-01,2021-99-99,\n"
        + "13474,,committee,district,351,2020-01-01,,\n"
    )
    assert fault_keys(result) == [
        (1, "hm", "unknown_column"),
        (2, "active_from", "bad_date"),
        (2, "code", "bad_code"),
        (2, "kind", "unknown_kind"),
        (2, "parent", "unknown_unit"),
        (3, "name", "missing"),
        (3, "parent", "unknown_unit"),
        (4, "kind", "missing"),
        (4, "active_until", "bad_date"),
        (5, "name", "missing"),
        (5, "tier", "differs"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("code,name\n", "missing_column"),
        (HEADER.replace("code", "ma", 1), "unknown_column"),
        (TREE + "351,huyện Thanh Liêm,committee,district,35,2020-01-01,\n", "repeated_row"),
        (TREE + "x,X,office,commune,351,2020-01-01,\n", "tier_of_office"),
        (TREE + "x,X,committee,province,351,2020-01-01,\n", "tier_above_parent"),
        (TREE + "x,X,committee,commune,351,2019-12-31,\n", "parent_not_active"),
        (TREE + "x,X,committee,commune,351,2025-07-01,\n", "parent_not_active"),
        (TREE + "x@y,X,committee,commune,351,2021-01-01,\n", "bad_code"),
        (
            TREE.replace("active_until\n", "active_until,reports\n", 1)
            + "x,X,external,commune,351,2021-01-01,,maybe\n",
            "bad_value",
        ),
    ],
)
def test_faults_one_by_one(db, text, expected):
    assert expected in {fault.code for fault in units(text).faults}
    assert not Unit.objects.exists()


def test_a_unit_is_never_renamed_or_moved(db):
    units(TREE)
    result = units(TREE.replace("thị trấn Tân Thanh", "xã Tân Thanh").replace("tỉnh", "Tỉnh"))
    assert fault_keys(result) == [(2, "name", "differs"), (5, "name", "differs")]


def test_a_repeated_row_is_a_fault_also_where_the_unit_is_there_already(db):
    units(TREE)
    assert fault_keys(units(TREE + TREE.splitlines(keepends=True)[1])) == [(6, "code", "repeated_row")]


def test_another_tone_place_is_the_same_name(db):
    units(TREE.replace("Tân Thanh", "Thanh Hoà"))
    assert units(TREE.replace("Tân Thanh", "Thanh Hòa")).unchanged == 4


def test_a_row_may_close_its_unit_and_free_the_code(db):
    units(TREE)
    closed = TREE.replace("351,2020-01-01,\n", "351,2020-01-01,2022-06-30\n", 1)
    result = units(closed + "13474,xã Tân Thanh,committee,commune,,2022-07-01,\n")
    assert (result.written, result.unchanged, result.faults) == (2, 3, [])
    assert roster.check() == []
    assert units(TREE).unchanged == 4  # an older file does not open it again


OPEN = TREE.replace("30/6/2025", "").replace("2025-06-30", "")
ENDS = OPEN.replace("35,1/1/2020,", "35,1/1/2020,30/4/2022")


def test_a_group_does_not_close_above_open_units(db):
    units(OPEN)
    result = units(ENDS)
    assert fault_keys(result) == [(4, "active_until", "children_open")]
    assert "Phòng Nội vụ, thị trấn Tân Thanh" in result.faults[0].message
    later = ENDS.replace("351,2020-01-01,", "351,2020-01-01,2022-05-01")
    assert fault_keys(units(later)) == [(4, "active_until", "children_open")]
    together = ENDS.replace("351,2020-01-01,", "351,2020-01-01,2022-04-30")
    assert (units(together).written, roster.check()) == (3, [])


def test_nothing_outlives_its_parent(db):
    units(ENDS)
    ends = set(Unit.objects.exclude(code="35").values_list("active_until", flat=True))
    assert ends == {date(2022, 4, 30)}
    late = "x,X,office,,351,2021-01-01,2022-05-01\n"
    assert fault_keys(units(HEADER + late)) == [(2, "active_until", "outlives_parent")]
    # A unit that inherited its parent's last day may still end before it.
    merged = HEADER + "N,xã N,committee,commune,35,2021-07-01,\n"
    assert units(merged).written == 1
    assert successions(LINKS + "13474,N,2021-07-01,1\n").written == 1
    assert Unit.objects.get(code="13474").active_until == date(2021, 6, 30)
    assert roster.check() == []


def test_declared_reports_win(db):
    units(
        TREE.replace("until\n", "until,reports\n", 1).replace(
            "35,1/1/2020,30/6/2025", "35,1/1/2020,30/6/2025,yes"
        )
    )
    assert Unit.objects.get(code="351").reports


MERGER = HEADER + (
    "A,xã A,committee,commune,,2020-01-01,\n"
    "B,xã B,committee,commune,,2020-01-01,2025-06-30\n"
    "C,xã C,committee,commune,,2020-01-01,\n"
    "N,xã N,committee,commune,,2025-07-01,\n"
    "M,xã M,committee,commune,,2025-07-01,\n"
    "K,xã K,committee,commune,,2025-07-01,\n"
)
LINKS = "old_code,new_code,on,share\n"
GOOD = (
    LINKS + "A,N,2025-07-01,1\nB,N,1/7/2025,1\nC,N,2025-07-01,1/3\nC,M,2025-07-01,1/3\nC,K,2025-07-01,1/3\n"
)


def successions(text: str):
    return import_successions(text.encode(), "successions.csv", by=None)


def test_mergers_and_splits(db):
    units(MERGER)
    result = successions(GOOD)
    assert (result.written, result.unchanged, result.faults) == (5, 0, [])
    assert Unit.objects.get(code="C").active_until == date(2025, 6, 30)
    shares = [
        Fraction(link.share_numerator, link.share_denominator)
        for link in Succession.objects.filter(old__code="C")
    ]
    assert sum(shares) == 1
    assert (successions(GOOD).written, successions(GOOD).unchanged) == (0, 5)
    assert units(MERGER).unchanged == 6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A,N,2025-07-01,\n", [(2, "share", "missing")]),
        (
            "A,N,2025-07-01,x\nX,N,2025-07-01,1\n",
            [(2, "share", "bad_share"), (3, "old_code", "unknown_unit")],
        ),
        ("A,N,2025-07-01,1/0\n", [(2, "share", "bad_share")]),
        ("A,N,2025-07-01,0.99\n", [(2, "share", "shares")]),
        ("C,N,2025-07-01,0.333\nC,M,2025-07-01,0.667\nC,K,2025-07-01,0.001\n", [(2, "share", "shares")]),
        ("A,N,2025-07-02,1\n", [(2, "on", "dates")]),
        ("B,N,2025-08-01,1\n", [(2, "old_code", "unknown_unit")]),
        ("A,N,2025-07-01,1\nA,N,2025-07-01,1\n", [(3, "old_code", "repeated_row")]),
        ("A,N,2025-07-01,2\n", [(2, "share", "bad_share"), (2, "share", "shares")]),
        ("A,N,bad,1\n", [(2, "on", "bad_date")]),
        (
            "X,M@2025-99-99,bad,x\nA,A,2025-07-01,1\nB,N,2025-07-01,0.9\nC,N,2025-07-01,0.5\nC,M,2025-07-01,1/0\n",
            [
                (2, "on", "bad_date"),
                (2, "share", "bad_share"),
                (2, "old_code", "unknown_unit"),
                (2, "new_code", "bad_date"),
                (3, "new_code", "same_unit"),
                (3, "on", "dates"),
                (4, "share", "shares"),
                (6, "share", "bad_share"),
            ],
        ),
        (
            "A,,2025-07-01,1\nC,N,2025-07-02,x\n",
            [(2, "new_code", "missing"), (3, "share", "bad_share"), (3, "on", "dates")],
        ),
    ],
)
def test_successions_refused(db, text, expected):
    units(MERGER)
    assert fault_keys(successions(LINKS + text)) == expected
    assert not Succession.objects.exists()


def test_successions_before_the_units_of_that_day_say_what_is_to_be_done(db):
    """If the two files come in the wrong order, each code still belongs to the old unit."""
    units("code,name,kind,tier,parent,active_from,active_until\nA,xã A,committee,commune,,2020-07-01,\n")
    messages = [
        fault.message for fault in successions("old_code,new_code,on,share\nA,A,2025-07-01,1\n").faults
    ]
    assert "Mã này vẫn là chính đơn vị cũ: hãy mở đơn vị kế thừa từ ngày này trước." in messages


def test_the_legal_basis_of_a_succession_may_stand_in_the_file(db):
    units(MERGER)
    text = "old_code,new_code,on,share,basis\nA,N,2025-07-01,1,NQ 1686/NQ-UBTVQH15\nB,N,2025-07-01,1,\n"
    assert (successions(text).written, successions(text).unchanged) == (2, 2)
    bases = Succession.objects.order_by("old__code").values_list("legal_basis", flat=True)
    assert list(bases) == ["NQ 1686/NQ-UBTVQH15", ""]
    long = f"old_code,new_code,on,share,basis\nC,N,2025-07-01,1,{'x' * 301}\n"
    assert fault_keys(successions(long)) == [(2, "basis", "too_long")]


def test_a_decimal_share_may_have_a_comma(db):
    units(MERGER)
    assert successions(LINKS + 'C,N,2025-07-01,"0,25"\nC,M,2025-07-01,.75\n').written == 2


def test_a_share_may_be_a_percentage(db):
    """As text, and as Excel stores a cell formatted as a percentage."""
    units(MERGER)
    assert successions(LINKS + "C,N,2025-07-01,60%\nC,M,2025-07-01,40%\n").written == 2
    book = BytesIO()
    with xlsxwriter.Workbook(book) as written:
        sheet, percent = written.add_worksheet(), written.add_format({"num_format": "0%"})
        rows = [("C", "N", "2025-07-01"), ("C", "M", "2025-07-01")]
        for at, row in enumerate([LINKS.strip().split(",")[:3], *rows]):
            sheet.write_row(at, 0, row)
        sheet.write(0, 3, "share")
        sheet.write(1, 3, 0.6, percent)
        sheet.write(2, 3, 0.4, percent)
    again = import_successions(book.getvalue(), "successions.xlsx", by=None)
    assert (again.written, again.unchanged, again.faults) == (0, 2, [])


def test_what_excel_adds_to_a_number_is_no_part_of_it():
    """Excel shows fifteen digits and stores seventeen: 93% and 7% as written add up to 100%."""
    assert _number("7.0000000000000007E-2", "percent", False).text == "0.07"
    assert _number("0.93000000000000005", "", False).text == "0.93"


def test_commands_say_where_and_exit_with_1(db, tmp_path, capsys):
    path = tmp_path / "units.csv"
    path.write_text(TREE)
    call_command("import_units", path)
    assert "Đã ghi 4 dòng" in capsys.readouterr().out
    path.write_text(TREE.replace("Thanh Liêm", "Thanh Liệm"))
    with pytest.raises(SystemExit) as stopped:
        call_command("import_units", path)
    assert stopped.value.code == 1
    assert "Dòng 4, cột name" in capsys.readouterr().err
