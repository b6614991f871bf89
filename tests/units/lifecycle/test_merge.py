"""A merger on the page: preview, one transaction, undo as long as nothing was entered."""

from datetime import UTC, date, datetime

import pytest

from figures.periods import Month
from ledger.models import Entry
from records.submissions import actions as submissions_actions
from tests.units.conftest import draft, person
from tests.units.succession import successions
from units.lifecycle import actions as lifecycle_actions
from units.lifecycle import restructuring, undo
from units.models import Membership, Succession, Unit
from units.people import actions as people_actions
from units.succession import positions, stored_lineage
from units.tree import roster
from units.tree.rules import TreeRefused

from .test_views import signed_in, text_of

ON = date(2025, 7, 1)


@pytest.fixture
def cast(tree):
    """An administrator of the district and clerks of both communes, one of them in both."""
    tree.admin = signed_in(person("quantri", ("administrator", tree.district)))
    tree.clerk = person("xa-13474", ("clerk", tree.tan_thanh), ("clerk", tree.liem_tuc))
    tree.other = person("xa-13480", ("clerk", tree.liem_tuc), ("viewer", tree.liem_tuc))
    return tree


def merge_form(tree, **more) -> dict:
    data = {"olds": [tree.tan_thanh.pk, tree.liem_tuc.pk], "codes": "", "on": "1/7/2025", "basis": "NQ 1"}
    return data | {"code": "13474", "name": "xã Tân Thanh", "tier": "commune", "parent": "351"} | more


def test_the_preview_shows_changes_and_writes_nothing(cast):
    address = f"/units/{cast.district.pk}/merge/"
    form = text_of(cast.admin.get(address))
    assert "xã Liêm Túc (13480)" in form and "Phòng Nội vụ" in form
    at = datetime(2025, 6, 20, tzinfo=UTC)
    for month in (Month(2025, 6), Month(2025, 8)):
        submissions_actions.open_submission(cast.tan_thanh, month, by=None, at=at)
    before = Entry.objects.count()
    page = text_of(cast.admin.post(address, merge_form(cast)))
    for words in (
        "Sáp nhập 2 đơn vị thành xã Tân Thanh",
        "báo cáo cuối cùng của tháng 7/2025: 2 báo cáo",
        "Đơn vị mới nộp từ tháng 7/2025",
        "tháng 6/2025: đang nhập; vẫn nhập, gửi và duyệt tiếp được",
        "tháng 8/2025: đang nhập; đơn vị cũ sẽ không còn phải báo cáo tháng này",
        "Người xa-13480: nhập số liệu, xã Liêm Túc",
    ):
        assert words in page, words
    assert Entry.objects.count() == before and not Succession.objects.exists()
    assert Unit.objects.get(pk=cast.tan_thanh.pk).active_until is None


@pytest.mark.parametrize(
    ("day", "deadline"), [(date(2025, 7, 16), "16/7/2025."), (date(2025, 7, 17), "16/7/2025 (đã qua).")]
)
def test_a_past_deadline_is_marked_as_past(cast, settings, day, deadline):
    settings.DEMO, settings.DEMO_TODAY = True, day
    page = text_of(cast.admin.post(f"/units/{cast.district.pk}/merge/", merge_form(cast)))
    assert f"báo cáo cuối cùng của tháng 7/2025: 2 báo cáo, hạn gửi {deadline}" in page
    assert f"Đơn vị mới nộp từ tháng 7/2025: 1 báo cáo, hạn gửi {deadline}" in page


def test_confirmed_it_is_one_act_and_undone_as_one(cast):
    before = list(Unit.objects.order_by("pk").values())
    roles = list(Membership.objects.order_by("pk").values())
    answer = cast.admin.post(f"/units/{cast.district.pk}/merge/", merge_form(cast, sure="1"))
    new = Unit.objects.get(code="13474", active_from=ON)
    assert answer.status_code == 302 and answer.url == f"/units/{new.pk}/"
    assert set(Succession.objects.values_list("old", "new")) == {
        (cast.tan_thanh.pk, new.pk),
        (cast.liem_tuc.pk, new.pk),
    }
    memberships = set(Membership.objects.filter(unit=new).values_list("user__username", "role", "valid_from"))
    assert memberships == {("xa-13474", "clerk", ON), ("xa-13480", "clerk", ON), ("xa-13480", "viewer", ON)}
    assert "Hoàn tác sáp nhập" in text_of(cast.admin.get(f"/units/{new.pk}/"))
    assert stored_lineage.check() == (set(), {}) and roster.check() == []
    cast.admin.post(f"/units/{new.pk}/undo-merger/")
    assert list(Unit.objects.order_by("pk").values()) == before
    assert list(Membership.objects.order_by("pk").values()) == roles
    assert stored_lineage.check() == (set(), {}) and roster.check() == [] and not Succession.objects.exists()
    assert Entry.objects.filter(action="unit.undo_merger").count() == 2


