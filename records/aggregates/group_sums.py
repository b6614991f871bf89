"""Writes the sums of editions and groups, which reports are missing, and what closed units hand over, with
the change that causes them.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import product
from pathlib import Path
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from core import database
from core.database import ListStatement, fill_lists
from figures.periods import Month
from figures.tally import Tally
from records.calendar.queries import stored_calendar
from records.models import DossierCount, Edition, GroupSum, MissingReport, Stage, Submission
from records.storage import (
    BLANK_COLUMNS,
    HANDOVER_COLUMNS,
    TALLY_COLUMNS,
    set_tally_columns,
    tally_from_values,
    tally_of,
)
from units.models import Succession, Tier, Unit

_CHUNK = 500
_FLAGS = ("opens", "closes")


def mark_handovers(units: Iterable[Unit], months: Collection[int]) -> None:
    """Set what counts of these units' reports of these months, which are new."""
    _set_handovers({unit.pk for unit in units}, months, new=True)


def update_handovers(units: Iterable[Unit], months: Collection[int]) -> None:
    """Bring it up to date after successions were recorded or taken back."""
    _set_handovers({unit.pk for unit in units}, months)


def months_split_by(days: Iterable[date]) -> set[int]:
    """Numbers of the months that these days lie in, but for those that a month begins with."""
    spans = stored_calendar()
    found = {day: spans.month_of(day) for day in days}
    return {month.number for day, month in found.items() if spans.span(month).start < day}


def wrong_handover_marks() -> Iterator[tuple[Submission, dict[str, bool]]]:
    """Reports that are not marked as a recount marks them, with what must be."""
    handed = _uncounted_sides(Q())
    months = {month for _, month, _ in handed}
    marked = Submission.objects.filter(Q(opens=False) | Q(closes=False) | Q(month__in=months))
    for one in marked.order_by("pk"):
        right = {flag: (one.unit_id, one.month, flag) not in handed for flag in _FLAGS}
        if differs := {flag: counts for flag, counts in right.items() if counts != getattr(one, flag)}:
            yield one, differs


def _set_handovers(numbers: Collection[int], months: Collection[int], *, new: bool = False) -> None:
    ordered = sorted(numbers)
    for start in range(0, len(ordered), _CHUNK):
        some = ordered[start : start + _CHUNK]
        handed = _uncounted_sides(Q(old__in=some) | Q(new__in=some))
        if handed or not new:
            _write(Submission.objects.filter(unit__in=some, month__in=months), handed)


def _uncounted_sides(links: Q) -> set[tuple[int, int, str]]:
    """Number of the unit and of the month, and what does not count of its report, by these successions."""
    between = Succession.objects.filter(links, old__reports=True, new__reports=True).order_by()
    rows = list(between.values_list("old", "new", "on"))
    spans = stored_calendar() if rows else None
    months = {on: spans.month_of(on) for _, _, on in rows}
    found = set()
    for old, new, on in rows:
        if spans.span(months[on]).start < on:
            found |= {(new, months[on].number, "opens"), (old, months[on].number, "closes")}
    return found


def _write(reports: QuerySet[Submission], handed: set[tuple[int, int, str]]) -> None:
    changed: dict[tuple[bool, bool], list[int]] = {}
    for pk, unit, month, *kept in reports.values_list("pk", "unit", "month", *_FLAGS):
        right = tuple((unit, month, flag) not in handed for flag in _FLAGS)
        if right != tuple(kept):
            changed.setdefault(right, []).append(pk)
    for right, numbers in changed.items():
        Submission.objects.filter(pk__in=numbers).update(**dict(zip(_FLAGS, right, strict=True)))


_STATES_BY_STAGE = {Stage.APPROVED: "'approved'", Stage.SUBMITTED: "'approved', 'sent'"}
# What a unit has in force for a month; `unit` and `month` are of the statement around it.
_REPORT_COUNT = """SELECT COUNT(*) FROM records_submission AS submission
    JOIN records_edition AS edition ON edition.submission_id = submission.id AND edition.state IN ({states})
    WHERE submission.unit_id = {unit} AND submission.month = {month}"""
