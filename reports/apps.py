"""The Django app: it registers what reports add to the apps below."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = "Bảng điều khiển và báo cáo"

    def ready(self) -> None:
        # Models can be imported only now.
        from ledger import jobs, log
        from records.reminders.actions import MORE_REMINDERS, ReminderSource
        from records.worklist.views import WORKLIST_PARTS
        from reports.consultation import reminders
        from reports.consultation.views import worklist_part
        from reports.freezing import DRAWINGS, log_anchors

        log.ANCHOR_SOURCES.register(log_anchors, place=10)
        jobs.JOB_KINDS.register(DRAWINGS, place=10)
        MORE_REMINDERS.register(ReminderSource(reminders.lines, reminders.run), place=10)
        WORKLIST_PARTS.register(worklist_part, place=10)
