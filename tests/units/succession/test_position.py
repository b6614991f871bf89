"""Position of closed units in the tree: groups, units without a successor, people, lists (docs/decisions/0024)."""

from datetime import date
from fractions import Fraction

import pytest

from core.web import Right
from tests.units.conftest import START, draft, person
from tests.units.lifecycle.test_views import signed_in, text_of
from units.access.queries import (
    ROLES,
    approver_of,
    is_administrator,
    is_allowed,
    is_root_administrator,
    managed_people,
    visible_units,
)
from units.lifecycle import actions as lifecycle_actions
from units.lifecycle import restructuring, successor_links, undo
from units.models import Membership, Place, Unit
from units.people import actions as people_actions
from units.people.queries import role_holders
from units.succession import positions
from units.succession.positions import _common

from . import successions
from .successions import Part

ON, EVE, DAY = date(2025, 7, 1), date(2025, 6, 30), date(2025, 8, 1)


def fresh(unit: Unit) -> Unit:
    return Unit.objects.get(pk=unit.pk)


def rights(user, unit, day=DAY) -> set[Right]:
    user.__dict__.pop("_memberships", None)
    return {right for right in ROLES if is_allowed(user, right, fresh(unit), day)}


def visible_codes(user, day=DAY) -> set[str]:
    user.__dict__.pop("_memberships", None)
    return set(visible_units(user, day).values_list("code", flat=True))


def newcomer(name: str, role: str, unit: Unit):
    user = person(name)
    people_actions.add_membership(user, unit, role, ON, by=None)
    return user


@pytest.fixture
def provinces(tree, settings):
    """37 succeeds 35 and the district tier ends: its office and external body have no successor. One commune moves to
    another province."""
    settings.DEMO_TODAY = DAY
    tree.old_admin = person("quan-tri-cu", ("administrator", tree.province))
    tree.old_clerk = person("xa-13480", ("clerk", tree.liem_tuc))
    tree.old_office = person("nv", ("clerk", tree.office))
    tree.old_district = person("huyen", ("reviewer", tree.district))
    tree.new, tree.far = lifecycle_actions.open_units(
        [draft("37", "province", None, active_from=ON), draft("01", "province", None, active_from=ON)],
        by=None,
    ).new
    (tree.commune,) = successions.replace(
        [tree.liem_tuc], [Part(draft("n", parent=tree.new, active_from=ON))], ON, by=None
    )
    (tree.gone,) = successions.replace(
        [tree.tan_thanh], [Part(draft("g", parent=tree.far, active_from=ON))], ON, by=None
    )
    lifecycle_actions.close_branch(fresh(tree.district), EVE, by=None)
    lifecycle_actions.close_branch(fresh(tree.province), EVE, by=None)
    successor_links.add_successions(
        [successor_links.SuccessionLink(fresh(tree.province), tree.new, ON)], by=None
    )
    assert positions.check() == (set(), {})
    return tree


def test_a_former_province_and_what_ended_in_it_is_read_above_the_successor(provinces):
    reader = newcomer("moi", "viewer", provinces.new)
    assert visible_codes(reader) == {"37", "n", "35", "351", "13480", "phong-noi-vu", "dat-dai"}
    for unit in (provinces.province, provinces.district, provinces.office, provinces.liem_tuc):
        assert rights(reader, unit) == {Right.READ}
        assert signed_in(reader).get(f"/units/{unit.pk}/").status_code == 200
    # Neither the commune that moved elsewhere nor anything before the merger.
    assert rights(reader, provinces.tan_thanh) == set()
    assert rights(reader, provinces.district, EVE) == set()
    far = newcomer("xa-khac", "leader", provinces.far)
    assert visible_codes(far) == {"01", "g", "13474"} and rights(far, provinces.district) == set()


def test_what_ended_without_a_successor_is_answered_from_above_only(provinces):
    """The reviewer of the province's successor approves its months; no clerk there enters them."""
    reviewer = newcomer("duyet", "reviewer", provinces.new)
    clerk = newcomer("nhap", "clerk", provinces.new)
    assert rights(reviewer, provinces.office) >= {Right.APPROVE, Right.ASK_UNLOCK}
    assert rights(clerk, provinces.office) == {Right.READ}
    assert Right.ENTER in rights(clerk, provinces.province)
    Membership.objects.filter(user=provinces.old_district).delete()
    assert approver_of(fresh(provinces.office), DAY) == provinces.new
    # The former province counts as the successor itself: nobody approves the months of the own unit.
    assert Right.APPROVE not in rights(reviewer, provinces.province)


