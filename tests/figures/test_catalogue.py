"""The catalogues of measures and rates hold together: what one of them names is there, and stands where it can."""

import pytest

from figures import measures as m
from figures import rates as r
from figures.results import MAIN_COUNTS


@pytest.mark.parametrize("measure", m.CATALOGUE, ids=lambda measure: measure.name)
def test_what_a_measure_names_is_there(measure):
    assert measure.group in {group.key for group in m.COLUMN_GROUPS}
    assert set(measure.sums) <= set(m.SUMS) and set(measure.channels) <= set(m.CHANNELS)
    assert measure.kind in (m.OPENS, m.FLOWS_THROUGH, m.CLOSES)
    assert (measure.side in (m.COMES, m.GOES)) == bool(measure.balance_words)
    # Neither a whole nor a share of it may wait for what need not be told.
    assert not (measure.optional and measure.whole)


def test_names_are_given_once():
    names = [one.name for one in (*m.CATALOGUE, *m.SUM_CATALOGUE)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("group", m.COLUMN_GROUPS, ids=lambda group: group.key)
def test_a_group_has_columns_and_sums_them(group):
    columns = m.group_measures(group.key)
    assert columns and (not group.total or m.SUMS[group.total] == columns)
    assert all(m.MEASURE_BY_NAME[name].head for name in columns) or len(columns) == 1


def test_an_unknown_group_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="fax"):
        m.group_measures("fax")


def test_states_are_not_added_up_over_months():
    assert {"opening"} == m.OF_FIRST_MONTH
    assert {"pending_in_time", "pending_late", "awaiting", "pending"} == m.OF_LAST_MONTH


def test_files_have_each_sum_right_of_its_parts():
    for name in m.FILE_COUNTS:
        parts = m.SUMS.get(name, ())
        assert all(m.FILE_COUNTS.index(part) < m.FILE_COUNTS.index(name) for part in parts)
    assert "returned" not in m.FILE_COUNTS and "transferred_in" not in m.FILE_COUNTS


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        (m.RECEIVED, ("received",)),
        ((*m.RECEIVED, *m.OPENING), ("received", "opening")),
        (m.RECEIVED_ONLINE, ("received_online",)),
        (("resolved_early", "resolved_on_time"), ("resolved_early", "resolved_on_time")),
    ],
)
def test_measures_as_the_sums_that_they_are(parts, named):
    assert m.composed(parts) == named


def test_a_sum_in_parts_of_itself():
    assert m.composed(m.RECEIVED, within="received") == (
        "received_direct",
        "received_online",
        "received_postal",
    )


@pytest.mark.parametrize("rate", r.CATALOGUE, ids=lambda rate: rate.key)
def test_a_rate_stands_only_where_it_can(rate):
    assert rate.published or not (rate.places or rate.slide or rate.below or rate.target)
    if r.Place.FILES in rate.places:
        assert rate.head and {*rate.above, *rate.under} <= set(m.FILE_COUNTS)
    assert not rate.below or rate.below in MAIN_COUNTS


def test_no_two_rates_have_one_place_among_targets():
    assert [rate.key for rate in r.WITH_TARGET] == ["on_time", "online", "online_full", "online_of_all"]
    assert len({rate.target for rate in r.WITH_TARGET}) == len(r.WITH_TARGET)


def test_an_unknown_rate_is_an_error():
    with pytest.raises(KeyError):
        r.BY_KEY["fax"]
