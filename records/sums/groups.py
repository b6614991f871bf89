"""Writing the two kinds of derived sums.

An edition carries the sums of its own rows. A group carries those of everything below it (and of itself where it
reports) by month, tier, external, stage and field; the country is summed from its children on reading. Both are
written by the transaction that changes their source, and equal a recount (`manage.py recount --check`). With them
goes which reports lack (records.sums.gaps).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from django.db import connection, transaction
from django.db.models import QuerySet

from figures.counts import Tally
from records.models import DossierCount, Edition, Stage, Submission
from records.queries.rows import BLANKS, COLUMNS, STATES, put, tally_in, tally_of
from units.models import Tier, Unit

from . import handed
from .gaps import note

# (group, month, tier, external, field or None for the total)
Key = tuple[int, int, str, bool, int | None]
Sums = dict[Key, Tally]
_CLEAR = (
    "DELETE FROM records_groupsum WHERE group_id IN ({groups}) AND month IN ({months}) AND stage = %(stage)s"
)
_COUNT = Path(__file__).with_name("groups.sql").read_text(encoding="utf-8")
_INTO = f"""INSERT INTO records_groupsum
(group_id, month, tier, external, field_id, stage, reported, {", ".join(COLUMNS)})
"""


def total_edition(edition: Edition, rows: Iterable[DossierCount]) -> None:
    """Set the edition's sums from its rows; the caller saves the edition."""
    put(edition, Tally.total(tally_of(row.__dict__) for row in rows))


@transaction.atomic(savepoint=False)
def refresh(
    units: Iterable[Unit], months: Iterable[int], stages: Sequence[str] = tuple(Stage.values)
) -> None:
    """Rebuild the sums of every group above these units (and of those among them that are groups) in these months.

    Locks the groups from the bottom up, so that two savings below one group cannot overwrite each other's sums.
    """
    numbers = {number for unit in units for number in (*unit.ancestor_ids(), unit.pk)}
    wanted = sorted(set(months))
    locked = lock(numbers)
    for groups in levels(locked):
        for stage in stages:
            write(groups, wanted, stage)
    note([group.pk for group in locked], wanted, stages)


@transaction.atomic(savepoint=False)
def hand_over(units: Sequence[Unit], days: Iterable[date]) -> None:
    """Bring sums up to date after units were succeeded on these days, or after that was taken back."""
    if months := handed.inside(days):
        reports = Submission.objects.filter(month__in=months)
        known = {unit.pk: unit for unit in units}
        reported = {pk for pk in reports.values_list("unit", flat=True) if pk in known}
        several = [known[pk] for pk in reported]
        handed.bring(several, months)
        refresh(several, months)


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
    ordered = wanted.order_by("-depth", "pk").only("depth", "has_children")
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
    with connection.cursor() as cursor:
        cursor.execute(_named(_CLEAR, groups, months), {"stage": stage})
        cursor.execute(_named(_INTO + _COUNT, groups, months), {"stage": stage})


def count(groups: list[int], months: Sequence[int], stage: str) -> Sums:
    """What `write` writes."""
    with connection.cursor() as cursor:
        cursor.execute(_named(_COUNT, groups, months), {"stage": stage})
        return {
            (group, month, tier, bool(external), field): tally_in(numbers, reported)
            for group, month, tier, external, field, _, reported, *numbers in cursor.fetchall()
        }


def _counted(table: str) -> Iterator[str]:
    """The columns of a report as they count: what units hand over to each other inside a month stands once."""
    flags = {name: flag for flag, names in STATES.items() for name in names}
    for name in COLUMNS:
        column = f"{table}{name}"
        if name in flags:
            nothing = 0 if name in BLANKS.values() else "NULL"
            column = f"CASE WHEN {flags[name]} THEN {column} ELSE {nothing} END AS {name}"
        yield column


def _named(statement: str, groups: Iterable[int], months: Iterable[int]) -> str:
    """A statement with its lists filled in; its one value is the stage."""
    return statement.format(
        groups=", ".join(map(str, groups)),
        months=", ".join(map(str, months)),
        columns=", ".join(_counted("")),
        count_columns=", ".join(_counted("count.")),
        below_columns=", ".join(f"below.{name}" for name in COLUMNS),
        sums=", ".join(f"CAST(SUM({name}) AS bigint)" for name in COLUMNS),
    )
