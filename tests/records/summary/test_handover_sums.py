"""The stored flags for handovers follow the tree when a report or a succession is written, undone or recounted."""

from datetime import date
from fractions import Fraction

import pytest
from django.core.management import call_command

from records.models import CutoffRule, Submission
from records.stored_sums.recount import sum_differences
from tests.records.conftest import unlocked
from tests.units.succession import successions
from units.lifecycle import actions, restructuring, undo
from units.succession import stored_lineage
from units.tree import roster

from .handover import ON, TODAY, Land, rows, stand

pytestmark = pytest.mark.django_db
BASES = (None, TODAY)
WHOLE, GIVEN, TAKEN = (True, True), (True, False), (False, True)  # opens, closes


@pytest.fixture
def land(fields) -> Land:
    """Two communes that reported June and July and will merge on 1 July."""
    made = Land(fields)
    made.a, made.b = made.open("a", made.west), made.open("b", made.west)
    made.months(made.a, m6=(5, 6), m7=(6, 4))
    made.months(made.b, m6=(6, 6), m7=(6, 6))
    return made


def counting_flags() -> dict[tuple[str, int], tuple[bool, bool]]:
    """Whether opening and closing count, by unit and month, after checking that nothing differs from a recount."""
    assert list(sum_differences()) == [] and roster.check() == [] and stored_lineage.check() == (set(), {})
    submissions = Submission.objects.select_related("unit")
    return {
        (submission.unit.code, submission.month % 100): (submission.opens, submission.closes)
        for submission in submissions
    }


UNTOUCHED = {(code, month): WHOLE for code in "ab" for month in (6, 7)}
OLD = UNTOUCHED | {("a", 7): GIVEN, ("b", 7): GIVEN}


def test_reports_that_were_there_before_the_merger(land):
    assert counting_flags() == UNTOUCHED and stand(land.west, "M07") == (12, 10)
    new = land.merge([land.a, land.b], "n", land.west)
    assert counting_flags() == OLD and stand(land.west, "M07") == (12, None)
    land.months(new, m7=(10, 9), m8=(9, 3))
    assert counting_flags() == OLD | {("n", 7): TAKEN, ("n", 8): WHOLE}
    assert stand(land.west, "M07") == (12, 9)


def test_reports_that_come_after_the_merger(fields):
    land = Land(fields)
    a, b = land.open("a", land.west), land.open("b", land.west)
    new = land.merge([a, b], "n", land.west)
    land.month(new, 7, 10, 9, upto="draft")
    land.months(a, m7=(6, 4))
    land.months(b, m7=(6, 6))
    flags = counting_flags()
    assert (flags["a", 7], flags["b", 7]) == (GIVEN, GIVEN)
    land.month(new, 7, 10, 9)
    assert counting_flags()["n", 7] == TAKEN and stand(land.west, "M07") == (12, 9)


def test_a_successor_that_is_recorded_afterwards(land):
    """The old units had closed and the new one had reported before the succession was recorded."""
    for old in (land.a, land.b):
        actions.close_unit(old, date(2022, 6, 30), by=None)
    new = land.open("n", land.west, start=ON)
    land.months(new, m7=(10, 9))
    assert counting_flags() == UNTOUCHED | {("n", 7): WHOLE} and stand(land.west, "M07") == (22, 19)
    successions.succeed([land.a, land.b], new, ON, by=None)
    assert counting_flags() == OLD | {("n", 7): TAKEN}
    for today in BASES:
        assert stand(land.west, "M07", today=today) == stand(land.country, "M07", today=today) == (12, 9)


@pytest.mark.parametrize("way", ["merge", "split"])
def test_what_is_undone_counts_again(land, way):
    if way == "merge":
        draft = land.draft("n", land.west, ON)
        new = restructuring.merge_units([land.a, land.b], draft, ON, by=None, basis="Nghị quyết 1").new[0]
        assert counting_flags() == OLD and stand(land.west, "M07") == (12, None)
    else:
        parts = [restructuring.SplitShare(land.draft(code, land.west, ON), Fraction(1, 2)) for code in "xy"]
        new = restructuring.split_unit(land.a, parts, ON, by=None, basis="Nghị quyết 1").new[0]
        assert counting_flags() == OLD | {("b", 7): WHOLE} and stand(land.west, "M07") == (12, 6)
    undo.undo_restructuring(new, by=None)
    assert counting_flags() == UNTOUCHED
    for today in BASES:
        assert stand(land.west, "M07", today=today) == (12, 10)
        assert rows(land.west, "M07", today=today) == {"a": (6, 4), "b": (6, 6)}


def test_a_correction_keeps_what_counts(land):
    new = land.merge([land.a, land.b], "n", land.west)
    land.months(new, m7=(10, 9))
    for unit in (land.a, new):
        unlocked(unit.submissions.get(month=202207))
    land.month(land.a, 7, 6, 5)
    land.month(new, 7, 11, 8)
    assert counting_flags() == OLD | {("n", 7): TAKEN}
    for today in BASES:
        assert stand(land.west, "M07", today=today) == (12, 8)


def test_months_that_end_with_the_calendar_month_have_nothing_inside(land):
    """With reports stored no page changes the cut-off; after a change in the database `recount` is needed."""
    new = land.merge([land.a, land.b], "n", land.west)
    land.months(new, m7=(10, 9))
    CutoffRule.objects.create(first_month=202201, day=None)
    call_command("recount")
    assert counting_flags() == UNTOUCHED | {("n", 7): WHOLE} and stand(land.west, "M07") == (22, 19)
    CutoffRule.objects.update(day=14)
    call_command("recount")
    assert counting_flags() == OLD | {("n", 7): TAKEN} and stand(land.west, "M07") == (12, 9)


def test_under_calendar_months_from_the_beginning(fields):
    CutoffRule.objects.create(first_month=202201, day=None)
    land = Land(fields)
    a, b = land.open("a", land.west), land.open("b", land.west)
    land.months(a, m6=(6, 4))
    land.months(b, m6=(6, 6))
    new = land.merge([a, b], "n", land.west)
    land.months(new, m7=(10, 9))
    assert set(counting_flags().values()) == {WHOLE}
    for today in BASES:
        assert (stand(land.west, "M06", today=today), stand(land.west, "M07", today=today)) == (
            (12, 10),
            (10, 9),
        )
    assert stand(land.west, "M06..M07") == (12, 9)


@pytest.mark.parametrize("name", ["opens", "closes"])
def test_a_recount_finds_and_mends_what_was_turned(land, name, capsys):
    new = land.merge([land.a, land.b], "n", land.west)
    land.months(new, m7=(10, 9))
    call_command("recount", "--check")
    right = counting_flags()
    for submission in Submission.objects.filter(month=202207):
        setattr(submission, name, not getattr(submission, name))
        submission.save(update_fields=[name])
    with pytest.raises(SystemExit) as stopped:
        call_command("recount", "--check")
    assert stopped.value.code == 1 and name in capsys.readouterr().err
    call_command("recount")
    call_command("recount", "--check")
    assert counting_flags() == right and stand(land.west, "M07") == (12, 9)
