"""A split on the page: new units by shares, or a part that joins an existing unit; preview, confirmation, undo."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from figures.periods import Month
from ledger.models import Entry
from records.submissions import actions as submissions_actions
from tests.units.conftest import draft, person
from units.lifecycle import actions as lifecycle_actions
from units.models import Membership, Succession, Unit
from units.people import actions as people_actions
from units.succession import stored_lineage
from units.tree import roster

from .test_views import signed_in, text_of

ON = date(2025, 7, 1)


@pytest.fixture
def cast(tree):
    tree.admin = signed_in(person("quantri", ("administrator", tree.district)))
    person("xa-13474", ("clerk", tree.tan_thanh))
    person("xa-13480", ("clerk", tree.liem_tuc))
    tree.address = f"/units/{tree.tan_thanh.pk}/split/"
    return tree


def split_form(*parts, **more) -> dict:
    data = {"on": "1/7/2025", "basis": "NQ 1", "tier": "commune", "parent": "351"}
    for number, (code, name, share) in enumerate(parts, 1):
        data |= {f"code_{number}": code, f"name_{number}": name, f"share_{number}": share}
    return data | more


PARTIAL = (("13474", "", "3/4"), ("13480", "", "0,25"))
NEW = (("a", "xã An", "1/3"), ("b", "xã Bình", "2/3"))


def links() -> set[tuple]:
    rows = Succession.objects.values_list("old__code", "new__code", "share_numerator", "share_denominator")
    return {(old, new, Fraction(above, below)) for old, new, above, below in rows}


def test_the_preview_shows_changes_and_writes_nothing(cast):
    submissions_actions.open_submission(
        cast.tan_thanh, Month(2025, 6), by=None, at=datetime(2025, 6, 20, tzinfo=UTC)
    )
    assert "Chia tách, chuyển một phần" in text_of(cast.admin.get(f"/units/{cast.tan_thanh.pk}/"))
    assert "Phần thứ 6" in text_of(cast.admin.get(cast.address))
    before = Entry.objects.count()
    page = text_of(cast.admin.post(cast.address, split_form(*PARTIAL)))
    for words in (
        "Chia tách thị trấn Tân Thanh thành 2 phần",
        "phần còn lại",
        "đang hoạt động, nhận thêm",
        "báo cáo cuối cùng của tháng 7/2025: 2 báo cáo",
        "Đơn vị mới nộp từ tháng 7/2025: 2 báo cáo",
        "tháng 6/2025: đang nhập; vẫn nhập, gửi và duyệt tiếp được",
        "Người xa-13474: nhập số liệu, thị trấn Tân Thanh → thị trấn Tân Thanh",
        "số ước tính, tổng giữ nguyên",
        "người vận hành máy chủ chạy lệnh",
        "Hoạt động đến hết ngày 30/6/2025; đơn vị nào còn thì mở lại từ ngày 01/7/2025",
        "Sửa lại",
    ):
        assert words in page, words
    mended = cast.admin.post(cast.address, split_form(*PARTIAL, again="1")).content.decode()
    assert "Phần thứ 6" in mended and 'value="13480"' in mended
    assert Entry.objects.count() == before and not Succession.objects.exists()


def test_a_part_goes_to_a_unit_that_is_there(cast):
    """Both close and reopen under their codes: one with the rest, the other with the part it received."""
    before = list(Unit.objects.order_by("pk").values())
    roles = list(Membership.objects.order_by("pk").values())
    response = cast.admin.post(cast.address, split_form(*PARTIAL, sure="1"))
    assert links() == {
        ("13474", "13474", Fraction(3, 4)),
        ("13474", "13480", Fraction(1, 4)),
        ("13480", "13480", Fraction(1)),
    }
    left, taker = (Unit.objects.get(code=code, active_from=ON) for code in ("13474", "13480"))
    assert response.url == f"/units/{left.pk}/" and (left.name, taker.name) == (
        "thị trấn Tân Thanh",
        "xã Liêm Túc",
    )
    followed = set(Membership.objects.filter(valid_from=ON).values_list("user__username", "unit"))
    assert followed == {("xa-13474", left.pk), ("xa-13480", taker.pk)}
    assert stored_lineage.check() == (set(), {}) and roster.check() == []
    for unit in (left, taker):
        assert "Hoàn tác chia tách" in text_of(cast.admin.get(f"/units/{unit.pk}/"))
    cast.admin.post(f"/units/{taker.pk}/undo-merger/")
    assert list(Unit.objects.order_by("pk").values()) == before
    assert list(Membership.objects.order_by("pk").values()) == roles
    assert not Succession.objects.exists() and stored_lineage.check() == (set(), {}) and roster.check() == []


def test_a_unit_is_divided_among_new_ones(cast):
    cast.admin.post(cast.address, split_form(*NEW, sure="1"))
    assert links() == {("13474", "a", Fraction(1, 3)), ("13474", "b", Fraction(2, 3))}
    # The part with the largest share gets the people.
    new = Unit.objects.get(code="b")
    assert set(Membership.objects.filter(valid_from=ON).values_list("unit", flat=True)) == {new.pk}
    submissions_actions.open_submission(new, Month(2025, 8), by=None, at=datetime(2025, 8, 1, tzinfo=UTC))
    other = Unit.objects.get(code="a")
    answer = cast.admin.post(f"/units/{other.pk}/undo-merger/")
    assert answer.status_code == 422 and "không hoàn tác được" in text_of(answer)


def test_a_share_may_be_a_percentage(cast):
    parts = (("a", "xã An", "62,5%"), ("b", "xã Bình", "37.5 %"))
    assert cast.admin.post(cast.address, split_form(*parts, sure="1")).status_code == 302
    assert links() == {("13474", "a", Fraction(5, 8)), ("13474", "b", Fraction(3, 8))}


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((("a", "xã An", "1/3"), ("b", "xã Bình", "1/3")), "Các tỷ lệ cộng lại là 2/3, phải bằng đúng 1."),
        ((("a", "xã An", "1/0"), ("b", "xã Bình", "1")), "Tỷ lệ ghi 60%, 0,5 hoặc 1/3."),
        ((("a", "xã An", "-1"), ("b", "xã Bình", "2")), "Tỷ lệ kế thừa phải lớn hơn 0"),
        ((("a", "xã An", "nan"), ("b", "xã Bình", "1")), "Tỷ lệ ghi 60%, 0,5 hoặc 1/3."),
        ((("a", "", "1/2"), ("b", "xã Bình", "1/2")), "Chưa có đơn vị mang mã này: hãy ghi tên để mở."),
        ((("a", "xã An", "1/2"), ("", "xã Bình", "1/2")), "Chưa nhập ô này"),
        ((("a", "xã An", "1"), ("", "", "")), "Chưa nhập ô này"),
        ((("a", "xã An", "1/2"), ("a", "xã Bình", "1/2")), "có hai lần"),
        ((("a", "xã An", "1/2"), ("13480", "xã Khác", "1/2")), "Mã này đang là xã Liêm Túc"),
    ],
)
def test_faults_stand_at_their_fields_and_nothing_is_written(cast, parts, words):
    for sure in ("", "1"):
        answer = cast.admin.post(cast.address, split_form(*parts, sure=sure))
        assert answer.status_code == 422 and words in text_of(answer), text_of(answer)
    assert not Succession.objects.exists() and Unit.objects.filter(active_until=None).count() == 6


def test_only_administrators_split(cast):
    clerk = signed_in(person("khac", ("clerk", cast.tan_thanh)))
    assert clerk.get(cast.address).status_code == 403
    assert cast.admin.get(f"/units/{cast.province.pk}/split/").status_code == 404


def test_nothing_goes_to_a_unit_that_is_only_read(cast):
    """The receiving unit closes and reopens, so its administrator has to do it."""
    drafts = [draft("352", "district", "35"), draft("13500", parent="352")]
    neighbour = {unit.code: unit for unit in lifecycle_actions.open_units(drafts, by=None).new}["352"]
    both = signed_in(person("doc-them", ("administrator", cast.district), ("viewer", neighbour)))
    parts = (("13474", "", "3/4"), ("13500", "", "1/4"))
    for sure in ({}, {"sure": "1"}):
        assert both.post(cast.address, split_form(*parts, **sure)).status_code == 403
    assert not Succession.objects.exists() and Unit.objects.get(code="13500").active_until is None


@pytest.mark.parametrize("share", ["1e5000", "1e999999999", "1_0", "٣", "1/0", "-1", "%", "1/2%", "5%0"])
def test_a_share_is_a_short_number_and_nothing_else(cast, share):
    parts = (("a", "xã An", share), ("b", "xã Bình", "1/2"))
    assert cast.admin.post(cast.address, split_form(*parts)).status_code == 422


def test_roles_follow_for_as_long_as_they_last(cast):
    later, short = date(2026, 1, 1), date(2025, 7, 15)
    deputy = person("pho")
    people_actions.add_membership(
        deputy, cast.tan_thanh, "clerk", date(2025, 1, 1), by=None, valid_until=short
    )
    people_actions.add_membership(deputy, cast.tan_thanh, "viewer", later, by=None)
    answer = cast.admin.post(cast.address, split_form(*NEW, sure="1"))
    assert answer.status_code == 302
    memberships = Membership.objects.filter(unit__code="b", user=deputy).values_list(
        "role", "valid_from", "valid_until"
    )
    assert set(memberships) == {("clerk", ON, short), ("viewer", later, None)}


def test_who_undoes_administers_every_unit_of_it(cast):
    """A part joined a unit that the old unit's administrator does not manage."""
    cast.admin.post(cast.address, split_form(*PARTIAL, sure="1"))
    left = Unit.objects.get(code="13474", active_from=ON)
    taker = Unit.objects.get(code="13480", active_from=ON)
    own = person("quantri-xa", ("administrator", cast.tan_thanh))
    people_actions.add_membership(own, left, "administrator", ON, by=None)
    client = signed_in(own)
    assert "Hoàn tác" not in text_of(client.get(f"/units/{left.pk}/"))
    assert client.post(f"/units/{left.pk}/undo-merger/").status_code == 404
    assert Unit.objects.filter(pk=taker.pk).exists()
    assert cast.admin.post(f"/units/{left.pk}/undo-merger/").status_code == 302


