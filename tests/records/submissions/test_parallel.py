"""Concurrent changes: one save of a revision wins, and group sums lose nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import connection

from accounts.models import User
from figures.periods import Month
from ledger.models import Entry
from records import errors
from records.approval import actions as approval_actions
from records.bulk_import.counts import import_counts
from records.calendar.queries import DueDates, stored_calendar
from records.locking import actions as locking_actions
from records.models import Edition, GroupSum, State, Submission
from records.stored_sums import recount
from records.submissions import actions as submissions_actions
from records.submissions import uploads
from records.submissions.month_status import working_editions
from tests.records.conftest import AT, balanced, entered
from units.models import Unit

JUNE = Month(2022, 6)


def at_once(act: Callable, *values) -> list:
    """Run the act for each value in a thread of its own; returns results or refusal codes."""

    def run(value):
        try:
            return act(value)
        except errors.ActionRefused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(values)) as pool:
        return list(pool.map(run, values))


def apart(act: Callable):
    """Run an act with a thread's database connection, which may differ from the test's own."""
    return at_once(lambda _: act(), None)[0]


def test_one_of_many_saves_of_a_version_wins(cast, fields, shared_database):
    submission = apart(lambda: submissions_actions.open_submission(cast.alpha, JUNE, by=None, at=AT))
    edition = apart(submission.editions.get)
    key = (fields.ho_tich.pk, None)

    def save(number: int) -> str:
        submissions_actions.save_counts(edition, {key: {"opening": number}}, by=None, revision=0, at=AT)
        return "saved"

    assert sorted(at_once(save, *range(6))) == ["saved"] + ["stale"] * 5
    assert apart(lambda: Edition.objects.get(pk=edition.pk).revision) == 1


def test_month_opened_by_two_has_one_draft(cast, shared_database):
    months = at_once(
        lambda _: submissions_actions.open_submission(cast.alpha, JUNE, by=None, at=AT).pk, 1, 2, 3
    )
    assert len(set(months)) == 1
    assert apart(Edition.objects.count) == 1


def test_approvals_below_one_group_all_count(cast, fields, shared_database):
    units = [cast.alpha, cast.beta, cast.office]

    def send(unit: Unit) -> int:
        return entered(unit, JUNE, {(fields.chung.pk, None): balanced(7)}, upto="sent").pk

    def approve(number: int) -> str:
        return approval_actions.approve_edition(Edition.objects.get(pk=number), by=None, at=AT).state

    assert at_once(approve, *at_once(send, *units)) == [State.APPROVED] * 3
    total = GroupSum.objects.filter(group=cast.province, stage="approved", field=None)
    assert apart(lambda: sum(row.received_direct for row in total)) == 21
    assert apart(lambda: list(recount.sum_differences())) == []


def test_approval_counts_once(cast, fields, shared_database):
    rows = {(fields.ho_tich.pk, None): balanced(7)}
    edition = apart(lambda: entered(cast.alpha, JUNE, rows, upto="sent"))
    states = at_once(lambda _: approval_actions.approve_edition(edition, by=None, at=AT).state, 1, 2, 3)
    assert sorted(states) == ["approved", "not_sent", "not_sent"]


def test_a_file_of_new_months_is_written_once(cast, fields, shared_database):
    text = b"unit,month,field,received_direct\n13441,2022-M06,ho-tich,5\n13450,2022-M06,ho-tich,5\n"
    written = at_once(lambda _: import_counts(text, "so-lieu.csv", at=AT).written, 1, 2, 3)
    assert sorted(written) == [0, 0, 2]
    assert apart(lambda: list(recount.sum_differences())) == []


def test_an_unlocking_granted_by_several_at_once_opens_once(cast, fields, shared_database):
    rows = {(fields.ho_tich.pk, None): balanced(7)}
    edition = apart(lambda: entered(cast.alpha, JUNE, rows))
    unlock_request = apart(
        lambda: locking_actions.request_unlock(edition.submission, reason="Sót", by=cast.clerk, at=AT)
    )

    def grant(person: User) -> bool | None:
        return locking_actions.decide_unlock_request(unlock_request, grant=True, by=person, at=AT).granted

    assert sorted(map(str, at_once(grant, cast.reviewer, cast.neighbour))) == ["True", "decided"]
    states = Edition.objects.filter(submission=edition.submission).values_list("state", flat=True)
    assert apart(lambda: sorted(states)) == [State.APPROVED, State.DRAFT]
    assert apart(Entry.objects.filter(action="submission.unlock").count) == 1


def test_a_month_opened_while_a_closing_time_is_set_carries_it(cast, shared_database):
    closes_at = AT + timedelta(days=5)

    def act(unit: Unit):
        if unit == cast.district:
            return locking_actions.set_closing_time(unit, JUNE, closes_at, by=None, at=AT)
        return submissions_actions.open_submission(unit, JUNE, by=None, at=AT)

    at_once(act, cast.alpha, cast.beta, cast.district, cast.office, cast.land)
    times = apart(lambda: list(Submission.objects.values_list("closes_at", flat=True)))
    assert times == [closes_at] * 4


def test_a_form_that_is_stored_six_times_at_once_is_stored_once(cast, fields, shared_database):
    submission = apart(lambda: submissions_actions.open_submission(cast.alpha, JUNE, by=None, at=AT))
    upload = apart(lambda: uploads.keep_uploaded_form(b"PK", "bieu.xlsx", submission, by=cast.clerk, at=AT))
    rows = {(fields.ho_tich.pk, None): balanced(7)}

    def store(_) -> int:
        days = stored_calendar()
        filled = [uploads.FilledMonth(working_editions([cast.alpha], JUNE, DueDates(days))[0], rows, {})]
        return len(uploads.save_uploaded_forms(upload, filled, by=cast.clerk, at=AT, days=days))

    assert sorted(at_once(store, *range(6))) == [0] * 5 + [1]
    assert apart(lambda: Edition.objects.get(submission=submission).revision) == 1
    assert apart(lambda: Entry.objects.filter(action="submission.save").count()) == 1
