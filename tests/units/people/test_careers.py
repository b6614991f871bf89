"""Rights when a person leaves or moves and when a unit closes; the page of who may do what (issue 7)."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import single_sign_on, users
from accounts.models import User
from core.forms import ChangeDenied
from core.web import Right
from ledger.models import Entry
from tests.accounts.test_second_factor import enrol
from tests.units.conftest import START, person
from units.access.queries import is_allowed, memberships_of
from units.lifecycle import actions as lifecycle_actions
from units.models import Membership
from units.people import actions as people_actions

DAY = date(2022, 8, 12)
PAGE = "/units/rights/"


@pytest.fixture
def admin(tree) -> User:
    return person("quantri", ("administrator", tree.province))


@pytest.fixture
def office(admin) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def fresh(user: User) -> User:
    """The user as the next request loads it."""
    return User.objects.get(pk=user.pk)


def test_who_leaves_keeps_nothing(office, admin, tree):
    an = person("an", ("clerk", tree.tan_thanh), ("viewer", tree.district))
    enrol(an)
    single_sign_on.link_identity(an, "https://may-chu.example", "sub", by=admin)
    theirs = Client()
    theirs.force_login(an)
    an = fresh(an)
    theirs.force_login(an)
    assert office.post(f"/units/people/{an.pk}/leave/").status_code == 302
    assert theirs.get("/units/").status_code == 302
    users.enable_user(fresh(an), by=None)
    assert memberships_of(fresh(an), DAY) == []
    assert not an.identities.exists() and not an.recovery_codes.exists()
    assert Membership.objects.filter(user=an, valid_until=DAY - timedelta(1)).count() == 2
    entry = Entry.objects.get(action="user.leave")
    assert (entry.actor, entry.detail) == ("quantri", {"on": "2022-08-12", "roles": 2})
    assert Entry.objects.filter(action="membership.end").count() == 2


def test_who_moves_has_the_same_roles_elsewhere_and_none_here(office, admin, tree):
    an = person("an", ("clerk", tree.tan_thanh), ("viewer", tree.tan_thanh), ("viewer", tree.district))
    moved = office.post(f"/units/people/{an.pk}/transfer/", {"unit": "13480", "on": "15/8/2022"})
    assert moved.status_code == 302
    before, after = date(2022, 8, 14), date(2022, 8, 15)
    assert is_allowed(fresh(an), Right.ENTER, tree.tan_thanh, before)
    assert not is_allowed(fresh(an), Right.READ, tree.tan_thanh, after)
    assert is_allowed(fresh(an), Right.ENTER, tree.liem_tuc, after)
    assert not is_allowed(fresh(an), Right.ENTER, tree.liem_tuc, before)
    memberships = Membership.objects.valid_on(after).filter(user=an).values_list("unit__code", "role")
    assert sorted(memberships) == [("13480", "clerk"), ("13480", "viewer")]
    assert Entry.objects.get(action="user.transfer").detail == {"unit_code": "13480", "on": "2022-08-15"}


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"unit": "13480", "on": ""}, "Từ ngày: Chưa nhập ô này."),
        ({"unit": "không có", "on": "15/8/2022"}, "Không có đơn vị nào"),
        ({"unit": "13474", "on": "15/8/2022"}, "không có vai trò nào ở đơn vị khác"),
        ({"unit": "13480", "on": "1/1/2019"}, "không hoạt động ngày đó"),
    ],
)
def test_a_move_that_cannot_be_is_refused_and_changes_nothing(office, tree, typed, message):
    an = person("an", ("clerk", tree.tan_thanh))
    before = list(Membership.objects.values())
    answer = office.post(f"/units/people/{an.pk}/transfer/", typed, follow=True)
    assert message in answer.content.decode()
    assert list(Membership.objects.values()) == before


def test_nobody_moves_or_dismisses_themselves_or_who_is_not_theirs(office, admin, tree):
    for act in (lambda: people_actions.leave(admin, DAY, by=admin),
                lambda: people_actions.transfer(admin, tree.district, DAY, by=admin)):  # fmt: skip
        with pytest.raises(ChangeDenied):
            act()
    low = Client()
    low.force_login(person("thap", ("administrator", tree.tan_thanh)))
    assert low.post(f"/units/people/{admin.pk}/leave/").status_code == 404
    assert low.post(f"/units/people/{admin.pk}/transfer/", {}).status_code == 404
    assert fresh(admin).is_active


def test_people_of_a_closed_unit_keep_roles_for_its_last_months(office, tree):
    an = person("an", ("clerk", tree.tan_thanh))
    lifecycle_actions.close_unit(tree.tan_thanh, date(2022, 7, 14), by=None)
    assert is_allowed(fresh(an), Right.ENTER, tree.tan_thanh, DAY)
    page = office.get(PAGE, {"state": "closed"}).content.decode()
    assert "đã đóng 14/7/2022" in page and "1 vai trò" in page


def test_the_page_shows_who_may_do_what(office, admin, tree):
    an = person("an", ("clerk", tree.tan_thanh))
    enrol(person("ba", ("leader", tree.district)))
    users.disable_user(person("cu", ("viewer", tree.liem_tuc)), by=None)
    page = office.get(PAGE).content.decode()
    assert page.index("Người quantri") < page.index("Người ba") < page.index("Người an")
    shown = {
        "unit=351": {"ba", "an", "cu"},
        "unit=13474": {"an"},
        "role=leader": {"ba"},
        "state=no_factor": {"quantri", "an", "cu"},
        "state=locked": {"cu"},
        "unit=351&role=viewer": {"cu"},
        "role=nonsense&state=nonsense": {"quantri", "ba", "an", "cu"},
    }
    for query, names in shown.items():
        text = office.get(f"{PAGE}?{query}").content.decode()
        listed = {name for name in ("quantri", "ba", "an", "cu") if f">Người {name}</a></td>" in text}
        assert listed == names, query
    assert office.get(PAGE, {"unit": "không có"}).status_code == 422
    assert an.username in page


def test_it_shows_the_own_subtree_only(tree, admin):
    person("ba", ("leader", tree.province))
    low = Client()
    low.force_login(person("huyen", ("administrator", tree.district)))
    text = low.get(PAGE).content.decode()
    assert "Người huyen" in text and "Người ba" not in text
    assert low.get(PAGE, {"unit": "35"}).status_code == 422
    low.force_login(person("xem", ("viewer", tree.province)))
    assert low.get(PAGE).status_code == 403


def test_the_list_is_taken_as_a_file_with_its_filter(office, tree):
    an = person("an", ("clerk", tree.tan_thanh))
    enrol(an)
    person("ba", ("leader", tree.district))
    file = b"".join(office.get(PAGE, {"role": "clerk", "tai": "csv"}).streaming_content).decode()
    assert "13474,thị trấn Tân Thanh,Người an,an,Nhập số liệu,1/1/2020,,,có,Đang dùng," in file
    assert "Người ba" not in file and len(file.splitlines()) == 2


def test_it_asks_as_often_for_many_as_for_few(office, tree):
    def count_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            office.get(PAGE)
        return len(queries)

    count_queries()
    few = count_queries()
    for number in range(30):
        Membership.objects.create(
            user=person(f"p{number}"), unit=tree.tan_thanh, role="viewer", valid_from=START
        )
    assert count_queries() == few
