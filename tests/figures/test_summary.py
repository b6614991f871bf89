"""Summary: its published shape, its totals, and reading it back from data."""

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figures.completeness import Completeness, MissingMonth
from figures.measures import FLOWS, MEASURES
from figures.periods import Calendar, Month, Period
from figures.summary import COUNTS, RowInput, Summary, build_summary, canonical_json, compute_figures
from figures.tally import Tally

from .strategies import TALLIES

HALF = Period.parse("2022-H1")
JANUARY, JUNE = HALF.first, HALF.last
OFFICES = Tally.of(
    {"received_direct": 463, "received_online_partial": 496, "received_postal": 1}, reported=72, expected=72
)
COMMUNES = Tally.of({"received_direct": 10, "opening": 4}, blanks={"received": 1}, reported=94, expected=96)
SILENT = (MissingMonth("13474", Month(2022, 5), "Tân Thanh"), MissingMonth("13474", JUNE, "Tân Thanh"))


def thanh_liem(**change):
    """The district's summary; communes come first, as queries may return them."""
    values = {
        "unit": "351",
        "unit_name": "Huyện Thanh Liêm",
        "period": HALF,
        "tiers": {"commune": [(JANUARY, COMMUNES)], "district": [(JUNE, OFFICES)]},
        "missing": {"commune": SILENT},
    }
    return build_summary(**{**values, **change})


def test_the_published_shape():
    data = thanh_liem().as_dict()
    assert list(data) == ["unit", "basis", "include", "decimals", "period", "tiers", "total"]
    assert data["period"] == {"code": "2022-H1", "from": "2021-12-15", "to": "2022-06-14"}
    assert [tier["tier"] for tier in data["tiers"]] == ["district", "commune"]
    assert list(data["tiers"][0]) == ["tier", "completeness", "counts", "shares", "rates"]
    assert list(data["total"]) == ["completeness", "counts", "shares", "rates"]
    assert list(data["total"]["counts"]) == list(COUNTS)
    assert list(data["total"]["shares"]) == ["direct", "online", "online_partial", "online_full", "postal"]
    assert list(data["total"]["rates"]) == ["on_time", "online_of_all", "pending_late"]
    assert data["tiers"][0]["shares"]["direct"] == {"percent": "48.2", "numerator": 463, "denominator": 960}
    assert data["tiers"][1]["completeness"] == {
        "reported": 94,
        "expected": 96,
        "missing": [{"unit": "13474", "month": "2022-M05"}, {"unit": "13474", "month": "2022-M06"}],
    }


def test_the_total_carries_the_gaps_of_its_tiers():
    total = thanh_liem().total
    assert (total.completeness.reported, total.completeness.expected) == (166, 168)
    assert total.completeness.missing == SILENT
    assert total.counts["received"] == 970 and total.counts["opening"] == 4
    assert total.share("direct").partial and not thanh_liem().tier("district").share("direct").partial


def test_a_unit_that_is_over_expects_nothing_and_has_nulls():
    summary = thanh_liem(tiers={}, missing={})
    assert summary.tiers == () and set(summary.total.counts.values()) == {None}
    assert summary.total.completeness == Completeness(0, 0)
    assert {share.percent for share in summary.total.shares.values()} == {None}


def test_a_tier_from_which_nothing_came_still_stands():
    commune = thanh_liem(tiers={"commune": [(JUNE, Tally.of(expected=16))]}, missing={}).tier("commune")
    assert commune.completeness == Completeness(0, 16) and commune.completeness.silent
    assert commune.counts["received"] is None


def test_decimals_reach_every_share():
    assert thanh_liem(decimals=2).tier("district").share("online").percent == "51.67"
    assert thanh_liem(decimals=0).tier("district").share("postal").percent == "0.1"


def test_rows_by_unit_come_as_given():
    rows = [RowInput("13474", "Tân Thanh", [(JANUARY, COMMUNES)], SILENT, {"id": 7})]
    summary = thanh_liem(by="unit", rows=rows)
    row = summary.row("13474")
    assert row.figures.counts["received"] == 10 and row.extra == {"id": 7}
    assert summary.as_dict()["rows"][0]["key"] == "13474"
    assert "extra" not in summary.as_dict()["rows"][0]


