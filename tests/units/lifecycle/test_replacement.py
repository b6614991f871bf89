"""Replacing one unit (new name, tier or parent) and recording the successor of a closed unit, as in a merger."""

from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command

from figures.periods import Month
from ledger.models import Entry
from records.models import DueRule, Field, FieldScope, Submission
from records.submissions import actions as submissions_actions
from tests.units.conftest import draft, person
from units.lifecycle import actions as lifecycle_actions
from units.models import Membership, Succession, Unit
from units.succession import positions, stored_lineage
from units.tree import roster

from .test_views import signed_in, text_of

ON, LAST = date(2025, 7, 1), date(2025, 6, 30)


@pytest.fixture
def cast(tree):
    tree.admin = signed_in(person("quantri", ("administrator", tree.province)))
    person("xa-13474", ("clerk", tree.tan_thanh))
    return tree


@pytest.fixture
def ended(cast, settings):
    """August 2025: an office closed with its district; the commune's own opened the day after, without a link."""
    settings.DEMO_TODAY = date(2025, 8, 12)
    person("noi-vu", ("clerk", cast.office))
    lifecycle_actions.close_branch(cast.district, LAST, by=None)
    lifecycle_actions.open_units(
        [
            draft("x", name="xã Mới", parent="35", active_from=ON),
            draft("pvhc", "", "x", "office", name="Phòng Văn hóa – Xã hội", active_from=ON),
        ],
        by=None,
    )
    cast.new = Unit.objects.get(code="pvhc")
    cast.address = f"/units/{cast.office.pk}/succeed/"
    return cast


def replacement_form(*olds: Unit, **more) -> dict:
    data = {"olds": [unit.pk for unit in olds], "on": "1/7/2025", "basis": "NQ 1", "code": "13474"}
    return data | {"name": "phường Tân Thanh", "tier": "commune", "parent": "351"} | more


def state() -> list:
    return [list(model.objects.order_by("pk").values()) for model in (Unit, Membership, Succession)]


def tables_agree() -> bool:
    call_command("recount", "--check")
    return stored_lineage.check() == (set(), {}) and roster.check() == [] and not any(positions.check())


@pytest.mark.parametrize(
    ("more", "change"),
    [
        ({}, "Cấp xã, thuộc huyện Thanh Liêm"),
        ({"tier": "district"}, "Cấp huyện, thuộc huyện Thanh Liêm"),
        ({"parent": "35"}, "Cấp xã, thuộc tỉnh Hà Nam"),
        ({"code": "moi", "name": "thị trấn Tân Thanh"}, "Cấp xã, thuộc huyện Thanh Liêm"),
    ],
)
def test_name_tier_parent_and_code_change_with_a_look_and_a_way_back(cast, more, change):
    address, before = f"/units/{cast.tan_thanh.pk}/succeed/", state()
    form = cast.admin.get(address)
    assert (
        f'value="{cast.tan_thanh.pk}"' in form.content.decode()
        and form.content.decode().count(" checked") == 1
    )
    data = replacement_form(cast.tan_thanh, **more)
    page = text_of(cast.admin.post(address, data))
    name = data["name"]
    for words in (f"Thay thế thị trấn Tân Thanh bằng {name}", change, "Xác nhận thay thế", "Người xa-13474"):
        assert words in page, words
    assert state() == before
    response = cast.admin.post(address, data | {"sure": "1"}, follow=True)
    new = Unit.objects.get(code=data["code"], active_from=ON)
    assert (new.name, new.tier, new.parent.code) == (name, data["tier"], data["parent"]) and tables_agree()
    assert f"Đã thay thế thị trấn Tân Thanh bằng {name}" in text_of(response)
    assert "Hoàn tác sáp nhập, thay thế" in text_of(response)
    assert Membership.objects.filter(unit=new, valid_from=ON).count() == 1
    cast.admin.post(f"/units/{new.pk}/undo-merger/")
    assert state() == before and tables_agree()