def test_new_administrators_manage_whose_units_all_came_over(provinces):
    admin = newcomer("quan-tri", "administrator", provinces.new)
    client = signed_in(admin)
    able = set(managed_people(admin, DAY).values_list("username", flat=True))
    assert able >= {"xa-13480", "nv", "quan-tri"}
    # A commune moved elsewhere: people with a role above it can still read it.
    assert not able & {"quan-tri-cu", "huyen"}
    page = text_of(client.get(f"/units/people/{provinces.old_office.pk}/"))
    assert "Phòng Nội vụ" in page
    assert client.get(f"/units/people/{provinces.old_admin.pk}/").status_code == 404
    (role,) = provinces.old_office.memberships.all()
    assert client.post(f"/units/people/{provinces.old_office.pk}/roles/{role.pk}/end/").status_code == 302
    role.refresh_from_db()
    assert role.valid_until == date(2025, 7, 31)
    assert "xa-13480" in set(role_holders(admin, DAY).values_list("user__username", flat=True))
    # Nothing else in the old unit: no granting of roles, no closing, no split.
    grant = {"unit": "13480", "role": "clerk", "valid_from": "1/6/2025"}
    address = f"/units/people/{provinces.old_office.pk}/grant/"
    assert client.post(address, grant).status_code == 422
    assert client.get(f"/units/{provinces.liem_tuc.pk}/close/").status_code == 403


def test_a_role_elsewhere_keeps_a_person_from_the_new_administrator(provinces):
    admin = newcomer("quan-tri", "administrator", provinces.new)
    below = newcomer("quan-tri-xa", "administrator", provinces.commune)
    assert "xa-13480" in set(managed_people(below, DAY).values_list("username", flat=True))
    assert "nv" not in set(managed_people(below, DAY).values_list("username", flat=True))
    people_actions.add_membership(provinces.old_clerk, provinces.far, "viewer", ON, by=None)
    assert provinces.old_clerk not in managed_people(admin, DAY)
    assert provinces.old_clerk not in managed_people(below, DAY)


def test_who_lost_the_new_province_sets_nothing_for_all_by_the_former_one(provinces):
    admin = provinces.old_admin
    assert is_root_administrator(admin, EVE) and is_root_administrator(admin, DAY)
    people_actions.end_membership(admin.memberships.get(unit=provinces.new), DAY, by=None)
    admin = type(admin).objects.get(pk=admin.pk)
    assert is_administrator(admin, DAY) and not is_root_administrator(admin, DAY)
    client = signed_in(admin)
    assert client.get("/units/safety/").status_code == 403
    root = {"code": "99", "name": "tỉnh mới", "kind": "committee", "tier": "province", "parent": ""}
    assert client.post("/units/open/", {**root, "active_from": "1/8/2025"}).status_code == 422
    assert not Unit.objects.filter(code="99").exists()


def test_a_divided_unit_is_managed_by_who_has_all_of_its_parts(tree):
    parts = [Part(draft(code, active_from=ON), Fraction(1, 2)) for code in ("a", "b")]
    clerk = person("xa-13474", ("clerk", tree.tan_thanh))
    first, _ = successions.replace([tree.tan_thanh], parts, ON, by=None)
    part, whole = newcomer("mot", "administrator", first), newcomer("ca", "administrator", tree.district)
    Membership.objects.filter(user=clerk, unit__active_from=ON).delete()
    assert clerk not in managed_people(part, DAY) and clerk in managed_people(whole, DAY)
    place = Place.objects.get(unit=tree.tan_thanh)
    assert (place.path, place.within) == (first.path, tree.district.path)


def test_later_changes_move_closed_units(tree):
    """Districts merge, then their successors; units that closed before them move along."""
    lifecycle_actions.close_unit(tree.office, date(2024, 12, 31), by=None)
    assert not Place.objects.exists()
    first = restructuring.merge_units(
        [fresh(tree.district)], draft("351", "district", "35"), ON, by=None, basis="1"
    ).new[0]
    later = date(2026, 1, 1)
    last = restructuring.merge_units([first], draft("350", "district", "35"), later, by=None, basis="2").new[
        0
    ]
    office = fresh(tree.office)
    assert positions.successor_of(office, EVE) is None
    assert positions.successor_of(office, DAY).path == f"{first.path}{office.pk}/"
    assert positions.successor_of(office, later).path == f"{last.path}{office.pk}/"
    commune = Unit.objects.get(code="13474", active_from=later)
    assert positions.successor_of(fresh(tree.tan_thanh), later).pk == commune.pk
    undo.undo_restructuring(last, by=None)
    assert positions.check() == (set(), {})
    assert positions.successor_of(fresh(tree.tan_thanh), later).pk != commune.pk


def test_rows_that_differ_are_found_and_mended(tree):
    successions.replace([tree.tan_thanh], [Part(draft("n", active_from=ON))], ON, by=None)
    Place.objects.update(path=tree.province.path)
    missing, extra = positions.check()
    assert len(missing) == len(extra) == 1
    assert positions.rebuild() == 2 and positions.check() == (set(), {})


def test_the_lowest_unit_above_all():
    assert _common(["/1/2/3/", "/1/2/4/"]) == "/1/2/" == _common(["/1/2/"])
    assert _common(["/1/2/", "/1/23/"]) == "/1/"
    assert _common(["/1/", "/2/"]) == "" == _common(["/1/", ""]) == _common([])
    assert START < ON
