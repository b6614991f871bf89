"""A merger inside a month: old and new units both report it, and handed-over dossiers count once in totals."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command

from figures import count_rules
from figures.periods import Month, Period
from figures.summary import Summary
from figures.unit_changes import Handover
from records.stored_sums import group_sums, recount
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from tests.records.submissions.test_predecessor_openings import AUGUST, JULY, JUNE, merged, month_of
from tests.units.succession import successions
from units.lifecycle import undo
from units.models import Succession, Unit

pytestmark = pytest.mark.django_db
ON, READ = date(2022, 7, 1), date(2022, 9, 1)


@pytest.fixture
def new(cast, fields):
    """On 1 July two communes merge: they began July with 12 open dossiers and hand over 10; the new one ends with 9."""
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
    "period, opening, left, parts",
    [
        ("2022-M07", 12, 9, ("opening", "pending")),
        ("2022-M07..M08", 12, 3, ("opening",)),
        ("2022-M06..M07", 10, 9, ("pending",)),
        ("2022-M06..M08", 10, 3, ()),
        ("2022-M06", 10, 12, ()),
        ("2022-M08", 9, 3, ()),
    ],
)
def test_openings_are_the_old_units_and_closings_the_new_ones_with_a_note(
    cast, new, today, period, opening, left, parts
):
    """A note is only needed if the month is at an end of the period."""
    for unit in (cast.district, cast.province, *([new] if today else [])):
        result = summary(FiguresQuery(unit, Period.parse(period), today=today))
        counts = result.total.counts
        assert (counts["opening"], counts["pending"] + counts["awaiting"]) == (opening, left)
        assert result.handover == Handover(**dict.fromkeys(parts, (ON,)))
        assert Summary.from_dict(result.as_record()).handover == result.handover
        assert ("handover" in result.as_dict()) == bool(parts)


def test_a_unit_alone_shows_what_it_reported(cast, fields, new):
    for unit, opening, left in ((new, 10, 9), (cast.alpha, 5, 4)):
        for today in (None, READ) if unit == cast.alpha else (None,):
            result = summary(FiguresQuery(unit, Period.parse("2022-M07"), today=today))
            assert (result.total.counts["opening"], count_rules.closing_count(result.total.counts)) == (
                opening,
                left,
            )
            assert not result.handover


def test_the_balance_of_a_merger_inside_a_month_closes(cast, new):
    for today in (None, READ):
        counts = summary(FiguresQuery(cast.district, Period.parse("2022-M07"), today=today)).total.counts
        assert counts["opening"] + counts["received"] == counts["resolved"] + count_rules.closing_count(
            counts
        )


def test_a_merger_on_the_first_day_of_a_month_has_nothing_to_tell(cast, fields):
    month_of(cast.alpha, JUNE, fields, 5)
    month_of(cast.beta, JUNE, fields, 7)
    unit = merged(cast, date(2022, 6, 15))
    month_of(unit, JULY, fields, 9, opens=12)
    for period, opening in (("2022-M07", 12), ("2022-M06..M07", 0)):
        result = summary(FiguresQuery(cast.district, Period.parse(period)))
        assert result.total.counts["opening"] == opening and not result.handover


def test_it_costs_no_query(cast, new, django_assert_num_queries):
    with django_assert_num_queries(4):
        summary(FiguresQuery(cast.district, Period.parse("2022-M06..M08")))
    with django_assert_num_queries(4):
        assert summary(FiguresQuery(cast.district, Period.parse("2022-M07..M08"))).handover


def test_the_command_says_it(cast, new):
    out = StringIO()
    call_command("summary", "--unit", "351", "--period", "2022-M07", stdout=out)
    assert out.getvalue().count("hồ sơ bàn giao cho đơn vị kế thừa chỉ tính một lần") == 1


def test_successions_recorded_after_the_reports_and_taken_back(cast, fields, new):
    """In the reverse order of the fixture the sums follow the tree too."""
    assert list(recount.sum_differences()) == []
    olds = list(Unit.objects.filter(successors__new=new))
    Succession.objects.all().delete()
    group_sums.refresh_after_handover([*olds, new], [ON])
    assert counts_of(cast.district) == (22, 19) and list(recount.sum_differences()) == []
    successions.succeed(olds, new, ON, by=None)
    assert counts_of(cast.district) == (12, 9) and list(recount.sum_differences()) == []


def test_undoing_a_merger_lets_the_closings_of_the_old_units_count(cast, fields):
    month_of(cast.alpha, JULY, fields, 5)
    month_of(cast.beta, JULY, fields, 7)
    unit = merged(cast, ON)
    assert counts_of(cast.district) == (0, None)
    undo.undo_restructuring(unit, by=None)
    assert counts_of(cast.district) == (0, 12) and list(recount.sum_differences()) == []


def counts_of(unit) -> tuple[int | None, int | None]:
    counts = summary(FiguresQuery(unit, Period.parse("2022-M07"))).total.counts
    return counts["opening"], count_rules.closing_count(counts)
