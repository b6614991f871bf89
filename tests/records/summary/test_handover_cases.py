"""Handovers with units that do not report or are missing, external bodies, other tiers, and blank cells."""

from datetime import UTC, date, datetime

import pytest

from figures.periods import Month
from records.approval import actions
from records.models import Procedure, ProcedureScope
from tests.records.conftest import SINCE, entered

from .handover import ON, TODAY, Land, row, rows, stand, stands, unit_summary

pytestmark = pytest.mark.django_db
BASES = (None, TODAY)


@pytest.fixture
def land(fields) -> Land:
    return Land(fields)


@pytest.mark.parametrize("silent", ["old", "new"])
def test_a_unit_without_a_reporting_partner_opens_and_closes_itself(land, silent):
    """One of the two does not report, so its dossiers are in no other report."""
    old = land.open("a", land.west, declared=silent != "old")
    new = land.merge([old], "n", land.west, declared=silent != "new")
    unit, opens, left = (new, 10, 9) if silent == "old" else (old, 6, 4)
    land.month(unit, 7, opens, left)
    for today in BASES:
        assert rows(land.west, "M07", today=today)["n" if today else unit.code] == (opens, left)
        assert stand(land.west, "M07", today=today) == (opens, left)


def test_one_old_unit_that_reports_is_enough(land):
    a, b = land.open("a", land.west, declared=False), land.open("b", land.west)
    land.months(b, m7=(6, 6))
    new = land.merge([a, b], "n", land.west)
    land.months(new, m7=(6, 9))
    for today in BASES:
        assert stand(land.west, "M07", today=today) == (6, 9)
    assert rows(land.west, "M07") == {"a": (None, None), "b": (6, None), "n": (None, 9)}


def test_an_unsent_month_of_the_other_unit_makes_no_difference(land):
    a, b = land.open("a", land.west), land.open("b", land.west)
    land.months(a, m7=(6, 4))
    new = land.merge([a, b], "n", land.west)
    for today in BASES:
        assert stand(land.west, "M07", today=today) == (6, None)
    land.month(new, 7, 10, 9, upto="sent")
    for today in BASES:
        assert stand(land.west, "M07", today=today) == (6, None)
        figures = unit_summary(land.west, "M07", today=today, include="submitted").total
        assert stands(figures) == (6, 9) and (
            figures.completeness.reported,
            figures.completeness.expected,
        ) == (
            2,
            3,
        )


def test_external_bodies(land):
    a, b = (land.open(code, land.west, kind="external") for code in "ab")
    land.months(a, m7=(6, 4))
    land.months(b, m7=(6, 6))
    new = land.merge([a, b], "n", land.west, kind="external")
    land.months(new, m7=(10, 9))
    # A committee unit, so that it has a row.
    land.months(land.open("c", land.west), m7=(3, 2))
    for today in BASES:
        for unit in (land.west, land.province, land.country):
            assert stand(unit, "M07", today=today, external=True) == (15, 11)
            assert stand(unit, "M07", today=today) == (3, 2)
    assert rows(land.west, "M07", external=True)["n"] == (None, 9)


def test_into_another_tier(land):
    """Each tier has its units' dossiers; by current units all of them count in the new unit's tier."""
    a, b = land.open("a", land.west), land.open("b", land.west)
    land.months(a, m7=(6, 4))
    land.months(b, m7=(6, 6))
    new = land.merge([a, b], "n", land.west, tier="district")
    land.months(new, m7=(10, 9))
    for unit in (land.west, land.province, land.country):
        result = unit_summary(unit, "M07")
        assert (stands(result.tier("commune")), stands(result.tier("district"))) == ((12, None), (None, 9))
        assert stands(result.total) == (12, 9)
        assert stand(unit, "M07", tier="commune") == (12, None)
        assert stand(unit, "M07", tier="district") == (None, 9)
        assert stand(unit, "M07", tier="district", today=TODAY) == (12, 9)
    assert rows(land.west, "M07", tier="district") == {"n": (None, 9)}
    assert rows(land.west, "M07", tier="district", today=TODAY) == {"n": (12, 9)}


def test_fields_reported_by_procedure(land):
    made = [Procedure.objects.create(code=f"1.{at}", name=f"Việc {at}", field=land.field) for at in (1, 2)]
    for procedure in made:
        ProcedureScope.objects.create(procedure=procedure, tier="commune", valid_from=SINCE)
    a, b = land.open("a", land.west), land.open("b", land.west)

    def enter(unit, first, second):
        cells = zip(made, (first, second), strict=True)
        entered(
            unit, Month(2022, 7), {(land.field.pk, procedure.pk): row(*both) for procedure, both in cells}
        )

    enter(a, (3, 2), (3, 2))
    enter(b, (4, 4), (2, 2))
    new = land.merge([a, b], "n", land.west)
    enter(new, (6, 5), (4, 4))
    for today in BASES:
        for unit in (land.west, land.province, land.country, *([new] if today else [])):
            assert rows(unit, "M07", "field", today=today)["ho-tich"] == (12, 9)
            assert stand(unit, "M07", today=today) == (12, 9)
    assert rows(new, "M07", "field")["ho-tich"] == (10, 9)


def test_blanks_that_do_not_count_make_no_rate_partial(land):
    """The old unit leaves its closing blank, the new one its opening; the other one's report has the number."""
    a = land.open("a", land.west)
    land.month(a, 7, 6, None)
    new = land.merge([a], "n", land.west)
    land.month(new, 7, None, 9)
    for today in BASES:
        for unit in (land.west, land.province, *([new] if today else [])):
            (line,) = (
                row for row in unit_summary(unit, "M07", today=today, by="field").rows if row.key == "ho-tich"
            )
            assert stands(line.figures) == (6, 9)
            rates = line.figures.rates
            assert not rates["pending_late"].partial and not rates["online_of_all"].partial
    for unit, rate in ((a, "pending_late"), (new, "online_of_all")):
        alone = next(row for row in unit_summary(unit, "M07", by="field").rows if row.key == "ho-tich")
        assert alone.figures.rates[rate].partial


def test_as_it_counted_on_an_earlier_day(land):
    """The new unit's July was approved after the old ones'; successions count as recorded now."""
    a, b = land.open("a", land.west), land.open("b", land.west)
    land.months(a, m7=(6, 4))
    land.months(b, m7=(6, 6))
    new = land.merge([a, b], "n", land.west)
    edition = land.month(new, 7, 10, 9, upto="sent")
    actions.approve_edition(edition, by=None, at=datetime(2022, 8, 1, 3, tzinfo=UTC))
    for day, right in ((date(2022, 7, 31), (12, None)), (date(2022, 8, 1), (12, 9))):
        for unit in (land.west, land.province, land.country):
            for by in (None, "unit", "field", "month"):
                result = unit_summary(unit, "M07", by=by, as_of=day)
                assert stands(result.total) == right
                if by:
                    shown = [stands(row.figures) for row in result.rows if row.key != "chung-thuc"]
                    assert [sum(filter(None, column)) for column in zip(*shown, strict=True)] == [
                        12,
                        right[1] or 0,
                    ]
    assert stand(new, "M07", as_of=date(2022, 8, 1)) == (10, 9) and new.active_from == ON
