"""An idempotency key: its act is done once and its answer kept."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from ledger import log, request_keys
from ledger.models import Entry, IdempotencyKey

BODY, OTHER_BODY = "a" * 64, "b" * 64


def act() -> request_keys.Answer:
    entry = log.append("test.act", by=None, subject="x", detail={})
    return 201, {"entry": entry.sequence, "on": date(2022, 6, 14)}


@pytest.mark.django_db
def test_same_key_and_body_is_done_once_and_answered_alike():
    answers = [request_keys.run_once("13474", "k1", BODY, act) for _ in range(3)]
    assert answers == [(201, {"entry": 1, "on": "2022-06-14"})] * 3
    assert Entry.objects.count() == 1


@pytest.mark.django_db
def test_other_body_is_refused_and_nothing_done():
    request_keys.run_once("13474", "k1", BODY, act)
    with pytest.raises(request_keys.KeyConflict, match="nội dung khác"):
        request_keys.run_once("13474", "k1", OTHER_BODY, act)
    assert Entry.objects.count() == 1


@pytest.mark.django_db
def test_other_key_or_scope_is_another_act():
    for scope, key in (("13474", "k1"), ("13474", "k2"), ("13477", "k1")):
        request_keys.run_once(scope, key, BODY, act)
    assert Entry.objects.count() == 3


@pytest.mark.django_db
def test_failed_act_leaves_the_key_free():
    def fail() -> request_keys.Answer:
        act()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        request_keys.run_once("13474", "k1", BODY, fail)
    assert not IdempotencyKey.objects.exists() and not Entry.objects.exists()
    assert request_keys.run_once("13474", "k1", BODY, act)[0] == 201


def test_ten_at_once_are_done_once(shared_database):
    def ask(_: int) -> request_keys.Answer:
        try:
            return request_keys.run_once("13474", "k1", BODY, act)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, range(10)))
        count = pool.submit(count_entries).result()
    assert answers == [(201, {"entry": 1, "on": "2022-06-14"})] * 10
    assert count == 1


def count_entries() -> int:
    """Runs in a thread, so that it reads the shared database."""
    with transaction.atomic():
        count = Entry.objects.count()
    connection.close()
    return count


@pytest.mark.django_db
def test_an_answer_is_kept_for_thirty_days_and_then_forgotten_by_the_timer(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    for key, age in (("old", 31), ("fresh", 29)):
        request_keys.run_once("13474", key, BODY, act)
        IdempotencyKey.objects.filter(key=key).update(at=timezone.now() - timedelta(days=age))
    call_command("deliver")
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["fresh"]


@pytest.mark.django_db
def test_many_old_answers_go_a_part_at_a_time(monkeypatch):
    monkeypatch.setattr(request_keys, "AT_ONCE", 2)
    for key in "abc":
        request_keys.run_once("13474", key, BODY, act)
    later = timezone.now() + request_keys.KEPT + timedelta(seconds=1)
    assert [request_keys.forget(at=later) for _ in range(3)] == [2, 1, 0]
