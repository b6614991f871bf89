"""Copies targets, column-group switches and case-list mappings to successor units; undoing the merger removes them
(decision 24).
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from figures.measures import RETURNED, group_measures
from figures.periods import Month
from ledger.models import Entry
from records import column_groups
from records.calendar.queries import stored_calendar
from records.cases.queries import mappings_for
from records.catalogue import Catalogue
from records.models import CaseMapping, GroupSwitch, RateTarget, SwitchedGroup
from records.submissions import actions as submissions_actions
from records.succession import inherited_settings
from records.targets import set_targets
from reports.dashboard.queries import rate_targets
from tests.units.conftest import draft, person
from tests.units.conftest import tree as tree
from tests.units.lifecycle.test_split import PARTIAL, split_form
from tests.units.lifecycle.test_views import signed_in, text_of
from units.lifecycle import actions as lifecycle_actions
from units.lifecycle import restructuring, successor_links, undo
from units.models import Succession, Unit
from units.tree.rules import TreeRefused

ON, AT = date(2025, 7, 1), datetime(2025, 6, 1, tzinfo=UTC)
SINCE, AFTER = date(2024, 12, 15), date(2025, 8, 14)
AUGUST = Month(2025, 8)


def target(unit: Unit, percent: int, rate: str = "online", tier: str = "", **more) -> None:
    data = {"valid_from": SINCE, "source": f"KH của {unit.name}"} | more
    RateTarget.objects.create(unit=unit, rate=rate, tier=tier, percent=percent, **data)


def switch(unit: Unit, first: int = 202401, group: str = "returned", *, asked: bool = False) -> None:
    GroupSwitch.objects.create(unit=unit, group=group, first_month=first, asked=asked)


def mapping(unit: Unit, name: str = "iGate", head: str = "Mã") -> None:
    content = {"columns": {"code": head}}
    CaseMapping.objects.create(unit=unit, name=name, content=content, saved_at=AT, saved_by="x")


def state() -> list:
    """Every row with its values."""
    return [list(model.objects.order_by("pk").values()) for model in (RateTarget, GroupSwitch, CaseMapping)]


def targets(unit: Unit, day: date = AFTER) -> dict[str, str]:
    return {
        f"{rate_target['rate']}-{rate_target['tier']}": rate_target["percent"]
        for rate_target in rate_targets(unit, day)
    }


def off(unit: Unit, month: Month = AUGUST) -> frozenset[str]:
    return Catalogue(stored_calendar()).switched_off(unit, month)


def mappings(unit: Unit) -> set[str]:
    return set(mappings_for(unit).values_list("name", flat=True))


def merged(tree) -> Unit:
    new = draft("n", name="xã Mới")
    return restructuring.merge_units([tree.tan_thanh, tree.liem_tuc], new, ON, by=None, basis="NQ").new[0]


def test_equal_settings_continue_and_an_undo_removes_them(tree):
    for unit in (tree.tan_thanh, tree.liem_tuc):
        target(unit, 80)
        switch(unit)
        mapping(unit)
    target(tree.tan_thanh, 95, "on_time", source="QĐ 1")  # the other one has no target
    switch(tree.liem_tuc, 202509, "transferred")
    mapping(tree.liem_tuc, "Cổng")
    before = state()
    new = merged(tree)
    assert targets(new) == {"online-": "80.0", "on_time-": "95.0"} and targets(new, date(2025, 6, 14)) == {}
    followed = set(RateTarget.objects.filter(unit=new).values_list("source", "valid_from", "followed"))
    assert followed == {("KH của thị trấn Tân Thanh; KH của xã Liêm Túc", ON, True), ("QĐ 1", ON, True)}
    assert off(new) == frozenset(RETURNED) and off(new, Month(2025, 9)) == {
        *RETURNED,
        *group_measures("transferred"),
    }
    assert mappings(new) == {"iGate", "Cổng"}
    entry = Entry.objects.get(action="rules.follow")
    assert entry.detail["units"] == {name: [new.pk] for name in ("RateTarget", "GroupSwitch", "CaseMapping")}
    undo.undo_restructuring(new, by=None)
    assert state() == before and Entry.objects.filter(action="rules.undo_follow").count() == 1


def test_what_they_set_otherwise_does_not(tree):
    for unit, other in ((tree.tan_thanh, 0), (tree.liem_tuc, 1)):
        target(unit, 80 + other)
        target(unit, 95, "on_time")
        switch(unit, 202401 if other else 202509)
        mapping(unit, head=f"Mã {other}")
    new = merged(tree)
    assert targets(new) == {"on_time-": "95.0"} and off(new) == frozenset() and mappings(new) == set()


def test_the_page_says_what_continues_and_what_to_set_again(tree):
    client = signed_in(person("quantri", ("administrator", tree.district)))
    address = f"/units/{tree.district.pk}/merge/"
    data = {"olds": [tree.tan_thanh.pk, tree.liem_tuc.pk], "on": "1/7/2025", "basis": "NQ 1"}
    data |= {"code": "n", "name": "xã Mới", "tier": "commune", "parent": "351"}
    assert "Đơn vị cũ đã tự đặt" not in text_of(client.post(address, data))
    for unit, percent in ((tree.tan_thanh, "80"), (tree.liem_tuc, "82.5")):
        target(unit, percent, "online")
        target(unit, "97.5", "on_time", "commune")
    switch(tree.tan_thanh)
    mapping(tree.liem_tuc)
    page = text_of(client.post(address, data))
    assert "Đơn vị cũ đã tự đặt" in page
    for words in (
        "chỉ tiêu giao “Tỷ lệ giải quyết trước và đúng hạn”, cấp xã 97,5%; nhóm cột “Trả kết quả” không nhập; ",
        "không nhập; cách ghép cột “iGate”.",
        "Xã Mới tiếp tục áp dụng: chỉ tiêu giao “Tỷ lệ giải quyết",
        "Xã Mới phải đặt lại, vì các đơn vị cũ đặt khác nhau: chỉ tiêu giao “Tỷ lệ hồ sơ trực tuyến”.",
    ):
        assert words in page, words
    assert RateTarget.objects.count() == 4


def test_the_page_says_what_ends_with_offices(tree):
    client = signed_in(person("goc", ("administrator", tree.province)))
    mapping(tree.office)
    data = {"olds": [tree.district.pk], "on": "1/7/2025", "basis": "NQ 1", "offices": "end"}
    data |= {"code": "351", "name": "huyện Mới", "tier": "district", "parent": "35"}
    page = text_of(client.post(f"/units/{tree.province.pk}/merge/", data))
    assert "Phòng Nội vụ chấm dứt hoạt động, thôi áp dụng: cách ghép cột “iGate”." in page


def test_settings_continue_for_every_part_of_a_split(tree):
    target(tree.tan_thanh, 80)
    switch(tree.tan_thanh)
    mapping(tree.tan_thanh)
    shares = [restructuring.SplitShare(draft(code), Fraction(1, 2)) for code in ("a", "b")]
    before = state()
    new = restructuring.split_unit(tree.tan_thanh, shares, ON, by=None, basis="NQ").new
    for unit in new:
        assert targets(unit) == {"online-": "80.0"} and off(unit) and mappings(unit) == {"iGate"}
    undo.undo_restructuring(new[1], by=None)
    assert state() == before


def test_a_unit_that_receives_a_part_keeps_its_settings(tree):
    """A quarter of another unit does not change its settings."""
    target(tree.tan_thanh, 80)
    mapping(tree.tan_thanh)
    target(tree.liem_tuc, 90)
    admin = signed_in(person("quantri", ("administrator", tree.district)))
    address = f"/units/{tree.tan_thanh.pk}/split/"
    page = text_of(admin.post(address, split_form(*PARTIAL)))
    assert (
        "Thị trấn Tân Thanh tiếp tục áp dụng: chỉ tiêu giao “Tỷ lệ hồ sơ trực tuyến” 80%; cách ghép cột “iGate”."
        in page
    )
    assert "Xã Liêm Túc tiếp tục áp dụng: chỉ tiêu giao “Tỷ lệ hồ sơ trực tuyến” 90%." in page
    admin.post(address, split_form(*PARTIAL, sure="1"))
    left, taker = (Unit.objects.get(code=code, active_from=ON) for code in ("13474", "13480"))
    assert (targets(left), mappings(left)) == ({"online-": "80.0"}, {"iGate"})
    assert (targets(taker), mappings(taker)) == ({"online-": "90.0"}, set())


def test_units_below_a_merged_group_keep_their_settings(tree):
    lifecycle_actions.open_units([draft("350", "district", "35")], by=None)
    other = Unit.objects.get(code="350")
    target(tree.liem_tuc, 80)
    target(tree.district, 70)
    target(other, 75)
    switch(tree.district)
    new = restructuring.merge_units(
        [tree.district, other], draft("m", "district", "35"), ON, by=None, basis="NQ"
    ).new[0]
    assert targets(new) == {} and off(new) == frozenset(RETURNED)
    below = Unit.objects.get(code="13480", active_from=ON)
    assert targets(below) == {"online-": "80.0"} and off(below) == frozenset(RETURNED)


def test_targets_follow_as_they_hold_one_after_the_other(tree):
    """An older open-ended target, one for a single year over it, and one for next year."""
    target(tree.tan_thanh, 70, valid_from=date(2021, 1, 1))
    target(tree.tan_thanh, 80, valid_until=date(2025, 12, 14))
    target(tree.tan_thanh, 60, valid_from=date(2023, 1, 1), valid_until=date(2023, 12, 14))
    target(tree.liem_tuc, 70, valid_from=date(2022, 1, 1))
    target(tree.liem_tuc, 80, valid_from=date(2025, 2, 1), valid_until=date(2025, 12, 14))
    new = merged(tree)
    rows = RateTarget.objects.filter(unit=new).order_by("valid_from")
    assert list(rows.values_list("percent", "valid_from", "valid_until")) == [
        (80, ON, date(2025, 12, 14)),
        (70, date(2025, 12, 15), None),
    ]


def test_a_target_of_the_units_own_tier_is_of_the_new_one(tree):
    """An island district becomes a special zone, a unit of the commune tier."""
    (island,) = lifecycle_actions.open_units([draft("318", "district", "35", name="huyện đảo")], by=None).new
    target(island, 80, tier="district")
    new = restructuring.merge_units([island], draft("318", "commune", "35"), ON, by=None, basis="NQ").new[0]
    assert targets(new) == {"online-commune": "80.0"}


def test_what_somebody_set_since_is_not_lost(tree):
    target(tree.tan_thanh, 80)
    new = merged(tree)
    set_targets(new, 2025, {"online-": (Decimal(85), "")}, by=None, at=AT)
    with pytest.raises(TreeRefused, match="Đã có chỉ tiêu giao gắn với đơn vị mới: không hoàn tác được"):
        undo.undo_restructuring(new, by=None)
    assert targets(new) == {"online-": "85.0"}


def test_a_switch_that_somebody_set_since_is_not_lost(tree):
    switch(tree.tan_thanh)
    new = merged(tree)
    column_groups.switch_column_group(new, SwitchedGroup.RETURNED, Month(2025, 7), is_on=True, by=None, at=AT)
    with pytest.raises(TreeRefused, match="Đã có nhóm cột gắn"):
        undo.undo_restructuring(new, by=None)


def opened(code: str, on: date, until: date | None = None) -> Unit:
    return lifecycle_actions.open_unit(draft(code, active_from=on, active_until=until), by=None)


def test_a_chain_is_followed_in_whatever_order_it_is_recorded(tree):
    target(tree.tan_thanh, 80)
    mapping(tree.tan_thanh)
    later = date(2026, 1, 1)
    first, last = opened("a", ON, date(2025, 12, 31)), opened("b", later)
    successor_links.add_successions([successor_links.SuccessionLink(first, last, later)], by=None)
    assert targets(last, later) == {}
    successor_links.add_successions([successor_links.SuccessionLink(tree.tan_thanh, first, ON)], by=None)
    for unit, day in ((first, AFTER), (last, later)):
        assert targets(unit, day) == {"online-": "80.0"} and mappings(unit) == {"iGate"}
    # Another predecessor disagrees: the copies are removed again along the chain.
    target(tree.liem_tuc, 90)
    successor_links.add_successions([successor_links.SuccessionLink(tree.liem_tuc, first, ON)], by=None)
    assert targets(first) == targets(last, later) == {} and mappings(last) == {"iGate"}


def test_what_the_new_unit_has_set_stays(tree):
    new = opened("a", ON)
    target(new, 90, valid_from=ON)
    mapping(new, head="Khác")
    target(tree.tan_thanh, 80)
    mapping(tree.tan_thanh)
    switch(tree.tan_thanh)
    own = CaseMapping.objects.get(unit=new).content
    successor_links.add_successions([successor_links.SuccessionLink(tree.tan_thanh, new, ON)], by=None)
    assert targets(new) == {"online-": "90.0"} and off(new) == frozenset(RETURNED)
    assert CaseMapping.objects.get(unit=new).content == own


def test_no_group_is_switched_where_the_month_is_entered(tree):
    """Its blanks keep their meaning."""
    new, other = opened("a", ON), opened("b", ON)
    switch(tree.tan_thanh)
    switch(tree.liem_tuc)
    submissions_actions.open_submission(new, AUGUST, by=None, at=datetime(2025, 8, 1, tzinfo=UTC))
    links = [
        successor_links.SuccessionLink(tree.tan_thanh, new, ON),
        successor_links.SuccessionLink(tree.liem_tuc, other, ON),
    ]
    successor_links.add_successions(links, by=None)
    assert off(new) == frozenset() and off(other) == frozenset(RETURNED)


def test_queries_do_not_grow_with_the_units(tree):
    counted = []
    for number in (2, 30):
        olds = lifecycle_actions.open_units(
            [draft(f"{number}-{n}", active_until=date(2025, 6, 30)) for n in range(number)], by=None
        ).new
        links = []
        for n, old in enumerate(olds):
            for rule in (target, mapping):
                rule(old, *([80] if rule is target else []))
            switch(old)
            new = opened(f"{number}-{n}", ON)
            links.append(
                Succession.objects.create(
                    old=old, new=new, on=ON, share_numerator=1, share_denominator=1, legal_basis=""
                )
            )
        with CaptureQueriesContext(
            connection,
        ) as captured:
            inherited_settings.inherit_settings(links, by=None)
        assert RateTarget.objects.filter(unit__in=[link.new_id for link in links]).count() == number
        counted.append(len(captured))
    assert counted[0] == counted[1] < 20


def test_the_pages_mark_copied_settings(tree, settings):
    settings.DEMO_TODAY = date(2025, 8, 1)
    target(tree.tan_thanh, 80)
    switch(tree.tan_thanh)
    new = merged(tree)
    client = signed_in(person("duyet", ("reviewer", new)))
    note = "Tiếp tục của đơn vị cũ"
    assert text_of(client.get(f"/records/targets/{new.pk}/?year=2025")).count(note) == 1
    assert note in text_of(client.get("/records/groups/"))
    set_targets(new, 2025, {"online-": (Decimal(85), "")}, by=None, at=AT)
    assert note not in text_of(client.get(f"/records/targets/{new.pk}/?year=2025"))
