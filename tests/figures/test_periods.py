"""Months, periods and the cut-off calendar, as tables of examples and as properties."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.periods import DEFAULT_CALENDAR, Calendar, DatedCutoff, Month, Period, PeriodError

FIVE_MONTHS = "từ tháng 1 đến tháng 5/2022"
SHAPES = ["", "-H1", "-H2", "-Q1", "-Q2", "-Q3", "-Q4", "-M01", "-M12"]
MONTHS = st.builds(Month, st.integers(1991, 2099), st.integers(1, 12))


@pytest.mark.parametrize(
    ("text", "code", "first", "last", "kind", "label", "year_before"),
    [
        ("2022-M06", "2022-M06", 202206, 202206, "month", "tháng 6/2022", "2021-M06"),
        ("2022-Q2", "2022-Q2", 202204, 202206, "quarter", "quý II/2022", "2021-Q2"),
        ("2022-H1", "2022-H1", 202201, 202206, "half", "6 tháng đầu năm 2022", "2021-H1"),
        ("2022-h2", "2022-H2", 202207, 202212, "half", "6 tháng cuối năm 2022", "2021-H2"),
        ("2022", "2022", 202201, 202212, "year", "năm 2022", "2021"),
        (
            " 2022-M01..M05 ",
            "2022-M01..M05",
            202201,
            202205,
            "run",
            "từ tháng 1 đến tháng 5/2022",
            "2021-M01..M05",
        ),
        (
            "2022-M01..2022-M05",
            "2022-M01..M05",
            202201,
            202205,
            "run",
            "từ tháng 1 đến tháng 5/2022",
            "2021-M01..M05",
        ),
        (
            "2021-M07..2022-M06",
            "2021-M07..2022-M06",
            202107,
            202206,
            "run",
            "từ tháng 7/2021 đến tháng 6/2022",
            "2020-M07..2021-M06",
        ),
        ("2022-M03..M03", "2022-M03", 202203, 202203, "month", "tháng 3/2022", "2021-M03"),
    ],
)
def test_a_period_reads_and_writes_its_code(text, code, first, last, kind, label, year_before):
    period = Period.parse(text)
    assert (period.code, str(period), period.kind, period.label) == (code, code, kind, label)
    assert (period.first.number, period.last.number) == (first, last)
    assert period.months[0] == period.first and period.months[-1] == period.last
    assert period.same_last_year() == Period.parse(year_before)


@pytest.mark.parametrize(
    "text",
    [
        "", "2022-M13", "2022-M00", "2022-M6", "2022-Q5", "2022-Q0", "2022-H3", "1989", "2101-M01", "22-M06",
        "2022-M05..M01", "2022-M01..2021-M12", "2022..2023", "٢٠٢٢", "２０２２-H1", "2022-H1\n2022",
        "2022-H1\x00", "1990-M01..2040-M01", "2022-M01..", "2022-M01...M05", "9" * 5001,
        "2022-H1" + " " * 5000, "2022-W20", "-2022",
    ],
)  # fmt: skip
def test_what_is_no_period_is_refused_in_vietnamese(text):
    with pytest.raises(PeriodError) as refusal:
        Period.parse(text)
    message = str(refusal.value)
    assert any(word in message for word in ("kỳ báo cáo", "Kỳ báo cáo", "tháng", "Năm"))
    assert len(message) < 200 and "\x00" not in message and "\n" not in message


def test_six_hundred_months_are_the_longest_period():
    assert len(Period.parse("1990-M01..2039-M12").months) == 600


@pytest.mark.parametrize(
    ("code", "before"),
    [("2022-H1", "2021-H2"), ("2022-Q1", "2021-Q4"), ("2022", "2021"), ("2022-M01", "2021-M12"),
     ("2022-M01..M05", "2021-M08..M12"), ("2022-M03..M04", "2022-M01..M02")],
)  # fmt: skip
def test_the_period_before(code, before):
    assert Period.parse(code).previous() == Period.parse(before)


def test_a_whole_shape_moves_by_whole_lengths_only():
    with pytest.raises(PeriodError):
        Period.parse("2022-H1").shifted(-1)


@pytest.mark.parametrize("text", ["2022-M13", "2022-06", "M06", "202206", "2022-M06 x", "", "2022-M٠٦"])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(PeriodError):
        Month.parse(text)


def test_months_count_on_over_the_year():
    december = Month(2021, 12)
    assert december.next() == Month(2022, 1) and Month(2022, 1).previous() == december
    assert december.plus(-12) == december.same_last_year() == Month(2020, 12)
    assert Month.range(Month(2021, 11), Month(2022, 2)) == (
        Month(2021, 11), december, Month(2022, 1), Month(2022, 2),
    )  # fmt: skip
    assert Month.range(Month(2022, 2), Month(2022, 1)) == ()
    assert sorted([Month(2022, 1), december]) == [december, Month(2022, 1)]


@given(MONTHS, st.integers(-11, 11))
def test_a_month_survives_every_way_of_writing_it(month, steps):
    assert Month.from_number(month.number) == Month.parse(str(month)) == month
    assert month.plus(steps).plus(-steps) == month


@given(MONTHS, st.integers(0, 599))
def test_a_run_survives_its_code(first, more):
    if first.year + (more + 12) // 12 < 2100:
        run = Period.of(first, first.plus(more))
        assert Period.parse(run.code) == run
        assert run.same_last_year().code == Period.parse(run.same_last_year().code).code


@given(st.integers(1991, 2099), st.sampled_from(SHAPES))
def test_a_shape_survives_its_code_and_a_year_back(year, shape):
    period = Period.parse(f"{year}{shape}")
    assert Period.parse(period.code) == period
    assert period.same_last_year().code == f"{year - 1}{shape}"


# --- the calendar ---


@pytest.mark.parametrize(
    ("month", "start", "end"),
    [
        ("2022-M06", date(2022, 5, 15), date(2022, 6, 14)),
        ("2022-M01", date(2021, 12, 15), date(2022, 1, 14)),
        ("2020-M03", date(2020, 2, 15), date(2020, 3, 14)),
    ],
)
def test_by_default_a_month_runs_from_the_15th_to_the_14th(month, start, end):
    span = DEFAULT_CALENDAR.span(Month.parse(month))
    assert (span.start, span.end, span.irregular) == (start, end, False)


def test_half_year_one_is_15_12_to_14_6():
    assert DEFAULT_CALENDAR.bounds(Period.parse("2022-H1")) == (date(2021, 12, 15), date(2022, 6, 14))


@pytest.mark.parametrize(
    ("today", "half"),
    [
        (date(2022, 8, 12), "2022-H1"),
        (date(2022, 6, 15), "2022-H1"),
        (date(2022, 6, 14), "2021-H2"),
        (date(2022, 12, 15), "2022-H2"),
        (date(2022, 12, 14), "2022-H1"),
        (date(2023, 1, 1), "2022-H2"),
    ],
)
def test_a_first_visit_shows_the_latest_half_that_has_ended(today, half):
    assert DEFAULT_CALENDAR.latest_half(today).code == half


@pytest.mark.parametrize(
    ("day", "month"),
    [(date(2022, 6, 14), "2022-M06"), (date(2022, 6, 15), "2022-M07"), (date(2022, 12, 31), "2023-M01")],
)
def test_the_month_of_a_day(day, month):
    assert str(DEFAULT_CALENDAR.month_of(day)) == month


def test_a_change_of_rule_makes_one_marked_longer_month():
    calendar = Calendar((DatedCutoff(Month(2023, 1), None), DatedCutoff(Month(2000, 1), 14)))
    before, change, after = (calendar.span(Month(2023, 1).plus(n)) for n in (-1, 0, 1))
    assert (before.start, before.end, before.irregular) == (date(2022, 11, 15), date(2022, 12, 14), False)
    assert (change.start, change.end, change.irregular) == (date(2022, 12, 15), date(2023, 1, 31), True)
    assert (after.start, after.end, after.irregular) == (date(2023, 2, 1), date(2023, 2, 28), False)


def test_a_change_to_an_earlier_day_makes_one_marked_shorter_month():
    calendar = Calendar.of([(Month(2000, 1), 20), (Month(2023, 1), 14)])
    change = calendar.span(Month(2023, 1))
    assert (change.start, change.end, change.irregular) == (date(2022, 12, 21), date(2023, 1, 14), True)


@pytest.mark.parametrize("day", [31, None])
def test_a_day_missing_from_a_month_is_its_last(day):
    calendar = Calendar.of([(Month(2000, 1), day)])
    assert calendar.span(Month(2024, 2)).end == date(2024, 2, 29)
    assert calendar.span(Month(2023, 2)).start == date(2023, 2, 1)


def test_a_rule_that_says_the_same_in_other_words_bends_no_month():
    calendar = Calendar.of([(Month(2000, 1), 31), (Month(2023, 5), None)])
    assert not calendar.span(Month(2023, 5)).irregular


@pytest.mark.parametrize("day", [0, 32, -1])
def test_a_cut_off_day_is_a_day_of_a_month(day):
    with pytest.raises(PeriodError):
        DatedCutoff(Month(2022, 1), day)


def test_a_calendar_needs_rules_and_only_one_from_a_month():
    with pytest.raises(PeriodError):
        Calendar(())
    with pytest.raises(PeriodError):
        Calendar.of([(Month(2022, 1), 14), (Month(2022, 1), 20)])


RULES = st.lists(
    st.tuples(st.builds(Month, st.integers(2019, 2024), st.integers(1, 12)), st.none() | st.integers(1, 31)),
    min_size=1,
    max_size=5,
    unique_by=lambda rule: rule[0],
)


@given(RULES)
def test_months_tile_the_days_under_any_change_of_rule(rules):
    calendar = Calendar.of(rules)
    day = calendar.span(Month(2018, 6)).start
    for month in Month.range(Month(2018, 6), Month(2025, 6)):
        span = calendar.span(month)
        assert span.start == day and span.end >= span.start
        assert calendar.month_of(span.start) == calendar.month_of(span.end) == month
        day = span.end + timedelta(days=1)
