"""Writing the two kinds of derived sums.

An edition carries the sums of its own rows. A group carries those of everything below it (and of itself where it
reports) by month, tier, external, stage and field; of the country only what is approved (`GroupSum.kept`). Both are
written by the transaction that changes their source, and equal a recount (`manage.py recount --check`). With them
goes which reports lack (records.sums.gaps).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import product
from pathlib import Path
from typing import NamedTuple

from django.db import connection, transaction

from figures.counts import Tally
from records.models import DossierCount, Edition, GroupSum, Stage, Submission
from records.queries.rows import BLANKS, COLUMNS, STATES, put, tally_in, tally_of
from units.models import Tier, Unit

from . import handed, statements
from .gaps import noting, spans
from .statements import Statement, filled


class Group(NamedTuple):
    """A unit that keeps sums, by number, depth in the tree and tier."""

    pk: int
    depth: int
    tier: str


# (group, month, tier, external, field or None for the total)
Key = tuple[int, int, str, bool, int | None]
Sums = dict[Key, Tally]


def _counted() -> Iterator[str]:
    """The sums of reports as they count: what units hand over to each other inside a month stands once."""
    flags = {name: flag for flag, names in STATES.items() for name in names}
    for name in COLUMNS:
        column = f"count.{name}"
        if name in flags:
            column = f"CASE WHEN {flags[name]} THEN {column} ELSE {_NOTHING[name]} END"
        yield f"SUM({column}) AS {name}"


def _of_stage(statement: str, stage: str) -> str:
    """The statement of a stage with all that it has for each column; its lists stay to be filled in."""
    return statement.format(
        stage=stage,
        groups="{groups}",
        months="{months}",
        columns=", ".join(COLUMNS),
        counted=", ".join(_counted()),
        nothing=", ".join(_NOTHING.values()),
        below_columns=", ".join(f"below.{name}" for name in COLUMNS),
        sums=", ".join(f"CAST(SUM({name}) AS bigint)" for name in COLUMNS),
    )


# What nobody reported: of blanks none, else nothing.
_NOTHING = {name: "0" if name in BLANKS.values() else "CAST(NULL AS bigint)" for name in COLUMNS}
# Completed by NULL, for the totals, or NOT NULL: without either no index serves but that of all months of a group.
_CLEAR = (
    "DELETE FROM records_groupsum "
    "WHERE group_id IN ({groups}) AND month IN ({months}) AND stage = '{stage}' AND field_id IS "
)
_INTO = f"""INSERT INTO records_groupsum
(group_id, month, tier, external, field_id, stage, reported, {", ".join(COLUMNS)})
"""
_SUMS = Path(__file__).with_name("groups.sql").read_text(encoding="utf-8")
_COUNT = {stage: _of_stage(_SUMS, stage) for stage in Stage.values}
_WRITING = {
    stage: [_of_stage(text, stage) for text in (f"{_CLEAR}NULL", f"{_CLEAR}NOT NULL", _INTO + _SUMS)]
    for stage in Stage.values
}
# In one order for everybody, from the bottom up.
_LOCK = """SELECT id, depth, has_children, tier FROM units_unit WHERE {which}
ORDER BY depth DESC, id {locking}"""


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
    if not numbers or not wanted:
        return
    # Asked before: from the lock on others wait.
    days = spans(wanted)
    locked = lock(numbers, stages)
    texts = [text for groups, stage in levels(locked, stages) for text in _writing(groups, wanted, stage)]
    every = below_country(locked)
    statements.execute([*texts, *(text for stage in stages for text in noting(every, wanted, days, stage))])


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


def lock(numbers: Iterable[int] | None = None, stages: Sequence[str] = Stage.values) -> list[Group]:
    """The groups among these units that keep sums of one of the stages, from the bottom up, in one order for everybody,
    locked until the transaction ends. All groups when no numbers are given.

    What is no group is locked as well: it may be about to become one, and then its sums must hold what is saved now.
    """
    which = "has_children" if numbers is None else "id IN ({units})"
    if not any(GroupSum.kept(Tier.COUNTRY, stage) for stage in stages):
        which += f" AND tier <> '{Tier.COUNTRY}'"
    locking = "FOR NO KEY UPDATE" if connection.features.has_select_for_no_key_update else ""
    with connection.cursor() as cursor:
        text = _LOCK.format(which=which, locking=locking)
        cursor.execute(*filled(text, units=sorted(set(numbers or ()))))
        return [Group(pk, depth, tier) for pk, depth, has_children, tier in cursor.fetchall() if has_children]


def levels(groups: Iterable[Group | Unit], stages: Iterable[str]) -> Iterator[tuple[list[int], str]]:
    """Numbers of the groups that keep sums of a stage, level by level, deepest first, each stage by itself."""
    depths: dict[int, list[Group | Unit]] = {}
    for group in groups:
        depths.setdefault(group.depth, []).append(group)
    for depth, stage in product(sorted(depths, reverse=True), stages):
        if found := [group.pk for group in depths[depth] if GroupSum.kept(group.tier, stage)]:
            yield found, stage


def below_country(groups: Iterable[Group]) -> list[int]:
    """Numbers of those of which is noted what lacks: of what stands above all it is told by the sums below."""
    return [group.pk for group in groups if group.tier != Tier.COUNTRY]


def write(groups: list[int], months: list[int], stage: str) -> None:
    """Write the sums of one level of groups anew; those of the level below must be right."""
    statements.execute(_writing(groups, months, stage))


def _writing(groups: list[int], months: list[int], stage: str) -> Iterator[Statement]:
    for text in _WRITING[stage]:
        yield filled(text, groups=groups, months=months)


def count(groups: list[int], months: Sequence[int], stage: str) -> Sums:
    """What `write` writes."""
    with connection.cursor() as cursor:
        cursor.execute(*filled(_COUNT[stage], groups=groups, months=months))
        return {
            (group, month, tier, bool(external), field): tally_in(numbers, reported)
            for group, month, tier, external, field, _, reported, *numbers in cursor.fetchall()
        }
