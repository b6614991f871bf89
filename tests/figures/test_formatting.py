"""Formatting numbers and days, and parsing typed counts."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures import count_input, formatting, rule_catalogue
from tests.bad_inputs.numbers import READ, REFUSED, REFUSED_TYPED


@pytest.mark.parametrize(
    ("number", "written"),
    [(None, "—"), (0, "0"), (999, "999"), (14700, "14.700"), (1234567, "1.234.567"), (-1500, "−1.500")],
)
def test_count(number, written):
    assert formatting.format_count(number) == written


@pytest.mark.parametrize(
    ("percent", "written"),
    [
        (None, "—"),
        ("87.4", "87,4%"),
        ("100.0", "100%"),
        ("100", "100%"),
        ("100.00", "100%"),
        ("0.0", "0%"),
        ("0", "0%"),
        ("0.03", "0,03%"),
        ("99.97", "99,97%"),
        ("100.04", "100,04%"),
        ("10.0", "10,0%"),
        ("1204.5", "1.204,5%"),
    ],
)
def test_percent(percent, written):
    assert formatting.format_percent(percent) == written


@pytest.mark.parametrize(
    ("points", "written"),
    [(None, "—"), ("6.3", "+6,3"), ("-0.4", "−0,4"), ("0.0", "0,0"), ("0.03", "+0,03"), ("10", "+10")],
)
def test_points(points, written):
    assert formatting.format_points(points) == written


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2022, 6, 14), "14/6/2022"),
        (date(2022, 8, 5), "05/8/2022"),
        (date(2022, 2, 1), "01/02/2022"),
        (date(2021, 12, 15), "15/12/2021"),
        (None, "—"),
    ],
)
def test_a_day_is_written_as_decree_30_does(day, written):
    assert formatting.format_day(day) == written


def test_ranges_and_tiers():
    assert formatting.format_day_range(date(2021, 12, 15), date(2022, 6, 14)) == "từ 15/12/2021 đến 14/6/2022"
    assert formatting.tier_name("district") == "Cấp huyện"
    assert formatting.tier_name("zone") == "zone"


@pytest.mark.parametrize(("typed", "number"), READ)
def test_what_is_read(typed, number):
    assert count_input.parse_count(typed) == number


@pytest.mark.parametrize(("typed", "code"), [*REFUSED, *REFUSED_TYPED])
def test_what_is_refused_and_how(typed, code):
    with pytest.raises(count_input.CountInputError) as refusal:
        count_input.parse_count(typed)
    error = refusal.value
    assert error.code == code
    assert error.message == str(error) and error.message.startswith("“")
    assert len(error.message) < 150 and error.message.isprintable()


def test_a_refusal_says_what_to_type_instead():
    with pytest.raises(count_input.CountInputError) as refusal:
        count_input.parse_count("12,5")
    assert str(refusal.value) == "“12,5” không phải số hồ sơ. Chỉ nhập số nguyên từ 0, ví dụ 12 hoặc 1.240."


@given(st.integers(0, rule_catalogue.LARGEST_COUNT))
def test_what_is_written_is_read_back(number):
    assert (
        count_input.parse_count(formatting.format_count(number))
        == count_input.parse_count(str(number))
        == number
    )


@given(st.text(max_size=60))
def test_any_text_is_a_count_a_blank_or_refused(text):
    try:
        number = count_input.parse_count(text)
    except count_input.CountInputError as error:
        assert error.message.isprintable()
    else:
        assert number is None or 0 <= number <= rule_catalogue.LARGEST_COUNT
