"""log.verify finds every change that somebody with access to the database could make."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import log
from ledger.models import Entry


def write(count: int) -> None:
    with transaction.atomic():
        for number in range(1, count + 1):
            log.append("test.act", by=None, subject=f"việc {number}", detail={"n": number})


@pytest.fixture
def five(db):
    """Five entries in a log without its triggers."""
    write(5)
    log.remove_triggers(connection)


def edit(**values):
    return lambda: Entry.objects.filter(sequence=3).update(**values)


def swap():
    """Swap entries 2 and 3, except their sequence numbers."""
    two, three = (Entry.objects.filter(sequence=number) for number in (2, 3))
    rows = [query.values().get() for query in (two, three)]
    for row in rows:
        del row["sequence"]
    two.update(hash="x")
    three.update(**rows[0])
    two.update(**rows[1])


def insert():
    """Insert a well-formed entry as number 3 and renumber the later ones."""
    for number in (5, 4, 3):
        Entry.objects.filter(sequence=number).update(sequence=number + 1)
    entry = Entry(
        sequence=3, at=Entry.objects.get(sequence=2).at, action="a", subject="s", detail={}, actor="x"
    )
    entry.previous_hash = Entry.objects.get(sequence=2).hash
    entry.hash = log.digest(entry)
    entry.save(force_insert=True)


def insert_before_all():
    entry = Entry(
        sequence=0, at=Entry.objects.get(sequence=2).at, action="a", subject="s", detail={}, actor="x"
    )
    entry.previous_hash = log.FIRST_PREVIOUS
    entry.hash = log.digest(entry)
    entry.save(force_insert=True)


CHANGES = {
    "actor": (edit(actor="khác"), 3),
    "actor number": (edit(actor_id=9), 3),
    "action": (edit(action="khác"), 3),
    "subject": (edit(subject="khác"), 3),
    "detail": (edit(detail={"n": 4}), 3),
    "time": (edit(at="2020-01-01T00:00Z"), 3),
    "own hash": (edit(hash="0" * 64), 3),
    "hash of the one before": (edit(previous_hash="0" * 64), 3),
    "delete": (lambda: Entry.objects.filter(sequence=3).delete(), 3),
    "delete the first": (lambda: Entry.objects.filter(sequence=1).delete(), 1),
    "delete a run": (lambda: Entry.objects.filter(sequence__in=(2, 3)).delete(), 2),
    "swap": (swap, 2),
    "insert": (insert, 4),
    "insert before all": (insert_before_all, 0),
}


def test_untouched_log_has_no_fault(five):
    assert log.verify([log.Anchor(*log.head()), log.Anchor(0, log.FIRST_PREVIOUS)]) == []


@pytest.mark.parametrize("name", CHANGES)
def test_change_is_found_with_its_number(five, name):
    change, number = CHANGES[name]
    change()
    faults = log.verify()
    assert faults[0].sequence == number
    assert f"số {number}" in faults[0].message
    with pytest.raises(CommandError, match=f"số {number}"):
        call_command("verify_log")


def test_cut_tail_shows_only_against_an_anchor(five):
    anchor = log.Anchor(*log.head(), "Báo cáo 12")
    Entry.objects.filter(sequence__gte=4).delete()
    assert log.verify() == []
    assert [fault.sequence for fault in log.verify([anchor])] == [4]
    assert "số 5" in log.verify([anchor])[0].message and "Báo cáo 12" in log.verify([anchor])[0].message


def test_recomputed_chain_shows_only_against_an_anchor(five):
    anchor = log.Anchor(*log.head())
    Entry.objects.all().delete()
    write(5)
    assert log.verify() == []
    assert [fault.sequence for fault in log.verify([anchor])] == [5]


def test_entries_after_an_anchor_are_no_fault(five):
    anchor = log.Anchor(*log.head())
    write(2)
    assert log.verify([anchor]) == []


def test_faults_are_limited(five):
    Entry.objects.update(subject="khác")
    assert len(log.verify(limit=3)) == 3


def test_unreadable_entry_is_a_fault(five, monkeypatch):
    """For example text that is not JSON, which SQLite takes once its checks are off."""
    readable = log.digest

    def digest(entry):
        if entry.sequence == 3:
            raise ValueError("không phải JSON")
        return readable(entry)

    monkeypatch.setattr(log, "digest", digest)
    assert log.verify() == [(3, "Từ mục số 3 không đọc được: không phải JSON")]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.integers(1, 5),
    field=st.sampled_from(["actor", "action", "subject"]),
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=90),
)
def test_any_other_text_is_found(five, number, field, text):
    before = Entry.objects.filter(sequence=number).values_list(field, flat=True).get()
    Entry.objects.filter(sequence=number).update(**{field: text})
    assert [fault.sequence for fault in log.verify()] == ([] if text == before else [number])
    Entry.objects.filter(sequence=number).update(**{field: before})


class TestCommand:
    def test_prints_the_head_as_an_anchor(self, five, capsys):
        call_command("verify_log")
        number, hash_ = log.head()
        out, err = capsys.readouterr()
        assert out == f"{number}:{hash_}\n"
        assert "nguyên vẹn" in err
        call_command("verify_log", "--anchor", out.strip(), "--anchor", f"0:{log.FIRST_PREVIOUS}")

    def test_anchor_that_differs_is_refused(self, five):
        with pytest.raises(CommandError, match="mục số 5|Mục số 5") as refusal:
            call_command("verify_log", "--anchor", f"5:{'a' * 64}")
        assert refusal.value.returncode == 1

    @pytest.mark.parametrize("text", ["5", "5:abc", "-1:" + "a" * 64, "x:" + "a" * 64, "٣:" + "a" * 64])
    def test_malformed_anchor_is_wrong_use(self, five, text):
        with pytest.raises(CommandError, match="không phải mốc"):
            call_command("verify_log", f"--anchor={text}")

    def test_anchors_of_other_apps_count(self, five):
        log.ANCHOR_SOURCES.register(lambda: [log.Anchor(9, "b" * 64, "Báo cáo 7")], place=10)
        with pytest.raises(CommandError, match="Báo cáo 7"):
            call_command("verify_log")
