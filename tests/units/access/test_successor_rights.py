"""Rights after a succession: who is responsible for the months of a closed unit."""

from datetime import date
from fractions import Fraction

import pytest

from core.web import Right
from tests.units.conftest import START, draft, person
from tests.units.lifecycle.test_views import signed_in
from tests.units.succession import successions
from tests.units.succession.successions import Part
from units.access.queries import ROLES, approver_of, home_unit, is_allowed
from units.lifecycle import actions as lifecycle_actions
from units.models import Unit
from units.people import actions as people_actions
from units.succession.positions import successor_of

ON, DAY = date(2025, 7, 1), date(2025, 8, 1)
ANSWERS = (Right.READ, Right.ENTER, Right.ASK_UNLOCK)


def rights(user, unit, day=DAY) -> set[Right]:
    user.__dict__.pop("_memberships", None)
    return {right for right in ROLES if is_allowed(user, right, unit, day)}


def replaced(olds, *parts, on=ON) -> list[Unit]:
    """The successors: (code, share) each."""
    drafts = [Part(draft(code, parent="351", active_from=on), Fraction(share)) for code, share in parts]
    successors = successions.replace(olds, drafts, on, by=None)
    for old in olds:
        old.refresh_from_db()
    return successors


@pytest.fixture
def merged(tree):
    (tree.new,) = replaced([tree.tan_thanh, tree.liem_tuc], ("n", 1))
    return tree


def test_new_people_correct_months_before_the_merger(merged, settings):
    settings.DEMO_TODAY = DAY
    clerk = person("sau")
    people_actions.add_membership(clerk, merged.new, "clerk", ON, by=None)
    assert rights(clerk, merged.tan_thanh) == {*ANSWERS, Right.FILL}
    # Not before the merger, when the unit was responsible itself.
    assert rights(clerk, merged.tan_thanh, date(2025, 6, 30)) == set()
    page = signed_in(clerk).get(f"/units/{merged.new.pk}/").content.decode()
    assert f'href="/units/{merged.tan_thanh.pk}/"' in page
    assert signed_in(clerk).get(f"/units/{merged.tan_thanh.pk}/").status_code == 200


def test_pages_open_on_the_open_unit(tree, settings):
    """People whose roles moved with the merger see the new unit today, the old one in its own months."""
    clerk = person("theo", ("clerk", tree.tan_thanh))
    (new,) = replaced([tree.tan_thanh, tree.liem_tuc], ("n", 1))
    assert home_unit(clerk, DAY) == new
    assert home_unit(clerk, DAY, shown=date(2025, 6, 30)) == tree.tan_thanh
    assert home_unit(clerk, DAY, shown=date(2019, 1, 1)) is not None
    settings.DEMO_TODAY = DAY
    pages = signed_in(clerk)
    assert "Đơn vị n," in pages.get("/?basis=today").content.decode()


def test_only_earlier_people_keep_a_role(merged, settings):
    settings.DEMO_TODAY = DAY
    clerk = person("cu", ("clerk", merged.tan_thanh))
    neighbour = person("ben", ("clerk", merged.office))
    assert set(ANSWERS) <= rights(clerk, merged.tan_thanh)
    assert rights(clerk, merged.new) == rights(clerk, merged.liem_tuc) == set()
    assert rights(neighbour, merged.tan_thanh) == set()
    assert signed_in(neighbour).get(f"/units/{merged.tan_thanh.pk}/").status_code == 404


def test_who_approves_is_above_the_successor(tree):
    """The old unit's ancestors are closed: the reviewer of a unit above the new one decides."""
    province = lifecycle_actions.open_unit(draft("37", "province", None, active_from=ON), by=None)
    lifecycle_actions.close_branch(tree.external, date(2025, 6, 30), by=None)
    (new,) = successions.replace(
        [tree.tan_thanh], [Part(draft("n", parent="37", active_from=ON))], ON, by=None
    )
    lifecycle_actions.close_branch(tree.province, date(2025, 6, 30), by=None)
    tree.tan_thanh.refresh_from_db()
    reviewer = person("duyet")
    people_actions.add_membership(reviewer, province, "reviewer", ON, by=None)
    assert Right.APPROVE in rights(reviewer, tree.tan_thanh)
    assert approver_of(tree.tan_thanh, DAY) == province
    own = person("cung", ("reviewer", tree.office))
    people_actions.add_membership(own, new, "reviewer", ON, by=None)
    assert Right.APPROVE not in rights(own, tree.tan_thanh)
    tree.liem_tuc.refresh_from_db()
    assert rights(reviewer, tree.liem_tuc) == set() and approver_of(tree.liem_tuc, DAY) is None


def test_nobody_administers_an_old_unit_by_its_successor(merged):
    admin = person("quan-tri")
    people_actions.add_membership(admin, merged.new, "administrator", ON, by=None)
    assert rights(admin, merged.tan_thanh) == {Right.READ}


@pytest.mark.parametrize(
    ("parts", "answers"),
    [
        ([("a", "1/3"), ("b", "2/3")], "b"),
        ([("a", "1/2"), ("b", "1/2")], "a"),
        ([("a", "9/10"), ("13474", "1/10")], "13474"),
    ],
)
def test_of_several_successors_one_answers(tree, parts, answers):
    new = {unit.code: unit for unit in replaced([tree.tan_thanh], *parts)}
    assert successor_of(tree.tan_thanh, DAY).pk == new[answers].pk
    for code, unit in new.items():
        clerk = person(f"o-{code}")
        people_actions.add_membership(clerk, unit, "clerk", ON, by=None)
        assert (Right.ENTER in rights(clerk, tree.tan_thanh)) is (code == answers)


def test_along_a_chain_the_last_one_answers(tree, django_assert_num_queries):
    """Split, then merged again: another unit has the code now."""
    first, second = replaced([tree.tan_thanh], ("a", "1/2"), ("b", "1/2"))
    (last,) = replaced([first, second], ("13474", 1), on=date(2026, 1, 1))
    late = date(2026, 2, 1)
    with django_assert_num_queries(1):
        assert successor_of(tree.tan_thanh, late).pk == last.pk
    with django_assert_num_queries(0):
        assert successor_of(last, late) is None
    assert successor_of(tree.tan_thanh, DAY).pk == first.pk
    clerk = person("cuoi")
    people_actions.add_membership(clerk, last, "clerk", date(2026, 1, 1), by=None)
    assert set(ANSWERS) <= rights(clerk, tree.tan_thanh, late)
    assert rights(clerk, tree.tan_thanh, DAY) == set()


def test_what_ended_without_a_successor_has_nobody(tree):
    lifecycle_actions.close_unit(tree.office, date(2025, 6, 30), by=None)
    tree.office.refresh_from_db()
    assert successor_of(tree.office, DAY) is None and START < ON