def test_rows_by_month_are_made_of_the_tiers():
    summary = thanh_liem(by="month")
    assert [row.key for row in summary.rows] == [str(month) for month in HALF.months]
    received = [row.figures.counts["received"] for row in summary.rows]
    assert received == [10, None, None, None, None, 960]
    assert summary.row("2022-M06").figures.completeness.missing == SILENT[1:]
    assert summary.row("2022-M06").name == "tháng 6/2022"


def test_a_month_row_has_its_own_opening_and_closing():
    monthly = [(month, Tally.of({"opening": 1, "pending_late": 2})) for month in HALF.months]
    summary = thanh_liem(tiers={"commune": monthly}, by="month")
    assert [row.figures.counts["opening"] for row in summary.rows] == [1] * 6
    assert [row.figures.counts["pending"] for row in summary.rows] == [2] * 6
    assert (summary.total.counts["opening"], summary.total.counts["pending"]) == (1, 2)


def test_no_rows_unless_requested():
    rows = [RowInput("13474", "Tân Thanh", [])]
    assert thanh_liem(rows=rows).rows == ()
    assert "rows" not in thanh_liem(rows=rows).as_dict()
    assert thanh_liem(by="unit", rows=[]).as_dict()["rows"] == []


@pytest.mark.parametrize(
    ("code", "text"), [("2022-H1", "166/168 báo cáo tháng"), ("2022-M06", "72/72 đơn vị")]
)
def test_completeness_counts_unit_months_or_for_one_month_units(code, text):
    assert thanh_liem(period=Period.parse(code)).completeness_text == text


def test_the_period_follows_the_calendar():
    summary = thanh_liem(calendar=Calendar.of([(Month(2000, 1), None)]))
    assert (summary.period.start, summary.period.end) == (date(2022, 1, 1), date(2022, 6, 30))
    assert summary.period.label == "6 tháng đầu năm 2022"


def test_a_frozen_review_reads_its_summary_back():
    summary = thanh_liem(by="month", external=True)
    record = json.loads(canonical_json(summary.as_record()))
    assert Summary.from_dict(record) == summary
    assert Summary.from_dict(record).total.completeness.missing[0].name == "Tân Thanh"
    assert Summary.from_dict(record).as_record() == record


def test_canonical_bytes_only_depend_on_what_is_said():
    assert (
        canonical_json({"b": 1, "a": "Tân"})
        == canonical_json({"a": "Tân", "b": 1})
        == '{"a":"Tân","b":1}'.encode()
    )
    with pytest.raises(ValueError):
        canonical_json({"a": float("nan")})


@settings(max_examples=40)
@given(st.lists(TALLIES, min_size=1, max_size=4), st.sampled_from([0, 1, 2]))
def test_any_summary_survives_its_data_and_its_rows_add_up(tallies, decimals):
    months = HALF.months[: len(tallies)]
    rows = [
        RowInput(str(n), "", [(month, tally)])
        for n, (month, tally) in enumerate(zip(months, tallies, strict=True))
    ]
    tiers = {"commune": [part for row in rows for part in row.monthly]}
    summary = thanh_liem(tiers=tiers, by="unit", rows=rows, decimals=decimals)
    assert Summary.from_dict(summary.as_dict()).as_dict() == summary.as_dict()
    assert Summary.from_dict(summary.as_record()) == replace(
        summary, rows=tuple(replace(row, extra={}) for row in summary.rows)
    )
    for name in MEASURES:
        parts = [row.figures.counts[name] for row in summary.rows if row.figures.counts[name] is not None]
        assert summary.total.counts[name] == (sum(parts) if parts else None)
    by_month = thanh_liem(tiers=tiers, by="month", decimals=decimals)
    for name in FLOWS:
        parts = [row.figures.counts[name] for row in by_month.rows if row.figures.counts[name] is not None]
        assert by_month.total.counts[name] == (sum(parts) if parts else None)


def test_figures_of_a_tally_stand_alone():
    figures = compute_figures(OFFICES)
    assert figures.share("on_time").percent is None and figures.share("online").percent == "51.7"
    with pytest.raises(KeyError):
        figures.share("speed")
