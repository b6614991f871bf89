"""Writes the sums of editions and groups, the missing reports and the handover flags, in the transaction of the change
that causes them.
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
    """Set the handover flags (`opens`, `closes`) of new submissions of these units and months."""
    _set_handovers({unit.pk for unit in units}, months, new=True)


def months_split_by(days: Iterable[date]) -> set[int]:
    """Months (YYYYMM) with one of these days in them other than as first day."""
    spans = stored_calendar()
    months = {day: spans.month_of(day) for day in days}
    return {month.number for day, month in months.items() if spans.span(month).start < day}


def wrong_handover_marks() -> Iterator[tuple[Submission, dict[str, bool]]]:
    """Submissions with wrong handover flags, with the right ones."""
    uncounted = _uncounted_sides(Q())
    months = {month for _, month, _ in uncounted}
    marked = Submission.objects.filter(Q(opens=False) | Q(closes=False) | Q(month__in=months))
    for submission in marked.order_by("pk"):
        right = {flag: (submission.unit_id, submission.month, flag) not in uncounted for flag in _FLAGS}
        if differs := {flag: counts for flag, counts in right.items() if counts != getattr(submission, flag)}:
            yield submission, differs


def _set_handovers(unit_ids: Collection[int], months: Collection[int], *, new: bool = False) -> None:
    ordered = sorted(unit_ids)
    for start in range(0, len(ordered), _CHUNK):
        chunk = ordered[start : start + _CHUNK]
        uncounted = _uncounted_sides(Q(old__in=chunk) | Q(new__in=chunk))
        if uncounted or not new:
            _write_handovers(Submission.objects.filter(unit__in=chunk, month__in=months), uncounted)


def _uncounted_sides(links: Q) -> set[tuple[int, int, str]]:
    """{(unit id, month, flag)}: what these successions exclude from the sums."""
    between = Succession.objects.filter(links, old__reports=True, new__reports=True).order_by()
    rows = list(between.values_list("old", "new", "on"))
    spans = stored_calendar() if rows else None
    months = {on: spans.month_of(on) for _, _, on in rows}
    sides = set()
    for old, new, on in rows:
        if spans.span(months[on]).start < on:
            sides |= {(new, months[on].number, "opens"), (old, months[on].number, "closes")}
    return sides


def _write_handovers(reports: QuerySet[Submission], uncounted: set[tuple[int, int, str]]) -> None:
    changed: dict[tuple[bool, bool], list[int]] = {}
    for pk, unit, month, *stored in reports.values_list("pk", "unit", "month", *_FLAGS):
        right = tuple((unit, month, flag) not in uncounted for flag in _FLAGS)
        if right != tuple(stored):
            changed.setdefault(right, []).append(pk)
    for right, ids in changed.items():
        Submission.objects.filter(pk__in=ids).update(**dict(zip(_FLAGS, right, strict=True)))


_STATES_BY_STAGE = {Stage.APPROVED: "'approved'", Stage.SUBMITTED: "'approved', 'sent'"}
# Number of editions in force of a unit and month; `unit` and `month` are columns of the outer statement.
_REPORT_COUNT = """SELECT COUNT(*) FROM records_submission AS submission
    JOIN records_edition AS edition ON edition.submission_id = submission.id AND edition.state IN ({states})
    WHERE submission.unit_id = {unit} AND submission.month = {month}"""
_STALE_MISSING = "FROM records_missingreport AS gap WHERE gap.stage = '{stage}' AND 0 < ({there})"
_IN_GROUPS_AND_MONTHS = """ AND gap.month IN ({months})
AND gap.unit_id IN (SELECT id FROM units_unit WHERE id IN ({groups}) OR parent_id IN ({groups}))"""
_DELETE_STALE_MISSING = " ".join(["DELETE", _STALE_MISSING, _IN_GROUPS_AND_MONTHS])
_INSERT_MISSING = Path(__file__).with_name("missing_reports.sql").read_text(encoding="utf-8")


def month_spans(months: Iterable[int]) -> str:
    """SQL rows of the months with their first and last day, for `missing_report_statements`. One query."""
    days = stored_calendar()
    date = "DATE " if connection.vendor == "postgresql" else ""
    rows = []
    for month in months:
        span = days.span(Month.from_number(month))
        rows.append(f"({month}, {date}'{span.start.isoformat()}', {date}'{span.end.isoformat()}')")
    return ", ".join(rows)


def missing_report_statements(
    groups: Sequence[int], months: Sequence[int], spans: str, stage: str
) -> Iterator[ListStatement]:
    """Statements that update the missing reports of these groups and of the units directly below them."""
    if not groups:
        return
    count = _report_exists(stage, "gap.unit_id", "gap.month")
    text = _DELETE_STALE_MISSING.format(groups="{groups}", months="{months}", stage=stage, there=count)
    yield fill_lists(text, groups=groups, months=months)
    count = _report_exists(stage, "unit.id", "span.month")
    yield fill_lists(
        _INSERT_MISSING.format(groups="{groups}", spans=spans, stage=stage, there=count), groups=groups
    )


def stale_missing_reports() -> Iterator[MissingReport]:
    """Rows of MissingReport whose report exists."""
    for stage in Stage.values:
        with connection.cursor() as cursor:
            query = _STALE_MISSING.format(
                stage=stage, there=_report_exists(stage, "gap.unit_id", "gap.month")
            )
            cursor.execute(f"SELECT gap.id {query}")
            wrong = [pk for (pk,) in cursor.fetchall()]
        yield from MissingReport.objects.filter(pk__in=wrong).select_related("unit").order_by("pk")


def _report_exists(stage: str, unit: str, month: str) -> str:
    return _REPORT_COUNT.format(states=_STATES_BY_STAGE[stage], unit=unit, month=month)


class SumGroup(NamedTuple):
    """A unit with stored sums: id, depth in the tree and tier."""

    pk: int
    depth: int
    tier: str


# (group, month, tier, external, field or None for the total)
SumKey = tuple[int, int, str, bool, int | None]
GroupSums = dict[SumKey, Tally]


def _sum_columns() -> Iterator[str]:
    """SQL sums of the columns; what units hand over to each other inside a month counts once."""
    flags = {name: flag for flag, names in HANDOVER_COLUMNS.items() for name in names}
    for name in TALLY_COLUMNS:
        column = f"count.{name}"
        if name in flags:
            column = f"CASE WHEN {flags[name]} THEN {column} ELSE {_NOTHING[name]} END"
        yield f"SUM({column}) AS {name}"


def _fill_stage(statement: str, stage: str) -> str:
    """Fill stage and columns into the statement; its lists of ids stay as placeholders."""
    return statement.format(
        stage=stage,
        groups="{groups}",
        months="{months}",
        columns=", ".join(TALLY_COLUMNS),
        counted=", ".join(_sum_columns()),
        nothing=", ".join(_NOTHING.values()),
        below_columns=", ".join(f"below.{name}" for name in TALLY_COLUMNS),
        sums=", ".join(f"CAST(SUM({name}) AS bigint)" for name in TALLY_COLUMNS),
    )


# The value without a report: 0 blanks, NULL measures.
_NOTHING = {name: "0" if name in BLANK_COLUMNS.values() else "CAST(NULL AS bigint)" for name in TALLY_COLUMNS}
# Ends in NULL (totals) or NOT NULL: without it the only usable index is that of all months of a group.
_DELETE_SUMS = (
    "DELETE FROM records_groupsum "
    "WHERE group_id IN ({groups}) AND month IN ({months}) AND stage = '{stage}' AND field_id IS "
)
_INSERT_SUMS = f"""INSERT INTO records_groupsum
(group_id, month, tier, external, field_id, stage, reported, {", ".join(TALLY_COLUMNS)})
"""
_SUM_SELECT = Path(__file__).with_name("group_sums.sql").read_text(encoding="utf-8")
_COUNT_SUMS = {stage: _fill_stage(_SUM_SELECT, stage) for stage in Stage.values}
_WRITE_SUMS = {
    stage: [
        _fill_stage(text, stage)
        for text in (f"{_DELETE_SUMS}NULL", f"{_DELETE_SUMS}NOT NULL", _INSERT_SUMS + _SUM_SELECT)
    ]
    for stage in Stage.values
}
# The same order everywhere, from the bottom up, prevents deadlocks.
_LOCK_GROUPS = """SELECT id, depth, has_children, tier FROM units_unit WHERE {which}
ORDER BY depth DESC, id {locking}"""


def set_edition_sums(edition: Edition, rows: Iterable[DossierCount]) -> None:
    """Set the edition's sums from its rows; the caller saves the edition."""
    set_tally_columns(edition, Tally.total(tally_of(row.__dict__) for row in rows))


