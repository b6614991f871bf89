"""The `remind` command: recipients by day, one e-mail a person, never twice, retried if the server refuses."""

import random
from collections import Counter
from datetime import date, datetime, time, timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from figures.completeness import reminder_kind
from figures.periods import Month
from ledger.models import Entry
from records.approval import actions as approval_actions
from records.calendar.queries import DueDates, stored_calendar
from records.models import OPEN_STATES, Edition, Reminder, Submission
from records.reminders.actions import MailRun, ReminderOutcome, remind_person
from records.reminders.queries import plan_reminders
from records.submissions import actions as submissions_actions
from tests.product.test_every_page import foreign
from tests.records.conftest import AT, SINCE, balanced, entered, unit, unlocked
from tests.records.submissions.test_parallel import apart, at_once
from units.models import Membership, Role, Tier, Unit

AUGUST = Month(2022, 8)
DUE = date(2022, 8, 16)  # two working days after Sunday, 14 August
PLACES = [
    ("clerk", "alpha", Role.CLERK),
    ("neighbour", "beta", Role.CLERK),
    ("reviewer", "district", Role.REVIEWER),
]
SOON = "Sắp đến hạn gửi báo cáo tháng 8/2022"
ALPHA, BETA, ABOVE = "xa-13441@example.org", "xa-13450@example.org", "tonghop@example.org"


@pytest.fixture
def people(cast):
    """Two clerks and the district's reviewer, each with an address; office and land bureau have no people."""
    for name, place, role in PLACES:
        user = getattr(cast, name)
        user.email, user.full_name = f"{user.username}@example.org", f"Bà {name}"
        user.save()
        Membership.objects.create(user=user, unit=getattr(cast, place), role=role, valid_from=SINCE)
    # No report is expected before August 2022.
    Unit.objects.update(active_from=date(2022, 7, 15))
    return cast


@pytest.fixture
def run(settings):
    """run(day): subjects of the day's e-mails by address."""

    def on(day: date, **options) -> dict[str, str]:
        settings.DEMO_TODAY = day
        mail.outbox.clear()
        call_command("remind", **options)
        assert len({letter.to[0] for letter in mail.outbox}) == len(mail.outbox), "one e-mail a person"
        return {letter.to[0]: letter.subject for letter in mail.outbox}

    return on


def sent(unit_: Unit, fields) -> Edition:
    return entered(unit_, AUGUST, {(fields.chung.pk, None): balanced(3)}, upto="sent")


def test_three_days_before_on_the_day_and_one_day_after(people, run):
    assert run(DUE - timedelta(4)) == {}
    # The reviewer is told about the office, which has no clerk.
    below = "1 đơn vị chưa gửi báo cáo tháng 8/2022"
    assert run(DUE - timedelta(3)) == {ALPHA: SOON, BETA: SOON, ABOVE: below}
    assert run(DUE - timedelta(2)) == {}
    today = "Hôm nay là hạn gửi báo cáo tháng 8/2022"
    assert run(DUE) == {ALPHA: today, BETA: today, ABOVE: below}
    late = "Báo cáo đã quá hạn gửi tháng 8/2022"
    assert run(DUE + timedelta(1)) == {
        ALPHA: late,
        BETA: late,
        ABOVE: "3 đơn vị chưa gửi báo cáo tháng 8/2022",
    }
    assert run(DUE + timedelta(2)) == run(DUE + timedelta(9)) == {}


def test_a_timer_that_missed_days_gives_the_latest_kind_only(people, run):
    assert run(DUE - timedelta(2))[ALPHA] == SOON
    assert run(DUE + timedelta(5))[ALPHA] == "Báo cáo đã quá hạn gửi tháng 8/2022"
    assert Counter(people.clerk.reminders.values_list("kind", flat=True)) == {"before": 1, "after": 1}
    assert run(DUE + timedelta(6)) == {}


