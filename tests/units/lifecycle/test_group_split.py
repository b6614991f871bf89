"""Splitting a group on the page: each unit below moves under one of the parts; preview, confirmation, undo."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from figures.periods import Month
from ledger.models import Entry
from records.submissions import actions as submissions_actions
from tests.units.conftest import draft, person
from units.lifecycle import actions as lifecycle_actions
from units.lifecycle import restructuring
from units.models import Membership, Succession, Unit
from units.succession import stored_lineage
from units.tree import roster
from units.tree.rules import TreeRefused

from .test_split import links
from .test_views import signed_in, text_of

ON = date(2025, 7, 1)


@pytest.fixture
def cast(tree):
    """351: two communes, one with a station, an office and an external body; 350: an office of the same name."""
    lifecycle_actions.open_units(
        [
            draft("tram", "", "13474", "office", name="Trạm Y tế"),
            draft("350", "district", "35", name="huyện Bình Lục"),
            draft("13501", parent="350", name="xã Bình Nghĩa"),
            draft("noi-vu-2", "", "350", "office", name="Phòng Nội vụ"),
        ],
        by=None,
    )
    tree.neighbour = Unit.objects.get(code="350")
    tree.admin = signed_in(person("goc", ("administrator", tree.province)))
    person("huyen", ("reviewer", tree.district))
    person("xa-13480", ("clerk", tree.liem_tuc))
    person("noi-vu", ("clerk", tree.office))
    tree.address = f"/units/{tree.district.pk}/split/"
    return tree


def group_split_form(cast, into: str, *parts, **more) -> dict:
    """`into`: part numbers of the two communes, the office and the external body, as "1221"."""
    data = {"on": "1/7/2025", "basis": "NQ 1", "tier": "district", "parent": "35"}
    for number, (code, name) in enumerate(parts, 1):
        data |= {f"code_{number}": code, f"name_{number}": name}
    below = (cast.tan_thanh, cast.liem_tuc, cast.office, cast.external)
    return data | {f"into_{unit.pk}": part for unit, part in zip(below, into, strict=True)} | more


NEW = (("351", "huyện An"), ("352", "huyện Bình"))
TAKEN = (("351", ""), ("350", ""))


def test_the_preview_shows_where_units_go_and_writes_nothing(cast):
    form = cast.admin.get(cast.address)
    for unit in (cast.tan_thanh, cast.liem_tuc, cast.office, cast.external):
        assert f'<select name="into_{unit.pk}"' in form.content.decode()
    assert "Tỷ lệ" not in text_of(form) and "Trạm Y tế" not in text_of(form)
    before = Entry.objects.count()
    page = text_of(cast.admin.post(cast.address, group_split_form(cast, "1221", *NEW)))
    for words in (
        "Chia tách huyện Thanh Liêm thành 2 phần",
        "thị trấn Tân Thanh (13474) → huyện An",
        "xã Liêm Túc (13480) → huyện Bình",
        "Phòng Nội vụ (phong-noi-vu) → huyện Bình",
        "Trạm Y tế (tram) → thị trấn Tân Thanh",
        "cộng đúng, không ước tính",
        "Đơn vị mới nộp từ tháng 7/2025: 3 báo cáo",
        "Người huyen: duyệt số liệu, huyện Thanh Liêm → huyện An",
        "Người noi-vu: nhập số liệu, Phòng Nội vụ → Phòng Nội vụ",
    ):
        assert words in page, (words, page)
    assert "Tỷ lệ" not in page
    assert Entry.objects.count() == before and not Succession.objects.exists()


def test_each_unit_below_moves_under_its_part_and_all_is_undone_together(cast):
    before = list(Unit.objects.order_by("pk").values())
    roles = list(Membership.objects.order_by("pk").values())
    response = cast.admin.post(cast.address, group_split_form(cast, "1222", *NEW, sure="1"))
    new = {unit.code: unit for unit in Unit.objects.filter(active_from=ON).select_related("parent")}
    assert response.url == f"/units/{new['351'].pk}/"
    assert {code: unit.parent.code for code, unit in new.items()} == {
        "351": "35", "13474": "351", "tram": "13474",
        "352": "35", "13480": "352", "phong-noi-vu": "352", "dat-dai": "352",
    }  # fmt: skip
    assert links() == {
        ("351", "351", Fraction(1, 4)),
        ("351", "352", Fraction(3, 4)),
        *((code, code, Fraction(1)) for code in ("13474", "tram", "13480", "phong-noi-vu", "dat-dai")),
    }
    # A role follows into the unit that keeps the code.
    followed = set(Membership.objects.filter(valid_from=ON).values_list("user__username", "unit__code"))
    assert followed == {("huyen", "351"), ("xa-13480", "13480"), ("noi-vu", "phong-noi-vu")}
    assert not Unit.objects.under(cast.district).active_on(ON).exists()
    assert stored_lineage.check() == (set(), {}) and roster.check() == []
    cast.admin.post(f"/units/{new['352'].pk}/undo-merger/")
    assert list(Unit.objects.order_by("pk").values()) == before
    assert list(Membership.objects.order_by("pk").values()) == roles
    assert not Succession.objects.exists() and stored_lineage.check() == (set(), {}) and roster.check() == []


def test_a_part_goes_to_a_group_that_is_there_with_all_below_it(cast):
    """Offices of the same name merge there and keep the code of the existing one."""
    page = text_of(cast.admin.post(cast.address, group_split_form(cast, "1221", *TAKEN)))
    assert "trùng tên, nhập vào đơn vị mã noi-vu-2" in page and "đang hoạt động, nhận thêm" in page
    cast.admin.post(cast.address, group_split_form(cast, "1221", *TAKEN, sure="1"))
    taker = Unit.objects.get(code="350", active_from=ON)
    below = Unit.objects.filter(parent=taker)
    assert set(below.values_list("code", flat=True)) == {"13501", "13480", "noi-vu-2"}
    assert ("phong-noi-vu", "noi-vu-2", 1) in links() and ("350", "350", 1) in links()
    assert Unit.objects.get(code="351", active_from=ON).name == "huyện Thanh Liêm"


def test_entered_reports_below_block_the_undo(cast):
    cast.admin.post(cast.address, group_split_form(cast, "1221", *NEW, sure="1"))
    commune = Unit.objects.get(code="13480", active_from=ON)
    submissions_actions.open_submission(commune, Month(2025, 8), by=None, at=datetime(2025, 8, 1, tzinfo=UTC))
    answer = cast.admin.post(f"/units/{Unit.objects.get(code='352').pk}/undo-merger/")
    assert answer.status_code == 422 and "không hoàn tác được" in text_of(answer)


def test_a_group_that_reports_itself_divides_its_own_reports_by_shares(cast):
    Unit.objects.filter(pk=cast.district.pk).update(reports_declared=True, reports=True)
    answer = cast.admin.post(cast.address, group_split_form(cast, "1221", *NEW))
    assert answer.status_code == 422 and "Tỷ lệ" in text_of(answer)
    stated = group_split_form(cast, "1221", *NEW, share_1="1/3", share_2="2/3")
    assert "do chính đơn vị này báo cáo chia theo tỷ lệ là số ước tính" in text_of(
        cast.admin.post(cast.address, stated)
    )
    cast.admin.post(cast.address, stated | {"sure": "1"})
    assert ("351", "352", Fraction(2, 3)) in links()


@pytest.mark.parametrize(
    ("into", "parts", "field", "words"),
    [
        (["1", "2", "", "1"], NEW, "office", "Chưa nhập ô này"),
        ("1231", NEW, "office", "Phần thứ 3 chưa ghi mã."),
        ("1271", NEW, "office", "Hãy chọn một mục trong danh sách."),
        ("1111", NEW, "code_2", "Chưa có đơn vị bên dưới nào đi theo phần này"),
        ("1221", (("351", ""), ("13480", "")), "code_2", "ở trên hoặc ở dưới đơn vị cũ"),
        ("1221", (("351", ""), ("35", "")), "code_2", "ở trên hoặc ở dưới đơn vị cũ"),
        ("1221", (("351", ""), ("352", "")), "name_2", "Chưa có đơn vị mang mã này"),
    ],
)
def test_faults_stand_at_their_fields_and_nothing_is_written(cast, into, parts, field, words):
    name = f"into_{cast.office.pk}" if field == "office" else field
    for sure in ("", "1"):
        answer = cast.admin.post(cast.address, group_split_form(cast, into, *parts, sure=sure))
        assert answer.status_code == 422
        errors = answer.content.decode().partition(f'id="id_{name}_error"')[2].partition("</ul>")[0]
        assert words in errors, answer.content.decode()
    assert not Succession.objects.exists() and not Unit.objects.exclude(active_until=None).exists()


def test_a_unit_below_that_ended_since_is_not_forgotten(cast):
    """Open on the day of the split but closed since, it cannot be chosen any more: the form is refused."""
    lifecycle_actions.close_unit(cast.liem_tuc, date(2022, 7, 31), by=None)
    answer = cast.admin.post(cast.address, group_split_form(cast, "1221", *NEW, on="1/7/2022"))
    assert answer.status_code == 422
    assert "Chưa chọn phần nhận đơn vị còn hoạt động đến ngày chia tách: xã Liêm Túc." in text_of(answer)
    shown = restructuring.SplitShare(draft("352", "district", "35"), Fraction(1))
    with pytest.raises(TreeRefused, match="Chưa chọn phần nhận"):
        restructuring.split_unit(cast.district, [shown], date(2022, 7, 1), by=None, basis="NQ")


def test_an_office_continues_in_each_part_and_another_ends(cast):
    """Split like the group; keeps its code where the group does and merges with an office of the same name there."""
    (ending,) = lifecycle_actions.open_units(
        [draft("thue", "", "351", "office", name="Phòng Thuế")], by=None
    ).new
    person("thue", ("clerk", ending))
    before = list(Unit.objects.order_by("pk").values())
    roles = list(Membership.objects.order_by("pk").values())
    choice = {f"into_{cast.office.pk}": "each", f"into_{ending.pk}": "end"}
    for parts, second in ((NEW, "phong-noi-vu-352"), (TAKEN, "noi-vu-2")):
        page = text_of(cast.admin.post(cast.address, group_split_form(cast, "1211", *parts, **choice)))
        for words in (
            "(phong-noi-vu) → huyện Bình Lục: 1/3, mã noi-vu-2" if parts is TAKEN else second,
            ": 2/3, mã phong-noi-vu",
            "Chấm dứt hoạt động, không có đơn vị kế thừa (1 đơn vị)",
            "Phòng Thuế (thue)",
            "riêng phòng, ban có ở mọi phần thì chia theo tỷ lệ của phần",
        ):
            assert words in page, (words, page)
        response = cast.admin.post(cast.address, group_split_form(cast, "1211", *parts, **choice, sure="1"))
        assert response.status_code == 302, text_of(response)
        assert {(old, new, share) for old, new, share in links() if old in ("phong-noi-vu", "thue")} == {
            ("phong-noi-vu", "phong-noi-vu", Fraction(2, 3)),
            ("phong-noi-vu", second, Fraction(1, 3)),
        }
        offices = Unit.objects.filter(kind="office", active_from=ON).exclude(code="tram")
        assert {(office.code, office.name) for office in offices} == {
            (code, "Phòng Nội vụ") for code in ("phong-noi-vu", second)
        }
        assert Unit.objects.get(pk=ending.pk).active_until == date(2025, 6, 30)
        assert set(Membership.objects.filter(unit__in=offices).values_list("unit__code", flat=True)) == {
            "phong-noi-vu"
        }
        assert stored_lineage.check() == (set(), {}) and roster.check() == []
        new = Unit.objects.get(code="351", active_from=ON)
        assert cast.admin.post(f"/units/{new.pk}/undo-merger/").status_code == 302
        assert list(Unit.objects.order_by("pk").values()) == before
        assert list(Membership.objects.order_by("pk").values()) == roles
        assert not Succession.objects.exists() and roster.check() == []


def test_only_offices_end_or_continue_in_each_part(cast):
    """Neither communes nor external bodies; an office with units below it cannot continue in each part."""
    lifecycle_actions.open_units([draft("to", "", "phong-noi-vu", "office", name="Tổ Tiếp dân")], by=None)
    for unit, choice in ((cast.liem_tuc, "end"), (cast.external, "each"), (cast.office, "each")):
        answer = cast.admin.post(
            cast.address, group_split_form(cast, "1221", *NEW, **{f"into_{unit.pk}": choice})
        )
        assert answer.status_code == 422 and "Hãy chọn một mục trong danh sách." in text_of(answer)
    # An office may end together with the units below it.
    page = text_of(
        cast.admin.post(
            cast.address, group_split_form(cast, "1221", *NEW, **{f"into_{cast.office.pk}": "end"})
        )
    )
    assert "không có đơn vị kế thừa (2 đơn vị)" in page and "Tổ Tiếp dân (to)" in page


def test_every_part_has_a_unit_of_its_own(cast):
    """An office that continues in every part does not count as the unit of a part."""
    choice = {f"into_{cast.office.pk}": "each"}
    answer = cast.admin.post(cast.address, group_split_form(cast, "1111", *NEW, **choice))
    assert answer.status_code == 422 and "Chưa có đơn vị bên dưới nào đi theo phần này" in text_of(answer)
