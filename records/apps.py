"""The Django app: it connects the signals of the tree of units and fills a new database."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class RecordsConfig(AppConfig):
    name = "records"
    verbose_name = "Số liệu báo cáo"

    def ready(self) -> None:
        # Models can be imported only now.
        from records.succession import receivers
        from units.lifecycle import signals

        signals.reports_asked.connect(receivers.answer_reports, dispatch_uid="records.reports")
        signals.consequences_asked.connect(receivers.preview_merger, dispatch_uid="records.merger")
        signals.succeeded.connect(receivers.inherit_from_predecessors, dispatch_uid="records.catalogue")
        signals.undoing.connect(receivers.undo_inheritance, dispatch_uid="records.catalogue")
        signals.grouped.connect(receivers.sum_new_groups, dispatch_uid="records.aggregates")
        signals.succeeded.connect(receivers.sum_handovers, dispatch_uid="records.aggregates")
        signals.undone.connect(receivers.sum_without_handovers, dispatch_uid="records.aggregates")
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
