"""Changes to units and people: refused where they would damage history, logged otherwise."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.utils import timezone

from accounts import users
from accounts.models import User
from core import web
from core.forms import ChangeDenied
from ledger.models import Entry
from tests.units.succession.successions import Part
from units.access.queries import is_allowed
from units.activity_log import latest_log_lines
from units.lifecycle import actions as lifecycle_actions
from units.lifecycle import successor_links
from units.lifecycle.derived_tables import unit_subject
from units.lifecycle.successor_links import SuccessionLink
from units.models import Membership, Succession, Unit
from units.people import actions as people_actions
from units.tree import roster
from units.tree.queries import CodeIndex, resolve_code
from units.tree.rules import TreeRefused

from .conftest import START, draft, person
from .succession import successions

END = date(2025, 6, 30)
NEXT = date(2025, 7, 1)


def codes(refused) -> list[tuple[str, str]]:
    return [(wrong.field, wrong.code) for wrong in refused.value.wrongs]


def test_an_external_body_never_makes_a_commune_a_parent(tree):
    lifecycle_actions.open_unit(draft("tram-y-te", kind="external", parent=tree.liem_tuc), by=None)
    tree.liem_tuc.refresh_from_db()
    assert (tree.liem_tuc.reports, tree.liem_tuc.has_children) == (True, True)
    assert roster.check() == []
    tree.district.refresh_from_db()
    assert roster.expected(tree.district, [(START, START)]) == [{"commune": 2, "district": 1}]
    assert roster.expected(tree.district, [(START, START)], external=True) == [{"commune": 3, "district": 2}]
    assert roster.expected(tree.liem_tuc, [(START, START)]) == [{"commune": 1}]


def test_a_commune_with_an_office_no_longer_reports_itself(tree):
    lifecycle_actions.open_unit(draft("van-phong", "", tree.liem_tuc, "office"), by=None)
    tree.liem_tuc.refresh_from_db()
    assert not tree.liem_tuc.reports
    assert roster.check() == []


def test_the_same_code_at_another_time(tree):
    with pytest.raises(TreeRefused) as refused:
        lifecycle_actions.open_unit(draft("13474", active_from=NEXT, parent=tree.district), by=None)
    assert codes(refused) == [("code", "code_overlap")]
    lifecycle_actions.close_unit(tree.tan_thanh, END, by=None, basis="NQ 1")
    new = lifecycle_actions.open_unit(draft("13474", active_from=NEXT, parent=tree.district), by=None)
    assert resolve_code("13474", END) == tree.tan_thanh
    assert resolve_code("13474", NEXT) == new
    assert (
        resolve_code("13474", date(2019, 1, 1)) == tree.tan_thanh
    )  # nobody then, nobody before: the first later
    assert resolve_code("13474@2019-01-01", NEXT) is None
    assert resolve_code("13474@2025-06-30", NEXT) == tree.tan_thanh
    assert tree.tan_thanh.key_on(NEXT) == "13474@2025-06-30"
    with pytest.raises(ValueError, match="không phải ngày"):
        resolve_code("13474@hôm nay", NEXT)
    codes_in_memory = CodeIndex()
    for text, day in (("13474", END), ("13474", NEXT), ("13474@2025-06-30", NEXT), ("x", NEXT)):
        assert codes_in_memory.resolve(text, day) == resolve_code(text, day)


def test_last_holder_where_nobody_holds_the_code(tree):
    lifecycle_actions.close_unit(tree.tan_thanh, END, by=None)
    assert resolve_code("13474", date(2030, 1, 1)) == tree.tan_thanh


def test_closing_is_refused_over_open_children(tree):
    with pytest.raises(TreeRefused) as refused:
        lifecycle_actions.close_unit(tree.district, END, by=None)
    assert codes(refused) == [("on", "children_open")]
    assert "Phòng Nội vụ, thị trấn Tân Thanh và 1 đơn vị khác. Hãy đóng" in str(refused.value)
    with pytest.raises(TreeRefused):
        lifecycle_actions.close_unit(tree.tan_thanh, START - timedelta(1), by=None)
    lifecycle_actions.close_branch(tree.district, END, by=None, basis="NQ 1")
    assert not Unit.objects.under(tree.district).filter(active_until=None).exists()
    with pytest.raises(TreeRefused) as refused:
        lifecycle_actions.close_unit(tree.tan_thanh, END, by=None)
    assert codes(refused) == [("on", "closed")]
    assert roster.check() == []


def test_a_merger_may_take_over_a_code(tree):
    new = successions.replace(
        [tree.tan_thanh, tree.liem_tuc],
        [Part(draft("13474", active_from=NEXT, parent=tree.district, name="xã Tân Thanh"))],
        NEXT,
        by=None,
        basis="NQ 2",
    )
    assert [unit.name for unit in new] == ["xã Tân Thanh"]
    assert Succession.objects.filter(new=new[0]).count() == 2
    assert Unit.objects.get(pk=tree.tan_thanh.pk).active_until == END
    days = [(END, END), (NEXT, NEXT), (END, NEXT)]
    assert roster.expected(tree.district, days) == [
        {"commune": 2, "district": 1},
        {"commune": 1, "district": 1},
        {"commune": 3, "district": 1},
    ]
    assert {"unit.open", "unit.close", "unit.succeed"} <= set(Entry.objects.values_list("action", flat=True))
    for unit in (tree.tan_thanh, new[0]):
        details = [
            log_line.detail
            for log_line in latest_log_lines(unit_subject(unit))
            if log_line.what == "Ghi quan hệ kế thừa"
        ]
        who = "đơn vị cũ thị trấn Tân Thanh (13474); đơn vị mới xã Tân Thanh (13474)"
        assert f"{who}; ngày 01/7/2025; căn cứ NQ 2; tỷ lệ 1" in details


def test_a_split_whose_shares_do_not_sum_leaves_everything_as_it_was(tree):
    before = Entry.objects.count()
    parts = [
        Part(draft("A", active_from=NEXT, parent=tree.district), Fraction(1, 3)),
        Part(draft("B", active_from=NEXT, parent=tree.district), Fraction(1, 3)),
    ]
    with pytest.raises(TreeRefused) as refused:
        successions.replace([tree.liem_tuc], parts, NEXT, by=None)
    assert codes(refused) == [("share", "shares")]
    assert Unit.objects.get(pk=tree.liem_tuc.pk).active_until is None
    assert not Unit.objects.filter(code="A").exists()
    assert Entry.objects.count() == before


def test_linking_needs_matching_days(tree):
    new = lifecycle_actions.open_unit(draft("N", active_from=NEXT, parent=tree.district), by=None)
    with pytest.raises(TreeRefused) as refused:
        successor_links.add_successions([SuccessionLink(tree.liem_tuc, new, END)], by=None)
    assert ("on", "dates") in codes(refused)
    assert successions.succeed([tree.liem_tuc], new, NEXT, by=None)[:2] == (1, 0)
    assert successions.succeed([tree.liem_tuc], new, NEXT, by=None)[:2] == (0, 1)


def test_people_and_roles_are_logged(tree):
    boss = person("quantri", ("administrator", tree.district))
    user, password = users.create_user("  moi ", by=boss, at=timezone.now(), full_name="Người mới")
    assert user.username == "moi" and user.check_password(password) and len(password) >= 20
    assert password not in str(list(Entry.objects.values()))
    with pytest.raises(ChangeDenied):
        users.create_user("MOI", by=boss, at=timezone.now())
    role = people_actions.add_membership(user, tree.liem_tuc, "clerk", START, by=boss)
    with pytest.raises(ChangeDenied):
        people_actions.add_membership(user, tree.liem_tuc, "clerk", date(2021, 1, 1), by=boss)
    people_actions.end_membership(role, date(2021, 1, 1), by=boss)
    assert Membership.objects.get(pk=role.pk).valid_until == date(2020, 12, 31)
    assert is_allowed(user, web.Right.ENTER, tree.liem_tuc, date(2020, 12, 31))
    assert not is_allowed(User.objects.get(pk=user.pk), web.Right.READ, tree.liem_tuc, date(2021, 1, 1))
    again = people_actions.add_membership(user, tree.liem_tuc, "clerk", date(2021, 1, 1), by=boss)
    people_actions.end_membership(again, date(2021, 1, 1), by=boss)
    assert not Membership.objects.filter(pk=again.pk).exists()
    users.disable_user(user, by=boss)
    with pytest.raises(ChangeDenied):
        users.disable_user(boss, by=boss)
    with pytest.raises(ChangeDenied):
        people_actions.end_membership(boss.memberships.get(), date(2022, 1, 1), by=boss)
    actions = list(Entry.objects.filter(subject=f"user:{user.pk}").values_list("action", "actor"))
    assert actions == [
        ("user.create", "quantri"),
        ("membership.add", "quantri"),
        ("membership.end", "quantri"),
        ("membership.add", "quantri"),
        ("membership.end", "quantri"),
        ("user.disable", "quantri"),
    ]


@pytest.mark.parametrize(
    "code", ["", "<b>", "=1+1", "a,b", "a b", "13474@2022-01-01", "１３４", "-x", "x" * 65]
)
def test_codes_that_could_mean_something_else_are_refused(tree, code):
    with pytest.raises(TreeRefused) as refused:
        lifecycle_actions.open_unit(draft(code), by=None)
    assert "bad_code" in [wrong.code for wrong in refused.value.wrongs]
