"""Rates: their parts and wholes, when there is none, and when one is partial."""

import pytest
from hypothesis import given

from figures.measures import MEASURES, WHOLES
from figures.rates import BY_KEY, CATALOGUE, RATES, SHARES, Share, compute
from figures.tally import Tally

from .strategies import TALLIES

CHANNELS = {
    "received_direct": 463,
    "received_online_partial": 400,
    "received_online_full": 96,
    "received_postal": 1,
}
REST = {
    "opening": 40, "resolved_early": 700, "resolved_on_time": 200, "resolved_late": 9,
    "pending_in_time": 19, "pending_late": 1, "awaiting": 500,
}  # fmt: skip


@pytest.mark.parametrize(
    ("key", "percent", "numerator", "denominator"),
    [
        ("direct", "48.2", 463, 960),
        ("online", "51.7", 496, 960),
        ("online_partial", "41.7", 400, 960),
        ("online_full", "10.0", 96, 960),
        ("postal", "0.1", 1, 960),
        ("on_time", "99.0", 900, 909),
        ("online_of_all", "49.6", 496, 1000),
        ("pending_late", "5.0", 1, 20),
        ("early", "77.0", 700, 909),
        ("late", "1.0", 9, 909),
    ],
)
def test_each_rate(key, percent, numerator, denominator):
    share = compute(BY_KEY[key], Tally.of({**CHANNELS, **REST}))
    assert (share.percent, share.numerator, share.denominator) == (percent, numerator, denominator)
    assert not share.partial


def test_the_published_formulas():
    assert {rate.key: rate.formula for rate in RATES} == {
        "on_time": "(resolved_early + resolved_on_time) / resolved",
        "online_of_all": "received_online / (received + opening)",
        "pending_late": "pending_late / pending",
    }
    assert [rate.key for rate in SHARES] == ["direct", "online", "online_partial", "online_full", "postal"]


def test_no_two_rates_share_a_key_a_name_or_a_formula():
    for attribute in ("key", "name", "formula", "definition"):
        assert len({getattr(rate, attribute) for rate in CATALOGUE}) == len(CATALOGUE)
    for rate in CATALOGUE:
        assert set(rate.numerator) <= set(rate.whole) <= set(MEASURES)
        assert rate.definition.endswith(".") and " chia cho " in rate.definition


@pytest.mark.parametrize(
    ("values", "key", "share"),
    [
        ({}, "direct", (None, None, None)),
        ({"received_direct": 0}, "direct", (None, 0, 0)),
        ({"received_direct": 10}, "online", (None, None, 10)),
        ({"received_direct": 10, "received_online_full": 0}, "online", ("0.0", 0, 10)),
        ({"received_online_full": 10}, "online", ("100.0", 10, 10)),
        ({"opening": 5}, "online_of_all", (None, None, 5)),
        ({"pending_in_time": 5}, "pending_late", (None, None, 5)),
    ],
)
def test_nothing_reported_is_no_zero_percent(values, key, share):
    computed = compute(BY_KEY[key], Tally.of(values))
    assert (computed.percent, computed.numerator, computed.denominator) == share


@pytest.mark.parametrize(
    ("blank", "partial"),
    [
        ("received", {"direct", "online", "online_partial", "online_full", "postal", "online_of_all"}),
        ("opening", {"online_of_all"}),
        ("resolved", {"on_time", "early", "late"}),
        ("pending", {"pending_late"}),
        ("returned", set()),
    ],
)
def test_a_blank_in_its_whole_makes_a_share_partial(blank, partial):
    tally = Tally.of({**CHANNELS, **REST}, blanks={blank: 1})
    assert {key for key, rate in BY_KEY.items() if compute(rate, tally).partial} == partial


def test_every_whole_but_returned_is_the_whole_of_some_rate():
    assert {whole for rate in BY_KEY.values() for whole in rate.wholes} == set(WHOLES) - {"returned"}


def test_the_shape_of_a_share_and_of_a_rate():
    tally = Tally.of({**CHANNELS, **REST}, blanks={"received": 2})
    assert compute(BY_KEY["direct"], tally).as_dict() == {
        "percent": "48.2", "numerator": 463, "denominator": 960, "partial": True,
    }  # fmt: skip
    assert compute(BY_KEY["pending_late"], tally).as_dict() == {
        "percent": "5.0", "numerator": 1, "denominator": 20, "formula": "pending_late / pending",
    }  # fmt: skip


@given(TALLIES)
def test_channel_counts_share_out_what_was_received(tally):
    shares = [compute(BY_KEY[key], tally) for key in ("direct", "online", "postal")]
    assert sum(share.numerator or 0 for share in shares) == (tally.get("received") or 0)
    for share in shares:
        assert Share.from_dict(share.as_dict()) == share
