"""The two kinds of derived sums, and their recount. The only module that writes them.

An edition carries the sums of its own rows. A group carries those of everything below it (and of itself where it
reports) by month, tier, external, stage and field; the country is summed from its children on reading. Both are
written by the transaction that changes their source, and equal a recount (`manage.py recount --check`).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import BooleanField, Case, Count, F, Q, QuerySet, Sum, Value, When

from figures.counts import Tally
from figures.periods import Month
from records.models import DossierCount, Edition, GroupSum, Stage, Submission
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from records.queries.checks import served_of
from records.queries.rows import columns_of, put, summed, tally_of, totals, values_of
from units.models import Kind, Tier, Unit

# (group, month, tier, external, field or None for the total)
Key = tuple[int, int, str, bool, int | None]
Sums = dict[Key, Tally]


def total_edition(edition: Edition, rows: Iterable[DossierCount]) -> None:
    """Set the edition's sums from its rows; the caller saves the edition."""
    put(edition, Tally.total(tally_of(row.__dict__) for row in rows))


@transaction.atomic
def refresh(
    units: Iterable[Unit], months: Iterable[int], stages: Sequence[str] = tuple(Stage.values)
) -> None:
    """Rebuild the sums of every group above these units (and of those among them that are groups) in these months.

    Locks the groups from the bottom up, so that two savings below one group cannot overwrite each other's sums.
    """
    numbers = {number for unit in units for number in (*unit.ancestor_ids(), unit.pk)}
    wanted = sorted(set(months))
    for groups in _levels(lock(groups_among(numbers))):
        for stage in stages:
            _write(groups, wanted, stage)


def regroup(units: Iterable[Unit]) -> None:
    """Units that had no children until now keep sums from now on, of their own reports first."""
    with_history = Submission.objects.filter(unit__in=[unit.pk for unit in units]).select_related("unit")
    months: dict[int, tuple[Unit, list[int]]] = {}
    for submission in with_history:
        months.setdefault(submission.unit_id, (submission.unit, []))[1].append(submission.month)
    for unit, numbers in months.values():
        refresh([unit], numbers)


def groups_among(numbers: Iterable[int] | None = None) -> QuerySet[Unit]:
    """Units that keep sums: those with children, save the country. All of them when no numbers are given."""
    groups = Unit.objects.filter(has_children=True).exclude(tier=Tier.COUNTRY)
    return groups if numbers is None else groups.filter(pk__in=set(numbers))


def lock(groups: QuerySet[Unit]) -> list[Unit]:
    """The groups from the bottom up, in one order for everybody, locked until the transaction ends."""
    ordered = groups.order_by("-depth", "pk")
    if connection.features.has_select_for_no_key_update:
        ordered = ordered.select_for_update(no_key=True)
    return list(ordered)


def _levels(groups: list[Unit]) -> Iterator[list[int]]:
    """Numbers of the groups, level by level, deepest first."""
    depths: dict[int, list[int]] = {}
    for group in groups:
        depths.setdefault(group.depth, []).append(group.pk)
    for depth in sorted(depths, reverse=True):
        yield depths[depth]


def _write(groups: list[int], months: list[int], stage: str) -> None:
    stored = GroupSum.objects.filter(group__in=groups, month__in=months, stage=stage)
    stored.delete()
    GroupSum.objects.bulk_create(_rows(count(groups, months, stage), stage), batch_size=500)


def _rows(sums: Sums, stage: str) -> Iterator[GroupSum]:
    for (group, month, tier, external, field), tally in sorted(sums.items(), key=lambda one: str(one[0])):
        yield GroupSum(
            group_id=group,
            month=month,
            tier=tier,
            external=external,
            stage=stage,
            field_id=field,
            reported=tally.reported,
            **columns_of(tally),
        )


