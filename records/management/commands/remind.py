"""Remind clerks, and then reviewers, of reports that are not sent; a timer calls it every day."""

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

    def _list(self, plan: ReminderPlan) -> None:
        for user, items in plan.people:
            for item in items:
                unsent = item.unsent
                text = f"{unsent.unit.name}, {unsent.month.label}, hạn {format_day(unsent.due_on)}"
                self.stdout.write(f"{user} ({user.username}): {text}")
        for source in MORE_REMINDERS:
            for text in source.lines(clock.today()):
                self.stdout.write(text)
        self._list_unreachable(plan)
        people = {user.pk for user, _ in plan.people}
        self.stderr.write(f"Sẽ nhắc {len(people)} người gửi báo cáo tháng; chưa nhắc ai.")

    def _remind(self, plan: ReminderPlan) -> None:
        mail, results = MailRun(), []
        try:
            for user, items in plan.people:
                result = remind_person(user, items, mail, at=clock.now())
                results.append(result)
                if result.way is not ReminderOutcome.NOTHING:
                    self.stdout.write(
                        f"{user} ({user.username}): {result.months} báo cáo, {result.way.value}"
                    )
            for source in MORE_REMINDERS:
                more, nobody = source.run(clock.today(), mail, clock.now())
                results += more
                for result in more:
                    if result.way is not ReminderOutcome.NOTHING:
                        text = f"{result.user} ({result.user.username}): {result.months} nội dung được hỏi"
                        self.stdout.write(f"{text}, {result.way.value}")
                for text in nobody:
                    self.stderr.write(f"Không có ai để nhắc: {text}.")
        finally:
            mail.close()
        self._list_unreachable(plan)
        self._print_totals(results)

    def _print_totals(self, results: list[ReminderResult]) -> None:
        number = {way: sum(result.way is way for result in results) for way in ReminderOutcome}
        away = (ReminderOutcome.REFUSED, ReminderOutcome.NOTHING)
        reached = len({result.user.pk for result in results if result.way not in away})
        mailed = len({result.user.pk for result in results if result.way is ReminderOutcome.MAILED})
        self.stderr.write(f"Đã nhắc {reached} người, trong đó {mailed} người qua thư điện tử.")
        if number[ReminderOutcome.MAILED] and not mail_server.sends_outside():
            self.stderr.write("Chưa đặt CCHC_EMAIL_URL: không có thư nào được gửi đi.")
        if number[ReminderOutcome.REFUSED]:
            raise CommandError(
                f"Máy chủ thư không nhận thư cho {number[ReminderOutcome.REFUSED]} người; lần chạy sau sẽ nhắc lại.",
                returncode=1,
            )

    def _list_unreachable(self, plan: ReminderPlan) -> None:
        for unsent in plan.nobody:
            self.stderr.write(f"Không có ai để nhắc: {unsent.unit.name}, {unsent.month.label}.")
