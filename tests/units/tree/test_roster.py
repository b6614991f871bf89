"""The roster equals a recount after any history, with a fixed number of queries at any size."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.units.conftest import START, draft
from tests.units.succession import successions
from units.lifecycle import actions
from units.models import RosterStep, Unit
from units.succession import stored_lineage
from units.tree import roster
from units.tree.rules import TreeRefused

DAYS = st.integers(0, 40).map(lambda number: START + timedelta(number))
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["commune", "office", "external", "close", "branch", "merge"]),
        st.integers(0, 30),
        DAYS,
    ),
    max_size=14,
)


def act(number: int, kind: str, at: int, day: date) -> None:
    units = list(Unit.objects.order_by("pk"))
    unit = units[at % len(units)]
    if kind == "close":
        actions.close_unit(unit, day, by=None)
    elif kind == "branch":
        actions.close_branch(unit, day, by=None)
    elif kind == "merge":
        part = successions.Part(draft(f"m{number}", unit.tier, unit.parent, active_from=day))
        successions.replace([unit], [part], day, by=None)
    else:
        tier = "" if kind == "office" else "commune"
        new = draft(f"u{number}", tier, unit, "committee" if kind == "commune" else kind, active_from=day)
        actions.open_unit(new, by=None)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTS, DAYS, st.integers(0, 20))
def test_equals_a_recount_after_any_history(tree, history, start, length):
    from django.db import transaction

    with transaction.atomic():
        for number, (kind, at, day) in enumerate(history):
            try:
                with transaction.atomic():
                    act(number, kind, at, day)
            except TreeRefused:
                continue
        assert roster.check() == []
        assert stored_lineage.check() == (set(), {})
        span = (start, start + timedelta(length))
        for unit in Unit.objects.all():
            for external in (False, True):
                counted: dict[str, int] = {}
                expected = Unit.objects.under(unit).expected_within(*span)
                for body in expected if external else expected.exclude(kind="external"):
                    counted[body.tier] = counted.get(body.tier, 0) + 1
                assert roster.expected(unit, [span], external=external) == [counted]
        by_child = roster.expected_by_child(tree.district, [span])
        for child in Unit.objects.filter(parent=tree.district):
            assert by_child[child.pk] == roster.expected(child, [span])
        transaction.set_rollback(True)


def test_check_finds_what_was_changed_by_hand_and_rebuild_mends_it(tree):
    RosterStep.objects.filter(group=tree.district, tier="commune").update(opened=7)
    RosterStep.objects.filter(group=tree.province, tier="district", external=True).delete()
    RosterStep.objects.create(group=tree.province, tier="country", external=False, on=START, opened=1)
    differences = {(item.group, item.tier, item.stored, item.counted) for item in roster.check()}
    assert differences == {
        (tree.district.pk, "commune", (7, 0), (2, 0)),
        (tree.province.pk, "district", (0, 0), (1, 0)),
        (tree.province.pk, "country", (1, 0), (0, 0)),
    }
    assert roster.rebuild([tree.district.pk]) == 1
    assert roster.rebuild() == 2
    assert roster.check() == []


@pytest.mark.parametrize("size", [1, 40])
def test_the_same_number_of_queries_at_any_size(tree, size, django_assert_num_queries):
    actions.open_units([draft(f"x{number}") for number in range(size)], by=None)
    spans = [(START + timedelta(30 * month), START + timedelta(30 * month + 29)) for month in range(24)]
    district = Unit.objects.get(code="351")
    with django_assert_num_queries(1):
        assert roster.expected(district, spans)[0]["commune"] == size + 2
    province = Unit.objects.get(code="35")
    with django_assert_num_queries(2):
        roster.expected_by_child(province, spans)
    with django_assert_num_queries(0):
        roster.expected(tree.liem_tuc, spans)