def test_no_reminder_after_sending_but_after_a_return(people, fields, run):
    edition = sent(people.alpha, fields)
    assert set(run(DUE)) == {BETA, ABOVE}
    approval_actions.return_edition(edition, reason="Xem lại", by=people.reviewer, at=AT)
    assert set(run(DUE)) == {ALPHA}
    assert "hạn gửi hôm nay, 16/8/2022, đã trả lại để sửa." in mail.outbox[0].body
    approval_actions.approve_edition(
        submissions_actions.send_edition(edition, by=None, at=AT), by=None, at=AT
    )
    unlocked(edition.submission)
    run(DUE + timedelta(1))
    assert not people.clerk.reminders.filter(kind="after").exists()


def test_the_letter_is_vietnamese_and_names_only_missing_months(people, fields, run, settings):
    settings.BASE_URL = "https://cchc.example.vn"
    run(DUE - timedelta(3))
    own, other, above = (
        next(letter for letter in mail.outbox if letter.to == [to]) for to in (ALPHA, BETA, ABOVE)
    )
    assert "Kính gửi: Bà clerk" in own.body
    assert "- Đơn vị 13441, tháng 8/2022: hạn gửi 16/8/2022, còn 3 ngày, mở nhập từ 15/8/2022." in own.body
    assert people.beta.name not in own.body and people.alpha.name not in other.body
    assert "- Đơn vị van-phong, tháng 8/2022: hạn gửi 16/8/2022" in above.body
    assert "chưa có người nhập số liệu" in above.body
    assert (
        "https://cchc.example.vn/records/" in own.body and "https://cchc.example.vn/accounts/me/" in own.body
    )
    for letter in mail.outbox:
        assert foreign(letter.subject + letter.body, frozenset({"clerk", "neighbour", "reviewer"})) == set()
        assert "\n" not in letter.subject and letter.content_subtype == "plain"


def test_units_missing_different_months_are_counted_without_naming_one(people, run):
    Unit.objects.filter(pk=people.beta.pk).update(active_from=date(2022, 6, 15))
    submission = submissions_actions.open_submission(people.beta, Month(2022, 7), by=None, at=AT)
    Submission.objects.filter(pk=submission.pk).update(due_on=DUE)
    after = DUE + timedelta(1)
    assert run(after)[ABOVE] == "3 đơn vị chưa gửi báo cáo"


def test_a_name_with_a_line_break_does_not_reach_the_headers(people, run):
    Unit.objects.filter(pk=people.alpha.pk).update(name="Xã\nBcc: ai@example.org")
    assert run(DUE)[ALPHA] == "Hôm nay là hạn gửi báo cáo tháng 8/2022"
    assert (
        "- Xã Bcc: ai@example.org, tháng 8/2022"
        in mail.outbox[0].body + mail.outbox[1].body + mail.outbox[2].body
    )


def test_muted_and_without_an_address_stand_in_the_list_only(people, run):
    User.objects.filter(pk=people.clerk.pk).update(mail_muted=True)
    User.objects.filter(pk=people.neighbour.pk).update(email="")
    # Muting is a person's choice; the reviewer is told of people without an address.
    assert run(DUE - timedelta(3)) == {ABOVE: "2 đơn vị chưa gửi báo cáo tháng 8/2022"}
    assert "Bà neighbour" in mail.outbox[0].body and people.alpha.name not in mail.outbox[0].body
    mailed_at = {reminder.user_id: reminder.mailed_at for reminder in Reminder.objects.all()}
    assert (
        mailed_at[people.clerk.pk] is mailed_at[people.neighbour.pk] is None and mailed_at[people.reviewer.pk]
    )
    assert run(DUE - timedelta(1)) == {}


def test_external_bodies_are_their_own_clerks_matter(people, run):
    clerk = User.objects.create(username="dat-dai", email="dat-dai@example.org")
    Membership.objects.create(user=clerk, unit=people.land, role=Role.CLERK, valid_from=SINCE)
    run(DUE + timedelta(1))
    named = {letter.to[0]: people.land.name in letter.body for letter in mail.outbox}
    assert named == {"dat-dai@example.org": True, ABOVE: False, ALPHA: False, BETA: False}


