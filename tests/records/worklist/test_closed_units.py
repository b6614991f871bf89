"""Months of closed units in the work lists of people above their successors (docs/decisions/0024)."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from figures.periods import Month
from records.approval import actions as approval_actions
from records.calendar.queries import DueDates, stored_calendar
from records.locking import actions as locking_actions
from records.locking.actions import unlock_requests_for
from records.models import Reminder, State, Submission
from records.reminders.queries import plan_reminders
from records.submissions import actions as submissions_actions
from tests.records.conftest import AT, balanced, entered, unit
from tests.units.conftest import draft
from tests.units.lifecycle.test_views import text_of
from tests.units.succession import successions
from tests.units.succession.successions import Part
from units.lifecycle import actions as lifecycle_actions
from units.lifecycle import successor_links
from units.models import Membership, Role, Unit

ON, DAY = date(2022, 8, 1), date(2022, 8, 12)


def appointed(name: str, role: str, where: Unit) -> User:
    user = User.objects.create(username=name, email=f"{name}@example.org")
    Membership.objects.create(user=user, unit=where, role=role, valid_from=ON)
    return user


@pytest.fixture
def replaced(people, as_, sent):
    """A new province with a reviewer succeeds alpha (July sent) and the office; beta (July missing) closes."""
    (people.new,) = lifecycle_actions.open_units([draft("37", "province", None, active_from=ON)], by=None).new
    olds = Unit.objects.in_bulk([people.alpha.pk, people.office.pk])
    for number, (pk, old) in enumerate(olds.items()):
        there = draft(f"n{number}", parent=people.new, active_from=ON)
        (heir,) = successions.replace([old], [Part(there)], ON, by=None)
        if pk == people.alpha.pk:
            people.heir = heir
    lifecycle_actions.close_branch(Unit.objects.get(pk=people.province.pk), ON - timedelta(1), by=None)
    people.above = appointed("tren", Role.REVIEWER, people.new)
    return people


def succeeded(people) -> None:
    province = Unit.objects.get(pk=people.province.pk)
    successor_links.add_successions([successor_links.SuccessionLink(province, people.new, ON)], by=None)


def test_the_reviewer_above_the_successor_sees_waiting_and_missing_months(replaced, as_):
    page = text_of(as_("above").get("/records/"))
    assert "1 báo cáo chờ duyệt" in page and "Đơn vị 13441" in page and "Đơn vị 13450" not in page
    # The former province has a successor too: units closed in it without one are handled from there.
    succeeded(replaced)
    page = text_of(as_("above").get("/records/"))
    assert "1 báo cáo chờ duyệt, 3 đơn vị chưa gửi" in page and "Đơn vị 13450" in page
    assert "Tháng 7/2022: 1/3 đơn vị đã gửi hoặc đã duyệt." in page
    for name, code in (("cho-duyet", "13441"), ("con-thieu", "13450"), ("tinh-hinh", "13450")):
        table = as_("above").get("/records/", {"bang": name, "tai": "csv"})
        assert code in table.getvalue().decode(), name
    submission = Submission.objects.get(unit=replaced.alpha)
    edition = submission.editions.get()
    answer = as_("above").post(f"/records/{submission.pk}/approve/", {"revision": edition.revision})
    edition.refresh_from_db()
    assert answer.status_code == 302 and edition.state == State.APPROVED


def test_the_successors_clerk_sees_the_old_units_missing_months(replaced, as_):
    """Also a clerk appointed later, but nothing of a unit with another successor."""
    edition = Submission.objects.get(unit=replaced.alpha).editions.get()
    approval_actions.return_edition(edition, reason="Sai số", marked_cells=[], by=replaced.reviewer, at=AT)
    replaced.came = appointed("moi", Role.CLERK, replaced.heir)
    page = text_of(as_("came").get("/records/"))
    assert "1 báo cáo bị trả lại" in page and "Đơn vị 13441" in page and "van-phong" not in page
    replaced.there = appointed("khac", Role.CLERK, Unit.objects.get(code="n1"))
    page = text_of(as_("there").get("/records/"))
    assert "Đơn vị 13441" not in page and "Đơn vị van-phong" in page


def test_others_are_shown_nothing_of_it(replaced, as_):
    replaced.far = appointed(
        "xa", Role.REVIEWER, lifecycle_actions.open_unit(draft("01", "province", None), by=None)
    )
    succeeded(replaced)
    page = text_of(as_("far").get("/records/"))
    assert "Đơn vị 13441" not in page and "Không có báo cáo nào chờ duyệt" in page
    # The old district's reviewer keeps its months until the role ends.
    assert "1 báo cáo chờ duyệt" in text_of(as_("reviewer").get("/records/"))


def test_a_nearer_reviewer_below_the_new_unit_has_it_alone(replaced, as_):
    (ward,) = lifecycle_actions.open_units(
        [draft("350", "district", replaced.new, active_from=ON)], by=None
    ).new
    heir = Unit.objects.get(pk=replaced.heir.pk)
    successions.replace([heir], [Part(draft("m", parent=ward, active_from=DAY))], DAY, by=None)
    replaced.near = appointed("gan", Role.REVIEWER, ward)
    assert "1 báo cáo chờ duyệt" in text_of(as_("near").get("/records/"))
    assert "Không có báo cáo nào chờ duyệt" in text_of(as_("above").get("/records/"))


def test_a_request_to_unlock_falls_to_who_stands_above_the_successor(replaced, fields):
    edition = entered(replaced.beta, Month(2022, 6), {(fields.ho_tich.pk, None): balanced(3)})
    unlock_request = locking_actions.request_unlock(
        edition.submission, reason="Sửa", by=replaced.neighbour, at=AT
    )
    assert unlock_requests_for(replaced.above, DAY) == []
    succeeded(replaced)
    assert unlock_requests_for(replaced.above, DAY) == [unlock_request]
    locking_actions.decide_unlock_request(unlock_request, grant=True, answer="", by=replaced.above, at=AT)
    assert unlock_requests_for(replaced.above, DAY) == []


def test_reminders_go_to_the_successor_where_nobody_is_left(replaced):
    """July is overdue for the missing units; alpha's was sent. Closed units have no August."""
    succeeded(replaced)
    late = date(2022, 7, 19)
    due = DueDates(stored_calendar())
    reminded = {user.username for user, _ in plan_reminders(late, due).people}
    assert "tonghop" in reminded and "tren" not in reminded
    Membership.objects.exclude(unit__in=[replaced.new, replaced.heir]).delete()
    Membership.objects.update(valid_from=date(2022, 7, 1))
    Unit.objects.filter(pk=replaced.alpha.pk).update(active_until=date(2022, 7, 15))
    replaced.new.places.model.objects.update(since=date(2022, 7, 16))
    Unit.objects.filter(pk__in=[replaced.beta.pk, replaced.office.pk]).update(active_until=date(2022, 7, 15))
    clerk = appointed("moi", Role.CLERK, replaced.heir)
    Membership.objects.filter(user=clerk).update(valid_from=date(2022, 7, 1))
    submissions_actions.recall_edition(
        Submission.objects.get(unit=replaced.alpha).editions.get(), by=replaced.clerk, at=AT
    )
    stored = {
        user.username: {item.unsent.unit.code for item in items}
        for user, items in plan_reminders(late, due).people
    }
    assert stored == {
        "moi": {"13441"},
        "xa-13441": {"13441"},
        "tren": {"13441", "13450", "van-phong"},
    }
    assert not Reminder.objects.exists()


def test_closed_units_cost_the_list_no_query_each(replaced, as_, fields):
    succeeded(replaced)
    client, counts = as_("above"), []
    client.get("/records/")
    for size in (1, 3):
        for number in range(size):
            old = unit(f"{size}-{number}", "commune", Unit.objects.get(pk=replaced.new.pk), active_from=ON)
            successions.replace(
                [old], [Part(draft(f"m{size}-{number}", parent=replaced.new, active_from=DAY))], DAY, by=None
            )
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/records/").status_code == 200
        counts.append(len(caught))
    # 22, and one for the provinces that a reader at a province or above sees (units.access.unit_locations).
    assert counts[0] == counts[1] <= 23, counts
