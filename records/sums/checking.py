"""The recount: every derived column and sum again from the dossier counts, compared or rewritten."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.db import transaction

from figures.counts import Tally
from figures.periods import Month
from records.models import DossierCount, Edition, GroupSum, MissingReport, Stage, Submission
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from records.queries.checks import served_of
from records.queries.rows import columns_of, tally_of, values_of
from units.models import Tier, Unit

from . import gaps, handed, statements
from .groups import Key, Sums, below_country, count, levels, lock, write


def edition_differences() -> Iterator[tuple[DossierCount | Edition, dict[str, Any]]]:
    """Rows and editions whose derived columns are not what a recount gives, with what they must be."""
    catalogue = Catalogue(calendar())
    totalled: dict[int, Tally] = {}
    rows = DossierCount.objects.select_related("edition__submission__unit").order_by("pk")
    for row in rows.iterator(chunk_size=2000):
        submission = row.edition.submission
        expected = catalogue.expected(submission.unit, Month.from_number(submission.month))
        tally = Tally.of_row(values_of(row), served_of(expected, catalogue, (row.field_id, row.procedure_id)))
        totalled[row.edition_id] = totalled.get(row.edition_id, Tally.empty()) + tally
        wrong = _wrong(
            row, {**columns_of(tally), "answered": any(v is not None for v in tally.values.values())}
        )
        if wrong:
            yield row, wrong
    for edition in Edition.objects.order_by("pk").iterator(chunk_size=2000):
        wrong = _wrong(edition, columns_of(totalled.get(edition.pk, Tally.empty())))
        if wrong:
            yield edition, wrong


def differences() -> Iterator[tuple[str, str]]:
    """Everything derived that is not what a recount gives: where, and how. Nothing is written."""
    for row, right in chain(edition_differences(), handed.wrong()):
        told = ", ".join(f"{name}: {getattr(row, name)} ≠ {value}" for name, value in right.items())
        yield f"{row._meta.verbose_name} #{row.pk}", told
    yield from group_differences()
    for gap in gaps.untrue():
        month = Month.from_number(gap.month)
        yield f"{gap.unit.code} {month} {gap.stage}", "ghi là thiếu, nhưng đã có báo cáo"


def _wrong(row: Any, right: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in right.items() if getattr(row, name) != value}


def group_differences() -> Iterator[tuple[str, str]]:
    """Group sums that are not what a count over editions gives: where, and how. Nothing is written.

    Compares each level with what is stored one level below, from the bottom up, so the first fault is the lowest.
    """
    groups = {unit.pk: unit for unit in Unit.objects.filter(has_children=True).order_by("-depth", "pk")}
    for stage in Stage.values:
        for month in _months():
            kept = _stored(month, stage)
            counted: Sums = {}
            for level, _ in levels(groups.values(), [stage]):
                counted |= count(level, [month], stage)
            for key in sorted({*kept, *counted}, key=str):
                if kept.get(key) != counted.get(key):
                    yield _place(groups, key, stage), _told(kept.get(key), counted.get(key))


def _months() -> list[int]:
    return sorted(
        set(Submission.objects.values_list("month", flat=True))
        | set(GroupSum.objects.values_list("month", flat=True))
    )


def _stored(month: int, stage: str) -> Sums:
    return {
        (row.group_id, row.month, row.tier, row.external, row.field_id): tally_of(row.__dict__, row.reported)
        for row in GroupSum.objects.filter(month=month, stage=stage)
    }


def _place(groups: dict[int, Unit], key: Key, stage: str) -> str:
    group, month, tier, external, field = key
    name = groups[group].code if group in groups else f"#{group}"
    return f"{name} {Month.from_number(month)} {tier}{' external' if external else ''} {stage} field={field}"


def _told(kept: Tally | None, counted: Tally | None) -> str:
    if kept is None or counted is None:
        return "thừa" if counted is None else "thiếu"
    left, right = ({**columns_of(one), "reported": one.reported} for one in (kept, counted))
    return ", ".join(f"{name}: {left[name]} ≠ {right[name]}" for name in left if left[name] != right[name])


@transaction.atomic
def recount() -> int:
    """Rebuild every derived sum from the dossier counts; the number of rows that were wrong."""
    wrong = 0
    for row, right in [*edition_differences(), *handed.wrong()]:
        type(row).objects.filter(pk=row.pk).update(**right)
        wrong += 1
    wrong += sum(1 for _ in group_differences())
    GroupSum.objects.exclude(group__has_children=True).delete()
    GroupSum.objects.filter(group__tier=Tier.COUNTRY).exclude(stage=Stage.APPROVED).delete()
    wrong += sum(1 for _ in gaps.untrue())
    MissingReport.objects.all().delete()
    months, locked = _months(), lock()
    for groups, stage in levels(locked, Stage.values):
        for month in months:
            write(groups, [month], stage)
    every, days = below_country(locked), gaps.spans(months)
    if months:
        statements.execute(one for stage in Stage.values for one in gaps.noting(every, months, days, stage))
    return wrong