@transaction.atomic(savepoint=False)
def refresh_group_sums(
    units: Iterable[Unit], months: Iterable[int], stages: Sequence[str] = tuple(Stage.values)
) -> None:
    """Rebuild the sums of every group above these units, and of these where they are groups, in these months.

    Locks the groups, so that two savings below one group cannot overwrite each other's sums.
    """
    unit_ids = {unit_id for unit in units for unit_id in (*unit.ancestor_ids(), unit.pk)}
    ordered = sorted(set(months))
    if not unit_ids or not ordered:
        return
    # Before the lock, as others wait from then on.
    days = month_spans(ordered)
    locked = lock_groups(unit_ids, stages)
    texts = [
        text
        for groups, stage in group_levels(locked, stages)
        for text in _sum_statements(groups, ordered, stage)
    ]
    every = groups_below_country(locked)
    database.execute_statements(
        [
            *texts,
            *(text for stage in stages for text in missing_report_statements(every, ordered, days, stage)),
        ]
    )


@transaction.atomic(savepoint=False)
def refresh_after_handover(units: Sequence[Unit], days: Iterable[date]) -> None:
    """Update flags and sums after units were succeeded on these days, or after that was undone."""
    if months := months_split_by(days):
        reports = Submission.objects.filter(month__in=months)
        by_id = {unit.pk: unit for unit in units}
        reported = {pk for pk in reports.values_list("unit", flat=True) if pk in by_id}
        several = [by_id[pk] for pk in reported]
        _set_handovers({unit.pk for unit in several}, months)
        refresh_group_sums(several, months)


