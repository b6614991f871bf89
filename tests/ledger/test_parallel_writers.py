"""Four threads with connections of their own write one chain, on a SQLite file and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from ledger import log
from ledger.models import Entry

WRITERS, ROWS = 4, 50


def write(writer: int) -> None:
    try:
        for row in range(ROWS):
            with transaction.atomic():
                log.append("test.act", by=None, subject=f"{writer}/{row}", detail={"row": row})
    finally:
        connection.close()


def look(_: object) -> tuple[int, list[log.LogFault], set[str]]:
    """Number of entries, faults and subjects; in a thread, so that it reads the shared database."""
    try:
        entries = Entry.objects.all()
        return entries.count(), log.verify(), set(entries.values_list("subject", flat=True))
    finally:
        connection.close()


def test_four_writers_make_one_chain(shared_database):
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
        count, faults, subjects = pool.submit(look, None).result()
    assert (count, faults) == (WRITERS * ROWS, [])
    assert subjects == {f"{writer}/{row}" for writer in range(WRITERS) for row in range(ROWS)}


def test_undone_act_leaves_no_entry(transactional_db):
    with pytest.raises(RuntimeError), transaction.atomic():
        log.append("test.act", by=None, subject="x", detail={})
        raise RuntimeError
    assert log.head() == (0, log.FIRST_PREVIOUS)
