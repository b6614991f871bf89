"""`remind` covers requests of reviews: three days before, on the day, one day after; each reminder once."""

from datetime import date, timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from ledger.models import Entry
from reports.consultation import actions as consultation_actions
from reports.consultation import reminders
from reports.drafting import actions as drafting_actions
from reports.models import Asking, AskingReminder, Review, ReviewState
from tests.product.test_every_page import foreign
from tests.support.loaded_demo import NOW
from units.models import Unit

DUE = date(2023, 3, 10)
TO = "xa-13474@example.org"


@pytest.fixture
def asking(review) -> Asking:
    section = review.sections.get(order=2)
    unit = Unit.objects.get(code="13474")
    (asking,) = consultation_actions.ask_units(
        review, [unit], by=None, at=NOW, section=section, due_on=DUE, words="Ngắn gọn."
    )
    return asking


@pytest.fixture
def run(settings):
    """run(day): subjects by address of the e-mails about contributions."""

    def on(day: date, **options) -> dict[str, str]:
        settings.DEMO_TODAY = day
        mail.outbox.clear()
        call_command("remind", **options)
        return {sent.to[0]: sent.subject for sent in mail.outbox if "sơ kết, tổng kết đang chờ" in sent.body}

    return on


def test_on_which_days(asking, run):
    assert run(DUE - timedelta(4)) == {}
    assert run(DUE - timedelta(3)) == {TO: "Sắp đến hạn gửi nội dung báo cáo"}
    assert run(DUE - timedelta(3)) == run(DUE - timedelta(2)) == {}
    assert run(DUE) == {TO: "Hôm nay là hạn gửi nội dung báo cáo"}
    assert run(DUE + timedelta(1)) == {TO: "Đã quá hạn gửi nội dung báo cáo"}
    assert run(DUE + timedelta(2)) == run(DUE + timedelta(29)) == {}
    assert AskingReminder.objects.filter(asking=asking, mailed_at__isnull=False).count() == 3
    details = [entry.detail for entry in Entry.objects.filter(action="reminder.give")]
    assert sum("asking" in detail["reminders"][0] for detail in details) == 3


def test_the_letter_is_vietnamese(asking, run):
    run(DUE)
    (message,) = (letter for letter in mail.outbox if "sơ kết, tổng kết đang chờ" in letter.body)
    assert f"Thị trấn Tân Thanh: nội dung mục “{asking.heading}”" in message.body
    assert "hạn gửi hôm nay, 10/3/2023." in message.body
    assert foreign(f"{message.subject}\n{message.body}") == set()


def test_who_has_sent_hears_nothing(asking, run):
    consultation_actions.write_contribution(asking, "Lời.", by=None, at=NOW, revision=0, send=True)
    assert run(DUE) == {}
    consultation_actions.return_contribution(asking, "Thêm số.", by=None, at=NOW)
    assert run(DUE) == {TO: "Hôm nay là hạn gửi nội dung báo cáo"}


def test_muted_is_in_the_work_list_only(asking, run, signed_in):
    User.objects.filter(username="xa-13474").update(mail_muted=True)
    assert run(DUE) == {}
    assert AskingReminder.objects.get().mailed_at is None
    assert asking.heading in signed_in("xa-13474").get("/records/").content.decode()
    User.objects.filter(username="xa-13474").update(mail_muted=False)
    assert run(DUE) == {}


def test_a_refused_letter_is_sent_again(asking, run, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", lambda self, messages: 0)
        with pytest.raises(CommandError):
            run(DUE)
    assert not AskingReminder.objects.exists()
    assert run(DUE) == {TO: "Hôm nay là hạn gửi nội dung báo cáo"}


def test_comments_only_while_the_draft_is_put_to_comment(review, run):
    consultation_actions.ask_units(review, [Unit.objects.get(code="13474")], by=None, at=NOW, due_on=DUE)
    assert run(DUE - timedelta(1)) == {}
    drafting_actions.set_state(review, ReviewState.COMMENT, by=None, at=NOW)
    assert run(DUE) == {TO: "Hôm nay là hạn góp ý dự thảo báo cáo"}
    frozen = {"state": "frozen", "frozen_at": NOW, "pdf_sha256": "0" * 64, "frozen": {}}
    Review.objects.filter(pk=review.pk).update(**frozen)
    assert run(DUE + timedelta(1)) == {}


def test_a_dry_run_gives_nothing(asking, run, capsys):
    assert run(DUE, dry_run=True) == {}
    assert "xa-13474): thị trấn Tân Thanh" in capsys.readouterr().out
    assert not AskingReminder.objects.exists()


def test_a_unit_without_anybody_is_named(review, run, capsys):
    unit = Unit.objects.get(code="13474")
    unit.memberships.all().delete()
    consultation_actions.ask_units(
        review, [unit], by=None, at=NOW, section=review.sections.get(order=2), due_on=DUE
    )
    run(DUE)
    assert "Không có ai để nhắc: thị trấn Tân Thanh" in capsys.readouterr().err


def test_queries_do_not_follow_the_number_of_units(review):
    section, units = review.sections.get(order=2), list(Unit.objects.filter(parent=review.unit))
    consultation_actions.ask_units(review, units[:1], by=None, at=NOW, section=section, due_on=DUE)
    with CaptureQueriesContext(connection) as few:
        reminders.reminder_plan(DUE)
    consultation_actions.ask_units(review, units, by=None, at=NOW, section=section, due_on=DUE)
    with CaptureQueriesContext(connection) as many:
        assert len(reminders.reminder_plan(DUE).people) > 10
    assert len(many) == len(few) == 3