def start_group_sums(units: Iterable[Unit]) -> None:
    """Write the sums of units that have just become groups, from their own reports."""
    unit_ids = [unit.pk for unit in units]
    reports = list(Submission.objects.filter(unit__in=unit_ids).select_related("unit"))
    if reports:
        refresh_group_sums({report.unit for report in reports}, {report.month for report in reports})


def lock_groups(
    unit_ids: Iterable[int] | None = None, stages: Sequence[str] = Stage.values
) -> list[SumGroup]:
    """Lock these units (None: all groups), from the bottom up; returns those that are groups with sums of one of the
    stages.

    Other units are locked too: one may be about to become a group, and its sums must then include this saving.
    """
    which = "has_children" if unit_ids is None else "id IN ({units})"
    if not any(GroupSum.stores(Tier.COUNTRY, stage) for stage in stages):
        which += f" AND tier <> '{Tier.COUNTRY}'"
    locking = "FOR NO KEY UPDATE" if connection.features.has_select_for_no_key_update else ""
    with connection.cursor() as cursor:
        text = _LOCK_GROUPS.format(which=which, locking=locking)
        cursor.execute(*fill_lists(text, units=sorted(set(unit_ids or ()))))
        return [
            SumGroup(pk, depth, tier) for pk, depth, has_children, tier in cursor.fetchall() if has_children
        ]


def group_levels(groups: Iterable[SumGroup | Unit], stages: Iterable[str]) -> Iterator[tuple[list[int], str]]:
    """(ids of groups with sums of the stage, stage) for each level, the deepest first."""
    depths: dict[int, list[SumGroup | Unit]] = {}
    for group in groups:
        depths.setdefault(group.depth, []).append(group)
    for depth, stage in product(sorted(depths, reverse=True), stages):
        if ids := [group.pk for group in depths[depth] if GroupSum.stores(group.tier, stage)]:
            yield ids, stage


def groups_below_country(groups: Iterable[SumGroup]) -> list[int]:
    """Ids of the groups with rows of MissingReport: all but the country."""
    return [group.pk for group in groups if group.tier != Tier.COUNTRY]


def write_group_sums(groups: list[int], months: list[int], stage: str) -> None:
    """Rewrite the sums of one level of groups; those of the level below must be right."""
    database.execute_statements(_sum_statements(groups, months, stage))


def _sum_statements(groups: list[int], months: list[int], stage: str) -> Iterator[ListStatement]:
    for text in _WRITE_SUMS[stage]:
        yield fill_lists(text, groups=groups, months=months)


def count_group_sums(groups: list[int], months: Sequence[int], stage: str) -> GroupSums:
    """The sums that `write_group_sums` would write."""
    with connection.cursor() as cursor:
        cursor.execute(*fill_lists(_COUNT_SUMS[stage], groups=groups, months=months))
        return {
            (group, month, tier, bool(external), field): tally_from_values(numbers, reported)
            for group, month, tier, external, field, _, reported, *numbers in cursor.fetchall()
        }
