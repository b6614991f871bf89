"""A split group: each part has the history of its units on both bases, without estimates."""

from datetime import date
from fractions import Fraction

import pytest

from figures.periods import Month, Period
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from tests.records.conftest import balanced, entered
from units.lifecycle import restructuring
from units.models import Unit
from units.tree.rules import UnitDraft

from .missing_reports import MEASURES
from .successor_oracle import Oracle
from .test_current_units import SuccessionWorld, compare, totals_of

pytestmark = pytest.mark.django_db


def test_parts_of_a_split_group_have_the_history_of_their_units(fields):
    """Exact on both bases, the office's reports included."""
    world = SuccessionWorld(7, fields)
    old = Unit.objects.get(code="d00")
    below = list(Unit.objects.filter(parent=old).order_by("pk"))
    for unit in below:
        for month in (1, 2, 3):
            field = fields.chung.pk if unit.kind == "office" else fields.ho_tich.pk
            entered(unit, Month(2022, month), {(field, None): balanced(world.random.randint(1, 99))})
    on = date(2022, 4, 1)
    members_of_part = {"x": below[::2], "y": below[1::2]}
    period = Period("2022-Q1", Month(2022, 1), Month(2022, 3))
    reported = {
        code: [totals_of(summary(FiguresQuery(member, period)).total) for member in members]
        for code, members in members_of_part.items()
    }
    before = totals_of(summary(FiguresQuery(old, period)).total)
    shares = [
        restructuring.SplitShare(draft, Fraction(len(members), len(below)), below=tuple(members))
        for code, members in members_of_part.items()
        for draft in [UnitDraft(code, f"huyện {code}", old.kind, old.tier, on, parent=old.parent)]
    ]
    restructuring.split_unit(old, shares, on, by=None, basis="NQ")
    by_code = {
        code: totals_of(summary(FiguresQuery(Unit.objects.get(code=code), period, by="unit", today=on)).total)
        for code in members_of_part
    }
    for code, parts in reported.items():
        assert not by_code[code].estimated
        assert by_code[code].sums == {name: sum(part.sums[name] for part in parts) for name in MEASURES}
        assert (by_code[code].reported, by_code[code].missing) == (3 * len(parts), set())
    assert before.sums == {name: sum(part.sums[name] for part in by_code.values()) for name in MEASURES}
    province = Unit.objects.get(code="p0")
    assert totals_of(summary(FiguresQuery(province, period)).total) == totals_of(
        summary(FiguresQuery(province, period, today=on)).total
    )


def test_an_office_in_each_part_is_estimated_there_and_whole_above(fields):
    """Its reports are apportioned like the group's; all else is exact, and a closed office is in no part."""
    world = SuccessionWorld(7, fields)
    old = Unit.objects.get(code="d00")
    ending = world.open("o-ends", "", old, kind="office")
    each = Unit.objects.get(code="o00")
    communes = list(Unit.objects.filter(parent=old, kind="committee").order_by("pk"))
    for unit in (each, ending, *communes):
        for month in (1, 2, 3):
            entered(
                unit, Month(2022, month), {(fields.chung.pk, None): balanced(world.random.randint(1, 99))}
            )
    on, period = date(2022, 4, 1), Period("2022-Q1", Month(2022, 1), Month(2022, 3))
    shares = [
        restructuring.SplitShare(
            UnitDraft(code, f"huyện {code}", old.kind, old.tier, on, parent=old.parent),
            Fraction(1, 2),
            below=(commune,),
        )
        for code, commune in zip("xy", communes, strict=True)
    ]
    offices = restructuring.SplitOffices(divided=(each,), ending=(ending,))
    restructuring.split_unit(old, shares, on, by=None, basis="NQ", offices=offices)
    oracle = Oracle(external=False)
    for unit in Unit.objects.order_by("pk"):
        compare(oracle, unit, period, [1, 2, 3], on)
    new = Unit.objects.filter(kind="office", parent__code__in=["x", "y"]).order_by("code")
    assert [office.code for office in new] == ["o00", "o00-y"]
    parts = [totals_of(summary(FiguresQuery(office, period, today=on)).total) for office in new]
    whole = totals_of(summary(FiguresQuery(each, period)).total)
    assert all(part.estimated for part in parts) and not whole.estimated
    assert whole.sums == {name: sum(part.sums[name] for part in parts) for name in MEASURES}
