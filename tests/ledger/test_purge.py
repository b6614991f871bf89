"""Entries older than twelve months can be purged, and the chain still verifies (S34, R8)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone as clock

from ledger import log
from ledger import purge as ledger_purge
from ledger.models import Entry, Purge

VIETNAM = timezone(timedelta(hours=7))
OLD = datetime(2020, 1, 1, 9, tzinfo=VIETNAM)
YOUNG = datetime(2020, 1, 3, 0, 0, tzinfo=VIETNAM)
BEFORE = date(2020, 1, 3)


def write(*moments: datetime, action: str = "test.act") -> None:
    with transaction.atomic():
        for at in moments:
            log.append(action, by=None, subject="việc", detail={}, at=at)


@pytest.fixture
def anchors(db, settings) -> list[log.Anchor]:
    """The anchors of a log: 1–4 old, 5 old about a document, 6 and 7 young, 8 old."""
    settings.LEDGER_KEPT = ["review."]
    write(OLD, OLD, OLD, YOUNG - timedelta(seconds=1))
    write(OLD, action="review.freeze")
    write(YOUNG, YOUNG)
    write(OLD)
    return [log.Anchor(*row) for row in Entry.objects.values_list("sequence", "hash")]


def purge() -> ledger_purge.PurgedPart | None:
    return ledger_purge.purge_entries(BEFORE, by=None, at=clock.now())


def numbers() -> list[int]:
    return list(Entry.objects.values_list("sequence", flat=True))


def test_the_old_beginning_goes_and_every_anchor_still_holds(anchors):
    assert purge() == (1, 5, 1)
    assert numbers() == [5, 6, 7, 8, 9]
    assert log.verify([log.Anchor(0, log.FIRST_PREVIOUS), *anchors, log.Anchor(*log.head())]) == []
    entry = Entry.objects.get(sequence=9)
    assert entry.action == "log.purge"
    assert {"first": 1, "last": 5, "left": 1, "before": "2020-01-03"}.items() <= entry.detail.items()
    assert purge() is None


def test_wrong_anchors_of_purged_entries_are_reported(anchors):
    purge()
    for number in (1, 3, 5):
        faults = log.verify([log.Anchor(number, "a" * 64, "Báo cáo 12")])
        assert [fault.sequence for fault in faults] == [number] and "Báo cáo 12" in faults[0].message


def test_a_second_purge_continues_where_the_first_ended(anchors, monkeypatch):
    monkeypatch.setattr(ledger_purge, "AT_ONCE", 2)
    assert [purge() for _ in range(4)] == [(1, 2, 0), (3, 4, 0), (5, 5, 1), None]
    assert log.verify(anchors) == []
    assert ledger_purge.purge_entries(date(2020, 1, 4), by=None, at=clock.now()) == (6, 7, 0)
    assert ledger_purge.purge_entries(date(2020, 1, 4), by=None, at=clock.now()) == (8, 8, 0)
    assert numbers() == [5, 9, 10, 11, 12, 13]
    assert log.verify([*anchors, log.Anchor(*log.head())]) == []


CHANGES = {
    "an entry that was left": lambda: Entry.objects.filter(sequence=5).update(subject="khác"),
    "its hash": lambda: Entry.objects.filter(sequence=5).update(hash="a" * 64),
    "it is gone": lambda: Entry.objects.filter(sequence=5).delete(),
    "the first behind": lambda: Entry.objects.filter(sequence=6).delete(),
    "a purged one comes back": lambda: Entry.objects.create(
        sequence=2,
        at=OLD,
        actor="x",
        action="a",
        subject="s",
        detail={},
        previous_hash="b" * 64,
        hash="a" * 64,
    ),
    "the hashes": lambda: Purge.objects.update(hashes=b"\0" * 160),
    "how many were left": lambda: Purge.objects.update(left=0),
    "more is purged than was logged": lambda: (
        Purge.objects.create(
            first=6, last=6, hashes=bytes.fromhex(Entry.objects.get(sequence=6).hash), left=0, at=OLD
        ),
        Entry.objects.filter(sequence=6).delete(),
    ),
    "the purge is denied": lambda: Purge.objects.all().delete(),
    "its entry is gone": lambda: Entry.objects.filter(sequence=9).delete(),
}


@pytest.mark.parametrize("name", CHANGES)
def test_change_after_a_purge_is_found(anchors, name):
    purge()
    log.remove_triggers(connection)
    CHANGES[name]()
    assert log.verify()
    with pytest.raises(CommandError, match="không còn nguyên vẹn"):
        call_command("verify_log")


def test_what_a_purge_leaves_is_guarded_as_before(anchors):
    purge()
    attempts = (
        Entry.objects.filter(sequence=6).delete,
        Purge.objects.all().delete,
        lambda: Purge.objects.update(left=0),
    )
    for attempt in attempts:
        with pytest.raises(DatabaseError, match="chỉ được ghi thêm"), transaction.atomic():
            attempt()


def test_the_newest_entry_stays_however_old(db, settings):
    """The chain continues from it."""
    settings.LEDGER_KEPT = []
    write(OLD, OLD, OLD)
    anchor = log.Anchor(*log.head())
    assert purge() == (1, 2, 0)
    assert numbers() == [3, 4] and log.verify([anchor]) == []
    write(clock.now())
    assert numbers() == [3, 4, 5] and log.verify([anchor]) == []


def test_a_purge_that_fails_leaves_everything(anchors, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(log, "append", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        purge()
    assert numbers() == [1, 2, 3, 4, 5, 6, 7, 8] and not Purge.objects.exists()
    with pytest.raises(DatabaseError, match="chỉ được ghi thêm"), transaction.atomic():
        Entry.objects.all().delete()


def test_a_log_with_a_gap_is_not_purged(anchors):
    log.remove_triggers(connection)
    Entry.objects.filter(sequence=2).delete()
    log.install_triggers(connection)
    with pytest.raises(CommandError, match="không còn nguyên vẹn, không thanh lý được. Thiếu mục số 2"):
        call_command("purge_log", before=BEFORE)
    with pytest.raises(ledger_purge.PurgeRefused), transaction.atomic():
        purge()
    assert numbers() == [1, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("today", "months", "day"),
    [
        (date(2026, 11, 26), 12, date(2025, 11, 26)),
        (date(2026, 1, 31), 12, date(2025, 1, 28)),
        (date(2026, 2, 10), 14, date(2024, 12, 10)),
        (date(2024, 2, 29), 24, date(2022, 2, 28)),
    ],
)
def test_the_latest_day(settings, today, months, day):
    settings.LOG_MONTHS = months
    assert ledger_purge.latest_day(today) == day


class TestCommand:
    def test_younger_than_twelve_months_is_refused(self, anchors):
        day = ledger_purge.latest_day(clock.localdate())
        with pytest.raises(CommandError, match="ít nhất 12 tháng") as refusal:
            call_command("purge_log", before=day + timedelta(1))
        assert refusal.value.returncode == 1 and len(numbers()) == 8

    def test_everything_older_goes_in_steps(self, anchors, monkeypatch, capsys):
        monkeypatch.setattr(ledger_purge, "AT_ONCE", 2)
        call_command("purge_log", before=BEFORE)
        out, err = capsys.readouterr()
        assert out == "{}:{}\n".format(*log.head()) and "Đã xóa 4 mục" in err
        call_command("verify_log", "--anchor", f"3:{anchors[2].hash}")
        assert "đến mục số 5 đã thanh lý" in capsys.readouterr().err

    @pytest.mark.parametrize("name", ["ai-đó", "%", ""])
    def test_unknown_person_is_wrong_use(self, anchors, name):
        with pytest.raises(CommandError, match=f"Không có người dùng {name}") as refusal:
            call_command("purge_log", before=BEFORE, by=name)
        assert refusal.value.returncode == 2 and len(numbers()) == 8

    @pytest.mark.parametrize(("second", "goes"), [(-1, True), (0, False), (1, False)])
    def test_the_border_is_midnight_in_vietnam(self, db, settings, second, goes):
        """An entry of the day's first second in Vietnam stays, whatever day it is in UTC."""
        settings.LEDGER_KEPT = []
        latest = ledger_purge.latest_day(clock.localdate())
        border = datetime(latest.year, latest.month, latest.day, tzinfo=VIETNAM)
        write(border + timedelta(seconds=second), clock.now())
        call_command("purge_log", before=latest)
        assert (1 not in numbers()) is goes and log.verify() == []

    def test_day_that_is_none_is_wrong_use(self, db):
        with pytest.raises(CommandError, match="không phải ngày"):
            call_command("purge_log", "--before", "hôm qua")


def test_writers_wait_and_continue(shared_database, settings, monkeypatch):
    """Four threads write while the log is purged: no error, one chain."""
    settings.LEDGER_KEPT = []
    monkeypatch.setattr(ledger_purge, "AT_ONCE", 10)

    def closing(act: Callable[[], Any]) -> Any:
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        pool.submit(closing, lambda: write(*[OLD] * 50)).result()
        purges = pool.submit(closing, lambda: len(list(iter(purge, None))))
        writers = [pool.submit(closing, lambda: [write(clock.now()) for _ in range(10)]) for _ in range(4)]
        assert purges.result() == 5
        assert [len(writer.result()) for writer in writers] == [10] * 4
        assert pool.submit(closing, lambda: (log.verify(), Entry.objects.count())).result() == ([], 45)
