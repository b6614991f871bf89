"""Typed counts and ticked choices, without a page around them."""

from datetime import date

import pytest
from django import forms

from figures.measures import ALL_SERVED, MEASURES
from records.approval.views import chosen_revisions
from records.entry.forms import CountField, EntryForm
from records.submissions.lines import GridLine


@pytest.mark.parametrize(
    ("typed", "read"),
    [("1240", 1240), ("1.240", 1240), ("1 240", 1240), ("\u200b7 ", 7), ("", None), ("  ", None), ("0", 0)],
)
def test_counts_as_people_type_them(typed, read):
    assert CountField().clean(typed) == read


@pytest.mark.parametrize(
    "typed", ["12,5", "12.5", "-1", "1e3", "1_000", "٣", "#N/A", "NaN", "=1+1", "9" * 5001]
)
def test_what_is_no_count_is_refused_in_words(typed):
    with pytest.raises(forms.ValidationError) as fault:
        CountField().clean(typed)
    assert "“" in fault.value.message


def a_line(served=ALL_SERVED) -> GridLine:
    return GridLine((1, None), "ho-tich", "Hộ tịch", served, dict.fromkeys(MEASURES))


def test_only_cells_of_the_request_are_taken_and_the_readable_ones_survive_the_others():
    data = {"revision": "0", "ho-tich-opening": "5", "ho-tich-withdrawn": "x", "ho-tich-awaiting": ""}
    form = EntryForm([a_line()], data, day=date(2022, 7, 14))
    assert not form.is_valid()
    assert form.rows() == {(1, None): {"opening": 5, "awaiting": None}}
    assert form.faults() == [
        "Hộ tịch: Rút, trả lại: “x” không phải số hồ sơ. Chỉ nhập số nguyên từ 0, ví dụ 12 hoặc 1.240."
    ]


def test_a_cell_that_is_not_served_may_only_be_blank():
    line = a_line(ALL_SERVED - {"received_postal"})
    for typed, valid in [("", True), ("0", False)]:
        data = {"revision": "0", "ho-tich-received_postal": typed}
        assert EntryForm([line], data, day=date(2022, 7, 14)).is_valid() is valid


def test_choices_name_a_submission_and_the_revision_that_was_looked_at():
    assert chosen_revisions(["12:3", "7:0"]) == {12: 3, 7: 0}
