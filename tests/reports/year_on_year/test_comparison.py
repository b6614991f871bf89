"""Who is left out of a comparison: counted all, named as far as a sentence goes."""

from figures.periods import Month, Period
from figures.summary import build_summary
from figures.tally import Tally
from reports.year_on_year.comparison import ComparedSummaries

JUNE = Month(2022, 6)
PERIOD = Period.of_month(JUNE)
NOBODY = build_summary(unit="35", unit_name="xã A", period=PERIOD, tiers={})
SIDE = build_summary(
    unit="35", unit_name="Hà Nam", period=PERIOD, tiers={"commune": [(JUNE, Tally.expecting(1))]}
)


def test_few_are_named_and_many_counted():
    few = ComparedSummaries(SIDE, SIDE, ("xã A", "xã B"), 2)
    assert few.told.endswith("không tính 2 đơn vị: xã A; xã B.")
    many = ComparedSummaries(SIDE, SIDE, tuple(f"xã {n}" for n in range(100)), 13_452)
    assert "không tính 13.452 đơn vị: xã 0; xã 1; " in many.told
    assert many.told.endswith("xã 5 và những đơn vị khác.")


def test_where_nobody_is_left_that_is_said():
    assert ComparedSummaries(NOBODY, NOBODY, ("xã B", "xã C"), 2).told == (
        "Không so với cùng kỳ: không có đơn vị nào báo cáo suốt cả hai kỳ."
    )
    assert ComparedSummaries(NOBODY, NOBODY, ("xã A",), 1).told == (
        "Không so với cùng kỳ: xã A không báo cáo suốt cả hai kỳ."
    )


def test_comes_back_from_a_document():
    told = ComparedSummaries(SIDE, SIDE, ("xã A", "xã B"), 13_452)
    data = told.as_dict()
    assert ComparedSummaries.from_dict(data) == told
    # One from before it counted them names all.
    del data["number"]
    assert ComparedSummaries.from_dict(data).number == 2
