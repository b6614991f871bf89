"""The dashboard's two readings give the same whether the months of the period are added up for both or once."""

from datetime import date
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from figures.periods import Month, Period
from records.calendar.queries import stored_calendar
from records.generate import country
from records.models import Stage
from records.summary.query import FiguresQuery
from reports.dashboard.queries import ShownPeriods, current_and_past, figures_of, past_figures
from units.models import Unit

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
        asked = (unit, period, stored_calendar(), Stage.APPROVED, False, None, by, 1, None, as_of)
        together, apart = ShownPeriods(FiguresQuery(*asked)), ShownPeriods(FiguresQuery(*asked))
        assert current_and_past(together) == (figures_of(apart), past_figures(apart)), asked


def test_together_they_take_no_more_queries(nation):
    for by in (None, "unit"):
        asked = (nation, country.HALF_YEAR, stored_calendar(), Stage.APPROVED, False, None, by, 1)
        with CaptureQueriesContext(connection) as apart:
            shown = ShownPeriods(FiguresQuery(*asked))
            figures_of(shown), past_figures(shown)
        with CaptureQueriesContext(connection) as together:
            current_and_past(ShownPeriods(FiguresQuery(*asked)))
        assert len(together) <= len(apart)
