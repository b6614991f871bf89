"""Column groups switched off by a committee: whose switch applies, which cells are left, what stays stored."""

import json
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from figures.measures import RETURNED, group_measures
from figures.periods import Month
from ledger.models import Entry
from records import column_groups
from records.bulk_import.counts import import_counts
from records.bulk_import.validation import DRAFT
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.models import DossierCount, Edition, GroupSwitch, State, SwitchedGroup
from records.stored_sums import recount
from tests.support.page_text import shows
from units.models import Tier
from units.tree import roster

from .conftest import AT, JULY, balanced, cells, entered, posted, stored, unit

pytestmark = pytest.mark.django_db
OFF = SwitchedGroup.RETURNED
ASKED = {"group": "returned", "month": "2022-M07", "asked": "off"}


def switch(unit, month: Month = JULY, *, asked: bool = False, group=OFF) -> GroupSwitch:
    return column_groups.switch_column_group(unit, group, month, is_on=asked, by=None, at=AT)


def off(unit, month: Month = JULY) -> frozenset[str]:
    return Catalogue(stored_calendar()).switched_off(unit, month)


def test_the_nearest_unit_binds_with_what_it_said_last(people):
    assert off(people.alpha) == frozenset()
    switch(people.province)
    assert off(people.alpha) == off(people.office) == frozenset(RETURNED)
    assert off(people.alpha, JULY.previous()) == frozenset()
    switch(people.district, JULY.next(), asked=True)
    assert (off(people.alpha), off(people.alpha, JULY.next())) == (frozenset(RETURNED), frozenset())
    switch(people.alpha, JULY.plus(2), group=SwitchedGroup.TRANSFERRED)
    assert off(people.alpha, JULY.plus(3)) == frozenset(group_measures("transferred"))
    assert off(people.beta, JULY.plus(3)) == frozenset()


def test_the_page_switches_and_logs(as_, people):
    reviewer = as_("reviewer")
    assert "Chưa đặt gì" in reviewer.get("/records/groups/").content.decode()
    page = reviewer.post("/records/groups/", {"unit": people.district.pk, **ASKED}, follow=True)
    assert "không nhập nhóm “Trả kết quả”" in page.content.decode() and off(people.alpha)
    assert Entry.objects.get(action="groups.switch").detail == {
        "unit": "351",
        "group": "returned",
        "from": "2022-M07",
        "asked": False,
        "before": None,
    }
    reviewer.post("/records/groups/", {"unit": people.district.pk, **ASKED})
    assert Entry.objects.filter(action="groups.switch").count() == 1
    reviewer.post("/records/groups/", {"unit": people.district.pk, **ASKED, "asked": "on"})
    assert off(people.alpha) == frozenset() and GroupSwitch.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"unit": "x"}, {"group": "received"}, {"month": "2030-M01"}, {"asked": ""}, {"unit": str(2**70)}],
)
def test_what_is_not_in_the_lists_is_refused(as_, people, wrong):
    data = {"unit": people.district.pk, **ASKED, **wrong}
    assert as_("reviewer").post("/records/groups/", data).status_code == 400
    assert not GroupSwitch.objects.exists()


def test_only_reviewers_and_only_their_own_unit(as_, people):
    for who in ("clerk", "leader", "administrator", "outsider"):
        assert as_(who).get("/records/groups/").status_code == 403
    assert as_("reviewer").post("/records/groups/", {"unit": people.province.pk, **ASKED}).status_code == 400


def test_what_is_set_above_and_below_is_listed_and_nothing_else(as_, people):
    other = unit("99", Tier.PROVINCE)
    over = unit("cu", Tier.COMMUNE, people.district, active_until=date(2022, 6, 30), name="xã Cũ")
    roster.rebuild()
    for where in (people.province, people.alpha, over, other):
        switch(where, JULY.plus(1))
    reviewer = as_("reviewer")
    page = reviewer.get("/records/groups/").content.decode()
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert people.province.name in table and people.alpha.name in table and other.name not in table
    assert shows(table, 'Xã Cũ <span class="note">đến 30/6/2022</span>')
    file = json.loads(reviewer.get("/records/groups/?tai=json").getvalue())
    assert [row["code"] for row in file["rows"]] == ["35", "13441", "cu"]