def test_units_that_ended_or_are_groups_get_none(people, run):
    Unit.objects.filter(pk=people.alpha.pk).update(active_from=SINCE, active_until=date(2022, 6, 14))
    assert ALPHA not in run(DUE)
    assert not Reminder.objects.filter(unit__in=[people.alpha, people.district]).exists()


def test_roles_that_ended_and_disabled_people_get_none(people, run):
    Membership.objects.filter(user=people.clerk).update(valid_until=date(2022, 8, 1))
    User.objects.filter(pk=people.neighbour.pk).update(is_active=False)
    assert run(DUE) == {ABOVE: "3 đơn vị chưa gửi báo cáo tháng 8/2022"}


def test_the_nearest_reviewer_is_reminded(people, run):
    above = User.objects.create(username="tinh", email="tinh@example.org")
    Membership.objects.create(user=above, unit=people.province, role=Role.REVIEWER, valid_from=SINCE)
    assert "tinh@example.org" not in run(DUE)
    Membership.objects.filter(user=people.reviewer).delete()
    assert "tinh@example.org" in run(DUE + timedelta(1))


def test_nobody_to_remind_is_said(people, run, capsys):
    Membership.objects.filter(user=people.reviewer).delete()
    run(DUE)
    assert "Không có ai để nhắc: Đơn vị van-phong, tháng 8/2022." in capsys.readouterr().err


def test_due_dates_of_opened_months_and_of_rules_are_kept_apart(people, run):
    submission = submissions_actions.open_submission(people.alpha, AUGUST, by=None, at=AT)
    submission.due_on = DUE + timedelta(2)
    submission.save()
    assert set(run(DUE)) >= {ALPHA, BETA} and mail.outbox[0].body != mail.outbox[1].body
    assert people.clerk.reminders.get().kind == "before" and people.neighbour.reminders.get().kind == "on_day"


def test_a_dry_run_writes_and_sends_nothing(people, run, capsys):
    assert run(DUE, dry_run=True) == {}
    assert not Reminder.objects.exists()
    assert "Bà clerk (xa-13441): Đơn vị 13441, tháng 8/2022, hạn 16/8/2022" in capsys.readouterr().out


def test_what_was_given_is_logged_with_whom_and_how(people, run):
    run(DUE)
    entry = Entry.objects.filter(action="reminder.give", subject=f"user:{people.clerk.pk}").get()
    assert entry.detail == {
        "mailed": True,
        "reminders": [{"unit": "13441", "month": 202208, "kind": "on_day"}],
    }


class Refusing(EmailBackend):
    """A mail server that refuses given addresses."""

    refused: set[str] = set()

    def send_messages(self, messages):
        if any(message.to[0] in self.refused for message in messages):
            raise ConnectionRefusedError("no")
        return super().send_messages(messages)


@pytest.fixture
def refusing(monkeypatch, settings):
    settings.EMAIL_BACKEND = "tests.records.reminders.test_reminders.Refusing"
    monkeypatch.setattr(Refusing, "refused", set())
    return Refusing.refused


def test_what_the_server_refuses_is_tried_again(people, run, refusing):
    refusing.add(ALPHA)
    with pytest.raises(CommandError, match="không nhận thư cho 1 người") as stopped:
        run(DUE)
    assert stopped.value.returncode == 1 and not people.clerk.reminders.exists()
    assert {letter.to[0] for letter in mail.outbox} == {BETA, ABOVE}
    assert not Entry.objects.filter(subject=f"user:{people.clerk.pk}").exists()
    refusing.clear()
    assert set(run(DUE)) == {ALPHA}
    assert set(run(DUE)) == set()


