"""The catalogues of measures and rates are consistent: what they refer to exists and has a valid place."""

import pytest

from figures import measures, rates
from figures.summary import MAIN_COUNTS


@pytest.mark.parametrize("measure", measures.CATALOGUE, ids=lambda measure: measure.name)
def test_what_a_measure_names_is_there(measure):
    assert measure.group in {group.key for group in measures.COLUMN_GROUPS}
    assert set(measure.sums) <= set(measures.SUMS) and set(measure.channels) <= set(measures.CHANNELS)
    assert measure.kind in (measures.OPENS, measures.FLOWS_THROUGH, measures.CLOSES)
    assert (measure.side in (measures.COMES, measures.GOES)) == bool(measure.balance_words)
    # An optional measure in a whole would leave its shares partial.
    assert not (measure.optional and measure.whole)


def test_names_are_given_once():
    names = [measure.name for measure in (*measures.CATALOGUE, *measures.SUM_CATALOGUE)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("group", measures.COLUMN_GROUPS, ids=lambda group: group.key)
def test_a_group_has_columns_and_sums_them(group):
    columns = measures.group_measures(group.key)
    assert columns and (not group.total or measures.SUMS[group.total] == columns)
    assert all(measures.MEASURE_BY_NAME[name].head for name in columns) or len(columns) == 1


def test_an_unknown_group_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="fax"):
        measures.group_measures("fax")


def test_states_are_not_added_up_over_months():
    assert {"opening"} == measures.OF_FIRST_MONTH
    assert {"pending_in_time", "pending_late", "awaiting", "pending"} == measures.OF_LAST_MONTH


def test_files_have_each_sum_right_of_its_parts():
    for name in measures.FILE_COUNTS:
        parts = measures.SUMS.get(name, ())
        assert all(measures.FILE_COUNTS.index(part) < measures.FILE_COUNTS.index(name) for part in parts)
    assert "returned" not in measures.FILE_COUNTS and "transferred_in" not in measures.FILE_COUNTS


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        (measures.RECEIVED, ("received",)),
        ((*measures.RECEIVED, *measures.OPENING), ("received", "opening")),
        (measures.RECEIVED_ONLINE, ("received_online",)),
        (("resolved_early", "resolved_on_time"), ("resolved_early", "resolved_on_time")),
    ],
)
def test_measures_as_the_sums_that_they_are(parts, named):
    assert measures.composed(parts) == named


def test_a_sum_in_parts_of_itself():
    assert measures.composed(measures.RECEIVED, within="received") == (
        "received_direct",
        "received_online",
        "received_postal",
    )


@pytest.mark.parametrize("rate", rates.CATALOGUE, ids=lambda rate: rate.key)
def test_a_rate_stands_only_where_it_can(rate):
    assert rate.published or not (rate.places or rate.slide or rate.below or rate.target)
    if rates.Placement.FILES in rate.places:
        assert rate.head and {*rate.above, *rate.under} <= set(measures.FILE_COUNTS)
    assert not rate.below or rate.below in MAIN_COUNTS


def test_no_two_rates_have_one_place_among_targets():
    assert [rate.key for rate in rates.WITH_TARGET] == ["on_time", "online", "online_full", "online_of_all"]
    assert len({rate.target for rate in rates.WITH_TARGET}) == len(rates.WITH_TARGET)


def test_an_unknown_rate_is_an_error():
    with pytest.raises(KeyError):
        rates.BY_KEY["fax"]
