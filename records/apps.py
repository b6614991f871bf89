"""The Django app: what records add to the apps below, and the first rows of a new database."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class RecordsConfig(AppConfig):
    name = "records"
    verbose_name = "Số liệu báo cáo"

    def ready(self) -> None:
        # Models can be imported only now.
        from ledger import jobs, timer_runs
        from records.cases.actions import delete_stale_uploads
        from records.cases.job import CASE_JOB
        from records.submissions.uploads import delete_expired_uploads
        from records.succession import receivers
        from units.lifecycle import signals

        signals.REPORT_SOURCES.register(receivers.reported_months, place=10)
        signals.CONSEQUENCE_SOURCES.register(receivers.preview_merger, place=10)
        signals.succeeded.connect(receivers.inherit_from_predecessors, dispatch_uid="records.catalogue")
        signals.undoing.connect(receivers.undo_inheritance, dispatch_uid="records.catalogue")
        signals.grouped.connect(receivers.sum_new_groups, dispatch_uid="records.stored_sums")
        signals.succeeded.connect(receivers.sum_handovers, dispatch_uid="records.stored_sums")
        signals.undone.connect(receivers.sum_without_handovers, dispatch_uid="records.stored_sums")
        jobs.JOB_KINDS.register(CASE_JOB, place=20)
        timer_runs.FORGETTING.register(delete_expired_uploads, place=40)
        timer_runs.FORGETTING.register(delete_stale_uploads, place=50)
        post_migrate.connect(create_undivided_field, sender=self, dispatch_uid="records.undivided_field")


def create_undivided_field(using: str, apps=apps, **kwargs) -> None:
    """A database has the field `chung` (not divided by field) from its first day, and after a flush."""
    try:
        field = apps.get_model("records", "Field")
    except LookupError:
        # Migrated back to before the catalogue.
        return
    field.objects.using(using).get_or_create(
        code="chung", defaults={"name": "Không chia theo lĩnh vực", "order": 0}
    )