def test_undoing_keeps_the_rules_of_the_tree(cast):
    """Another unit has the code by now, or the parent ends before the unit."""
    cast.admin.post(cast.address, split_form(*NEW, sure="1"))
    new = Unit.objects.get(code="b")
    (other,) = lifecycle_actions.open_units([draft("13474", name="xã Khác", active_from=ON)], by=None).new
    refused = cast.admin.post(f"/units/{new.pk}/undo-merger/")
    assert refused.status_code == 422 and "đã thay đổi" in text_of(refused)
    Unit.objects.filter(pk=other.pk).update(code="khac")
    assert cast.admin.post(f"/units/{new.pk}/undo-merger/").status_code == 302


@pytest.mark.parametrize("at", ["tan_thanh", "liem_tuc"])
def test_undone_from_either_part_its_own_old_unit_is_shown(cast, at):
    """Both parts have the names of old units, so the sentence names the removed one with its first day."""
    old = getattr(cast, at)
    cast.admin.post(cast.address, split_form(*PARTIAL, sure="1"))
    new = Unit.objects.get(code=old.code, active_from=ON)
    answer = cast.admin.post(f"/units/{new.pk}/undo-merger/", follow=True)
    assert answer.redirect_chain[-1][0] == f"/units/{old.pk}/"
    assert f"2 đơn vị cũ hoạt động tiếp, {old.name} mở ngày 01/7/2025 không còn." in text_of(answer)
