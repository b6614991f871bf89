"""The measures: their order, their sums, and what a channel serves."""

from datetime import date

import pytest

from figures import measures


def test_the_measures_in_the_order_of_files():
    assert measures.MEASURES == (
        "opening", "received_direct", "received_online_partial", "received_online_full", "received_postal",
        "returned_direct", "returned_online", "returned_postal", "resolved_early", "resolved_on_time",
        "resolved_late", "withdrawn", "pending_in_time", "pending_late", "awaiting", "transferred_in",
        "transferred_out",
    )  # fmt: skip


def test_opening_flows_and_closing_share_out_the_measures():
    assert sorted((*measures.OPENING, *measures.FLOWS, *measures.CLOSING)) == sorted(measures.MEASURES)


def test_every_measure_sum_and_channel_has_its_label():
    assert set(measures.LABELS) == {*measures.MEASURES, *measures.SUMS}
    assert set(measures.CHANNEL_LABELS) == {*measures.CHANNELS, "online"}


def test_pending_leaves_awaiting_apart():
    assert measures.SUMS["pending"] == measures.WHOLES["pending"] == ("pending_in_time", "pending_late")


@pytest.mark.parametrize(
    ("channels", "closed"),
    [
        (set(measures.CHANNELS), set()),
        ({"direct", "online_full", "postal"}, {"received_online_partial"}),
        ({"direct", "postal"}, {"received_online_partial", "received_online_full", "returned_online"}),
        ({"online_partial", "online_full"}, {"received_direct", "received_postal", "returned_postal"}),
        (
            set(),
            {*measures.RECEIVED, "returned_online", "returned_postal"},
        ),
    ],
)
def test_what_a_channel_serves(channels, closed):
    assert set(measures.MEASURES) - measures.served_measures(frozenset(channels)) == closed


def test_an_unknown_channel_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="fax"):
        measures.served_measures(frozenset({"fax"}))


def test_the_online_levels_change_their_names_on_15_august_2022():
    assert measures.online_labels(date(2022, 8, 14))["online"] == "mức độ 3, 4"
    assert measures.online_labels(date(2022, 8, 15)) == {
        "online_partial": "một phần", "online_full": "toàn trình", "online": "một phần, toàn trình",
    }  # fmt: skip
    assert (
        measures.measure_label("received_online_full", date(2022, 6, 14)) == "Tiếp nhận trực tuyến mức độ 4"
    )
    assert measures.measure_label("received_direct", date(2022, 6, 14)) == "Tiếp nhận trực tiếp"
