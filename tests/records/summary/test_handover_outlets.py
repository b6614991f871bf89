"""Handovers inside a month across a district border, along a chain, and without a successor."""

from datetime import date
from fractions import Fraction

import pytest

from units.lifecycle import actions

from .handover import ON, TODAY, Land, rows, stand, stands, unit_summary

pytestmark = pytest.mark.django_db
BASES = (None, TODAY)
HALF = Fraction(1, 2)


@pytest.fixture
def land(fields) -> Land:
    made = Land(fields)
    made.a, made.b = made.open("a", made.west), made.open("b", made.west)
    return made


def test_across_a_border_each_district_has_what_lay_with_its_units(fields):
    """Old units of one district, the new one in another: the province's opening and closing hold all dossiers."""
    land = Land(fields)
    east = land.open("352", land.province, tier="district")
    a, b, steady = land.open("a", land.west), land.open("b", east), land.open("c", land.west)
    land.months(a, m7=(6, 4))
    land.months(b, m7=(6, 6))
    land.months(steady, m7=(3, 2), m8=(2, 2))
    new = land.merge([a, b], "n", east)
    land.months(new, m7=(10, 9), m8=(9, 3))
    both = {"M07": ((9, 2), (6, 9)), "M08": ((2, 2), (9, 3)), "M07..M08": ((9, 2), (6, 3))}
    for period, (west, east_) in both.items():
        assert rows(land.province, period) == {"351": west, "352": east_}
        assert (stand(land.west, period), stand(east, period)) == (west, east_)
        whole = tuple(map(sum, zip(west, east_, strict=True)))
        for unit in (land.province, land.country):
            assert stand(unit, period) == stand(unit, period, today=TODAY) == whole
    # By current units all of the old ones are in the east.
    assert rows(land.province, "M07", today=TODAY) == {"351": (3, 2), "352": (12, 9)}
    assert (stand(land.west, "M07", today=TODAY), stand(east, "M07", today=TODAY)) == ((3, 2), (12, 9))


@pytest.mark.parametrize(
    "on, july, august",
    [
        (date(2022, 6, 16), (12, 9), (9, 3)),
        (date(2022, 7, 14), (12, 9), (9, 3)),
        # On the first day of a month no month is reported twice, and nothing changes.
        (date(2022, 6, 15), (12, 9), (9, 3)),
        (date(2022, 7, 15), (12, 10), (10, 9)),
    ],
)
def test_only_a_day_inside_a_month_counts(land, on, july, august):
    first, last = date(2022, 6, 15), date(2022, 7, 15)
    land.months(land.a, m6=(5, 6))
    land.months(land.b, m6=(5, 6))
    if on > first:
        land.months(land.a, m7=(6, 4))
        land.months(land.b, m7=(6, 6))
    new = land.merge([land.a, land.b], "n", land.west, on)
    alone = {first: (12, 9), last: (None, None)}.get(on, (10, 9))
    land.months(new, **({"m8": (10, 9)} if on == last else {"m7": alone, "m8": (9, 3)}))
    for today in BASES:
        assert (stand(land.west, "M07", today=today), stand(land.west, "M08", today=today)) == (july, august)
        assert stand(land.west, "M06..M08", today=today) == (10, august[1])
    assert stand(new, "M07") == alone


def test_a_chain_inside_one_month(land):
    """Split on 25 June, merged on 5 July: units that open and close within the month add no opening or closing."""
    land.months(land.a, m7=(10, 8))
    x, y = land.split(land.a, {"x": HALF, "y": HALF}, land.west, date(2022, 6, 25))
    land.months(x, m7=(4, 3))
    land.months(y, m7=(4, 3))
    z = land.merge([x, y], "z", land.west, date(2022, 7, 5))
    land.months(z, m7=(6, 5), m8=(5, 2))
    for today in BASES:
        assert (stand(land.west, "M07", today=today), stand(land.west, "M08", today=today)) == (
            (10, 5),
            (5, 2),
        )
        assert unit_summary(land.west, "M07", today=today).total.counts["received"] == 80
    assert rows(land.west, "M07") == {
        "a": (10, None), "x": (None, None), "y": (None, None), "z": (None, 5), "b": (None, None),
    }  # fmt: skip
    assert stand(z, "M07", today=TODAY) == (10, 5) and not unit_summary(z, "M07", today=TODAY).total.estimated
    assert (stand(x, "M07"), stand(x, "M07", today=TODAY), stand(z, "M07")) == ((4, 3), (4, 3), (6, 5))


def test_a_chain_over_two_months(land):
    land.months(land.a, m7=(10, 8))
    x, y = land.split(land.a, {"x": HALF, "y": HALF}, land.west)
    land.months(x, m7=(4, 3), m8=(3, 2))
    land.months(y, m7=(4, 3), m8=(3, 2))
    z = land.merge([x, y], "z", land.west, date(2022, 8, 1))
    land.months(z, m8=(4, 3))
    right = {"M07": (10, 6), "M08": (6, 3), "M07..M08": (10, 3)}
    for period, both in right.items():
        for today in BASES:
            assert stand(land.west, period, today=today) == both
        assert stand(z, period, today=TODAY) == both
    assert (stand(z, "M08"), stands(unit_summary(x, "M07..M08").total)) == ((4, 3), (4, 2))


def test_what_ends_without_a_successor_keeps_its_closing(land):
    land.months(land.a, m7=(6, 4))
    land.months(land.b, m7=(6, 6))
    actions.close_unit(land.a, date(2022, 6, 30), by=None)
    new = land.open("n", land.west, start=ON)
    land.months(new, m7=(10, 9))
    assert stand(land.west, "M07") == (22, 19)
    assert rows(land.west, "M07") == {"a": (6, 4), "b": (6, 6), "n": (10, 9)}
    assert stand(land.west, "M07", today=TODAY) == (16, 15)