def count(groups: list[int], months: Sequence[int], stage: str) -> Sums:
    """What the sums of these groups must be: from the editions in force of the groups themselves and of their
    children without children, and from the sums of the child groups, which must be right already.
    """
    found: Sums = {}
    editions = _editions(groups, months, stage)
    for row in _grouped(editions, "submission__").annotate(**totals(), reports=Count("pk")):
        _add(found, row, None)
    counts = DossierCount.objects.filter(edition__in=editions)
    for row in _grouped(counts, "edition__submission__", "field_id", groups).annotate(
        **totals(), reports=Count("edition", distinct=True, filter=Q(answered=True))
    ):
        _add(found, row, row["field_id"])
    return found | {
        key: found.get(key, Tally.empty()) + tally for key, tally in _of_child_groups(groups, months, stage)
    }


def _editions(groups: list[int], months: Sequence[int], stage: str) -> QuerySet[Edition]:
    leaf = Q(submission__unit__has_children=False)
    return (
        Edition.objects.in_force(stage)
        .filter(Q(submission__unit__in=groups) | (Q(submission__unit__parent__in=groups) & leaf))
        .filter(submission__month__in=months)
        .annotate(group=_group("submission__unit", groups))
    )


def _group(unit: str, groups: list[int]) -> Case:
    """A group's own report counts in itself, a child's in its parent."""
    return Case(When(**{f"{unit}__in": groups}, then=F(f"{unit}_id")), default=F(f"{unit}__parent_id"))


def _grouped(
    rows: QuerySet, prefix: str, field: str | None = None, groups: list[int] | None = None
) -> QuerySet:
    if groups is not None:
        rows = rows.annotate(group=_group(f"{prefix}unit", groups))
    external = Case(
        When(**{f"{prefix}unit__kind": Kind.EXTERNAL}, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    named = {"month": F(f"{prefix}month"), "tier": F(f"{prefix}unit__tier"), "external": external}
    columns = ["group", *named] + ([field] if field else [])
    return rows.annotate(**named).order_by().values(*columns)


def _add(found: Sums, row: dict[str, Any], field: int | None) -> None:
    key = (row["group"], row["month"], row["tier"], bool(row["external"]), field)
    found[key] = found.get(key, Tally.empty()) + tally_of(summed(row), row["reports"])


def _of_child_groups(groups: list[int], months: Sequence[int], stage: str) -> Iterator[tuple[Key, Tally]]:
    rows = (
        GroupSum.objects.filter(group__parent__in=groups, month__in=months, stage=stage)
        .order_by()
        .values("group__parent", "month", "tier", "external", "field_id")
    )
    for row in rows.annotate(**totals(), reports=Sum("reported")):
        key = (row["group__parent"], row["month"], row["tier"], row["external"], row["field_id"])
        yield key, tally_of(summed(row), row["reports"])


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
    for row, right in edition_differences():
        told = ", ".join(f"{name}: {getattr(row, name)} ≠ {value}" for name, value in right.items())
        yield f"{row._meta.verbose_name} #{row.pk}", told
    yield from group_differences()


def _wrong(row: Any, right: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in right.items() if getattr(row, name) != value}


def group_differences() -> Iterator[tuple[str, str]]:
    """Group sums that are not what a count over editions gives: where, and how. Nothing is written.

    Compares each level with what is stored one level below, from the bottom up, so the first fault is the lowest.
    """
    groups = {unit.pk: unit for unit in groups_among().order_by("-depth", "pk")}
    for stage in Stage.values:
        for month in _months():
            kept = _stored(month, stage)
            counted: Sums = {}
            for level in _levels(list(groups.values())):
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
    for row, right in list(edition_differences()):
        type(row).objects.filter(pk=row.pk).update(**right)
        wrong += 1
    wrong += sum(1 for _ in group_differences())
    GroupSum.objects.exclude(group__in=groups_among()).delete()
    months = _months()
    for groups in _levels(lock(groups_among())):
        for stage in Stage.values:
            for month in months:
                _write(groups, [month], stage)
    return wrong