def test_each_tier_has_its_own_deadline(cast):
    """A commune becomes a town of the district tier; a district is replaced with the offices and communes below it."""
    for tier, days in (("commune", 2), ("district", 5)):
        DueRule.objects.create(first_month=Month(2025, 1).number, tier=tier, working_days=days)
    page = text_of(
        cast.admin.post(
            f"/units/{cast.tan_thanh.pk}/succeed/", replacement_form(cast.tan_thanh, tier="district")
        )
    )
    assert (
        "1 báo cáo, hạn gửi 16/7/2025." in page
        and "Đơn vị mới nộp từ tháng 7/2025: 1 báo cáo, hạn gửi 21/7/2025." in page
    )
    data = replacement_form(cast.district, code="351", name="thị xã Thanh Liêm", tier="district", parent="35")
    page = text_of(cast.admin.post(f"/units/{cast.district.pk}/succeed/", data))
    assert page.count("3 báo cáo, hạn gửi cấp xã: 16/7/2025; cấp huyện: 21/7/2025.") == 2


def test_a_group_is_renamed_with_everything_below_it(cast):
    before = state()
    data = replacement_form(
        cast.district, code="351", name="thị xã Thanh Liêm", tier="district", parent="35", sure="1"
    )
    assert cast.admin.post(f"/units/{cast.district.pk}/succeed/", data).status_code == 302
    new = Unit.objects.get(code="351", active_from=ON)
    assert Unit.objects.filter(parent=new).count() == 4 and tables_agree()
    cast.admin.post(f"/units/{new.pk}/undo-merger/")
    assert state() == before


def test_the_top_of_the_tree_is_renamed(cast):
    data = replacement_form(
        cast.province, code="35", name="thành phố Hà Nam", tier="province", parent="", sure="1"
    )
    assert cast.admin.post(f"/units/{cast.province.pk}/succeed/", data).status_code == 302
    assert Unit.objects.get(code="351", active_from=ON).parent.name == "thành phố Hà Nam"


def test_the_successor_of_a_closed_unit_may_be_open_already(ended):
    before = state()
    assert "Ghi đơn vị kế thừa" in text_of(ended.admin.get(f"/units/{ended.office.pk}/"))
    form = ended.admin.get(ended.address).content.decode()
    assert "Ghi đơn vị kế thừa Phòng Nội vụ" in form and 'value="01/7/2025"' in form
    data = replacement_form(ended.office, code="pvhc", name="", parent="35")
    page = text_of(ended.admin.post(ended.address, data))
    assert "Phòng Văn hóa – Xã hội, mã pvhc, đã mở từ ngày đó" in page and state() == before
    assert ended.admin.post(ended.address, data | {"sure": "1"}).url == f"/units/{ended.new.pk}/"
    (link,) = Succession.objects.all()
    assert (link.old, link.new) == (ended.office, ended.new) and tables_agree()
    assert Membership.objects.filter(unit=ended.new).count() == 1
    # A second successor is refused, the same one or another.
    again = ended.admin.post(ended.address, data | {"sure": "1"})
    assert again.status_code == 422 and "Đã hết hoạt động: Phòng Nội vụ" in text_of(again)
    undone = text_of(ended.admin.post(f"/units/{ended.new.pk}/undo-merger/", follow=True))
    assert "Đã hoàn tác: đơn vị cũ chưa có đơn vị kế thừa, Phòng Văn hóa – Xã hội giữ nguyên." in undone
    assert state() == before and tables_agree()
    assert Entry.objects.filter(action="unit.undo_joining").count() == 1
    assert "Hoàn tác" not in text_of(ended.admin.get(f"/units/{ended.new.pk}/")).split("Nhật ký thay đổi")[0]