def test_choices_can_be_changed_after_the_preview(cast):
    """Going back from the preview keeps the choices."""
    address = f"/units/{cast.district.pk}/merge/"
    page = text_of(cast.admin.post(address, merge_form(cast)))
    assert "Sửa lại" in page and "Hoạt động đến hết ngày 30/6/2025" in page
    form = cast.admin.post(address, merge_form(cast, again="1"))
    assert form.status_code == 200 and "Xác nhận sáp nhập" not in text_of(form)
    content = form.content.decode()
    assert content.count(" checked") == 2 and 'value="xã Tân Thanh"' in content


def test_one_change_rebuilds_all_histories_once(cast, monkeypatch):
    """For a whole country it takes seconds, with the tree locked."""
    counted = []
    rebuild = stored_lineage.rebuild
    monkeypatch.setattr(stored_lineage, "rebuild", lambda: counted.append(rebuild()))
    cast.admin.post(f"/units/{cast.district.pk}/merge/", merge_form(cast))
    assert len(counted) == 1
    new = draft("moi", name="xã Mới", active_from=date(2025, 8, 1))
    successions.replace([cast.tan_thanh], [successions.Part(new)], date(2025, 8, 1), by=None)
    assert len(counted) == 2
    assert not any((*stored_lineage.check(), *positions.check()))


def test_entered_reports_block_the_undo(cast):
    new = restructuring.merge_units(
        [cast.tan_thanh, cast.liem_tuc], draft("n", name="xã Mới"), ON, by=None, basis="NQ"
    ).new[0]
    submissions_actions.open_submission(new, Month(2025, 8), by=None, at=datetime(2025, 8, 1, tzinfo=UTC))
    answer = cast.admin.post(f"/units/{new.pk}/undo-merger/")
    page = text_of(answer)
    assert answer.status_code == 422
    assert "không hoàn tác được" in page and Succession.objects.count() == 2
    assert Membership.objects.filter(unit=new).count() == 3
    assert Unit.objects.get(pk=cast.tan_thanh.pk).active_until == date(2025, 6, 30)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"olds": []}, "Hãy chọn ít nhất một đơn vị cũ"),
        ({"olds": [999_999]}, "Có đơn vị không chọn được"),
        ({"codes": "khong-co"}, "Không có đơn vị nào đang hoạt động mang mã khong-co"),
        ({"codes": "phong-noi-vu"}, "phải cùng loại"),
        ({"on": "30/2/2025"}, "Không có ngày"),
        ({"basis": ""}, "Chưa nhập ô này"),
        ({"code": "phong-noi-vu"}, "phong-noi-vu"),
        ({"parent": "khong-co"}, "trong phạm vi quản trị của bạn"),
    ],
)
def test_faults_stand_at_their_fields_and_nothing_is_written(cast, more, words):
    for sure in ("", "1"):
        answer = cast.admin.post(f"/units/{cast.district.pk}/merge/", merge_form(cast, sure=sure, **more))
        assert answer.status_code == 422 and words in text_of(answer)
    assert not Succession.objects.exists() and Unit.objects.filter(active_until=None).count() == 6


def test_only_administrators_merge(cast):
    clerk = signed_in(cast.clerk)
    assert clerk.get(f"/units/{cast.district.pk}/merge/").status_code == 404
    assert clerk.post(f"/units/{cast.tan_thanh.pk}/undo-merger/").status_code == 403
    assert "không do một lần sáp nhập" in text_of(
        cast.admin.post(f"/units/{cast.tan_thanh.pk}/undo-merger/", follow=True)
    )


def below(unit: Unit) -> dict[str, tuple[str, str]]:
    """Name and kind of the units below a unit on `ON`, by code."""
    units = Unit.objects.under(unit).exclude(pk=unit.pk).active_on(ON)
    return {child.code: (child.name, child.kind) for child in units}


@pytest.fixture
def districts(cast):
    """A second district with an office and a commune of the same names, and a unit below a commune."""
    lifecycle_actions.open_units(
        [
            draft("350", "district", "35", name="huyện Bình Lục"),
            draft("13501", parent="350", name="xã Liêm Túc"),
            draft("noi-vu-2", "", "350", "office", name="Phòng Nội vụ"),
            draft("thue-2", "", "350", "office", name="Phòng Thuế"),
            draft("dat-dai-2", "district", "350", "external", name="Chi nhánh Văn phòng Đăng ký đất đai"),
            draft("13510", parent="350", name="xã Có Trạm"),
            draft("tram", "", "13510", "office", name="Trạm Y tế"),
        ],
        by=None,
    )
    cast.other_district = Unit.objects.get(code="350")
    person("noi-vu-2", ("clerk", Unit.objects.get(code="noi-vu-2")))
    cast.root = person("goc", ("administrator", cast.province))
    return cast


