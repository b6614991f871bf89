"""Entry, sending, approval, return, unlocking: states, refusals, rights."""

from datetime import timedelta

import pytest

from figures.periods import Month
from ledger.models import Entry
from records import errors
from records.approval import actions as approval_actions
from records.models import State
from records.storage import measures_of_row
from records.stored_sums import recount
from records.submissions import actions as submissions_actions
from tests.records.conftest import AT, balanced, entered, unlocked

JUNE = Month(2022, 6)
pytestmark = pytest.mark.django_db


def test_draft_is_sent_and_approved(cast, fields):
    edition = entered(
        cast.alpha,
        JUNE,
        {
            (fields.chung_thuc.pk, None): balanced(100, online=20, postal=None),
            (fields.ho_tich.pk, None): balanced(30),
        },
        by=cast.clerk,
        reviewer=cast.reviewer,
    )
    assert (edition.state, edition.received_direct, edition.received_online_partial) == (
        State.APPROVED,
        130,
        20,
    )
    assert [entry.action for entry in Entry.objects.order_by("sequence")] == [
        "submission.open",
        "submission.save",
        "submission.send",
        "submission.approve",
    ]


def test_writer_never_approves_own_entries(cast, fields):
    edition = entered(cast.alpha, JUNE, {(fields.ho_tich.pk, None): balanced(3)}, by=cast.clerk, upto="sent")
    with pytest.raises(errors.OwnEntries):
        approval_actions.approve_edition(edition, by=cast.clerk, at=AT)


def test_balance_blocks_sending_and_not_saving(cast, fields):
    rows = {(fields.ho_tich.pk, None): {**balanced(3), "pending_late": 2}}
    edition = entered(cast.alpha, JUNE, rows, by=cast.clerk, upto="draft")
    with pytest.raises(errors.ActionRefused) as refused:
        submissions_actions.send_edition(edition, by=cast.clerk, at=AT)
    assert [(finding.field, finding.code) for finding in refused.value.findings] == [("ho-tich", "balance")]


def test_nothing_entered_cannot_be_sent(cast, fields):
    submission = submissions_actions.open_submission(cast.alpha, JUNE, by=cast.clerk, at=AT)
    with pytest.raises(errors.ActionRefused) as refused:
        submissions_actions.send_edition(submission.editions.get(), by=cast.clerk, at=AT)
    assert [finding.code for finding in refused.value.findings] == ["nothing_reported"]


@pytest.mark.parametrize(
    ("field", "values", "code"),
    [
        ("ho_tich", {"received_direct": -1}, "negative"),
        ("chung_thuc", {"received_postal": 1}, "not_served"),
        ("ho_tich", {"received_direct": 10**12}, "too_large"),
    ],
)
def test_what_can_never_be_right_is_no_draft(cast, fields, field, values, code):
    submission = submissions_actions.open_submission(cast.alpha, JUNE, by=cast.clerk, at=AT)
    key = (getattr(fields, field).pk, None)
    with pytest.raises(errors.ActionRefused) as refused:
        submissions_actions.save_counts(
            submission.editions.get(), {key: values}, by=cast.clerk, revision=0, at=AT
        )
    assert refused.value.code == code
    assert not submission.editions.get().counts.exists()


def test_undivided_and_fields_do_not_mix(cast, fields):
    edition = entered(cast.alpha, JUNE, {(fields.chung.pk, None): balanced(3)}, upto="draft")
    with pytest.raises(errors.ActionRefused) as refused:
        rows = {(fields.ho_tich.pk, None): balanced(1)}
        submissions_actions.save_counts(edition, rows, by=None, revision=edition.revision, at=AT)
    assert refused.value.code == "mixed_level"


def test_level_may_change_in_one_save(cast, fields):
    edition = entered(cast.alpha, JUNE, {(fields.ho_tich.pk, None): balanced(3)}, upto="draft")
    rows = {
        (fields.ho_tich.pk, None): dict.fromkeys(balanced(0)),
        (fields.chung.pk, None): balanced(5),
    }
    edition = submissions_actions.save_counts(edition, rows, by=None, revision=1, at=AT)
    assert [row.field for row in edition.counts.all()] == [fields.chung]
    assert list(recount.sum_differences()) == []
    cleared = Entry.objects.last().detail["cells"]["ho-tich"]
    assert cleared["received_direct"] == [3, None]


def test_stale_save_shows_both_values(cast, fields):
    key = (fields.ho_tich.pk, None)
    edition = entered(cast.alpha, JUNE, {key: balanced(3)}, by=cast.clerk, upto="draft")
    with pytest.raises(errors.StaleEdition) as stale:
        submissions_actions.save_counts(
            edition, {key: {"received_direct": 9}}, by=cast.clerk, revision=0, at=AT
        )
    assert stale.value.cells == {key: {"received_direct": (9, 3)}}
    assert edition.counts.get().received_direct == 3


