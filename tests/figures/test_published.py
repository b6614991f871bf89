"""Results that administrations published: ours reach the recomputed value and see each contradiction."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from figures.counts import added
from figures.rounding import percent

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
    ours = percent(numerator, denominator, decimals)
    assert ours == recomputed
    assert (ours == check["published"]) == (check["verdict"] == "ok")
    assert Decimal(percent(numerator, denominator, 4)) == Decimal(check["computed"])


@pytest.mark.parametrize("check", of_type("sum"))
def test_a_published_sum(check):
    ours = added(check["parts"])
    assert ours == check["computed_total"]
    assert check["published_total"] - ours == check["difference"]
    assert (ours == check["published_total"]) == (check["verdict"] == "ok")


@pytest.mark.parametrize("check", of_type("share_sum"))
def test_published_shares_total(check):
    assert sum(map(Decimal, check["parts"])) == Decimal(check["computed_total"])
