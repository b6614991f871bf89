"""The page for a signed-in user without a role: why, and who can grant one."""

from datetime import date, timedelta

import pytest

from accounts.models import User
from tests.units.conftest import person
from tests.units.conftest import tree as tree
from tests.units.lifecycle.test_views import signed_in, text_of
from units.lifecycle import actions as lifecycle_actions
from units.models import AccountOrigin, Membership
from units.people import actions as people_actions

DAY = date(2022, 8, 12)
NOWHERE = "Quản trị viên của đơn vị nơi bạn làm việc, hoặc của đơn vị cấp trên"


@pytest.fixture(autouse=True)
def today(settings):
    settings.DEMO_TODAY = DAY


@pytest.mark.parametrize("address", ["/", "/?unit=", "/units/people/", "/records/groups/"])
def test_the_refusal_says_who_grants_roles_and_has_a_way_out(tree, address):
    answer = signed_in(person("moi")).get(address)
    page = text_of(answer)
    assert answer.status_code == 403 and "no-store" in answer.headers["Cache-Control"]
    for words in ("Tài khoản chưa có vai trò", "chưa có vai trò ở đơn vị nào", NOWHERE, "moi", "Tải lại"):
        assert words in page, words
    main = page.partition("<main")[2]
    assert 'action="/accounts/logout/"' in main and "Về Tổng quan" not in main


def page_for(user: User) -> str:
    return text_of(signed_in(user).get("/"))


def test_it_names_the_unit_whose_administrators_made_the_account(tree):
    user = person("moi")
    AccountOrigin.objects.create(user=user, unit=tree.district)
    assert "Quản trị viên của huyện Thanh Liêm" in page_for(user)


def test_it_says_when_a_role_begins_or_ended(tree):
    user = person("moi")
    people_actions.add_membership(
        user, tree.liem_tuc, "clerk", date(2021, 1, 1), by=None, valid_until=date(2022, 7, 31)
    )
    page = page_for(user)
    assert "ở xã Liêm Túc đã hết hiệu lực từ sau ngày 31/7/2022." in page
    assert "Quản trị viên của xã Liêm Túc" in page
    people_actions.add_membership(user, tree.tan_thanh, "viewer", DAY + timedelta(1), by=None)
    assert "ở thị trấn Tân Thanh bắt đầu từ ngày 13/8/2022." in page_for(user)
    Membership.objects.filter(user=user).update(valid_from=DAY, valid_until=None)
    assert "Tài khoản chưa có vai trò" not in page_for(user)


def test_a_closed_unit_grants_no_roles(tree):
    user = person("moi")
    people_actions.add_membership(
        user, tree.liem_tuc, "clerk", date(2021, 1, 1), by=None, valid_until=date(2022, 7, 31)
    )
    lifecycle_actions.close_unit(tree.liem_tuc, date(2022, 7, 31), by=None)
    assert NOWHERE in page_for(user)


def test_a_script_gets_the_refusal_as_json(tree):
    answer = signed_in(person("moi")).get("/", headers={"accept": "application/json"})
    assert answer.status_code == 403 and answer.json()["code"] == "forbidden"
