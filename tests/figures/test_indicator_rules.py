"""Parsing the cells of an indicator, and the rules between them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.formatting import format_count
from figures.indicator_rules import (
    COUNT,
    QUOTED,
    RULES,
    SHARE,
    check_half_share,
    check_indicator,
    read_count,
    read_decimal,
)


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("", None, None),
        ("  ", None, None),
        ("0", 0, None),
        ("1.240", 1240, None),
        ("12,5", None, "not_whole"),
        ("-5", None, "negative"),
        ("1e3", None, "not_a_number"),
        ("95%", None, "not_a_number"),
        ("٣", None, "not_a_number"),
        ("9" * 12, None, "too_large"),
    ],
)
def test_counts(text, value, code):
    read, fault = read_count("numerator", text, SHARE)
    assert (read, fault.code if fault else None) == (value, code)
    assert not fault or ("hồ sơ" not in fault.message and fault.message[-1] == ".")


@pytest.mark.parametrize(
    ("cell", "text", "value", "code"),
    [
        ("target", "95", Decimal("95"), None),
        ("target", "95,5%", Decimal("95.5"), None),
        ("target", "100", Decimal("100"), None),
        ("target", "100,01", None, "not_within_100"),
        ("target", "95.5", None, "not_a_decimal"),
        ("target", "-1", None, "not_a_decimal"),
        ("target", "", None, None),
        ("quoted", "1.240,25", Decimal("1240.25"), None),
        ("quoted", "85,425", None, "not_a_decimal"),
        ("quoted", "NaN", None, "not_a_decimal"),
    ],
)
def test_decimals(cell, text, value, code):
    read, fault = read_decimal(cell, text, SHARE | QUOTED)
    assert (read, fault.code if fault else None) == (value, code)


def test_a_number_where_there_is_no_cell():
    assert read_count("denominator", "5", COUNT)[1].code == "not_served"
    assert read_count("denominator", " ", COUNT) == (None, None)
    assert read_decimal("target", "5", QUOTED)[1].code == "not_served"


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({}, []),
        ({"numerator": 5, "denominator": 5}, []),
        ({"numerator": 0, "denominator": 0}, []),
        ({"numerator": 6, "denominator": 5}, ["over_whole"]),
        ({"numerator": 6, "denominator": None}, []),
        ({"quoted": Decimal(85)}, ["no_day"]),
        ({"quoted": Decimal(85), "quoted_on": date(2022, 1, 1)}, []),
    ],
)
def test_cells_together(values, codes):
    assert [fault.code for fault in check_indicator(values)] == codes


def test_half_a_share_is_a_warning():
    assert check_half_share(5, None).severity == "warning" and check_half_share(None, 5) is not None
    assert check_half_share(5, 6) is None and check_half_share(None, None) is None


@given(st.integers(0, 999_999_999))
def test_what_is_written_is_read_again(number):
    assert read_count("numerator", format_count(number), SHARE) == (number, None)


def test_every_rule_says_what_to_do():
    assert all(rule.demands.endswith(".") and rule.says.endswith(".") for rule in RULES.values())
