"""Recounts all derived columns and sums from the dossier counts, to check or to rewrite them."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.db import transaction

from core import database
from figures.periods import Month
from figures.tally import Tally
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue, served_in_row
from records.models import DossierCount, Edition, GroupSum, MissingReport, Stage, Submission
from records.storage import columns_of_tally, measures_of_row, tally_of
from units.models import Tier, Unit

from . import group_sums
from .group_sums import (
    GroupSums,
    SumKey,
    count_group_sums,
    group_levels,
    groups_below_country,
    lock_groups,
    write_group_sums,
)


def edition_differences() -> Iterator[tuple[DossierCount | Edition, dict[str, Any]]]:
    """Rows and editions with wrong derived columns, with the right values."""
    catalogue = Catalogue(stored_calendar())
    totalled: dict[int, Tally] = {}
    rows = DossierCount.objects.select_related("edition__submission__unit").order_by("pk")
    for row in rows.iterator(chunk_size=2000):
        submission = row.edition.submission
        expected = catalogue.expected(submission.unit, Month.from_number(submission.month))
        tally = Tally.of_row(
            measures_of_row(row), served_in_row(expected, catalogue, (row.field_id, row.procedure_id))
        )
        totalled[row.edition_id] = totalled.get(row.edition_id, Tally.empty()) + tally
        wrong = _wrong_columns(
            row, {**columns_of_tally(tally), "answered": any(v is not None for v in tally.values.values())}
        )
        if wrong:
            yield row, wrong
    for edition in Edition.objects.order_by("pk").iterator(chunk_size=2000):
        wrong = _wrong_columns(edition, columns_of_tally(totalled.get(edition.pk, Tally.empty())))
        if wrong:
            yield edition, wrong


def sum_differences() -> Iterator[tuple[str, str]]:
    """(place, difference) of everything derived that a recount contradicts. Nothing is written."""
    for row, right in chain(edition_differences(), group_sums.wrong_handover_marks()):
        text = ", ".join(f"{name}: {getattr(row, name)} ≠ {value}" for name, value in right.items())
        yield f"{row._meta.verbose_name} #{row.pk}", text
    yield from group_differences()
    for gap in group_sums.stale_missing_reports():
        month = Month.from_number(gap.month)
        yield f"{gap.unit.code} {month} {gap.stage}", "ghi là thiếu, nhưng đã có báo cáo"


def _wrong_columns(row: Any, right: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in right.items() if getattr(row, name) != value}


def group_differences() -> Iterator[tuple[str, str]]:
    """(place, difference) of group sums that a count over editions contradicts. Nothing is written.

    Each level is computed from the stored level below, so the first difference is the lowest.
    """
    groups = {unit.pk: unit for unit in Unit.objects.filter(has_children=True).order_by("-depth", "pk")}
    for stage in Stage.values:
        for month in _months():
            stored = _stored_sums(month, stage)
            counted: GroupSums = {}
            for level, _ in group_levels(groups.values(), [stage]):
                counted |= count_group_sums(level, [month], stage)
            for key in sorted({*stored, *counted}, key=str):
                if stored.get(key) != counted.get(key):
                    yield _place(groups, key, stage), _difference_words(stored.get(key), counted.get(key))


def _months() -> list[int]:
    return sorted(
        set(Submission.objects.values_list("month", flat=True))
        | set(GroupSum.objects.values_list("month", flat=True))
    )


def _stored_sums(month: int, stage: str) -> GroupSums:
    return {
        (row.group_id, row.month, row.tier, row.external, row.field_id): tally_of(row.__dict__, row.reported)
        for row in GroupSum.objects.filter(month=month, stage=stage)
    }


def _place(groups: dict[int, Unit], key: SumKey, stage: str) -> str:
    group, month, tier, external, field = key
    name = groups[group].code if group in groups else f"#{group}"
    return f"{name} {Month.from_number(month)} {tier}{' external' if external else ''} {stage} field={field}"


def _difference_words(stored: Tally | None, counted: Tally | None) -> str:
    if stored is None or counted is None:
        return "thừa" if counted is None else "thiếu"
    left, right = ({**columns_of_tally(tally), "reported": tally.reported} for tally in (stored, counted))
    return ", ".join(f"{name}: {left[name]} ≠ {right[name]}" for name in left if left[name] != right[name])


@transaction.atomic
def recount_sums() -> int:
    """Rebuild every derived sum from the dossier counts; returns how many rows were wrong."""
    wrong = 0
    for row, right in [*edition_differences(), *group_sums.wrong_handover_marks()]:
        type(row).objects.filter(pk=row.pk).update(**right)
        wrong += 1
    wrong += sum(1 for _ in group_differences())
    GroupSum.objects.exclude(group__has_children=True).delete()
    GroupSum.objects.filter(group__tier=Tier.COUNTRY).exclude(stage=Stage.APPROVED).delete()
    wrong += sum(1 for _ in group_sums.stale_missing_reports())
    MissingReport.objects.all().delete()
    months, locked = _months(), lock_groups()
    for groups, stage in group_levels(locked, Stage.values):
        for month in months:
            write_group_sums(groups, [month], stage)
    every, days = groups_below_country(locked), group_sums.month_spans(months)
    if months:
        database.execute_statements(
            statement
            for stage in Stage.values
            for statement in group_sums.missing_report_statements(every, months, days, stage)
        )
    return wrong