def test_a_server_that_is_away_is_not_tried_for_everybody(people, run, refusing, capsys):
    for number in range(6):
        user = User.objects.create(username=f"x{number}", email=f"x{number}@example.org")
        Membership.objects.create(user=user, unit=people.alpha, role=Role.CLERK, valid_from=SINCE)
        refusing.add(user.email)
    refusing.update({ALPHA, BETA, ABOVE})
    tried = MailRun.MOST_REFUSALS
    User.objects.filter(pk=people.neighbour.pk).update(mail_muted=True)
    with pytest.raises(CommandError, match="không nhận thư cho 8 người"):
        run(DUE)
    assert tried == 3 and list(Reminder.objects.values_list("user", flat=True)) == [people.neighbour.pk]


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_given_twice_in_any_history(seed, people, fields, run, refusing):
    """Random days before September is due, failing runs, months sent and returned in between."""
    chance, reached = random.Random(seed), Counter()
    places = [people.alpha, people.beta, people.office]
    for _ in range(25):
        step = chance.choice(["run", "run", "run", "send", "return"])
        if step == "send":
            place = chance.choice(places)
            open_ = Edition.objects.filter(submission__unit=place, state__in=OPEN_STATES).first()
            if open_ is None and not Edition.objects.filter(submission__unit=place).exists():
                sent(place, fields)
            elif open_ is not None and open_.state == "returned":
                submissions_actions.send_edition(open_, by=None, at=AT)
        elif step == "return":
            for edition in Edition.objects.filter(state="sent", submission__unit=chance.choice(places)):
                approval_actions.return_edition(edition, reason="Xem lại", by=None, at=AT)
        else:
            day = DUE + timedelta(chance.randint(-5, 27))
            refusing.clear()
            refusing.update(chance.sample([ALPHA, BETA, ABOVE], chance.randint(0, 2)))
            silent = {
                place.name
                for place in places
                if not Edition.objects.filter(submission__unit=place, state__in=["sent", "approved"]).exists()
            }
            try:
                run(day)
            except CommandError:
                assert refusing
            for letter in mail.outbox:
                for line in letter.body.splitlines():
                    if line.startswith("- "):
                        name = line[2:].split(",")[0]
                        assert name in silent
                        reached[letter.to[0], name, reminder_kind(DUE, day)] += 1
    stored = Reminder.objects.exclude(mailed_at=None).values_list("user__email", "unit__name", "kind")
    assert reached == Counter(stored) and set(reached.values()) <= {1}
    assert Reminder.objects.filter(mailed_at=None).count() == 0


def test_two_timers_at_once_send_once(people, settings, shared_database):
    day = DUE + timedelta(1)
    at = datetime.combine(day, time(8), tzinfo=timezone.get_default_timezone())
    plan = apart(lambda: plan_reminders(day, DueDates(stored_calendar())))
    mail.outbox = []

    def timer(_) -> list[ReminderOutcome]:
        return [remind_person(user, items, MailRun(), at=at).way for user, items in plan.people]

    outcomes = sum(at_once(timer, 1, 2, 3), [])
    assert Counter(outcomes) == {ReminderOutcome.MAILED: 3, ReminderOutcome.NOTHING: 6}
    assert sorted(letter.to[0] for letter in mail.outbox) == [ABOVE, ALPHA, BETA]
    assert apart(lambda: Reminder.objects.filter(mailed_at=at).count()) == 5


def test_queries_of_the_plan_do_not_follow_the_number_of_units(people):
    counts = []
    for size in (0, 3, 6):
        for number in range(size):
            more = unit(f"{size}-{number}", Tier.COMMUNE, people.district)
            user = User.objects.create(username=more.code, email=f"{more.code}@example.org")
            Membership.objects.create(user=user, unit=more, role=Role.CLERK, valid_from=SINCE)
        with CaptureQueriesContext(connection) as caught:
            plan_reminders(DUE, DueDates(stored_calendar()))
        counts.append(len(caught))
    assert len(set(counts)) == 1, counts
