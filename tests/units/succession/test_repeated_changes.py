"""Units that change more than once, or whose parent changes meanwhile."""

from datetime import date

import pytest

from tests.units.conftest import draft, person
from tests.units.lifecycle.test_merge import ON, merge_form
from tests.units.lifecycle.test_split import split_form as divided
from tests.units.lifecycle.test_views import signed_in, text_of
from units.lifecycle import actions, restructuring
from units.models import Succession, Unit
from units.succession import positions, stored_lineage
from units.tree import roster
from units.tree.rules import TreeRefused

LATER = date(2025, 9, 1)


@pytest.fixture
def cast(tree):
    tree.admin = signed_in(person("quantri", ("administrator", tree.province)))
    tree.address = f"/units/{tree.district.pk}/merge/"
    return tree


def tables_agree() -> bool:
    return stored_lineage.check() == (set(), {}) and roster.check() == [] and not any(positions.check())


@pytest.mark.parametrize("parent", ["13480", "13474"])
def test_nothing_opens_below_what_closes_in_the_same_act(cast, parent):
    """The old unit still has the code when the form looks it up."""
    for sure in ("", "1"):
        answer = cast.admin.post(cast.address, merge_form(cast, parent=parent, code="moi", sure=sure))
        assert answer.status_code == 422 and "không hoạt động ngày 01/7/2025" in text_of(answer)
    assert not Succession.objects.exists()
    shares = divided(("a", "xã An", "1/2"), ("b", "xã Bình", "1/2"), parent="13474", sure="1")
    assert cast.admin.post(f"/units/{cast.tan_thanh.pk}/split/", shares).status_code == 422


def test_nothing_opens_below_what_somebody_else_closed_meanwhile(cast):
    """Loaded while open, closed before the tree was locked."""
    stale = Unit.objects.get(pk=cast.district.pk)
    actions.close_branch(cast.district, date(2025, 6, 30), by=None)
    with pytest.raises(TreeRefused, match="không hoạt động ngày"):
        actions.open_unit(draft("moi", parent=stale, active_from=ON), by=None)
    early = actions.open_unit(draft("som", parent=stale, active_from=date(2025, 6, 1)), by=None)
    assert early.active_until == date(2025, 6, 30)


def test_a_merger_where_the_end_is_known_is_undone(cast):
    """The new unit ends with its district, as the old ones did; that is no change that blocks the undo."""
    actions.close_branch(cast.district, date(2025, 6, 30), by=None)
    before = list(Unit.objects.order_by("pk").values())
    answer = cast.admin.post(cast.address, merge_form(cast, on="1/6/2025", sure="1"))
    new = Unit.objects.get(code="13474", active_from=date(2025, 6, 1))
    assert answer.status_code == 302 and new.active_until == date(2025, 6, 30)
    assert cast.admin.post(f"/units/{new.pk}/undo-merger/").status_code == 302
    assert list(Unit.objects.order_by("pk").values()) == before and tables_agree()


def test_units_that_open_later_stand_in_the_list(cast):
    """A merger of next year is changed before it begins; the list distinguishes both units with the code."""
    new = restructuring.merge_units(
        [cast.tan_thanh, cast.liem_tuc], draft("13474", name="xã Mới"), ON, by=None, basis="NQ"
    ).new[0]
    page = text_of(cast.admin.get(cast.address))
    assert "xã Mới (13474), từ 01/7/2025" in page
    assert "thị trấn Tân Thanh (13474), đến hết 30/6/2025" in page
    again = merge_form(cast, olds=[new.pk], on="1/9/2025", name="phường Mới", sure="1")
    assert cast.admin.post(cast.address, again).status_code == 302
    assert Unit.objects.get(code="13474", active_from=LATER).name == "phường Mới" and tables_agree()


def test_split_then_merged_is_undone_from_the_end(cast):
    before = list(Unit.objects.order_by("pk").values())
    shares = divided(("a", "xã An", "60%"), ("b", "xã Bình", "40%"), sure="1")
    cast.admin.post(f"/units/{cast.tan_thanh.pk}/split/", shares)
    parts = [Unit.objects.get(code=code) for code in "ab"]
    olds = [part.pk for part in parts]
    cast.admin.post(
        cast.address, merge_form(cast, olds=olds, on="1/9/2025", code="c", name="xã Chung", sure="1")
    )
    whole = Unit.objects.get(code="c")
    assert tables_agree()
    assert "Hoàn tác" not in text_of(cast.admin.get(f"/units/{parts[0].pk}/"))
    early = cast.admin.post(f"/units/{parts[0].pk}/undo-merger/")
    assert early.status_code == 422
    assert "đã kết thúc hoạt động: hãy hoàn tác lần thay đổi sau trước" in text_of(early)
    assert f'href="/units/{parts[0].pk}/"' in text_of(early) and "tải lại trang" not in text_of(early)
    assert f'href="/units/{whole.pk}/">xã Chung</a>' in text_of(cast.admin.get(f"/units/{parts[0].pk}/"))
    for unit in (whole, parts[1]):
        assert cast.admin.post(f"/units/{unit.pk}/undo-merger/").status_code == 302
    assert list(Unit.objects.order_by("pk").values()) == before and tables_agree()


