"""`deliver`: sends the outbox and deletes expired rows (delivered messages, responses to keyed requests, sign-ins,
ended sessions, unconfirmed uploads). A timer calls it every minute.
"""

import fcntl
import sys

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from ledger import outbox, timer_runs
from units import push


class Command(BaseCommand):
    help = (
        "Gửi các tin đang chờ đến hệ thống cấp trên; tin không gửi được sẽ được gửi lại sau. "
        "Ví dụ: manage.py deliver"
    )

    def handle(self, *args, **options):
        # The timer may fire again while a slow receiver delays this run.
        with open(settings.DATA_DIR / "deliver.lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.stderr.write("Một lần gửi khác đang chạy.")
                return
            with timer_runs.record(timer_runs.DELIVER) as result:
                run = outbox.deliver(lambda message: push.send(message, timezone.now()), timezone.now)
                result.good = not run.failed
                result.words = f"đã gửi {run.delivered}, chưa gửi được {run.failed}"
            for forget in timer_runs.FORGETTING:
                forget(at=timezone.now())
        self.stdout.write(f"Đã gửi {run.delivered} tin, {run.failed} tin chưa gửi được.")
        if run.failed:
            sys.exit(1)
