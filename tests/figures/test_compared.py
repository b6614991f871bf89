"""Who is left out of a comparison: counted all, named as far as a sentence goes."""

from figures.compared import Compared
from figures.periods import Month, Period
from figures.summary import build

SIDE = build(unit="35", unit_name="Hà Nam", period=Period.of_month(Month(2022, 6)), tiers={})


def test_few_are_named_and_many_counted():
    few = Compared(SIDE, SIDE, ("xã A", "xã B"), 2)
    assert few.told.endswith("không tính 2 đơn vị: xã A; xã B.")
    many = Compared(SIDE, SIDE, tuple(f"xã {n}" for n in range(100)), 13_452)
    assert "không tính 13.452 đơn vị: xã 0; xã 1; " in many.told
    assert many.told.endswith("xã 5 và những đơn vị khác.")


def test_comes_back_from_a_document():
    told = Compared(SIDE, SIDE, ("xã A", "xã B"), 13_452)
    data = told.as_dict()
    assert Compared.from_dict(data) == told
    # One from before it counted them names all.
    del data["number"]
    assert Compared.from_dict(data).number == 2
