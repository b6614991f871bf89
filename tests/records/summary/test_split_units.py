"""Imported recounts replace the estimate of a split, field by field, until the month is corrected."""

from datetime import date
from fractions import Fraction

import pytest

from figures.measures import MEASURES
from figures.periods import Month, Period
from records.bulk_import.recounts import import_recounts
from records.models import Recount
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from tests.records.conftest import AT, balanced, entered, unlocked
from tests.units.succession import successions
from units.tree.rules import UnitDraft

ON, TODAY, JUNE = date(2022, 7, 1), date(2022, 12, 1), Month(2022, 6)
PERIOD = Period.parse("2022-M06")
pytestmark = pytest.mark.django_db


@pytest.fixture
def split(cast, fields):
    """Alpha reported 11 and 5 in June and was split in halves on 1 July."""
    rows = {(fields.ho_tich.pk, None): balanced(11), (fields.chung_thuc.pk, None): balanced(5, postal=None)}
    cast.edition = entered(cast.alpha, JUNE, rows)
    halves = [
        successions.Part(
            UnitDraft(code, f"xã {code}", "committee", "commune", ON, parent=cast.district), Fraction(1, 2)
        )
        for code in ("x", "y")
    ]
    cast.x, cast.y = successions.replace([cast.alpha], halves, ON, by=None)
    cast.fields = fields
    return cast


def file(*rows: tuple[str, int], field="ho-tich") -> bytes:
    """Rows of (successor, dossiers received in person and resolved)."""
    lines = ["unit,heir,month,field," + ",".join(MEASURES)]
    for heir, number in rows:
        values = balanced(number) | {"transferred_in": None, "transferred_out": None}
        cells = ("" if values.get(name) is None else str(values[name]) for name in MEASURES)
        lines.append(f"13441@2022-06-30,{heir},2022-M06,{field},{','.join(cells)}")
    return ("\n".join(lines) + "\n").encode()


def received(unit, **more) -> tuple:
    total = summary(FiguresQuery(unit, PERIOD, today=TODAY, **more)).total
    return total.counts["received_direct"], total.estimated


def test_an_estimate_keeps_every_dossier(split):
    assert received(split.x) == (6 + 3, True) and received(split.y) == (5 + 2, True)
    assert received(split.district) == (16, False)


def test_a_recount_replaces_it_field_by_field(split):
    report = import_recounts(file(("x", 2), ("y", 9)), "r.csv", by=None)
    assert (report.faults, report.written) == ([], 1)
    assert received(split.x) == (2 + 3, True) and received(split.y) == (9 + 2, True)
    rows = summary(FiguresQuery(split.x, PERIOD, today=TODAY, by="field")).rows
    assert [(row.key, row.figures.counts["received_direct"], row.figures.estimated) for row in rows] == [
        ("chung-thuc", 3, True),
        ("ho-tich", 2, False),
    ]
    assert received(split.district) == (16, False)


def test_as_soon_as_the_month_is_corrected_it_is_an_estimate_again(split):
    import_recounts(file(("x", 2), ("y", 9)), "r.csv", by=None)
    unlocked(split.edition.submission)
    rows = {(split.fields.ho_tich.pk, None): balanced(13)}
    entered(split.alpha, JUNE, rows)
    assert received(split.x) == (7 + 3, True)


def test_a_recount_holds_after_the_successor_merges_or_splits(split):
    import_recounts(file(("x", 2), ("y", 9)), "r.csv", by=None)
    on = date(2022, 9, 1)
    thirds = [
        successions.Part(
            UnitDraft(code, f"xã {code}", "committee", "commune", on, parent=split.district), share
        )
        for code, share in (("v", Fraction(1, 3)), ("w", Fraction(2, 3)))
    ]
    v, w = successions.replace([split.y], thirds, on, by=None)
    # The rest is apportioned over all three at once: 5 by 1/2, 1/6 and 1/3 is 2, 1 and 2.
    assert (
        received(v) == (3 + 1, True) and received(split.x) == (2 + 2, True) and received(w) == (6 + 2, True)
    )
    rows = {row.key: row.figures for row in summary(FiguresQuery(v, PERIOD, today=TODAY, by="field")).rows}
    assert rows["ho-tich"].counts["received_direct"] == 3 and rows["ho-tich"].estimated
    sums = [received(unit)[0] for unit in (split.x, v, w)]
    assert sum(sums) == 16


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ((("x", 2), ("y", 8)), "recount_sum"),
        ((("x", 11),), "recount_heirs"),
        ((("x", 2), ("13450", 9)), "unknown_unit"),
        ((("x", 2), ("x", 9)), "repeated_row"),
    ],
)
def test_what_does_not_add_up_is_refused_whole(split, rows, code):
    report = import_recounts(file(*rows), "r.csv", by=None)
    assert code in [fault.code for fault in report.faults]
    assert not Recount.objects.exists() and AT
