"""A merger on the page: what changes is shown, then all in one transaction; undone while nothing was entered."""

from datetime import UTC, date, datetime

import pytest

from figures.periods import Month
from ledger.models import Entry
from records import actions as entry
from units import actions, inheritance, roster
from units.models import Membership, Succession, Unit

from .conftest import draft, person
from .test_pages import signed_in, text_of

ON = date(2025, 7, 1)


@pytest.fixture
def cast(tree):
    """An administrator of the district and clerks of both communes, one of them in both."""
    tree.admin = signed_in(person("quantri", ("administrator", tree.district)))
    tree.clerk = person("xa-13474", ("clerk", tree.tan_thanh), ("clerk", tree.liem_tuc))
    tree.other = person("xa-13480", ("clerk", tree.liem_tuc), ("viewer", tree.liem_tuc))
    return tree


def asked(tree, **more) -> dict:
    data = {"olds": [tree.tan_thanh.pk, tree.liem_tuc.pk], "codes": "", "on": "1/7/2025", "basis": "NQ 1"}
    return data | {"code": "13474", "name": "xã Tân Thanh", "tier": "commune", "parent": "351"} | more


def test_what_changes_is_shown_and_nothing_is_written(cast):
    address = f"/units/{cast.district.pk}/merge/"
    form = text_of(cast.admin.get(address))
    assert "xã Liêm Túc (13480)" in form and "Phòng Nội vụ" in form
    at = datetime(2025, 6, 20, tzinfo=UTC)
    for month in (Month(2025, 6), Month(2025, 8)):
        entry.open_submission(cast.tan_thanh, month, by=None, at=at)
    before = Entry.objects.count()
    page = text_of(cast.admin.post(address, asked(cast)))
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


def test_confirmed_it_is_one_act_and_undone_as_one(cast):
    kept = list(Unit.objects.order_by("pk").values())
    roles = list(Membership.objects.order_by("pk").values())
    answer = cast.admin.post(f"/units/{cast.district.pk}/merge/", asked(cast, sure="1"))
    new = Unit.objects.get(code="13474", active_from=ON)
    assert answer.status_code == 302 and answer.url == f"/units/{new.pk}/"
    assert set(Succession.objects.values_list("old", "new")) == {
        (cast.tan_thanh.pk, new.pk),
        (cast.liem_tuc.pk, new.pk),
    }
    got = set(Membership.objects.filter(unit=new).values_list("user__username", "role", "valid_from"))
    assert got == {("xa-13474", "clerk", ON), ("xa-13480", "clerk", ON), ("xa-13480", "viewer", ON)}
    assert "Hoàn tác sáp nhập" in text_of(cast.admin.get(f"/units/{new.pk}/"))
    assert inheritance.check() == (set(), {}) and roster.check() == []
    cast.admin.post(f"/units/{new.pk}/undo-merger/")
    assert list(Unit.objects.order_by("pk").values()) == kept
    assert list(Membership.objects.order_by("pk").values()) == roles
    assert inheritance.check() == (set(), {}) and roster.check() == [] and not Succession.objects.exists()
    assert Entry.objects.filter(action="unit.undo_merger").count() == 2


def test_what_was_entered_forbids_the_undoing(cast):
    new = actions.merge(
        [cast.tan_thanh, cast.liem_tuc], draft("n", name="xã Mới"), ON, by=None, basis="NQ"
    ).new
    entry.open_submission(new, Month(2025, 8), by=None, at=datetime(2025, 8, 1, tzinfo=UTC))
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
        answer = cast.admin.post(f"/units/{cast.district.pk}/merge/", asked(cast, sure=sure, **more))
        assert answer.status_code == 422 and words in text_of(answer)
    assert not Succession.objects.exists() and Unit.objects.filter(active_until=None).count() == 6


def test_only_administrators_merge(cast):
    clerk = signed_in(cast.clerk)
    assert clerk.get(f"/units/{cast.district.pk}/merge/").status_code == 404
    assert clerk.post(f"/units/{cast.tan_thanh.pk}/undo-merger/").status_code == 403
    assert "không do một lần sáp nhập" in text_of(
        cast.admin.post(f"/units/{cast.tan_thanh.pk}/undo-merger/", follow=True)
    )
