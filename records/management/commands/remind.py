"""Reminds clerks, and then reviewers, of months that are not sent; a timer calls it every day."""

from django.core.management.base import BaseCommand, CommandError

from core import clock, mail_server
from figures.formatting import format_day
from ledger import timer_runs
from records.calendar.queries import DueDates, stored_calendar
from records.reminders.actions import MORE_REMINDERS, MailRun, ReminderOutcome, ReminderResult, remind_person
from records.reminders.queries import ReminderPlan, plan_reminders


class Command(BaseCommand):
    help = (
        "Nhắc gửi báo cáo: trước hạn ba ngày, đúng ngày hạn và sau hạn một ngày (ngày theo lịch). "
        "Gọi mỗi ngày một lần; không nhắc hai lần cùng một việc. Ví dụ: python manage.py remind --dry-run"
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="chỉ liệt kê, không nhắc ai")

    def handle(self, *args, dry_run, **options):
        """Exit 1 when the mail server refused somebody's e-mail."""
        if dry_run:
            self._list(plan_reminders(clock.today(), DueDates(stored_calendar())))
            return
        with timer_runs.record(timer_runs.REMIND):
            self._remind(plan_reminders(clock.today(), DueDates(stored_calendar())))

    def _list(self, found: ReminderPlan) -> None:
        for user, items in found.people:
            for item in items:
                owed = item.owed
                told = f"{owed.unit.name}, {owed.month.label}, hạn {format_day(owed.due_on)}"
                self.stdout.write(f"{user} ({user.username}): {told}")
        for source in MORE_REMINDERS:
            for told in source.lines(clock.today()):
                self.stdout.write(told)
        self._nobody(found)
        people = {user.pk for user, _ in found.people}
        self.stderr.write(f"Sẽ nhắc {len(people)} người gửi báo cáo tháng; chưa nhắc ai.")

    def _remind(self, found: ReminderPlan) -> None:
        post, given = MailRun(), []
        try:
            for user, items in found.people:
                one = remind_person(user, items, post, at=clock.now())
                given.append(one)
                if one.way is not ReminderOutcome.NOTHING:
                    self.stdout.write(f"{user} ({user.username}): {one.months} báo cáo, {one.way.value}")
            for source in MORE_REMINDERS:
                more, nobody = source.run(clock.today(), post, clock.now())
                given += more
                for one in more:
                    if one.way is not ReminderOutcome.NOTHING:
                        told = f"{one.user} ({one.user.username}): {one.months} nội dung được hỏi"
                        self.stdout.write(f"{told}, {one.way.value}")
                for told in nobody:
                    self.stderr.write(f"Không có ai để nhắc: {told}.")
        finally:
            post.close()
        self._nobody(found)
        self._sum_up(given)

    def _sum_up(self, given: list[ReminderResult]) -> None:
        number = {way: sum(one.way is way for one in given) for way in ReminderOutcome}
        away = (ReminderOutcome.REFUSED, ReminderOutcome.NOTHING)
        reached = len({one.user.pk for one in given if one.way not in away})
        mailed = len({one.user.pk for one in given if one.way is ReminderOutcome.MAILED})
        self.stderr.write(f"Đã nhắc {reached} người, trong đó {mailed} người qua thư điện tử.")
        if number[ReminderOutcome.MAILED] and not mail_server.sends_outside():
            self.stderr.write("Chưa đặt CCHC_EMAIL_URL: không có thư nào được gửi đi.")
        if number[ReminderOutcome.REFUSED]:
            raise CommandError(
                f"Máy chủ thư không nhận thư cho {number[ReminderOutcome.REFUSED]} người; lần chạy sau sẽ nhắc lại.",
                returncode=1,
            )

    def _nobody(self, found: ReminderPlan) -> None:
        for owed in found.nobody:
            self.stderr.write(f"Không có ai để nhắc: {owed.unit.name}, {owed.month.label}.")
