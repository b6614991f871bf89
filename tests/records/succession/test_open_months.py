"""A month is opened while the merger that made its unit is being undone: one of the two is refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Event
from types import SimpleNamespace

import pytest
from django.db import connection, connections, transaction
from django.test import Client

from accounts.models import User
from figures.periods import Month
from records.calendar import queries as calendar_queries
from records.models import Edition, Submission
from records.submissions import actions as submissions_actions
from tests.ledger.conftest import shared_database as shared_database
from units.lifecycle import actions as lifecycle_actions
from units.lifecycle import restructuring, undo
from units.models import Unit
from units.people import actions as people_actions
from units.tree.rules import UnitDraft

START, ON = date(2020, 1, 1), date(2021, 7, 1)
PAUSE = 30  # seconds before a hanging thread fails the test


@pytest.fixture
def merged(transactional_db) -> SimpleNamespace:
    """A commune that succeeds another one; its clerk and the district's administrator, signed in."""
    drafts = [
        UnitDraft("351", "huyện Thanh Liêm", "committee", "district", START),
        UnitDraft("13474", "thị trấn Tân Thanh", "committee", "commune", START, parent="351"),
    ]
    district, old = lifecycle_actions.open_units(drafts, by=None).new
    people = {}
    for name, unit, role in (("xa-13474", old, "clerk"), ("tinh", district, "administrator")):
        user = User.objects.create_user(name, full_name=name)
        people_actions.add_membership(user, unit, role, START, by=None)
        people[role] = Client()
        people[role].force_login(user, "django.contrib.auth.backends.ModelBackend")
    new = UnitDraft("13474", "xã Tân Thanh", "committee", "commune", ON, parent=district)
    return SimpleNamespace(
        unit=restructuring.merge_units([old], new, ON, by=None, basis="NQ 1").new[0], **people
    )


def own(act: Callable) -> Callable:
    """The act with a database connection of its own."""

    def run():
        try:
            return act()
        finally:
            connections.close_all()

    return run


def beside(first: Callable, second: Callable, came: Event):
    """Start `second` while the transaction of `first` is open and return its result. `first` commits once `came` is set
    (on SQLite at once, which has a single writer).
    """
    begun = Event()

    def run_first() -> None:
        with transaction.atomic():
            first()
            begun.set()
            assert connection.vendor == "sqlite" or came.wait(PAUSE)

    def run_second():
        assert begun.wait(PAUSE)
        return second()

    with ThreadPoolExecutor(2) as pool:
        outcome, answer = pool.submit(own(run_first)), pool.submit(own(run_second))
        outcome.result(PAUSE)
        return answer.result(PAUSE)


def stored() -> tuple[int, int, int]:
    """Numbers of months, editions and units, as other connections see them."""
    with ThreadPoolExecutor(1) as pool:
        counts = own(lambda: tuple(model.objects.count() for model in (Submission, Edition, Unit)))
        return pool.submit(counts).result(PAUSE)


def test_the_clerk_is_refused_if_the_undo_came_first(merged, shared_database, monkeypatch):
    """The clerk's request loaded the unit before the undo removed it."""
    came, due_date = Event(), calendar_queries.due_date

    def signalling(*arguments):
        came.set()
        return due_date(*arguments)

    monkeypatch.setattr(submissions_actions, "due_date", signalling)
    form = {"unit": merged.unit.pk, "month": "2021-M08"}
    answer = beside(
        lambda: undo.undo_restructuring(merged.unit, by=None),
        lambda: merged.clerk.post("/records/open/", form, follow=True),
        came,
    )
    if connection.vendor == "postgresql":
        assert answer.status_code == 200 and answer.redirect_chain[-1][0] == "/records/"
        assert "lần sáp nhập, chia tách lập ra đơn vị này vừa được hoàn tác" in answer.content.decode()
    assert answer.status_code < 500 and stored() == (0, 0, 2)


def test_the_undo_is_refused_if_the_clerk_came_first(merged, shared_database):
    """The undo waits until the month is stored, and the refusal says so."""
    came, at = Event(), datetime(2021, 8, 20, tzinfo=UTC)

    def undo():
        came.set()
        return merged.administrator.post(f"/units/{merged.unit.pk}/undo-merger/")

    answer = beside(
        lambda: submissions_actions.open_submission(merged.unit, Month(2021, 8), by=None, at=at), undo, came
    )
    assert answer.status_code == 422 and "Đã có báo cáo tháng gắn với đơn vị mới" in answer.content.decode()
    assert stored() == (1, 1, 3)