def test_units_below_the_old_ones_move_under_the_new_one(districts):
    olds = [districts.district, districts.other_district]
    merger = draft("351", "district", "35", name="huyện Mới")
    merger_result = restructuring.merge_units(olds, merger, ON, by=districts.root, basis="NQ 1")
    new = merger_result.new[0]
    assert below(new) == {
        "13474": ("thị trấn Tân Thanh", "committee"),
        "13480": ("xã Liêm Túc", "committee"),
        "13501": ("xã Liêm Túc", "committee"),
        "13510": ("xã Có Trạm", "committee"),
        "tram": ("Trạm Y tế", "office"),
        "phong-noi-vu": ("Phòng Nội vụ", "office"),
        "thue-2": ("Phòng Thuế", "office"),
        "dat-dai": ("Chi nhánh Văn phòng Đăng ký đất đai", "external"),
    }
    office = Unit.objects.get(code="phong-noi-vu", active_from=ON)
    assert set(Succession.objects.filter(new=office).values_list("old__code", flat=True)) == {
        "phong-noi-vu",
        "noi-vu-2",
    }
    assert Unit.objects.get(code="tram", active_from=ON).parent.code == "13510"
    assert list(Membership.objects.filter(unit=office).values_list("user__username", flat=True)) == [
        "noi-vu-2"
    ]
    assert stored_lineage.check() == (set(), {}) and roster.check() == []
    # The two districts and everything below are closed.
    assert not Unit.objects.under(districts.district).active_on(ON).exists()


def test_all_of_it_is_undone_as_one(districts):
    before = list(Unit.objects.order_by("pk").values())
    roles = list(Membership.objects.order_by("pk").values())
    people_actions.add_membership(
        districts.root, districts.other_district, "administrator", date(2021, 1, 1), by=None
    )
    roles_with = list(Membership.objects.order_by("pk").values())
    olds = [districts.district, districts.other_district]
    for ends in (False, True):
        merger_result = restructuring.merge_units(
            olds, draft("n", "district", "35"), ON, by=districts.root, basis="NQ", offices_end=ends
        )
        gone = set(below(merger_result.new[0]))
        assert ("thue-2" in gone) is (not ends) and "dat-dai" in gone
        back = undo.undo_restructuring(merger_result.new[0], by=districts.root)
        assert {unit.code for unit in back} >= {"350", "351", "13510", "tram", "thue-2"}
        assert list(Unit.objects.order_by("pk").values()) == before
        assert list(Membership.objects.order_by("pk").values()) == roles_with
    assert len(roles_with) == len(roles) + 1 and not Succession.objects.exists()
    assert stored_lineage.check() == (set(), {}) and roster.check() == []


def test_entered_reports_below_block_the_undo(districts):
    olds = [districts.district, districts.other_district]
    new = restructuring.merge_units(olds, draft("n", "district", "35"), ON, by=None, basis="NQ").new[0]
    commune = Unit.objects.get(code="13501", active_from=ON)
    submissions_actions.open_submission(commune, Month(2025, 8), by=None, at=datetime(2025, 8, 1, tzinfo=UTC))
    with pytest.raises(TreeRefused, match="không hoàn tác được"):
        undo.undo_restructuring(new, by=None)
    assert Unit.objects.get(pk=commune.pk).parent_id == new.pk


def test_the_page_shows_what_moves_along(districts):
    client = signed_in(districts.root)
    data = {
        "olds": [districts.district.pk, districts.other_district.pk],
        "on": "1/7/2025", "basis": "NQ 1", "code": "351", "name": "huyện Mới", "tier": "district", "parent": "35",
    }  # fmt: skip
    address = f"/units/{districts.province.pk}/merge/"
    page = text_of(client.post(address, data))
    for words in (
        "Đóng cùng đơn vị cũ và mở lại dưới đơn vị mới",
        "Phòng Nội vụ (noi-vu-2): trùng tên, nhập vào đơn vị mã phong-noi-vu",
        "xã Liêm Túc (13501)",
        "báo cáo cuối cùng của tháng 7/2025: 7 báo cáo",
        "Đơn vị mới nộp từ tháng 7/2025: 6 báo cáo",
        "Người noi-vu-2: nhập số liệu, Phòng Nội vụ",
    ):
        assert words in page, words
    ended = text_of(client.post(address, data | {"offices": "end"}))
    assert "Chấm dứt hoạt động, không có đơn vị kế thừa (4 đơn vị)" in ended
    assert not Succession.objects.exists()
    client.post(address, data | {"offices": "end", "sure": "1"})
    assert set(below(Unit.objects.get(code="351", active_from=ON))) == {
        "13474", "13480", "13501", "13510", "dat-dai",
    }  # fmt: skip