_UNTRUE_MISSING = "FROM records_missingreport AS gap WHERE gap.stage = '{stage}' AND 0 < ({there})"
_OF_GROUPS_AND_MONTHS = """ AND gap.month IN ({months})
AND gap.unit_id IN (SELECT id FROM units_unit WHERE id IN ({groups}) OR parent_id IN ({groups}))"""
_DELETE_UNTRUE_MISSING = " ".join(["DELETE", _UNTRUE_MISSING, _OF_GROUPS_AND_MONTHS])
_INSERT_MISSING = Path(__file__).with_name("missing_reports.sql").read_text(encoding="utf-8")


def month_spans(months: Iterable[int]) -> str:
    """Rows of the months with their first and last day, as `noting` takes them. One query."""
    days = stored_calendar()
    date = "DATE " if connection.vendor == "postgresql" else ""
    found = []
    for month in months:
        span = days.span(Month.from_number(month))
        found.append(f"({month}, {date}'{span.start.isoformat()}', {date}'{span.end.isoformat()}')")
    return ", ".join(found)


def missing_report_statements(
    groups: Sequence[int], months: Sequence[int], spans: str, stage: str
) -> Iterator[ListStatement]:
    """Statements that bring up to date what is noted of these groups' own reports and of those of units directly below
    them.
    """
    if not groups:
        return
    there = _report_exists(stage, "gap.unit_id", "gap.month")
    text = _DELETE_UNTRUE_MISSING.format(groups="{groups}", months="{months}", stage=stage, there=there)
    yield fill_lists(text, groups=groups, months=months)
    there = _report_exists(stage, "unit.id", "span.month")
    yield fill_lists(
        _INSERT_MISSING.format(groups="{groups}", spans=spans, stage=stage, there=there), groups=groups
    )


def stale_missing_reports() -> Iterator[MissingReport]:
    """Notes that are not true: the report is there."""
    for stage in Stage.values:
        with connection.cursor() as cursor:
            found = _UNTRUE_MISSING.format(
                stage=stage, there=_report_exists(stage, "gap.unit_id", "gap.month")
            )
            cursor.execute(f"SELECT gap.id {found}")
            wrong = [number for (number,) in cursor.fetchall()]
        yield from MissingReport.objects.filter(pk__in=wrong).select_related("unit").order_by("pk")


def _report_exists(stage: str, unit: str, month: str) -> str:
    return _REPORT_COUNT.format(states=_STATES_BY_STAGE[stage], unit=unit, month=month)


class SumGroup(NamedTuple):
    """A unit that keeps sums, by number, depth in the tree and tier."""

    pk: int
    depth: int
    tier: str


# (group, month, tier, external, field or None for the total)
SumKey = tuple[int, int, str, bool, int | None]
GroupSums = dict[SumKey, Tally]


def _counted() -> Iterator[str]:
    """The sums of reports as they count: what units hand over to each other inside a month stands once."""
    flags = {name: flag for flag, names in HANDOVER_COLUMNS.items() for name in names}
    for name in TALLY_COLUMNS:
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
        columns=", ".join(TALLY_COLUMNS),
        counted=", ".join(_counted()),
        nothing=", ".join(_NOTHING.values()),
        below_columns=", ".join(f"below.{name}" for name in TALLY_COLUMNS),
        sums=", ".join(f"CAST(SUM({name}) AS bigint)" for name in TALLY_COLUMNS),
    )


# What nobody reported: of blanks none, else nothing.
_NOTHING = {name: "0" if name in BLANK_COLUMNS.values() else "CAST(NULL AS bigint)" for name in TALLY_COLUMNS}
# Completed by NULL, for the totals, or NOT NULL: without either no index serves but that of all months of a group.
_DELETE_SUMS = (
    "DELETE FROM records_groupsum "
    "WHERE group_id IN ({groups}) AND month IN ({months}) AND stage = '{stage}' AND field_id IS "
)
_INSERT_SUMS = f"""INSERT INTO records_groupsum
(group_id, month, tier, external, field_id, stage, reported, {", ".join(TALLY_COLUMNS)})
"""
_SUM_SELECT = Path(__file__).with_name("group_sums.sql").read_text(encoding="utf-8")
_COUNT_SUMS = {stage: _of_stage(_SUM_SELECT, stage) for stage in Stage.values}
_WRITE_SUMS = {
    stage: [
        _of_stage(text, stage)
        for text in (f"{_DELETE_SUMS}NULL", f"{_DELETE_SUMS}NOT NULL", _INSERT_SUMS + _SUM_SELECT)
    ]
    for stage in Stage.values
}
# In one order for everybody, from the bottom up.
_LOCK_GROUPS = """SELECT id, depth, has_children, tier FROM units_unit WHERE {which}
ORDER BY depth DESC, id {locking}"""


