"""Days and times of exports, read or refused, never guessed."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.timestamps import parse_timestamp


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("14/06/2022 09:41", datetime(2022, 6, 14, 9, 41)),
        ("14/6/2022 9:41:07", datetime(2022, 6, 14, 9, 41, 7)),
        ("14/06/2022, 09h41", datetime(2022, 6, 14, 9, 41)),
        ("09:41:00 14/06/2022", datetime(2022, 6, 14, 9, 41)),
        ("14-06-2022", date(2022, 6, 14)),
        ("14.6.2022", date(2022, 6, 14)),
        ("2022-06-14", date(2022, 6, 14)),
        ("2022-06-14T09:41:00", datetime(2022, 6, 14, 9, 41)),
        ("2022-06-14 09:41:00.000", datetime(2022, 6, 14, 9, 41)),
        ("2022-06-14T09:41:00+07:00", datetime(2022, 6, 14, 9, 41)),
        ("44726", date(2022, 6, 14)),
        ("44726.40347222222", datetime(2022, 6, 14, 9, 41)),
        ("44726.0", date(2022, 6, 14)),
    ],
)
def test_moments_that_are_read(text, meant):
    read = parse_timestamp(text)
    assert (type(read), read) == (type(meant), meant)


@pytest.mark.parametrize(
    "text",
    [
        "", "14/06/22", "06/14/2022", "31/02/2022", "29/02/2023", "14/06-2022", "2022/06/14", "14/06/2022 24:00",
        "14/06/2022 09:60", "2022-06-14T02:41:00Z", "2022-06-14T09:41:00+08:00", "12.000", "99999", "1", "hôm qua",
        "#N/A", "=A1", "14/06/2022 09:41 AM", "٤٤٧٢٦", "-44726", "0014/06/2022", "14/06/2022\x00",
    ],
)  # fmt: skip
def test_moments_that_are_none(text):
    assert parse_timestamp(text) is None


@given(st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)).map(lambda one: one.replace(microsecond=0)))
def test_every_moment_is_read_as_it_is_written(moment):
    for form in ("%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%H:%M:%S %d/%m/%Y"):
        assert parse_timestamp(moment.strftime(form)) == moment
    days = (moment - datetime(1899, 12, 30)).total_seconds() / 86_400
    read = parse_timestamp(f"{days:.10f}")
    assert (read == moment) if isinstance(read, datetime) else read == moment.date()


@given(st.text(max_size=30))
def test_any_text_is_read_or_none(text):
    assert isinstance(parse_timestamp(text), date | None)
