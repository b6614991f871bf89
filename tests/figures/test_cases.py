"""Dates and times of case exports, and the measures in which a dossier counts."""

from datetime import date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.cases import (
    AWAITING,
    COUNTED,
    ENDED,
    OPEN,
    RESOLVED,
    RETURN_CHANNELS,
    WITHDRAWN,
    CaseError,
    DossierCase,
    end_of_day,
    parse_timestamp,
    start_of_day,
)
from figures.measures import CHANNELS, CLOSING, FLOWS, RECEIVED, RETURNED
from figures.measures import RESOLVED as RESOLVED_PARTS
from figures.periods import DEFAULT_CALENDAR, Month


@pytest.mark.parametrize(
    ("text", "expected"),
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
def test_moments_that_are_read(text, expected):
    read = parse_timestamp(text)
    assert (type(read), read) == (type(expected), expected)


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


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)).map(lambda moment: moment.replace(microsecond=0))
)
def test_every_moment_is_read_as_it_is_written(moment):
    for form in ("%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%H:%M:%S %d/%m/%Y"):
        assert parse_timestamp(moment.strftime(form)) == moment
    days = (moment - datetime(1899, 12, 30)).total_seconds() / 86_400
    read = parse_timestamp(f"{days:.10f}")
    assert (read == moment) if isinstance(read, datetime) else read == moment.date()


@given(st.text(max_size=30))
def test_any_text_is_read_or_none(text):
    assert isinstance(parse_timestamp(text), date | None)


START, END = date(2022, 5, 15), date(2022, 6, 14)


def count(cases, start, end):
    """The number of cases in each measure of a month, 0 included."""
    counts = dict.fromkeys(COUNTED, 0)
    for case in cases:
        for name in case.measures(start, end):
            counts[name] += 1
    return counts


def at(text: str) -> datetime:
    return datetime.strptime(f"2022-{text}", "%Y-%d/%m %H:%M") if ":" in text else day(text)


def day(text: str) -> date:
    return datetime.strptime(f"2022-{text}", "%Y-%d/%m").date()


def case(
    came: str, state: str = OPEN, due: str = "", ended: str = "", channel: str = "direct", by="direct"
) -> DossierCase:
    """A case. A date without a time: due at the end of that day, ended at its beginning."""
    due_at = (at(due) if ":" in due else end_of_day(day(due))) if due else None
    ended_at = (at(ended) if ":" in ended else start_of_day(day(ended))) if ended else None
    return DossierCase(at(came), channel, state, due_at, ended_at, by if state == RESOLVED else "")


CAME = "16/05 08:00"


@pytest.mark.parametrize(
    ("dossier", "measures"),
    [
        # Received, by day and not by hour.
        (case("14/05 23:59"), "opening pending_in_time"),
        (case("15/05 00:00"), "received_direct pending_in_time"),
        (case("14/06 23:59", channel="postal"), "received_postal pending_in_time"),
        (case("15/06 00:00"), ""),
        # Ended before the month: not counted.
        (case("01/05 08:00", RESOLVED, "10/05", "14/05 23:59"), ""),
        (case("01/05 08:00", RESOLVED, "10/05", "15/05 00:00"), "opening resolved_late returned_direct"),
        # Late by date and time; early before the due day; on time on that day.
        (
            case(CAME, RESOLVED, "20/05 09:41", "20/05 09:41"),
            "received_direct resolved_on_time returned_direct",
        ),
        (case(CAME, RESOLVED, "20/05 09:41", "20/05 09:42"), "received_direct resolved_late returned_direct"),
        (
            case(CAME, RESOLVED, "20/05 09:41", "19/05 17:00"),
            "received_direct resolved_early returned_direct",
        ),
        (case(CAME, RESOLVED, "20/05", "20/05 23:00"), "received_direct resolved_on_time returned_direct"),
        (case(CAME, RESOLVED, "20/05 09:41", "20/05"), "received_direct resolved_on_time returned_direct"),
        (case(CAME, RESOLVED, "20/05", "21/05"), "received_direct resolved_late returned_direct"),
        (case(CAME, RESOLVED, "", "21/05", by="postal"), "received_direct resolved_on_time returned_postal"),
        (case(CAME, RESOLVED, "20/05", "20/05", by=""), "received_direct resolved_on_time"),
        # Ended after the cut-off: open there.
        (case(CAME, RESOLVED, "20/06", "15/06 00:00"), "received_direct pending_in_time"),
        (case(CAME, WITHDRAWN, "20/06", "15/06 00:00"), "received_direct pending_in_time"),
        # Pending at the cut-off, the last moment of 14 June.
        (case(CAME, OPEN, "14/06"), "received_direct pending_in_time"),
        (case(CAME, OPEN, "14/06 23:59"), "received_direct pending_late"),
        (case(CAME, OPEN, "13/06"), "received_direct pending_late"),
        (case(CAME, OPEN), "received_direct pending_in_time"),
        (case(CAME, AWAITING, "13/06"), "received_direct awaiting"),
        (case(CAME, WITHDRAWN, "13/06", "20/05", "online_full"), "received_online_full withdrawn"),
    ],
)
def test_what_one_dossier_adds_to(dossier, measures):
    counts = count([dossier], START, END)
    assert {name for name, number in counts.items() if number} == set(measures.split())
    assert set(counts.values()) <= {0, 1}


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"state": RESOLVED}, "missing", "ended"),
        ({"state": WITHDRAWN}, "missing", "ended"),
        ({"ended": datetime(2022, 5, 20)}, "state_and_date", "state"),
        ({"state": WITHDRAWN, "ended": datetime(2022, 5, 15)}, "order", "ended"),
        ({"due": datetime(2022, 5, 15)}, "order", "due"),
    ],
)
def test_contradictions_are_refused(change, code, column):
    fields = {"received": datetime(2022, 5, 16, 8), "channel": "direct", "state": OPEN, **change}
    with pytest.raises(CaseError) as refused:
        DossierCase(**fields)
    assert (refused.value.code, refused.value.column) == (code, column)


