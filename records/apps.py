from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class RecordsConfig(AppConfig):
    name = "records"
    verbose_name = "Số liệu báo cáo"

    def ready(self) -> None:
        # Models, and what asks them, are there only now.
        from units.signals import consequences_asked, grouped, reports_asked, succeeded, undoing

        from .receivers import (
            answer_reports,
            forget_successors,
            name_successors,
            sum_new_groups,
            tell_merger,
        )

        reports_asked.connect(answer_reports, dispatch_uid="records.reports")
        consequences_asked.connect(tell_merger, dispatch_uid="records.merger")
        succeeded.connect(name_successors, dispatch_uid="records.catalogue")
        undoing.connect(forget_successors, dispatch_uid="records.catalogue")
        grouped.connect(sum_new_groups, dispatch_uid="records.sums")
        post_migrate.connect(undivided_field, sender=self, dispatch_uid="records.undivided_field")


def undivided_field(using: str, apps=apps, **kwargs) -> None:
    """A database has the field `chung` (not divided by field) from its first day, and after a flush."""
    try:
        field = apps.get_model("records", "Field")
    except LookupError:
        # Migrated back to before the catalogue.
        return
    field.objects.using(using).get_or_create(
        code="chung", defaults={"name": "Không chia theo lĩnh vực", "order": 0}
    )
