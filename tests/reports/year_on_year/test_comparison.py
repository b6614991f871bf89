"""The sentence on excluded units, and that reading both sides together gives the same as apart."""

from datetime import date
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from figures.periods import Month, Period
from figures.summary import build_summary
from figures.tally import Tally
from records.calendar.queries import stored_calendar
from records.generate import country
from records.models import Stage
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from reports.dashboard.queries import ShownPeriods, current_and_past, past_figures
from reports.year_on_year.comparison import ComparedSummaries
from units.models import Unit

JUNE = Month(2022, 6)
PERIOD = Period.of_month(JUNE)
NOBODY = build_summary(unit="35", unit_name="xã A", period=PERIOD, tiers={})
SIDE = build_summary(
    unit="35", unit_name="Hà Nam", period=PERIOD, tiers={"commune": [(JUNE, Tally.expecting(1))]}
)


def test_few_are_named_and_many_counted():
    few = ComparedSummaries(SIDE, SIDE, ("xã A", "xã B"), 2)
    assert few.sentence.endswith("không tính 2 đơn vị: xã A; xã B.")
    many = ComparedSummaries(SIDE, SIDE, tuple(f"xã {n}" for n in range(100)), 13_452)
    assert "không tính 13.452 đơn vị: xã 0; xã 1; " in many.sentence
    assert many.sentence.endswith("xã 5 và những đơn vị khác.")


def test_a_comparison_without_units_says_so():
    assert ComparedSummaries(NOBODY, NOBODY, ("xã B", "xã C"), 2).sentence == (
        "Không so với cùng kỳ: không có đơn vị nào báo cáo suốt cả hai kỳ."
    )
    assert ComparedSummaries(NOBODY, NOBODY, ("xã A",), 1).sentence == (
        "Không so với cùng kỳ: xã A không báo cáo suốt cả hai kỳ."
    )


def test_comes_back_from_a_document():
    compared = ComparedSummaries(SIDE, SIDE, ("xã A", "xã B"), 13_452)
    data = compared.as_dict()
    assert ComparedSummaries.from_dict(data) == compared
    # Documents from before `number` name all units.
    del data["number"]
    assert ComparedSummaries.from_dict(data).number == 2


pytestmark = pytest.mark.django_db
SCALE = country.CountryScale("three provinces of six communes", 30, 3, 6)
ONE_MONTH = Period.of(country.LAST, country.LAST)
LONG = Period.of(Month(2024, 1), country.LAST)


@pytest.fixture
def nation() -> Unit:
    return country.fill_country(SCALE)


def test_read_together_they_are_as_read_apart(nation):
    province = Unit.objects.filter(parent=nation).first()
    commune = Unit.objects.filter(parent=province, has_children=False).first()
    periods = (ONE_MONTH, country.HALF_YEAR, LONG)
    days = (None, date(2025, 12, 31), country.LAST_DAY)
    for unit, by, period, as_of in product(
        (nation, province, commune), (None, "unit", "field", "month"), periods, days
    ):
        arguments = (unit, period, stored_calendar(), Stage.APPROVED, False, None, by, 1, None, as_of)
        together, apart = ShownPeriods(FiguresQuery(*arguments)), ShownPeriods(FiguresQuery(*arguments))
        assert current_and_past(together) == (summary(apart.query), past_figures(apart)), arguments


def test_together_they_take_no_more_queries(nation):
    for by in (None, "unit"):
        arguments = (nation, country.HALF_YEAR, stored_calendar(), Stage.APPROVED, False, None, by, 1)
        with CaptureQueriesContext(connection) as apart:
            shown = ShownPeriods(FiguresQuery(*arguments))
            summary(shown.query), past_figures(shown)
        with CaptureQueriesContext(connection) as together:
            current_and_past(ShownPeriods(FiguresQuery(*arguments)))
        assert len(together) <= len(apart)