@pytest.mark.parametrize("change", [{"channel": "fax"}, {"returned_by": "fax"}])
def test_there_are_no_other_channels(change):
    with pytest.raises(ValueError, match="no such channel"):
        DossierCase(**{"received": datetime(2022, 5, 16, 8), "channel": "direct", "state": OPEN, **change})


@st.composite
def a_case(draw) -> DossierCase:
    received = draw(st.datetimes(datetime(2022, 1, 1), datetime(2022, 8, 1)))
    state = draw(st.sampled_from((OPEN, AWAITING, RESOLVED, WITHDRAWN)))
    later = st.timedeltas(timedelta(0), timedelta(120))
    due = received + draw(later) if draw(st.booleans()) else None
    ended = received + draw(later) if state in ENDED else None
    by = draw(st.sampled_from(RETURN_CHANNELS)) if state == RESOLVED else ""
    return DossierCase(received, draw(st.sampled_from(CHANNELS)), state, due, ended, by)


LISTS = st.lists(a_case(), max_size=20)
MONTHS = Month.range(Month(2021, 12), Month(2022, 12))


def total(counts: dict[str, int], names) -> int:
    return sum(counts[name] for name in names)


def month_counts(cases: list[DossierCase], month: Month) -> dict[str, int]:
    span = DEFAULT_CALENDAR.span(month)
    return count(cases, span.start, span.end)


@given(LISTS)
def test_every_balance_closes_and_every_month_follows_the_one_before(cases):
    for month in MONTHS:
        counts = month_counts(cases, month)
        came = counts["opening"] + total(counts, RECEIVED)
        assert came == total(counts, (*RESOLVED_PARTS, "withdrawn", *CLOSING))
        assert total(counts, RESOLVED_PARTS) == total(counts, RETURNED)
        assert month_counts(cases, month.next())["opening"] == total(counts, CLOSING)


@given(LISTS, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_parts_add_up(cases, chance: Random):
    mixed = chance.sample(cases, len(cases))
    half = len(cases) // 2
    for month in MONTHS:
        whole, first, rest = (
            month_counts(cases, month),
            month_counts(mixed[:half], month),
            month_counts(mixed[half:], month),
        )
        assert whole == {name: first[name] + rest[name] for name in COUNTED}


@given(LISTS)
def test_flows_of_months_are_those_of_the_whole_time(cases):
    spans = [DEFAULT_CALENDAR.span(month) for month in MONTHS]
    whole = count(cases, spans[0].start, spans[-1].end)
    for name in set(FLOWS) & set(COUNTED):
        assert whole[name] == sum(month_counts(cases, month)[name] for month in MONTHS)
    assert whole["opening"] == month_counts(cases, MONTHS[0])["opening"]
    for name in CLOSING:
        assert whole[name] == month_counts(cases, MONTHS[-1])[name]
