"""Indicators other than dossiers."""

import pytest

from figures.periods import Period
from records.models import Indicator, IndicatorValue
from records.queries.indicators import indicators

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("numerator", "denominator", "target", "percent", "met"),
    [
        (28, 28, "100", "100.0", True),
        (114, 120, "95", "95.0", True),
        # 99.95 is printed as less than all, and held against the counts.
        (1999, 2000, "100", "99.95", False),
        (3, None, None, None, None),
        (None, 28, "100", None, None),
        (0, 0, "50", None, None),
    ],
)
def test_line(cast, numerator, denominator, target, percent, met):
    indicator = Indicator.objects.create(code="x", name="X", numerator_name="a", counted_in="cơ quan")
    value = {"indicator": indicator, "unit": cast.district}
    IndicatorValue.objects.create(
        **value, period="2022-H1", numerator=numerator, denominator=denominator, target=target
    )
    IndicatorValue.objects.create(**value, period="2021-H1", numerator=1, denominator=2)
    IndicatorValue.objects.create(**value, period="2021-H2", numerator=3, denominator=4)
    (line,) = indicators(cast.district, Period.parse("2022-H1"))
    assert (line.now.percent, line.met) == (percent, met)
    assert (line.last_year.percent, line.previous.percent) == ("50.0", "75.0")
    assert (line.change is None) == (percent is None)


def test_nothing_reported(cast):
    assert indicators(cast.district, Period.parse("2022-H1")) == []
