"""Sentences with printed figures, and none without figures."""

import pytest
from hypothesis import given

from figures.completeness import Completeness, MissingMonth
from figures.periods import Month, Period
from figures.summary import build_summary, compute_figures
from figures.tally import Tally
from reports.review_text import sentences
from tests.figures.strategies import TALLIES

HALF = Period.parse("2022-H1")
OFFICES = {
    "received_direct": 463,
    "received_online_partial": 400,
    "received_online_full": 96,
    "received_postal": 1,
}
COMMUNES = {"received_direct": 14700, "received_online_partial": 2114, "received_postal": 5}


def summary_of(blanks=None, reported=6, **tiers):
    """A Summary of one month's counts by tier."""
    monthly = {
        tier: [(HALF.last, Tally.of(values, blanks=blanks, reported=reported, expected=6))]
        for tier, values in tiers.items()
    }
    return build_summary(unit="351", unit_name="Huyện Thanh Liêm", period=HALF, tiers=monthly)


@pytest.mark.parametrize(
    ("tiers", "expected"),
    [
        (
            {"district": OFFICES, "commune": COMMUNES},
            "Tỷ lệ hồ sơ trực tuyến: cấp huyện 51,7%, cấp xã 12,6%",
        ),
        ({"commune": COMMUNES}, "Tỷ lệ hồ sơ trực tuyến: cấp xã 12,6%"),
        ({"district": {}, "commune": COMMUNES}, "Tỷ lệ hồ sơ trực tuyến: cấp xã 12,6%"),
        (
            {"province": OFFICES, "district": OFFICES, "commune": COMMUNES},
            "Tỷ lệ hồ sơ trực tuyến chung: 16,6%",
        ),
        ({"commune": {}}, ""),
        ({"commune": {"received_direct": 10}}, ""),
        ({"commune": {"received_direct": 0, "received_online_full": 0}}, ""),
        ({}, ""),
    ],
)
def test_headline(tiers, expected):
    assert sentences.headline(summary_of(**tiers)) == expected
    assert len(expected.split()) <= 12


def test_a_share_of_an_incomplete_whole_is_no_headline():
    assert sentences.headline(summary_of(blanks={"received": 1}, commune=COMMUNES)) == ""


def missing(*months):
    """Unit n has not reported the n-th list of months."""
    return tuple(
        MissingMonth(f"u{i}", Month(2022, m), f"Xã {i}") for i, ms in enumerate(months, 1) for m in ms
    )


@pytest.mark.parametrize(
    ("completeness", "one_month", "expected"),
    [
        (Completeness(0, 0), False, ""),
        (Completeness(96, 96), False, "Số liệu tổng hợp từ đủ 96/96 báo cáo tháng."),
        (
            Completeness(93, 96, missing([5], [5, 6])),
            False,
            "Số liệu tổng hợp từ 93/96 báo cáo tháng; còn thiếu: Xã 1 (tháng 5/2022), Xã 2 (2 tháng).",
        ),
        (
            Completeness(9, 16, missing(*[[6]] * 7)),
            True,
            "Số liệu tổng hợp từ 9/16 đơn vị; còn thiếu: Xã 1, Xã 2, Xã 3, Xã 4, Xã 5 và 2 đơn vị khác.",
        ),
        (Completeness(0, 2), False, "Chưa có báo cáo nào (0/2 báo cáo tháng)."),
        (
            Completeness(60123, 60750),
            False,
            "Số liệu tổng hợp từ 60.123/60.750 báo cáo tháng; còn thiếu 627 báo cáo.",
        ),
        (Completeness(3200, 3355), True, "Số liệu tổng hợp từ 3.200/3.355 đơn vị; còn thiếu 155 đơn vị."),
    ],
)
def test_completeness_sentence(completeness, one_month, expected):
    assert sentences.completeness_sentence(completeness, one_month) == expected


def test_names_may_come_from_outside():
    half = Completeness(1, 2, (MissingMonth("13474", HALF.last),))
    assert "còn thiếu: Tân Thanh." in sentences.completeness_sentence(half, True, {"13474": "Tân Thanh"})
    assert "còn thiếu: 13474." in sentences.completeness_sentence(half, True)


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        ("14.7", "8.4", "tăng 6,3 điểm phần trăm"),
        ("8.4", "14.7", "giảm 6,3 điểm phần trăm"),
        ("8.4", "8.4", "không đổi"),
        (None, "8.4", ""),
    ],
)
def test_moved(new, old, expected):
    assert sentences.points_change(new, old) == expected


@pytest.mark.parametrize(
    ("reached", "target", "expected"),
    [
        ("14.6", "15.0", "Thấp hơn chỉ tiêu 0,4 điểm phần trăm"),
        ("100.0", "95", "Vượt chỉ tiêu 5,0 điểm phần trăm"),
        ("95.0", "95", "Đạt chỉ tiêu"),
        (None, "95", ""),
        ("95.0", None, ""),
    ],
)
def test_against_target(reached, target, expected):
    assert sentences.target_gap(reached, target) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (OFFICES, ""),
        (COMMUNES, "Tổng các tỷ lệ là 100,03% do làm tròn."),
        (
            {"received_direct": 1, "received_online_full": 1, "received_postal": 1},
            "Tổng các tỷ lệ là 99,9% do làm tròn.",
        ),
        ({}, ""),
    ],
)
def test_rounding_note(values, expected):
    assert sentences.rounding_note(compute_figures(Tally.of(values))) == expected


@given(TALLIES)
def test_any_figures_give_sentences_without_holes(tally):
    summary = build_summary(unit="1", unit_name="Xã A", period=HALF, tiers={"commune": [(HALF.last, tally)]})
    texts = [
        sentences.headline(summary),
        sentences.completeness_sentence(summary.total.completeness),
        sentences.rounding_note(summary.total),
    ]
    assert not any(hole in sentence for sentence in texts for hole in ("None", "—", "()", "  "))
    assert len(texts[0].split()) <= 12
