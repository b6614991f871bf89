"""The summary of a unit and period, from leaf to country."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from figures.periods import Month, Period
from records.models import Stage
from records.stored_sums import recount
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from tests.records.conftest import balanced, entered, unit
from units.models import Tier, Unit, UnitKind
from units.tree import roster

JUNE, MAY = Month(2022, 6), Month(2022, 5)
PERIOD = Period.parse("2022-M05..M06")
pytestmark = pytest.mark.django_db


@pytest.fixture
def reported(cast, fields):
    """Alpha reported both months, beta only June and unapproved, the office and the external body June."""
    for month in (MAY, JUNE):
        rows = {(fields.ho_tich.pk, None): balanced(90, online=10)}
        if month == JUNE:
            rows[fields.chung_thuc.pk, None] = balanced(40, online=5, postal=None)
        entered(cast.alpha, month, rows)
    entered(cast.beta, JUNE, {(fields.chung.pk, None): balanced(7)}, upto="sent")
    entered(cast.office, JUNE, {(fields.chung.pk, None): balanced(5, online=5)})
    entered(cast.land, JUNE, {(fields.chung.pk, None): balanced(1000)})
    return cast


def counts(figures) -> tuple:
    return (
        figures.counts["received_direct"],
        figures.counts["received"],
        figures.completeness.reported,
        figures.completeness.expected,
    )


def test_tiers_and_total(reported):
    result = summary(FiguresQuery(reported.district, PERIOD))
    assert [tier for tier, _ in result.tiers] == ["district", "commune"]
    assert counts(result.tier("district")) == (5, 10, 1, 2)
    assert counts(result.tier("commune")) == (220, 245, 2, 4)
    assert counts(result.total) == (225, 255, 3, 6)
    assert [(report.unit, str(report.month)) for report in result.total.completeness.missing] == [
        ("van-phong", "2022-M05"),
        ("13450", "2022-M05"),
        ("13450", "2022-M06"),
    ]
    assert result.tier("commune").shares["online"].partial  # chứng thực was left blank in May


def test_include_submitted_and_external(reported):
    result = summary(FiguresQuery(reported.district, PERIOD, include="submitted", external=True))
    assert counts(result.tier("commune")) == (227, 252, 3, 4)
    assert counts(result.tier("district")) == (1005, 1010, 2, 4)


@pytest.mark.parametrize("by", ["unit", "field", "month"])
@pytest.mark.parametrize("tier", [None, "commune"])
@pytest.mark.parametrize("whose", ["province", "district", "alpha"])
def test_rows_add_up(reported, by, tier, whose):
    result = summary(FiguresQuery(getattr(reported, whose), PERIOD, by=by, tier=tier, include="submitted"))
    rows = [counts(row.figures) for row in result.rows]
    assert [sum(row[at] or 0 for row in rows) for at in range(2)] == list(counts(result.total)[:2])
    if by != "field":
        assert [sum(row[at] for row in rows) for at in (2, 3)] == list(counts(result.total)[2:])
    for row in result.rows:
        completeness = row.figures.completeness
        assert completeness.expected - completeness.reported == len(completeness.missing)


def test_by_field_has_its_own_completeness(reported):
    result = summary(FiguresQuery(reported.district, PERIOD, by="field", include="submitted"))
    assert {row.key: counts(row.figures)[2:] for row in result.rows} == {
        "chung": (2, 3),  # the office twice, and beta's June
        "chung-thuc": (1, 3),
        "ho-tich": (2, 3),
    }


@pytest.mark.parametrize("include", Stage.values)
def test_country_is_summed_from_its_children(reported, include):
    country = unit("vn", Tier.COUNTRY)
    below = Unit.objects.exclude(pk=country.pk)
    for node in below.order_by("depth"):
        if node.parent_id is None:
            node.parent = country
        node.path = country.path + node.path.lstrip("/")
        node.depth += 1
        node.save()
    Unit.objects.filter(pk=country.pk).update(has_children=True, reports=False)
    country.refresh_from_db()
    reported.province.refresh_from_db()
    roster.rebuild()
    # The product never puts a country above units that have reported.
    recount.recount_sums()
    whole = summary(FiguresQuery(country, PERIOD, by="unit", include=include))
    province = summary(FiguresQuery(reported.province, PERIOD, include=include))
    assert whole.total == province.total and whole.tiers == province.tiers
    assert [row.key for row in whole.rows] == ["35"]


def test_a_closed_unit_expects_nothing_and_is_named_with_its_last_day(reported):
    Unit.objects.filter(pk=reported.beta.pk).update(active_until="2022-05-20")
    roster.rebuild()
    result = summary(FiguresQuery(reported.district, PERIOD, by="unit"))
    assert "13450@2022-05-20" in [row.key for row in result.rows]
    later = summary(FiguresQuery(reported.district, Period.parse("2022-M07"), by="unit"))
    assert "13450@2022-05-20" not in [row.key for row in later.rows]
    over = summary(FiguresQuery(Unit.objects.get(pk=reported.beta.pk), Period.parse("2022-M07")))
    assert (over.unit, over.total.completeness.expected) == ("13450@2022-05-20", 0)
    assert over.total.counts["received"] is None and over.tiers == ()


def test_months_have_gaps(reported):
    rows = summary(FiguresQuery(reported.beta, PERIOD, include="submitted", by="month")).rows
    assert [row.figures.counts["received"] for row in rows] == [None, 7]
    assert [row.figures.completeness.expected for row in rows] == [1, 1]


@pytest.mark.parametrize("by", [None, "unit", "field", "month"])
def test_number_of_queries_does_not_follow_the_size(reported, fields, by):
    def queries(period: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            summary(FiguresQuery(reported.district, Period.parse(period), by=by, include="submitted"))
        return len(captured)

    small = queries("2022")
    for number in range(20):
        more = unit(f"x{number}", Tier.COMMUNE, reported.district)
        if number < 3:
            entered(more, JUNE, {(fields.ho_tich.pk, None): balanced(3)})
    unit("cong-an", Tier.DISTRICT, reported.district, UnitKind.EXTERNAL)
    roster.rebuild()
    assert queries("2022-M06") == queries("2021-M07..2022-M06") == queries("2022") == small
    assert small <= 20
