"""A unit is split by shares inside a month: its closing is handed over and counts with its successors."""

from fractions import Fraction

import pytest

from figures.measures import MEASURES
from records.bulk_import.recounts import import_recounts

from .handover import TODAY, Land, row, rows, stand, unit_summary

pytestmark = pytest.mark.django_db
BASES = (None, TODAY)


@pytest.fixture
def parted(fields) -> Land:
    """10 open dossiers, of which 8 are handed over in shares of a third and two thirds."""
    land = Land(fields)
    land.a, land.b = land.open("a", land.west), land.open("b", land.west)
    land.months(land.a, m7=(10, 8))
    shares = {"x": Fraction(1, 3), "y": Fraction(2, 3)}
    land.x, land.y = land.split(land.a, shares, land.west)
    land.months(land.x, m7=(3, 2), m8=(2, 2))
    land.months(land.y, m7=(5, 4), m8=(4, 2))
    return land


def test_a_split_by_shares(parted):
    west, x, y = parted.west, parted.x, parted.y
    for today in BASES:
        assert (stand(west, "M07", today=today), stand(west, "M07..M08", today=today)) == ((10, 6), (10, 4))
        assert not unit_summary(west, "M07", today=today).total.estimated
    assert rows(west, "M07") == {"a": (10, None), "x": (None, 2), "y": (None, 4), "b": (None, None)}
    # The old unit's 10 are apportioned as 3 and 7; each closing is the new unit's own.
    assert (stand(x, "M07", today=TODAY), stand(y, "M07", today=TODAY)) == ((3, 2), (7, 4))
    by_unit = rows(west, "M07", today=TODAY)
    assert (by_unit["x"], by_unit["y"]) == ((3, 2), (7, 4)) and unit_summary(
        x, "M07", today=TODAY
    ).total.estimated
    assert (stand(x, "M07"), stand(y, "M07"), stand(parted.a, "M07")) == ((3, 2), (5, 4), (10, 8))


def test_a_closed_unit_is_shown_whole_and_its_parts_add_up(parted):
    """By current units the old unit shows what it reported, and a row for each successor's part."""
    assert stand(parted.a, "M07", today=TODAY) == (10, 8)
    by_unit = rows(parted.a, "M07", today=TODAY)
    assert by_unit.keys() == {"x", "y"} and (by_unit["x"][0], by_unit["y"][0]) == (3, 7)
    assert sum(left for _, left in by_unit.values()) == 8


def test_a_recount_still_replaces_the_estimate(parted):
    """The closing is handed over and does not count; the flows are those of the recount."""
    mine = row(4, 3) | {"received_direct": 5, "resolved_on_time": 6, "returned_direct": 6}
    whole = row(10, 8)
    parts = {
        "x": mine,
        "y": {name: None if total is None else total - mine[name] for name, total in whole.items()},
    }
    lines = ["unit,heir,month,field," + ",".join(MEASURES)]
    for heir, values in parts.items():
        cells = ("" if values.get(name) is None else str(values[name]) for name in MEASURES)
        lines.append(f"a@2022-06-30,{heir},2022-M07,ho-tich,{','.join(cells)}")
    report = import_recounts("\n".join(lines).encode(), "r.csv", by=None)
    assert (report.faults, report.written) == ([], 1)
    for unit, opening, received in ((parted.x, 4, 25), (parted.y, 6, 35)):
        (line,) = (
            line for line in unit_summary(unit, "M07", today=TODAY, by="field").rows if line.key == "ho-tich"
        )
        assert (line.figures.counts["opening"], line.figures.counts["received_direct"]) == (
            opening,
            received,
        )
        assert not line.figures.estimated
    assert (stand(parted.x, "M07", today=TODAY), stand(parted.y, "M07", today=TODAY)) == ((4, 2), (6, 4))
    assert stand(parted.west, "M07", today=TODAY) == (10, 6)
