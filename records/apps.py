"""The Django app: it connects the signals of the tree of units and fills a new database."""

from collections.abc import Sequence

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

from core.db import analyze


class RecordsConfig(AppConfig):
    name = "records"
    verbose_name = "Số liệu báo cáo"

    def ready(self) -> None:
        # Models, and what asks them, are there only now.
        from records.succession.receivers import answer_reports, sum_new_groups
        from records.succession.receivers import inherit_from_predecessors as name_successors
        from records.succession.receivers import preview_merger as tell_merger
        from records.succession.receivers import sum_handovers as sum_successors
        from records.succession.receivers import sum_without_handovers as sum_again
        from records.succession.receivers import undo_inheritance as forget_successors
        from units.lifecycle.signals import (
            consequences_asked,
            grouped,
            reports_asked,
            succeeded,
            undoing,
            undone,
        )

        reports_asked.connect(answer_reports, dispatch_uid="records.reports")
        consequences_asked.connect(tell_merger, dispatch_uid="records.merger")
        succeeded.connect(name_successors, dispatch_uid="records.catalogue")
        undoing.connect(forget_successors, dispatch_uid="records.catalogue")
        grouped.connect(sum_new_groups, dispatch_uid="records.aggregates")
        succeeded.connect(sum_successors, dispatch_uid="records.aggregates")
        undone.connect(sum_again, dispatch_uid="records.aggregates")
        post_migrate.connect(undivided_field, sender=self, dispatch_uid="records.undivided_field")
        post_migrate.connect(count_once, sender=self, dispatch_uid="records.count_once")
        post_migrate.connect(sum_country, sender=self, dispatch_uid="records.sum_country")


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


def count_once(plan: Sequence = (), **kwargs) -> None:
    """Sums from before `Submission.opens` and `closes` are written anew where units handed over inside a month."""
    if not _has_come(plan, "0014_handed_over"):
        return
    from records.models import GroupSum, MissingReport, Submission
    from records.succession.receivers import sum_handovers as sum_successors
    from units.models import Succession

    if links := list(Succession.objects.select_related("old", "new")):
        sum_successors(Succession, links)
        analyze.analyze_tables(Submission, GroupSum, MissingReport)


def sum_country(plan: Sequence = (), **kwargs) -> None:
    """A country from before it kept sums of what is approved gets them."""
    if not _has_come(plan, "0015_country_sums"):
        return
    from records.aggregates.group_sums import refresh_group_sums as refresh
    from records.models import GroupSum, Stage
    from units.models import Tier, Unit

    if tops := list(Unit.objects.filter(tier=Tier.COUNTRY)):
        kept = GroupSum.objects.filter(stage=Stage.APPROVED).values_list("month", flat=True)
        refresh(tops, set(kept), [Stage.APPROVED])
        analyze.analyze_tables(GroupSum)


def _has_come(plan: Sequence, name: str) -> bool:
    """Whether this migration of ours has just been applied."""
    return any((one.app_label, one.name) == ("records", name) for one, back in plan if not back)