def test_many_that_are_set_below_are_shown_page_by_page_at_the_same_cost(as_, people):
    reviewer, counts = as_("reviewer"), []
    reviewer.get("/records/groups/")
    for size in (1, 120):
        more = [unit(f"{size}-{n}", Tier.COMMUNE, people.district) for n in range(size)]
        GroupSwitch.objects.bulk_create(
            GroupSwitch(unit=commune, group=OFF, first_month=202209, asked=False) for commune in more
        )
        with CaptureQueriesContext(connection) as caught:
            page = reviewer.get("/records/groups/").content.decode()
        counts.append(len(caught))
    assert counts[0] == counts[1] and "Trang 1/2" in page
    last = reviewer.get("/records/groups/?page=2").content.decode()
    assert last.partition("<tbody>")[2].count('<th scope="row">') == 21


def test_a_group_that_is_off_has_no_cell_and_no_blank(as_, people, fields, july):
    switch(people.district)
    page = as_("clerk").get(f"/records/{july.pk}/").content.decode()
    assert "ho-tich-returned_direct" not in page and "Trả kết quả" not in page
    assert 'name="ho-tich-transferred_in"' in page
    switch(people.district, group=SwitchedGroup.TRANSFERRED)
    assert (
        "transferred_in" not in as_("clerk").get(f"/records/{july.pk}/").content.decode().split('sheet" ')[0]
    )
    row = {name: value for name, value in balanced(3).items() if name not in RETURNED}
    other = {name: value for name, value in balanced(5, postal=None).items() if name not in RETURNED}
    grid = posted(july, **cells("ho-tich", row), **cells("chung-thuc", other))
    check = as_("clerk").post(f"/records/{july.pk}/check/", grid, follow=True)
    assert check.context["blanks"] == 0 and "Không có lỗi, có thể gửi" in check.content.decode()
    as_("clerk").post(f"/records/{july.pk}/send/", posted(july))
    edition = july.editions.get()
    assert (edition.state, edition.blank_returned) == (State.SENT, 0)
    assert list(recount.sum_differences()) == []


def test_a_draft_that_holds_the_group_says_so_and_can_be_cleared(as_, people, fields, july):
    clerk = as_("clerk")
    clerk.post(f"/records/{july.pk}/save/", posted(july, **cells("ho-tich", balanced(3))))
    switch(people.district)
    assert list(recount.sum_differences()) == []
    saved = clerk.post(f"/records/{july.pk}/save/", posted(july, **{"ho-tich-received_direct": "3"}))
    assert saved.status_code == 302
    check = clerk.get(f"/records/{july.pk}/check/").content.decode()
    assert "Nhóm “Trả kết quả” đã được cấp trên tắt" in check and "Gửi báo cáo</button>" not in check
    assert clerk.post(f"/records/{july.pk}/send/", posted(july)).status_code == 400
    again = clerk.post(f"/records/{july.pk}/save/", posted(july, **{"ho-tich-returned_direct": "3"}))
    assert again.status_code == 400 and stored(july, "ho-tich").returned_direct == 3
    clear = dict.fromkeys((f"ho-tich-{name}" for name in RETURNED), "")
    assert clerk.post(f"/records/{july.pk}/save/", posted(july, **clear)).status_code == 302
    assert stored(july, "ho-tich").returned_direct is None and list(recount.sum_differences()) == []


def test_numbers_in_a_file_are_refused_with_why(people, fields):
    switch(people.district)
    text = b"unit,month,field,received_direct,returned_direct\n13441,2022-M07,ho-tich,5,5\n"
    [(_, fault)] = import_counts(text, "so-lieu.csv", at=AT, becomes=DRAFT).errors
    assert (fault.code, fault.column) == ("not_served", "returned_direct")
    assert "Nhóm “Trả kết quả” đã được cấp trên tắt" in fault.message
    undivided = b"unit,month,field,received_direct,returned_direct\nvan-phong,2022-M07,,5,5\n"
    [(_, fault)] = import_counts(undivided, "a.csv", at=AT, becomes=DRAFT).errors
    assert fault.code == "not_served"


def test_months_that_were_sent_keep_what_counts_as_blank(as_, people, fields):
    rows = {(fields.ho_tich.pk, None): balanced(9) | {"returned_direct": None}}
    entered(people.alpha, JULY.previous(), rows, by=people.clerk)
    data = {"unit": people.district.pk, **ASKED, "month": "2022-M06"}
    answer = as_("reviewer").post("/records/groups/", data)
    assert answer.status_code == 400
    assert "đã gửi báo cáo tháng 6/2022: chỉ đổi được từ tháng 7/2022." in answer.content.decode()
    assert not GroupSwitch.objects.exists() and not Entry.objects.filter(action="groups.switch").exists()
    switch(people.district)
    assert Edition.objects.get().blank_returned > 0 and list(recount.sum_differences()) == []
    assert DossierCount.objects.filter(field=fields.ho_tich).get().returned_online == 0
