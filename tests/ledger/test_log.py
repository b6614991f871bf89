"""What an entry of the log holds, how entries are chained, and what is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.transaction import TransactionManagementError

from ledger import log
from ledger.models import Entry

AT = datetime(2022, 6, 14, 8, 30, tzinfo=UTC)


def add(number: int = 1, **detail) -> Entry:
    with transaction.atomic():
        return log.append("test.act", by=None, subject=f"việc {number}", detail=detail, at=AT)


@pytest.mark.django_db
def test_entry_holds_who_did_what_when():
    user = get_user_model()(pk=7, username="xa-13474")
    entry = log.append("submission.send", by=user, subject="13474 2022-M06", detail={"rows": 9}, at=AT)
    entry.refresh_from_db()
    assert (entry.sequence, entry.actor, entry.actor_id) == (1, "xa-13474", 7)
    assert (entry.action, entry.subject, entry.detail, entry.at) == (
        "submission.send",
        "13474 2022-M06",
        {"rows": 9},
        AT,
    )
    assert entry.previous_hash == log.FIRST_PREVIOUS


@pytest.mark.django_db
def test_system_acts_without_a_user():
    assert (add().actor, add().actor_id) == ("hệ thống", None)


@pytest.mark.django_db
def test_each_entry_holds_the_hash_of_the_one_before():
    assert log.head() == (0, log.FIRST_PREVIOUS)
    first, second = add(1), add(2)
    assert second.previous_hash == first.hash
    assert log.head() == (2, second.hash)


@pytest.mark.django_db
def test_a_clock_set_back_leaves_the_log_in_sequence():
    """Acceptance R10: times follow the clock back, sequence numbers and chain continue."""
    with transaction.atomic():
        for hour in (8, 6):
            log.append("test.act", by=None, subject="việc", detail={}, at=AT.replace(hour=hour))
    later, earlier = Entry.objects.order_by("sequence")
    assert (later.sequence, earlier.sequence) == (1, 2) and earlier.at < later.at
    assert log.verify() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("detail", "stored"),
    [
        ({"a": None, "b": [1, "ồ"]}, {"a": None, "b": [1, "ồ"]}),
        ({"on": date(2022, 6, 14)}, {"on": "2022-06-14"}),
        ({"share": Decimal("0.10")}, {"share": "0.10"}),
        ({202206: (1, 2)}, {"202206": [1, 2]}),
        ({"big": 2**70, "z": True, "a": {}}, {"big": 2**70, "z": True, "a": {}}),
    ],
)
def test_detail_comes_back_as_it_was_hashed(detail, stored):
    with transaction.atomic():
        log.append("test.act", by=None, subject="x", detail=detail)
    entry = Entry.objects.get()
    assert entry.detail == stored
    assert log.digest(entry) == entry.hash


@pytest.mark.django_db
@pytest.mark.parametrize("detail", [{"x": 0.5}, {"x": [{"y": float("nan")}]}])
def test_floats_are_refused(detail):
    with pytest.raises(TypeError):
        add(**detail)
    assert not Entry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("detail", [{"x": "a\0"}, {"a\0": 1}, {"x": [{"y": "\ud800"}]}])
def test_text_that_a_database_cannot_keep_is_refused(detail):
    with pytest.raises(ValueError):
        add(**detail)
    with pytest.raises(ValueError):
        log.append("test.act", by=None, subject="a\0", detail={})
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_naive_time_is_refused():
    with pytest.raises(ValueError, match="aware"):
        log.append("test.act", by=None, subject="x", detail={}, at=datetime(2022, 6, 14))


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_is_refused():
    with pytest.raises(TransactionManagementError):
        log.append("test.act", by=None, subject="x", detail={})
