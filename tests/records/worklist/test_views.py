"""The work list by role, with a number of queries that does not depend on units, months or fields."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from figures.periods import Month
from records.approval import actions as approval_actions
from records.models import Field, FieldScope, State
from records.submissions import actions as submissions_actions
from tests.records.conftest import AT, JULY, SINCE, balanced, entered, unit
from units.models import Membership, Role, Tier, Unit
from units.tree import roster

JULY_FROM = date(2022, 6, 15)
pytestmark = pytest.mark.django_db


def test_a_clerk_sees_own_months_only_with_what_comes_first_on_top(as_, people, sent):
    approval_actions.return_edition(sent.editions.get(), reason="Xem lại", by=people.reviewer, at=AT)
    answer = as_("clerk").get("/records/")
    text = answer.content.decode()
    assert answer.status_code == 200 and "Còn 1 báo cáo bị trả lại, 11 báo cáo quá hạn" in text
    assert [line.key for line in answer.context["owed"]][:2] == ["back", "late"]
    assert people.beta.name not in text and "matrix" not in answer.context
    assert "Tháng 8/2022: mở nhập từ 15/8/2022" in text


def test_a_reviewer_sees_what_waits_and_who_is_missing(as_, people, sent):
    answer = as_("reviewer").get("/records/")
    text = answer.content.decode()
    assert "1 báo cáo chờ duyệt, 3 đơn vị chưa gửi" in text
    (box,) = re.findall(r'<input type="checkbox" name="chosen".*?>', text, re.S)
    assert f'value="{sent.pk}:1"' in box and "checked" in box
    missing = {line.unit.pk: [part.month for part in line.months] for line in answer.context["missing"]}
    earlier = [JULY.plus(-n) for n in (5, 4, 3, 2, 1)]
    assert missing == {
        people.alpha.pk: earlier,
        people.beta.pk: [*earlier, JULY],
        people.office.pk: [*earlier, JULY],
    }
    assert "Sắp đến hạn" not in text and text.count("Chưa nhắc lần nào.") == 3
    assert "Đôn đốc tất cả 3 đơn vị" in text and "tháng 6/2022 (quá hạn 57 ngày)." in text


@pytest.mark.parametrize(("received", "words"), [(0, "mọi ô đều là 0"), (40, "mọi ô đều giống kỳ trước")])
def test_a_month_that_is_odd_as_a_whole_is_pointed_out_with_its_reason(
    as_, people, fields, july, received, words
):
    row = (fields.ho_tich.pk, None)
    entered(people.alpha, JULY.previous(), {row: balanced(40)}, by=people.clerk)
    edition = submissions_actions.save_counts(
        july.editions.get(),
        {row: balanced(received)},
        by=people.clerk,
        revision=0,
        at=AT,
        reasons={row: "Đã xem"},
    )
    submissions_actions.send_edition(edition, by=people.clerk, at=AT)
    (waits,) = as_("reviewer").get("/records/").context["waiting"]
    assert f"Toàn báo cáo: {words}. Lý do: “Đã xem”" in waits.oddities and not waits.clean


def test_due_late_and_returned_stand_apart(as_, people, sent, settings):
    approval_actions.return_edition(sent.editions.get(), reason="Xem lại cột", by=people.reviewer, at=AT)
    Unit.objects.update(active_from=JULY_FROM)
    settings.DEMO_TODAY = date(2022, 7, 15)
    answer = as_("reviewer").get("/records/")
    text = answer.content.decode()
    assert {line.unit.pk for line in answer.context["missing_due"]} == {people.beta.pk, people.office.pk}
    assert "Sắp đến hạn, chưa gửi" in text and "Không có báo cáo nào quá hạn." in text
    assert text.count("Xem lại cột") == 1 and "Đã trả lại, chờ đơn vị sửa" in text
    settings.DEMO_TODAY = date(2022, 7, 19)
    answer = as_("reviewer").get("/records/")
    assert {line.unit.pk for line in answer.context["missing_late"]} == {people.beta.pk, people.office.pk}
    assert "Quá hạn 1 ngày" in answer.content.decode()


def test_what_is_odd_is_looked_at_before_it_can_be_approved(as_, people, fields):
    for number in range(1, 7):
        entered(people.alpha, Month(2022, number), {(fields.ho_tich.pk, None): balanced(10)}, by=people.clerk)
    rows = {(fields.ho_tich.pk, None): balanced(300)}
    entered(people.alpha, JULY, rows, by=people.clerk, upto="sent")
    answer = as_("reviewer").get("/records/")
    text = answer.content.decode()
    assert "tiếp nhận 300, thường gặp 10" in text and "0 báo cáo" not in text and " checked" not in text
    assert "bấm tên đơn vị để xem rồi duyệt" in text and 'name="chosen"' not in text


@pytest.mark.parametrize("who", ["leader", "viewer", "administrator"])
def test_readers_see_how_the_units_stand_and_change_nothing(as_, sent, who):
    answer = as_(who).get("/records/")
    text = answer.content.decode()
    assert answer.status_code == 200 and "đơn vị đã gửi báo cáo" in text
    assert text.count("<form") == 1  # signing out


def test_a_user_without_a_unit_sees_what_to_do(as_, people):
    page = as_("outsider").get("/records/").content.decode()
    assert "Tài khoản chưa có vai trò" in page and "Ai giao vai trò" in page


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 19, "9" * 5000, "٣"])
def test_odd_pages_are_capped(as_, sent, page):
    assert as_("reviewer").get("/records/", {"page": page, "cho": page}).status_code == 200


def test_a_nearer_reviewer_keeps_the_unit_off_the_list_of_the_one_above(as_, people, sent):
    above = User.objects.create(username="tinh")
    Membership.objects.create(user=above, unit=people.province, role=Role.REVIEWER, valid_from=SINCE)
    people.above = above
    text = as_("above").get("/records/").content.decode()
    assert "Không có báo cáo nào chờ duyệt" in text
    assert "Tháng 7/2022: 1/3 đơn vị đã gửi hoặc đã duyệt." in text, (
        "the state of the units below is shown all the same"
    )
    Membership.objects.filter(user=people.reviewer).delete()
    assert "1 báo cáo chờ duyệt" in as_("above").get("/records/").content.decode()


def test_queries_do_not_follow_the_number_of_units_and_months(as_, people, fields):
    clients = [as_(who) for who in ("clerk", "reviewer", "leader")]
    for client in clients:
        client.get("/records/")  # the first visit of a session is stored
    counts = []
    rows = {(fields.ho_tich.pk, None): balanced(10), (fields.chung_thuc.pk, None): balanced(5, postal=None)}
    for size in (1, 2, 4):
        for number in range(size):
            more = unit(f"{size}-{number}", Tier.COMMUNE, people.district)
            entered(more, Month(2022, 6), rows)
            entered(more, JULY, rows, upto="sent")
            entered(unit(f"{size}-{number}-draft", Tier.COMMUNE, people.district), JULY, rows, upto="draft")
        entered(people.alpha, Month(2022, size), rows, by=people.clerk)
        roster.rebuild()
        counts.append([])
        for client in clients:
            with CaptureQueriesContext(connection) as caught:
                assert client.get("/records/").status_code == 200
            counts[-1].append(len(caught))
    assert counts[0] == counts[1] == counts[2] and max(counts[0]) <= 22, counts


def test_the_page_of_a_submission_costs_the_same_for_any_number_of_fields(as_, people, fields, sent):
    client, counts = as_("reviewer"), []
    client.get("/records/")
    for size in (0, 3, 6):
        for number in range(size):
            field = Field.objects.create(code=f"f{size}-{number}", name="x")
            FieldScope.objects.create(field=field, tier=Tier.COMMUNE, valid_from=SINCE)
        client.get(f"/records/{sent.pk}/")  # the catalogue is cached until it changes
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"/records/{sent.pk}/").status_code == 200
        counts.append(len(caught))
    # A unit without an earlier month needs one query more (records.submissions.previous_months).
    assert len(set(counts)) == 1 and counts[0] <= 14, counts
    assert sent.editions.get().state == State.SENT


def test_a_month_that_is_not_expected_is_not_late(as_, people):
    """On the page, whose cells have hidden explanations, and in its file."""
    new = unit("moi", Tier.COMMUNE, people.district, active_from=date(2022, 7, 1))
    roster.rebuild()
    reviewer = as_("reviewer")
    text = reviewer.get("/records/").content.decode()
    assert new.name in text and "Không phải báo cáo" in text and "Không phải báo cáo, quá hạn" not in text
    file = reviewer.get("/records/?tai=csv&bang=tinh-hinh").getvalue().decode("utf-8-sig")
    row = next(line for line in file.splitlines() if "moi" in line)
    assert row.count("Không phải báo cáo") >= 5 and "Không phải báo cáo, quá hạn" not in row