def test_a_new_unit_of_a_whole_one_and_a_part_of_another(cast):
    """All of Liêm Túc and two fifths of Tân Thanh on one day: the second part joins the unit that the first opened."""
    before = list(Unit.objects.order_by("pk").values())
    whole = merge_form(cast, olds=[cast.liem_tuc.pk], code="n", name="xã N", sure="1")
    assert cast.admin.post(cast.address, whole).status_code == 302
    split = f"/units/{cast.tan_thanh.pk}/split/"
    parts = divided(("13474", "", "60%"), ("n", "", "40%"))
    page = text_of(cast.admin.post(split, parts))
    assert "đã mở từ ngày đó, nhận thêm" in page and "mỗi tháng vẫn 2 báo cáo." in page
    assert cast.admin.post(split, parts | {"sure": "1"}).status_code == 302
    new, left = (Unit.objects.get(code=code, active_from=ON) for code in ("n", "13474"))
    assert set(Succession.objects.filter(new=new).values_list("old__code", "share_numerator")) == {
        ("13480", 1), ("13474", 2),
    }  # fmt: skip
    assert tables_agree()
    assert "Hoàn tác chia tách" in text_of(cast.admin.get(f"/units/{new.pk}/"))
    undone = text_of(cast.admin.post(f"/units/{left.pk}/undo-merger/", follow=True))
    assert (
        "Đã hoàn tác: 1 đơn vị cũ hoạt động tiếp, thị trấn Tân Thanh mở ngày 01/7/2025 không còn." in undone
    )
    assert (
        set(Succession.objects.values_list("old__code", "new__code")) == {("13480", "n")} and tables_agree()
    )
    assert cast.admin.post(f"/units/{new.pk}/undo-merger/").status_code == 302
    assert list(Unit.objects.order_by("pk").values()) == before and tables_agree()


def test_two_administrators_confirm_at_once(cast):
    """The second gets an error, and nothing is written twice."""
    for answer, status in ((cast.admin.post(cast.address, merge_form(cast, sure="1")), 302),
                           (cast.admin.post(cast.address, merge_form(cast, sure="1")), 422)):  # fmt: skip
        assert answer.status_code == status
    assert "Đã hết hoạt động: thị trấn Tân Thanh, xã Liêm Túc" in text_of(answer)
    assert Succession.objects.count() == 2
    new = Unit.objects.get(code="13474", active_from=ON)
    assert [cast.admin.post(f"/units/{new.pk}/undo-merger/").status_code for _ in range(2)] == [302, 404]


def test_a_new_unit_reports_as_its_old_ones_were_declared_to(cast):
    """A group declared to report still reports after a rename, and so does each of its parts."""
    actions.open_units(
        [
            draft("x", name="xã X", reports_declared=True),
            draft("t1", "", "x", "office"),
            draft("t2", "", "x", "office"),
        ],
        by=None,
    )
    old = Unit.objects.get(code="x")
    new = restructuring.merge_units([old], draft("x", name="phường X"), ON, by=None, basis="NQ").new[0]
    assert Unit.objects.get(pk=new.pk).reports and new.has_children
    below = {unit.code: unit.pk for unit in Unit.objects.filter(parent=new)}
    parts = divided(
        ("y", "xã Y", "1/2"), ("z", "xã Z", "1/2"), on="1/9/2025", sure="1",
        **{f"into_{below['t1']}": "1", f"into_{below['t2']}": "2"},
    )  # fmt: skip
    assert cast.admin.post(f"/units/{new.pk}/split/", parts).status_code == 302
    assert list(Unit.objects.filter(code__in="yz").values_list("reports", flat=True)) == [True, True]


def test_the_page_shows_tier_and_parent(cast):
    """Otherwise a change of tier or parent would look like a new name only."""
    moved = merge_form(cast, olds=[cast.tan_thanh.pk], parent="35", tier="district", name="thị xã Tân Thanh")
    page = text_of(cast.admin.post(cast.address, moved))
    assert "Cấp huyện, thuộc tỉnh Hà Nam" in page
    parts = divided(("a", "xã An", "1/2"), ("b", "xã Bình", "1/2"), parent="35")
    page = text_of(cast.admin.post(f"/units/{cast.tan_thanh.pk}/split/", parts))
    assert "mở mới, thuộc tỉnh Hà Nam" in page