def test_blank_row_for_each_expected_field_on_sending(cast, fields):
    edition = entered(cast.alpha, JUNE, {(fields.ho_tich.pk, None): balanced(3)}, upto="sent")
    blank = edition.counts.get(field=fields.chung_thuc)
    assert not blank.answered and blank.blank_received == 1 and edition.blank_received == 1


def test_undivided_edition_has_one_row(cast, fields):
    edition = entered(cast.alpha, JUNE, {(fields.chung.pk, None): balanced(3)}, upto="sent")
    assert edition.counts.count() == 1


def test_return_opens_and_sending_again_clears_the_reason(cast, fields):
    edition = entered(cast.alpha, JUNE, {(fields.ho_tich.pk, None): balanced(3)}, by=cast.clerk, upto="sent")
    with pytest.raises(errors.ActionRefused):
        approval_actions.return_edition(edition, reason=" ", by=cast.reviewer, at=AT)
    edition = approval_actions.return_edition(
        edition, reason="Thiếu số", marked_cells=["ho-tich-opening"], by=cast.reviewer, at=AT
    )
    assert (edition.state, edition.return_reason) == (State.RETURNED, "Thiếu số")
    edition = submissions_actions.send_edition(edition, by=cast.clerk, at=AT)
    assert (edition.state, edition.return_reason) == (State.SENT, "")


def test_correction_counts_once_it_is_approved(cast, fields):
    key = (fields.ho_tich.pk, None)
    first = entered(cast.alpha, JUNE, {key: balanced(3)}, by=cast.clerk)
    with pytest.raises(errors.ActionRefused) as refused:
        submissions_actions.save_counts(
            first, {key: balanced(4)}, by=cast.clerk, revision=first.revision, at=AT
        )
    assert refused.value.code == "locked"
    draft = unlocked(first.submission, by=cast.reviewer)
    assert measures_of_row(draft.counts.get(field=fields.ho_tich)) == measures_of_row(
        first.counts.get(field=fields.ho_tich)
    )
    draft = submissions_actions.save_counts(
        draft, {key: balanced(4)}, by=cast.neighbour, revision=draft.revision, at=AT
    )
    draft = submissions_actions.send_edition(draft, by=cast.clerk, at=AT)
    with pytest.raises(errors.OwnEntries):
        approval_actions.approve_edition(draft, by=cast.clerk, at=AT)
    draft = approval_actions.approve_edition(draft, by=cast.reviewer, at=AT)
    first.refresh_from_db()
    assert (first.state, draft.state, draft.received_direct) == (State.SUPERSEDED, State.APPROVED, 4)


def test_closing_time_locks_and_return_lifts_it(cast, fields):
    edition = entered(cast.alpha, JUNE, {(fields.ho_tich.pk, None): balanced(3)}, upto="sent")
    submission = edition.submission
    submission.closes_at = AT
    submission.save()
    late = AT + timedelta(seconds=1)
    with pytest.raises(errors.ActionRefused) as refused:
        submissions_actions.recall_edition(edition, by=cast.clerk, at=late)
    assert refused.value.code == "locked"
    edition = submissions_actions.recall_edition(edition, by=cast.clerk, at=AT)
    with pytest.raises(errors.ActionRefused) as refused:
        submissions_actions.send_edition(edition, by=cast.clerk, at=late)
    assert refused.value.code == "locked"
    edition = submissions_actions.send_edition(edition, by=cast.clerk, at=AT)
    approval_actions.return_edition(edition, reason="Sửa", by=cast.reviewer, at=late)
    submission.refresh_from_db()
    assert submission.closes_at is None


def test_changed_opening_needs_a_reason(cast, fields):
    key = (fields.ho_tich.pk, None)
    entered(cast.alpha, JUNE.previous(), {key: balanced(3)})
    rows = {key: {**balanced(3), "opening": 2, "pending_in_time": 2}}
    edition = entered(cast.alpha, JUNE, rows, upto="draft")
    with pytest.raises(errors.ActionRefused) as refused:
        submissions_actions.send_edition(edition, by=None, at=AT)
    assert [finding.code for finding in refused.value.findings] == ["continuity"]
    edition = submissions_actions.save_counts(
        edition, {key: {}}, by=None, revision=edition.revision, at=AT, reasons={key: "Chuyển từ sổ giấy"}
    )
    assert submissions_actions.send_edition(edition, by=None, at=AT).state == State.SENT


def test_a_month_that_is_not_expected_is_not_opened(cast):
    with pytest.raises(errors.ActionRefused) as refused:
        submissions_actions.open_submission(cast.district, JUNE, by=None, at=AT)
    assert refused.value.code == "not_expected"
