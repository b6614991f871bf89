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
from .test_current_units import World, compare, told

pytestmark = pytest.mark.django_db


def test_a_divided_group_has_the_history_of_what_went_to_it(fields):
    """Exact on both bases, the office's reports included."""
    world = World(7, fields)
    old = Unit.objects.get(code="d00")
    below = list(Unit.objects.filter(parent=old).order_by("pk"))
    for unit in below:
        for month in (1, 2, 3):
            field = fields.chung.pk if unit.kind == "office" else fields.ho_tich.pk
            entered(unit, Month(2022, month), {(field, None): balanced(world.random.randint(1, 99))})
    on = date(2022, 4, 1)
    going = {"x": below[::2], "y": below[1::2]}
    period = Period("2022-Q1", Month(2022, 1), Month(2022, 3))
    reported = {
        code: [told(summary(FiguresQuery(member, period)).total) for member in some]
        for code, some in going.items()
    }
    before = told(summary(FiguresQuery(old, period)).total)
    shares = [
        restructuring.SplitShare(draft, Fraction(len(some), len(below)), below=tuple(some))
        for code, some in going.items()
        for draft in [UnitDraft(code, f"huyện {code}", old.kind, old.tier, on, parent=old.parent)]
    ]
    restructuring.split_unit(old, shares, on, by=None, basis="NQ")
    by_code = {
        code: told(summary(FiguresQuery(Unit.objects.get(code=code), period, by="unit", today=on)).total)
        for code in going
    }
    for code, parts in reported.items():
        assert not by_code[code].estimated
        assert by_code[code].sums == {name: sum(part.sums[name] for part in parts) for name in MEASURES}
        assert (by_code[code].reported, by_code[code].missing) == (3 * len(parts), set())
    assert before.sums == {name: sum(part.sums[name] for part in by_code.values()) for name in MEASURES}
    province = Unit.objects.get(code="p0")
    assert told(summary(FiguresQuery(province, period)).total) == told(
        summary(FiguresQuery(province, period, today=on)).total
    )


def test_an_office_in_each_part_is_estimated_there_and_whole_above(fields):
    """Its reports are apportioned like the group's and add up; all else is exact, a closed office is in no part."""
    world = World(7, fields)
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
    parts = [told(summary(FiguresQuery(office, period, today=on)).total) for office in new]
    whole = told(summary(FiguresQuery(each, period)).total)
    assert all(part.estimated for part in parts) and not whole.estimated
    assert whole.sums == {name: sum(part.sums[name] for part in parts) for name in MEASURES}
