"""A merger inside a month: old and new units both report it, and every outlet says what that does to its totals."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command

from figures.handover import Handover
from figures.periods import Month, Period
from figures.summary import Summary
from records.queries.summary import summary

from .test_taken_over import AUGUST, JULY, JUNE, merged, month_of

pytestmark = pytest.mark.django_db
ON, READ = date(2022, 7, 1), date(2022, 9, 1)


@pytest.fixture
def new(cast, fields):
    """On 1 July two communes become one: they began July with 12 open dossiers and hand over 10; it ends with 9."""
    for month, opens, left in (
        (Month(2022, 5), (0, 0), (4, 6)),
        (JUNE, (4, 6), (5, 7)),
        (JULY, (5, 7), (4, 6)),
    ):
        month_of(cast.alpha, month, fields, left[0], opens=opens[0])
        month_of(cast.beta, month, fields, left[1], opens=opens[1])
    unit = merged(cast, ON)
    month_of(unit, JULY, fields, 9, opens=10)
    month_of(unit, AUGUST, fields, 3, opens=9)
    return unit


@pytest.mark.parametrize("today", [None, READ], ids=["as reported", "by today's units"])
@pytest.mark.parametrize(
    "period, opening, left, told",
    [
        ("2022-M07", 22, 19, ("opening", "pending")),
        ("2022-M07..M08", 22, 3, ("opening",)),
        ("2022-M06..M07", 10, 19, ("pending",)),
        ("2022-M06..M08", 10, 3, ()),
        ("2022-M06", 10, 12, ()),
        ("2022-M08", 9, 3, ()),
    ],
)
def test_it_is_told_where_openings_or_closings_of_both_are_added(
    cast, new, today, period, opening, left, told
):
    """Nothing is doubled where the month stands inside the period."""
    for unit in (cast.district, cast.province, *([new] if today else [])):
        found = summary(unit, Period.parse(period), today=today)
        counts = found.total.counts
        assert (counts["opening"], counts["pending"] + counts["awaiting"]) == (opening, left)
        assert found.handover == Handover(**dict.fromkeys(told, (ON,)))
        assert Summary.from_dict(found.as_record()).handover == found.handover
        assert ("handover" in found.as_dict()) == bool(told)


def test_a_unit_alone_and_a_merger_with_the_month_have_nothing_to_tell(cast, fields, new):
    assert not summary(new, Period.parse("2022-M07")).handover
    assert not summary(cast.alpha, Period.parse("2022-M07")).handover


def test_a_merger_on_the_first_day_of_a_month_has_nothing_to_tell(cast, fields):
    month_of(cast.alpha, JUNE, fields, 5)
    month_of(cast.beta, JUNE, fields, 7)
    unit = merged(cast, date(2022, 6, 15))
    month_of(unit, JULY, fields, 9, opens=12)
    for period, opening in (("2022-M07", 12), ("2022-M06..M07", 0)):
        found = summary(cast.district, Period.parse(period))
        assert found.total.counts["opening"] == opening and not found.handover


def test_it_costs_no_query(cast, new, django_assert_num_queries):
    with django_assert_num_queries(4):
        summary(cast.district, Period.parse("2022-M06..M08"))
    with django_assert_num_queries(4):
        assert summary(cast.district, Period.parse("2022-M07..M08")).handover


def test_the_command_says_it(cast, new):
    out = StringIO()
    call_command("summary", "--unit", "351", "--period", "2022-M07", stdout=out)
    assert out.getvalue().count("hồ sơ bàn giao có thể được tính hai lần") == 1
