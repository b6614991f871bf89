"""The database itself refuses changes of the log."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from ledger import log
from ledger.models import Entry

CHANGES = {
    "update": "UPDATE ledger_entry SET subject = 'khác'",
    "update of one": "UPDATE ledger_entry SET actor = 'khác' WHERE sequence = 2",
    "delete": "DELETE FROM ledger_entry",
    "delete of the last": "DELETE FROM ledger_entry WHERE sequence = 3",
    "insert over": "INSERT INTO ledger_entry SELECT * FROM ledger_entry WHERE sequence = 1",
}
OWN_CHANGES = {
    "sqlite": {
        "replace": "INSERT OR REPLACE INTO ledger_entry SELECT * FROM ledger_entry WHERE sequence = 1"
    },
    "postgresql": {
        "truncate": "TRUNCATE ledger_entry CASCADE",
        "upsert": "INSERT INTO ledger_entry SELECT * FROM ledger_entry WHERE sequence = 1 "
        "ON CONFLICT (sequence) DO UPDATE SET subject = 'khác'",
    },
}


@pytest.fixture
def three_entries(db):
    for number in (1, 2, 3):
        log.append("test.act", by=None, subject=f"việc {number}", detail={})
    return list(Entry.objects.values())


@pytest.mark.parametrize("change", CHANGES)
def test_sql_cannot_change_the_log(three_entries, change):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CHANGES[change])
    assert list(Entry.objects.values()) == three_entries


def test_statements_of_one_database_cannot_either(three_entries):
    for change in OWN_CHANGES[connection.vendor].values():
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    assert list(Entry.objects.values()) == three_entries


def test_neither_can_the_application(three_entries):
    entry = Entry.objects.get(sequence=2)
    entry.subject = "khác"
    for change in (entry.save, entry.delete, Entry.objects.all().delete):
        with pytest.raises(DatabaseError, match="chỉ được ghi thêm"), transaction.atomic():
            change()
    assert list(Entry.objects.values()) == three_entries


def one_entry() -> None:
    with transaction.atomic():
        log.append("test.act", by=None, subject="x", detail={})


@pytest.mark.django_db(transaction=True)
def test_triggers_can_be_removed_and_installed_again():
    one_entry()
    log.remove_triggers(connection)
    assert Entry.objects.update(subject="y") == 1
    for _ in range(2):
        log.install_triggers(connection)
        with pytest.raises(DatabaseError):
            Entry.objects.update(subject="z")


@pytest.mark.django_db(transaction=True)
def test_migration_can_be_undone_and_done_again():
    one_entry()
    call_command("migrate", "ledger", "zero", verbosity=0)
    assert not [name for name in connection.introspection.table_names() if name.startswith("ledger_")]
    call_command("migrate", "ledger", verbosity=0)
    assert not Entry.objects.exists()
    one_entry()
    with pytest.raises(DatabaseError):
        Entry.objects.update(subject="z")
