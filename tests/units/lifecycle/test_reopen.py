"""Undoing the closing of a unit on its page, with everything that closed in the same step."""

from datetime import date

import pytest

from ledger.models import Entry
from tests.units.conftest import draft, person
from units.lifecycle import actions, restructuring
from units.lifecycle import undo as lifecycle_undo
from units.models import Membership, Unit
from units.succession import positions, stored_lineage
from units.tree import roster
from units.tree.queries import resolve_code
from units.tree.rules import TreeRefused

from .test_views import signed_in, text_of

END, NEXT = date(2025, 6, 30), date(2025, 7, 1)


@pytest.fixture
def cast(tree):
    tree.user = person("tinh", ("administrator", tree.province))
    tree.admin = signed_in(tree.user)
    person("xa-13474", ("clerk", tree.tan_thanh))
    return tree


def stored_rows() -> tuple[list, list]:
    return list(Unit.objects.order_by("pk").values()), list(Membership.objects.order_by("pk").values())


def tables_agree() -> bool:
    return roster.check() == [] and stored_lineage.check() == (set(), {}) and not any(positions.check())


def close(cast, unit: Unit, **more):
    form = {"on": "30/6/2025", "basis": "QĐ 5", "sure": "1"} | more
    assert cast.admin.post(f"/units/{unit.pk}/close/", form).status_code == 302


def undo(cast, unit: Unit):
    return cast.admin.post(f"/units/{unit.pk}/reopen/", follow=True)


def test_the_closing_is_taken_back_on_the_page(cast):
    before, expected = stored_rows(), roster.expected(cast.district, [(NEXT, NEXT)])
    page = text_of(
        cast.admin.post(f"/units/{cast.tan_thanh.pk}/close/", {"on": "30/6/2025", "basis": "QĐ 5"})
    )
    assert "Hoàn tác được tại trang của đơn vị này" in page
    assert "Hoàn tác đóng" not in text_of(cast.admin.get(f"/units/{cast.tan_thanh.pk}/"))
    close(cast, cast.tan_thanh)
    assert roster.expected(cast.district, [(NEXT, NEXT)]) != expected
    assert "Hoàn tác đóng đơn vị</button>" in text_of(cast.admin.get(f"/units/{cast.tan_thanh.pk}/"))
    page = text_of(undo(cast, cast.tan_thanh))
    assert "Đã hoàn tác việc đóng: thị trấn Tân Thanh hoạt động tiếp." in page
    assert "<b>Hoàn tác đóng đơn vị</b>" in page and "Hoàn tác đóng đơn vị</button>" not in page
    assert stored_rows() == before and tables_agree()
    assert roster.expected(cast.district, [(NEXT, NEXT)]) == expected
    last = Entry.objects.order_by("-sequence").first()
    assert (last.action, last.actor, last.subject) == ("unit.reopen", "tinh", f"unit:{cast.tan_thanh.pk}")


def test_a_branch_reopens_as_a_whole(cast):
    """Units closed earlier stay closed; a unit that reported until its first child opened reports again."""
    actions.open_unit(draft("tram", "", cast.liem_tuc, "office", active_from=date(2024, 1, 1)), by=None)
    close(cast, cast.tan_thanh, on="31/12/2024")
    before = stored_rows()
    assert Unit.objects.get(pk=cast.liem_tuc.pk).reports_until == date(2023, 12, 31)
    close(cast, cast.district, branch="on")
    assert not Unit.objects.under(cast.district).filter(active_until=None).exists()
    page = text_of(undo(cast, cast.district))
    assert "huyện Thanh Liêm và 4 đơn vị bên dưới hoạt động tiếp." in page
    assert stored_rows() == before and tables_agree()
    undo(cast, cast.tan_thanh)
    assert Unit.objects.get(pk=cast.tan_thanh.pk).active_until is None


def test_units_opened_below_since_stay_open_too(cast):
    """A commune opened in a district whose last day is known ends with it, until the closing is undone."""
    close(cast, cast.district, branch="on", on="31/12/2025")
    new = actions.open_unit(draft("moi", parent=cast.district, active_from=NEXT), by=None)
    assert new.active_until == date(2025, 12, 31)
    undo(cast, cast.district)
    new.refresh_from_db()
    assert new.active_until is None and tables_agree()


