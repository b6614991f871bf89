"""Form II.06a: identities hold by making, what has no column is named."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from figures.measures import MEASURES
from figures.summary import compute_figures
from figures.tally import Tally
from records.official_form.queries import DOSSIER_FORM, official_forms

FORM = official_forms().on(DOSSIER_FORM, date(2022, 6, 14))
COUNTS = st.fixed_dictionaries({name: st.none() | st.integers(0, 9999) for name in MEASURES})


def told(**values):
    return compute_figures(Tally.of(values)).counts


@given(COUNTS)
def test_identities(values):
    row = [cell or 0 for cell in FORM.cells(told(**values))]
    assert row[0] == row[1] + row[2] + row[3]
    assert row[4] == row[5] + row[6] + row[7]
    assert row[8] == row[9] + row[10]


def test_withdrawn_and_awaiting_are_mapped_and_named():
    counts = told(
        opening=3, received_direct=10, received_online_full=5, received_postal=1, resolved_early=4,
        resolved_on_time=6, resolved_late=1, withdrawn=2, pending_in_time=3, pending_late=1, awaiting=2,
    )  # fmt: skip
    assert FORM.cells(counts) == (19, 5, 11, 3, 13, 4, 8, 1, 6, 5, 1)
    assert "2 hồ sơ rút, trả lại tính vào cột (9)" in FORM.note(counts)
    assert "lệch" not in FORM.note(counts)


def test_a_difference_is_stated():
    counts = told(opening=3, received_direct=10, resolved_on_time=9, pending_in_time=1)
    assert "Cột (3) lệch 3" in FORM.note(counts)


def test_transfers_are_named_and_explain_the_difference():
    counts = told(
        opening=0,
        received_direct=10,
        transferred_in=2,
        transferred_out=1,
        resolved_on_time=11,
        pending_in_time=0,
    )
    note = FORM.note(counts)
    assert "2 hồ sơ nhận từ nơi khác chuyển đến" in note and "1 hồ sơ chuyển nơi khác" in note
    assert "do hồ sơ chuyển đi, chuyển đến" in note


def test_nothing_reported_is_a_dash():
    assert FORM.cells(told()) == (None,) * 11
