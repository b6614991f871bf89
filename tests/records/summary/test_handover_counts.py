"""A handover inside a month counts once: two communes began July with 12 open dossiers and handed 10 over on 30 June
to a unit that ended July with 9. Every total opens July with 12 and closes it with 9.
"""

from datetime import date

import pytest

from records.official_form_upload.reader import DOSSIER_FORM, official_forms
from tests.records.conftest import AT

from .handover import START, TODAY, Land, rows, stand, stands, unit_summary

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("today", [None, TODAY], ids=["as reported", "by today's units"])
OPENING_AND_LEFT = {
    "M06": (11, 12),
    "M07": (12, 9),
    "M08": (9, 3),
    "M06..M07": (11, 9),
    "M07..M08": (12, 3),
    "M06..M08": (11, 3),
    "Q3": (12, 2),
    "H1": (7, 12),
    "H2": (12, 4),
    "2022": (7, 4),
}
# Every month was reported, so closings equal the next openings.
UNBROKEN = ("M06", "M07", "M08", "M06..M07", "M07..M08", "M06..M08", "Q3")
WAYS = ({}, {"include": "submitted"}, {"tier": "commune"}, {"external": True})
FORM = official_forms().on(DOSSIER_FORM, TODAY)


@pytest.fixture
def land(fields) -> Land:
    made = Land(fields)
    made.alpha, made.beta = made.open("a", made.west), made.open("b", made.west)
    made.months(made.alpha, m1=(3, 2), m6=(5, 6), m7=(6, 4))
    made.months(made.beta, m1=(4, 3), m6=(6, 6), m7=(6, 6))
    made.new = made.merge([made.alpha, made.beta], "n", made.west)
    made.months(made.new, m7=(10, 9), m8=(9, 3), m9=(3, 2), m12=(2, 4))
    return made


def groups(land: Land, today: date | None) -> list:
    """Units above all three; by current units also the new one, which has the old ones' history."""
    return [land.west, land.province, land.country, *([land.new] if today else [])]


@pytest.mark.parametrize("period", OPENING_AND_LEFT)
@BOTH
def test_a_total_holds_each_dossier_once(land, today, period):
    for unit in groups(land, today):
        for more in WAYS if today else (*WAYS, {"as_of": AT.date()}):
            figures = unit_summary(unit, period, today=today, **more)
            assert stands(figures.total) == OPENING_AND_LEFT[period], (unit.code, more)
            assert figures.tier("commune") == figures.total


@BOTH
def test_what_flows_counts_in_full(land, today):
    for unit in groups(land, today):
        counts = unit_summary(unit, "M07", today=today).total.counts
        assert (counts["received"], counts["resolved"]) == (60, 63)
        assert unit_summary(unit, "M07", today=today).total.completeness.reported == 3


@pytest.mark.parametrize("by", ["field", "month"])
@BOTH
def test_rows_by_field_and_month(land, today, by):
    for unit in groups(land, today):
        for more in WAYS if today else (*WAYS, {"as_of": AT.date()}):
            if by == "field":
                for period, right in OPENING_AND_LEFT.items():
                    assert rows(unit, period, by, today=today, **more)["ho-tich"] == right
                continue
            by_month = rows(unit, "M06..M08", by, today=today, **more)
            assert by_month == {f"2022-{month}": OPENING_AND_LEFT[month] for month in ("M06", "M07", "M08")}


def test_rows_by_unit_tell_who_had_it_on_the_first_and_who_on_the_last_day(land):
    for more in WAYS:
        assert rows(land.west, "M07", **more) == {"a": (6, None), "b": (6, None), "n": (None, 9)}
        assert rows(land.west, "M06..M07", **more) == {"a": (5, None), "b": (6, None), "n": (None, 9)}
        assert rows(land.west, "M07..M08", **more) == {"a": (6, None), "b": (6, None), "n": (None, 3)}
        assert rows(land.province, "M07", **more)["351"] == rows(land.country, "M07", **more)["35"] == (12, 9)
    assert rows(land.west, "M07", as_of=AT.date()) == {"a": (6, None), "b": (6, None), "n": (None, 9)}
    assert rows(land.country, "M07", as_of=AT.date()) == {"35": (12, 9)}


@pytest.mark.parametrize("period", OPENING_AND_LEFT)
def test_rows_by_todays_units(land, period):
    for unit, code in ((land.west, "n"), (land.province, "351"), (land.country, "35"), (land.new, "n")):
        assert rows(unit, period, today=TODAY)[code] == OPENING_AND_LEFT[period]


@pytest.mark.parametrize("period", UNBROKEN)
@BOTH
def test_the_balance_closes_and_form_06a_holds(land, today, period):
    for unit in groups(land, today):
        result = unit_summary(unit, period, today=today, by="field")
        for figures in (result.total, *(row.figures for row in result.rows if row.key == "ho-tich")):
            counts = figures.counts
            ahead = counts["opening"] + counts["received"]
            assert ahead == counts["resolved"] + counts["withdrawn"] + counts["pending"] + counts["awaiting"]
            cells = FORM.cells(counts)
            assert FORM.gaps(cells) == [] and "lệch" not in FORM.note(counts)
            places = FORM.places
            assert cells[places[3]] == cells[places[7]] + cells[places[11]]
            assert (cells[places[6]], cells[places[11]]) == OPENING_AND_LEFT[period]


@pytest.mark.parametrize("by", [None, "unit", "field", "month"])
@BOTH
def test_a_unit_by_itself_shows_what_it_reported(land, today, by):
    """By current units the old ones are closed and shown as reported too; the new one has their history."""
    old_units = [(land.alpha, (6, 4)), (land.beta, (6, 6))]
    for unit, right in old_units if today else [*old_units, (land.new, (10, 9))]:
        for more in WAYS if today else (*WAYS, {"as_of": AT.date()}):
            result = unit_summary(unit, "M07", by=by, today=today, **more)
            assert stands(result.total) == right
            if by in ("unit", "month"):
                assert [stands(row.figures) for row in result.rows] == [right]
            if by == "field":
                assert {row.key: stands(row.figures) for row in result.rows}["ho-tich"] == right


def test_before_the_day_each_has_its_own_history(land):
    before = date(2022, 6, 30)
    assert (stand(land.alpha, "M07", today=before), stand(land.new, "M07", today=before)) == ((6, 4), (10, 9))
    assert stand(land.west, "M07", today=before) == (12, 9)
    assert rows(land.west, "M07", today=before) == {"a": (6, None), "b": (6, None), "n": (None, 9)}


def test_a_unit_without_a_handover_is_unchanged(land):
    other = land.open("c", land.west, start=START)
    land.months(other, m6=(8, 7), m7=(7, 5))
    for today in (None, TODAY):
        assert stand(other, "M07", today=today) == (7, 5)
        assert stand(land.west, "M07", today=today) == (19, 14)
        assert rows(land.west, "M07", today=today)["c"] == (7, 5)