def test_an_act_of_later_goes_first(cast):
    close(cast, cast.district, branch="on", on="31/12/2025")
    close(cast, cast.tan_thanh)
    page = text_of(undo(cast, cast.district))
    assert "Ngày kết thúc của thị trấn Tân Thanh đã thay đổi sau khi đóng" in page
    page = text_of(undo(cast, cast.tan_thanh))
    assert "thị trấn Tân Thanh hoạt động tiếp đến hết ngày 31/12/2025." in page
    undo(cast, cast.district)
    assert not Unit.objects.exclude(active_until=None).exists() and tables_agree()


def succeeded(cast):
    restructuring.merge_units(
        [Unit.objects.get(pk=cast.tan_thanh.pk)], draft("n", name="xã Mới"), NEXT, by=None, basis="NQ"
    )
    return "Đã có đơn vị kế thừa của thị trấn Tân Thanh: hãy hoàn tác lần sáp nhập, chia tách đó trước."


def code_taken(cast):
    actions.open_unit(draft("13474", name="xã Khác", active_from=NEXT), by=None)
    return "Mã 13474 đã thuộc xã Khác từ 01/7/2025: thị trấn Tân Thanh không mở lại được với mã cũ."


def over_above(cast):
    actions.close_branch(cast.district, date(2025, 7, 31), by=None)
    return "Huyện Thanh Liêm hoạt động đến hết ngày 31/7/2025: thị trấn Tân Thanh không hoạt động tiếp được sau đó."


@pytest.mark.parametrize("since", [succeeded, code_taken, over_above])
def test_later_changes_block_it_with_a_clear_sentence(cast, since):
    close(cast, cast.tan_thanh)
    words, before, entries = since(cast), stored_rows(), Entry.objects.count()
    answer = undo(cast, cast.tan_thanh)
    assert answer.status_code == 422 and words in text_of(answer)
    assert stored_rows() == before and Entry.objects.count() == entries


def test_a_successor_taken_back_leaves_the_closing_to_be_taken_back(cast):
    before = stored_rows()
    close(cast, cast.tan_thanh)
    new = restructuring.merge_units(
        [Unit.objects.get(pk=cast.tan_thanh.pk)], draft("n", name="xã Mới"), NEXT, by=None, basis="NQ"
    ).new[0]
    assert "Hoàn tác đóng" not in text_of(cast.admin.get(f"/units/{cast.tan_thanh.pk}/"))
    lifecycle_undo.undo_restructuring(new, by=None)
    undo(cast, cast.tan_thanh)
    assert stored_rows() == before and tables_agree()


def test_only_an_act_of_its_own_is_taken_back(cast):
    """Not the closing by a merger; nothing to undo for an open unit."""
    actions.open_unit(draft("tram", "", cast.tan_thanh, "office"), by=None)
    restructuring.merge_units(
        [Unit.objects.get(pk=cast.tan_thanh.pk)],
        draft("n", name="xã Mới"),
        NEXT,
        by=None,
        basis="NQ",
        offices_end=True,
    )
    ended = Unit.objects.get(code="tram")
    assert ended.active_until == END and actions.closing_of(ended) is None
    for unit in (ended, cast.liem_tuc):
        with pytest.raises(TreeRefused, match="Không có lần đóng đơn vị nào để hoàn tác"):
            actions.reopen_units(unit, by=None)


def test_only_who_administers_it(cast):
    close(cast, cast.tan_thanh)
    clerk = signed_in(Membership.objects.get(unit=cast.tan_thanh).user)
    assert clerk.post(f"/units/{cast.tan_thanh.pk}/reopen/").status_code == 403
    assert signed_in(person("la")).post(f"/units/{cast.tan_thanh.pk}/reopen/").status_code == 404
    assert cast.admin.get(f"/units/{cast.tan_thanh.pk}/reopen/").status_code == 405
    assert resolve_code("13474", NEXT).active_until == END


def test_of_two_acts_the_later_one_is_offered(cast):
    new = restructuring.merge_units(
        [cast.tan_thanh], draft("n", name="xã Mới"), NEXT, by=None, basis="NQ"
    ).new[0]
    assert "Hoàn tác sáp nhập" in text_of(cast.admin.get(f"/units/{new.pk}/"))
    close(cast, new, on="31/12/2025")
    page = text_of(cast.admin.get(f"/units/{new.pk}/"))
    assert "Hoàn tác đóng đơn vị</button>" in page and "Hoàn tác sáp nhập" not in page
    assert "Hoàn tác sáp nhập" in text_of(undo(cast, new))