def set_edition_sums(edition: Edition, rows: Iterable[DossierCount]) -> None:
    """Set the edition's sums from its rows; the caller saves the edition."""
    set_tally_columns(edition, Tally.total(tally_of(row.__dict__) for row in rows))


@transaction.atomic(savepoint=False)
def refresh_group_sums(
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
    days = month_spans(wanted)
    locked = lock_groups(numbers, stages)
    texts = [
        text for groups, stage in group_levels(locked, stages) for text in _writing(groups, wanted, stage)
    ]
    every = groups_below_country(locked)
    database.execute_statements(
        [
            *texts,
            *(text for stage in stages for text in missing_report_statements(every, wanted, days, stage)),
        ]
    )


@transaction.atomic(savepoint=False)
def refresh_after_handover(units: Sequence[Unit], days: Iterable[date]) -> None:
    """Bring sums up to date after units were succeeded on these days, or after that was taken back."""
    if months := months_split_by(days):
        reports = Submission.objects.filter(month__in=months)
        known = {unit.pk: unit for unit in units}
        reported = {pk for pk in reports.values_list("unit", flat=True) if pk in known}
        several = [known[pk] for pk in reported]
        update_handovers(several, months)
        refresh_group_sums(several, months)


def start_group_sums(units: Iterable[Unit]) -> None:
    """Units that had no children until now keep sums from now on, of their own reports first."""
    numbers = [unit.pk for unit in units]
    reports = list(Submission.objects.filter(unit__in=numbers).select_related("unit"))
    if reports:
        refresh_group_sums({one.unit for one in reports}, {report.month for report in reports})


def lock_groups(numbers: Iterable[int] | None = None, stages: Sequence[str] = Stage.values) -> list[SumGroup]:
    """The groups among these units that keep sums of one of the stages, from the bottom up, in one order for everybody,
    locked until the transaction ends. All groups when no numbers are given.

    What is no group is locked as well: it may be about to become one, and then its sums must hold what is saved now.
    """
    which = "has_children" if numbers is None else "id IN ({units})"
    if not any(GroupSum.stores(Tier.COUNTRY, stage) for stage in stages):
        which += f" AND tier <> '{Tier.COUNTRY}'"
    locking = "FOR NO KEY UPDATE" if connection.features.has_select_for_no_key_update else ""
    with connection.cursor() as cursor:
        text = _LOCK_GROUPS.format(which=which, locking=locking)
        cursor.execute(*fill_lists(text, units=sorted(set(numbers or ()))))
        return [
            SumGroup(pk, depth, tier) for pk, depth, has_children, tier in cursor.fetchall() if has_children
        ]


def group_levels(groups: Iterable[SumGroup | Unit], stages: Iterable[str]) -> Iterator[tuple[list[int], str]]:
    """Numbers of the groups that keep sums of a stage, level by level, deepest first, each stage by itself."""
    depths: dict[int, list[SumGroup | Unit]] = {}
    for group in groups:
        depths.setdefault(group.depth, []).append(group)
    for depth, stage in product(sorted(depths, reverse=True), stages):
        if found := [group.pk for group in depths[depth] if GroupSum.stores(group.tier, stage)]:
            yield found, stage


def groups_below_country(groups: Iterable[SumGroup]) -> list[int]:
    """Numbers of those of which is noted what lacks: of what stands above all it is told by the sums below."""
    return [group.pk for group in groups if group.tier != Tier.COUNTRY]


def write_group_sums(groups: list[int], months: list[int], stage: str) -> None:
    """Write the sums of one level of groups anew; those of the level below must be right."""
    database.execute_statements(_writing(groups, months, stage))


def _writing(groups: list[int], months: list[int], stage: str) -> Iterator[ListStatement]:
    for text in _WRITE_SUMS[stage]:
        yield fill_lists(text, groups=groups, months=months)


def count_group_sums(groups: list[int], months: Sequence[int], stage: str) -> GroupSums:
    """What `write` writes."""
    with connection.cursor() as cursor:
        cursor.execute(*fill_lists(_COUNT_SUMS[stage], groups=groups, months=months))
        return {
            (group, month, tier, bool(external), field): tally_from_values(numbers, reported)
            for group, month, tier, external, field, _, reported, *numbers in cursor.fetchall()
        }
