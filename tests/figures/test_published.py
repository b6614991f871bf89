"""Figures that administrations published: ours equal the recomputed values and show each contradiction."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from figures.count_rules import check_balance
from figures.rates import BY_KEY, compute
from figures.rounding import rounded_percent
from figures.tally import Tally, sum_reported

CASES = json.loads(Path(__file__).with_name("published.json").read_text(encoding="utf-8"))
CHECKS = [(case["id"], check) for case in CASES for check in case["checks"]]


def of_type(kind):
    """The checks of one kind as parameters, named after their case."""
    return [
        pytest.param(check, id=f"{case}: {check['name']}") for case, check in CHECKS if check["type"] == kind
    ]


def test_the_cases_are_all_there():
    assert Counter(check["type"] for _, check in CHECKS) == {
        "percent": 14,
        "sum": 15,
        "share_sum": 1,
        "coverage": 1,
    }


@pytest.mark.parametrize("check", of_type("percent"))
def test_a_published_share(check):
    numerator, denominator = check["numerator"], check["denominator"]
    recomputed = check["rounded_half_up"]
    decimals = len(recomputed.partition(".")[2])
    ours = rounded_percent(numerator, denominator, decimals)
    assert ours == recomputed
    assert (ours == check["published"]) == (check["verdict"] == "ok")
    assert Decimal(rounded_percent(numerator, denominator, 4)) == Decimal(check["computed"])


@pytest.mark.parametrize("check", of_type("sum"))
def test_a_published_sum(check):
    ours = sum_reported(check["parts"])
    assert ours == check["computed_total"]
    assert check["published_total"] - ours == check["difference"]
    assert (ours == check["published_total"]) == (check["verdict"] == "ok")


@pytest.mark.parametrize("check", of_type("share_sum"))
def test_published_shares_total(check):
    assert sum(map(Decimal, check["parts"])) == Decimal(check["computed_total"])


# Published counts by our measures; a sum that is not broken down goes to one of its parts.
OURS = {
    "ky_truoc_chuyen_sang": "opening",
    "truc_tuyen": "received_online_full",
    "truc_tiep_va_bcci": "received_direct",
    "tiep_nhan_moi": "received_direct",
    "truoc_han": "resolved_early",
    "dung_han": "resolved_on_time",
    "truoc_va_dung_han": "resolved_on_time",
    "qua_han": "resolved_late",
    "dang_trong_han": "pending_in_time",
    "dang_qua_han": "pending_late",
    "dang_giai_quyet": "pending_in_time",
}


def values_of(case_id):
    """The published counts of a case as values of a row; all pending ones count as in time unless broken down."""
    counts = dict(next(case["counts"] for case in CASES if case["id"] == case_id))
    if "dang_trong_han" in counts:
        del counts["dang_giai_quyet"]
    return {OURS[name]: number for name, number in counts.items() if name in OURS}


@pytest.mark.parametrize(
    ("case", "rate", "decimals", "printed"),
    [
        ("kontum-2023q1-tinh", "online_of_all", 2, "22.33"),
        ("lamdong-2024q1", "on_time", 2, "98.33"),
        ("lamdong-2024q1", "late", 2, "1.67"),
        ("lamdong-2024q1", "pending_late", 1, "8.6"),
        ("daknong-2021h1", "early", 1, "48.1"),  # published as 48.2
        ("daknong-2021h1", "late", 1, "0.6"),
        ("daknong-2021h1", "on_time", 1, "99.4"),
        ("binhduong-2021-xa", "on_time", 1, "99.99"),  # at one decimal all would be in time
        ("binhduong-2021-xa", "late", 1, "0.01"),
    ],
)
def test_our_named_rate_of_published_counts(case, rate, decimals, printed):
    assert compute(BY_KEY[rate], Tally.of(values_of(case)), decimals).percent == printed


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("daknong-2021h1", None),
        ("hoian-2020q3", "= 10.745, nhưng đã giải quyết 9.886 + trong hạn 844 = 10.730: lệch 15"),
    ],
)
def test_a_balance_that_contradicts_itself_is_named(case, sentence):
    values = values_of(case)
    fault = check_balance(values, frozenset(values))
    assert (fault is None) == (sentence is None)
    assert fault is None or (fault.code == "balance" and sentence in fault.message)
