"""Writing the two kinds of derived sums.

An edition carries the sums of its own rows. A group carries those of everything below it (and of itself where it
reports) by month, tier, external, stage and field; the country is summed from its children on reading. Both are
written by the transaction that changes their source, and equal a recount (`manage.py recount --check`).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import BooleanField, Case, Count, F, Q, QuerySet, Value, When

from figures.counts import Tally
from records.models import DossierCount, Edition, GroupSum, Stage, Submission
from records.queries.rows import COLUMNS, columns_of, put, summed, tally_in, tally_of, totals
from units.models import Kind, Tier, Unit

# (group, month, tier, external, field or None for the total)
Key = tuple[int, int, str, bool, int | None]
Sums = dict[Key, Tally]
# SQLite takes 32,766 values in a statement where nobody built it for more.
_ASKED_AT_ONCE = 10_000


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
    for groups in levels(lock(numbers)):
        for stage in stages:
            write(groups, wanted, stage)


def regroup(units: Iterable[Unit]) -> None:
    """Units that had no children until now keep sums from now on, of their own reports first."""
    numbers = [unit.pk for unit in units]
    reports = list(Submission.objects.filter(unit__in=numbers).select_related("unit"))
    if reports:
        refresh({one.unit for one in reports}, {one.month for one in reports})


def groups_among(numbers: Iterable[int] | None = None) -> QuerySet[Unit]:
    """Units that keep sums: those with children, save the country. All of them when no numbers are given."""
    groups = Unit.objects.filter(has_children=True).exclude(tier=Tier.COUNTRY)
    return groups if numbers is None else groups.filter(pk__in=set(numbers))


def lock(numbers: Iterable[int] | None = None) -> list[Unit]:
    """The groups among these units from the bottom up, in one order for everybody, locked until the transaction ends.

    What is no group is locked as well: it may be about to become one, and then its sums must hold what is saved now.
    """
    if numbers is None:
        wanted = groups_among()
    else:
        wanted = Unit.objects.filter(pk__in=set(numbers)).exclude(tier=Tier.COUNTRY)
    ordered = wanted.order_by("-depth", "pk")
    if connection.features.has_select_for_no_key_update:
        ordered = ordered.select_for_update(no_key=True)
    return [unit for unit in ordered if unit.has_children]


def levels(groups: list[Unit]) -> Iterator[list[int]]:
    """Numbers of the groups, level by level, deepest first."""
    depths: dict[int, list[int]] = {}
    for group in groups:
        depths.setdefault(group.depth, []).append(group.pk)
    for depth in sorted(depths, reverse=True):
        yield depths[depth]


def write(groups: list[int], months: list[int], stage: str) -> None:
    """Write the sums of one level of groups anew; those of the level below must be right."""
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
    for row in _grouped(editions, "submission__", groups).annotate(**totals(), reports=Count("pk")):
        _add(found, row, None)
    # By their numbers: a condition repeated inside makes SQLite read every report of these months.
    numbers = list(editions.values_list("pk", flat=True))
    for start in range(0, len(numbers), _ASKED_AT_ONCE):
        counts = DossierCount.objects.filter(edition__in=numbers[start : start + _ASKED_AT_ONCE])
        for row in _grouped(counts, "edition__submission__", groups, "field_id").annotate(
            **totals(), reports=Count("edition", distinct=True, filter=Q(answered=True))
        ):
            _add(found, row, row["field_id"])
    for key, tally in _of_child_groups(groups, months, stage):
        found[key] = found.get(key, Tally.empty()) + tally
    return found


def _editions(groups: list[int], months: Sequence[int], stage: str) -> QuerySet[Edition]:
    whose = Unit.objects.filter(Q(pk__in=groups) | Q(parent__in=groups, has_children=False))
    return (
        Edition.objects.in_force(stage)
        .filter(submission__unit__in=whose.order_by().values("pk"), submission__month__in=months)
        .order_by()
    )


def _grouped(rows: QuerySet, prefix: str, groups: list[int], field: str | None = None) -> QuerySet:
    unit = f"{prefix}unit"
    # A group's own report counts in itself, a child's in its parent.
    group = Case(When(**{f"{unit}__in": groups}, then=F(f"{unit}_id")), default=F(f"{unit}__parent_id"))
    external = Case(
        When(**{f"{unit}__kind": Kind.EXTERNAL}, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    named = {"group": group, "month": F(f"{prefix}month"), "tier": F(f"{unit}__tier"), "external": external}
    return rows.annotate(**named).order_by().values(*named, *([field] if field else []))


def _add(found: Sums, row: dict[str, Any], field: int | None) -> None:
    key = (row["group"], row["month"], row["tier"], bool(row["external"]), field)
    found[key] = found.get(key, Tally.empty()) + tally_of(summed(row), row["reports"])


def _of_child_groups(groups: list[int], months: Sequence[int], stage: str) -> Iterator[tuple[Key, Tally]]:
    """What the groups one level below hold, under their parents' keys."""
    below = dict(
        Unit.objects.filter(parent__in=groups, has_children=True).order_by().values_list("pk", "parent_id")
    )
    if not below:
        return
    rows = GroupSum.objects.filter(group__in=list(below), month__in=months, stage=stage).order_by()
    for group, month, tier, external, field, reported, *numbers in rows.values_list(
        "group_id", "month", "tier", "external", "field_id", "reported", *COLUMNS
    ):
        yield (below[group], month, tier, external, field), tally_in(numbers, reported)
