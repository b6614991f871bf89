"""Which accounts an administrator manages: person × administrator, including accounts without a current role."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts import users
from accounts.models import User
from core import web
from tests.units.conftest import START, person
from tests.units.lifecycle.test_views import signed_in
from units.access.queries import home_unit, managed_people
from units.models import AccountOrigin, Membership
from units.people import actions

DAY = date(2022, 8, 12)
YESTERDAY, LONG_AGO = DAY - timedelta(1), date(2021, 1, 31)
ALL = ("province", "district", "tan_thanh", "liem_tuc")
# Roles as (unit, last day, first day), the unit that created the account, the units whose administrators manage it.
PEOPLE = {
    "a role": ([("tan_thanh", None)], "province", {"province", "district", "tan_thanh"}),
    "a role to come": ([("tan_thanh", None, DAY + timedelta(9))], None, {"province", "district", "tan_thanh"}),
    "ended": ([("tan_thanh", YESTERDAY)], "liem_tuc", {"province", "district", "tan_thanh"}),
    "ended above": ([("province", LONG_AGO)], "tan_thanh", {"province"}),
    "the last counts": (
        [("province", LONG_AGO), ("tan_thanh", LONG_AGO), ("liem_tuc", YESTERDAY)],
        None,
        {"province", "district", "liem_tuc"},
    ),
    "several ended at once": ([("tan_thanh", YESTERDAY), ("liem_tuc", YESTERDAY)], None, {"province", "district"}),
    "ended, one goes on": ([("province", YESTERDAY), ("liem_tuc", DAY)], None, {"province", "district", "liem_tuc"}),
    "ended, one to come above": (
        [("tan_thanh", YESTERDAY), ("province", None, DAY + timedelta(30))], "tan_thanh", {"province"}
    ),
    "never, made at the top": ([], "province", {"province"}),
    "never, made in a district": ([], "district", {"province", "district"}),
    "never, made in a commune": ([], "liem_tuc", {"province", "district", "liem_tuc"}),
    "never, made nobody knows where": ([], None, {"province"}),
}  # fmt: skip


@pytest.fixture
def administrators(tree) -> dict[str, User]:
    return {name: person(f"quantri-{name}", ("administrator", getattr(tree, name))) for name in ALL}


@pytest.mark.parametrize("case", PEOPLE)
def test_an_account_is_managed_where_it_belongs(tree, administrators, case):
    roles, made_in, expected = PEOPLE[case]
    someone = User.objects.create(username="x")
    if made_in:
        AccountOrigin.objects.create(user=someone, unit=getattr(tree, made_in))
    for unit, until, *since in roles:
        Membership.objects.create(
            user=someone,
            unit=getattr(tree, unit),
            role="viewer",
            valid_from=since[0] if since else START,
            valid_until=until,
        )
    managing = {name for name, admin in administrators.items() if someone in managed_people(admin, DAY)}
    assert managing == expected
    for name, admin in administrators.items():
        client, before = signed_in(admin), User.objects.get(pk=someone.pk).password
        inside = name in expected
        assert client.get(f"/units/people/{someone.pk}/").status_code == (200 if inside else 404)
        answer = client.post(f"/units/people/{someone.pk}/password/")
        assert answer.status_code == (200 if inside else 404)
        assert (User.objects.get(pk=someone.pk).password != before) is inside


def test_who_makes_an_account_manages_it_and_no_neighbour_does(tree, administrators):
    form = {"username": "moi", "full_name": "Người mới", "position": "", "email": ""}
    assert signed_in(administrators["tan_thanh"]).post("/units/people/new/", form).status_code == 200
    made = User.objects.get(username="moi")
    assert made.origin.unit == tree.tan_thanh
    able = {name for name, admin in administrators.items() if made in managed_people(admin, DAY)}
    assert able == {"province", "district", "tan_thanh"}
    role = {"unit": "13474", "role": "clerk", "valid_from": "12/8/2022"}
    where = f"/units/people/{made.pk}/grant/"
    assert signed_in(administrators["liem_tuc"]).post(where, role).status_code == 404
    assert signed_in(administrators["tan_thanh"]).post(where, role).status_code == 302


def test_an_administrator_of_several_units_makes_accounts_for_the_highest(tree):
    both = person("hai", ("administrator", tree.liem_tuc), ("administrator", tree.district))
    assert home_unit(both, DAY, web.Right.MANAGE) == tree.district
    assert home_unit(person("khong", ("viewer", tree.district)), DAY, web.Right.MANAGE) is None


def test_who_left_is_managed_where_the_roles_ended(tree, administrators):
    leaving = person("nghi", ("clerk", tree.tan_thanh), ("viewer", tree.district))
    actions.leave(leaving, DAY, by=administrators["province"])
    able = {name for name, admin in administrators.items() if leaving in managed_people(admin, DAY)}
    assert able == {"province", "district"}


def test_an_account_of_the_command_line_is_of_the_top(tree, administrators):
    made, _ = users.create_user("moi", by=None, at=timezone.now())
    assert not AccountOrigin.objects.filter(user=made).exists()
    assert made not in managed_people(administrators["district"], DAY)