def test_communes_of_a_closed_district_become_one(ended):
    """They closed with it on the same day; the new unit opens below the province, their people get roles in it."""
    before = state()
    form = text_of(ended.admin.get(f"/units/{ended.tan_thanh.pk}/succeed/"))
    assert "xã Liêm Túc (13480), đến hết 30/6/2025" in form and "Phòng Nội vụ" not in form
    data = replacement_form(ended.tan_thanh, ended.liem_tuc, parent="35")
    page = text_of(ended.admin.post(f"/units/{ended.tan_thanh.pk}/succeed/", data))
    assert "Sáp nhập 2 đơn vị thành phường Tân Thanh" in page and "Cấp xã, thuộc tỉnh Hà Nam" in page
    assert state() == before
    ended.admin.post(f"/units/{ended.tan_thanh.pk}/succeed/", data | {"sure": "1"})
    new = Unit.objects.get(code="13474", active_from=ON)
    assert Succession.objects.filter(new=new).count() == 2 and tables_agree()
    assert Membership.objects.filter(unit=new, user__username="xa-13474").count() == 1
    assert ended.admin.post(f"/units/{new.pk}/undo-merger/").status_code == 302
    assert state() == before and tables_agree()


def test_two_go_over_into_what_is_there_one_after_the_other(ended):
    """The later link is undone first; the unit's own catalogue rows and the other link stay."""
    person("thue", ("clerk", ended.external))
    field = Field.objects.create(code="x", name="Lĩnh vực X")
    scope = FieldScope.objects.create(field=field, tier="commune", valid_from=ON)
    scope.units.add(ended.new)
    data = replacement_form(ended.office, code="pvhc", name="", sure="1")
    ended.admin.post(ended.address, data)
    after_first = state()
    external = data | {"olds": [ended.external.pk], "basis": "NQ 2"}
    assert ended.admin.post(f"/units/{ended.external.pk}/succeed/", external).status_code == 302
    assert Succession.objects.filter(new=ended.new).count() == 2
    undo = f"/units/{ended.new.pk}/undo-merger/"
    assert ended.admin.post(undo).status_code == 302 and state() == after_first
    assert ended.admin.post(undo).status_code == 302 and not Succession.objects.exists() and tables_agree()
    assert list(scope.units.all()) == [ended.new]
    assert ended.admin.post(undo).status_code == 422


def test_reports_of_the_new_unit_block_the_undo(ended, monkeypatch):
    ended.admin.post(ended.address, replacement_form(ended.office, code="pvhc", name="", sure="1"))
    monkeypatch.setattr("units.lifecycle.undo.reports_of", lambda units: {pk: ["tháng 8"] for pk in units})
    refused = ended.admin.post(f"/units/{ended.new.pk}/undo-merger/")
    assert refused.status_code == 422 and "đã gửi hoặc đã được duyệt số liệu" in text_of(refused)


def test_a_draft_there_stays_when_it_is_undone(ended):
    ended.admin.post(ended.address, replacement_form(ended.office, code="pvhc", name="", sure="1"))
    submissions_actions.open_submission(
        ended.new, Month(2025, 7), by=None, at=datetime(2025, 8, 1, tzinfo=UTC)
    )
    assert tables_agree()
    assert ended.admin.post(f"/units/{ended.new.pk}/undo-merger/").status_code == 302
    assert tables_agree() and Submission.objects.filter(unit=ended.new).count() == 1


def test_only_what_is_administered_is_offered_and_joined(cast):
    """Neighbouring units are out of the administrator's scope."""
    own = signed_in(person("rieng", ("administrator", cast.tan_thanh)))
    address = f"/units/{cast.tan_thanh.pk}/succeed/"
    page = text_of(own.get(address))
    assert "xã Liêm Túc" not in page
    both = signed_in(person("doc", ("administrator", cast.tan_thanh), ("viewer", cast.district)))
    lifecycle_actions.open_units([draft("moi", name="xã Mới", active_from=ON)], by=None)
    assert both.post(address, replacement_form(cast.tan_thanh, code="moi", name="")).status_code == 403
    assert own.post(address, replacement_form(cast.tan_thanh, code="moi", name="")).status_code == 422


def test_another_name_than_that_of_the_unit_there_is_no_way_to_rename_it(cast):
    lifecycle_actions.open_units([draft("moi", name="xã Mới", active_from=ON)], by=None)
    answer = cast.admin.post(
        f"/units/{cast.tan_thanh.pk}/succeed/", replacement_form(cast.tan_thanh, code="moi")
    )
    assert answer.status_code == 422 and "đã có với nội dung khác" in text_of(answer)
