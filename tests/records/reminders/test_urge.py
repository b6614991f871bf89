"""The reviewer's "Đôn đốc" button: recipients, units without one, and the clerk's list."""

from datetime import date

import pytest
from django.core import mail

from accounts.models import User
from ledger.models import Entry
from records.models import Reminder
from units.models import Membership, Role, Unit

from .test_reminders import Refusing

pytestmark = pytest.mark.django_db
URGE = "/records/urge/"


@pytest.fixture
def reached(people):
    """Clerk and neighbour have an address; only July is expected; the office has a leader but no clerk."""
    for user in (people.clerk, people.neighbour):
        user.email = f"{user.username}@example.org"
        user.save()
    Unit.objects.update(active_from=date(2022, 6, 15))
    head = User.objects.create(username="truong-phong", full_name="Bà Trưởng phòng")
    Membership.objects.create(user=head, unit=people.office, role=Role.LEADER, valid_from=date(2022, 1, 1))
    people.reviewer.full_name = "Bà Tổng hợp"
    people.reviewer.save()
    return people


def test_one_unit_is_urged_once_a_day(as_, reached):
    reviewer = as_("reviewer")
    text = reviewer.post(URGE, {"unit": reached.alpha.pk}, follow=True).content.decode()
    assert "Đã đôn đốc 1 người, 1 người qua thư điện tử." in text and "Đã nhắc ngày 12/8/2022." in text
    [letter] = mail.outbox
    assert (letter.to, letter.subject) == (["xa-13441@example.org"], "Đôn đốc gửi báo cáo tháng 7/2022")
    assert "Bà Tổng hợp đôn đốc gửi báo cáo:" in letter.body
    assert "- Đơn vị 13441, tháng 7/2022: hạn gửi 18/7/2022, quá hạn 25 ngày." in letter.body
    assert Entry.objects.filter(action="reminder.urge", actor=reached.reviewer.username).count() == 1
    again = reviewer.post(URGE, {"unit": reached.alpha.pk}, follow=True).content.decode()
    assert "Hôm nay đã đôn đốc rồi" in again and len(mail.outbox) == Reminder.objects.count() == 1
    assert "Bà Tổng hợp đôn đốc ngày 12/8/2022." in as_("clerk").get("/records/").content.decode()
    assert "đôn đốc ngày" not in as_("neighbour").get("/records/").content.decode()


def test_the_next_day_it_may_be_urged_again(as_, reached, settings):
    reviewer = as_("reviewer")
    for day in (12, 13):
        settings.DEMO_TODAY = date(2022, 8, day)
        reviewer.post(URGE, {"unit": reached.alpha.pk})
    assert len(mail.outbox) == 2


def test_all_missing_units_are_urged_and_those_without_an_address_named(as_, reached, sent):
    User.objects.filter(pk=reached.neighbour.pk).update(mail_muted=True, full_name="Ông Bê")
    text = as_("reviewer").post(URGE, {}, follow=True).content.decode()
    assert mail.outbox == []  # alpha has sent
    assert "Đã đôn đốc 1 người, 0 người qua thư điện tử." in text
    assert "Không nhận nhắc việc qua thư điện tử, nên gọi điện: Ông Bê." in text
    whom = "Bà Trưởng phòng (lãnh đạo)"
    assert f"Đơn vị van-phong chưa có người nhập số liệu. Nên gọi điện: {whom}." in text
    User.objects.filter(pk=reached.neighbour.pk).update(mail_muted=False, email="")
    Reminder.objects.all().delete()
    text = as_("reviewer").post(URGE, {}, follow=True).content.decode()
    assert "Chưa có địa chỉ thư điện tử, nên gọi điện: Ông Bê." in text


def test_a_unit_without_anybody_leads_to_the_administrator(as_, reached):
    Membership.objects.filter(unit=reached.office).delete()
    text = as_("reviewer").post(URGE, {"unit": reached.office.pk}, follow=True).content.decode()
    assert "Nên gọi điện: quantri (quản trị)." in text


def test_a_returned_month_is_urged(as_, reached, sent):
    from records.approval.actions import return_edition as send_back
    from tests.records.conftest import AT

    send_back(sent.editions.get(), reason="Xem lại", by=reached.reviewer, at=AT)
    text = as_("reviewer").post(URGE, {"unit": reached.alpha.pk}, follow=True).content.decode()
    assert len(mail.outbox) == 1 and text.count("Đã nhắc ngày 12/8/2022.") == 1


def test_what_is_sent_is_not_urged(as_, reached, sent):
    text = as_("reviewer").post(URGE, {"unit": reached.alpha.pk}, follow=True).content.decode()
    assert "Không còn báo cáo nào phải đôn đốc." in text and mail.outbox == []


def test_a_server_that_refuses_leaves_nothing_behind(as_, reached, settings, monkeypatch):
    settings.EMAIL_BACKEND = "tests.records.reminders.test_reminders.Refusing"
    monkeypatch.setattr(Refusing, "refused", {"xa-13441@example.org"})
    text = as_("reviewer").post(URGE, {"unit": reached.alpha.pk}, follow=True).content.decode()
    assert "Máy chủ thư không nhận, chưa đôn đốc được, hãy bấm lại sau: xa-13441." in text
    assert not Reminder.objects.exists() and not Entry.objects.filter(action="reminder.urge").exists()


def test_without_a_mail_server_no_letter_is_said_to_have_gone(as_, reached, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    text = as_("reviewer").post(URGE, {"unit": reached.alpha.pk}, follow=True).content.decode()
    assert "Hệ thống chưa đặt máy chủ thư nên thư chưa đi." in text and "qua thư điện tử" not in text


@pytest.mark.parametrize(
    ("who", "one_status", "all_status"),
    [
        ("reviewer", 302, 302),
        ("clerk", 403, 403),
        ("leader", 403, 403),
        ("viewer", 403, 403),
        ("administrator", 403, 403),
        ("neighbour", 404, 403),
        ("outsider", 404, 403),
    ],
)
def test_who_may_urge(as_, reached, who, one_status, all_status):
    client = as_(who)
    assert client.post(URGE, {"unit": reached.alpha.pk}).status_code == one_status
    assert client.post(URGE, {}).status_code == all_status
    assert client.get(URGE).status_code == 302
    assert bool(mail.outbox) == (who == "reviewer")


@pytest.mark.parametrize("number", ["x", "-1", "9" * 5000, str(2**63)])
def test_odd_numbers_are_bad_requests(as_, reached, number):
    assert as_("reviewer").post(URGE, {"unit": number}).status_code == 400
