"""Noting which reports lack, so that naming them costs what is named and not a look at every unit.

Written by the transaction that writes the sums of the group. What a note says is always true; whether the notes are
all, readers tell by counting: so many lack as are expected and not reported (records.queries.missing).
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from django.db import connection

from figures.periods import Month
from records.models import MissingReport, Stage
from records.queries.calendar import calendar

from .statements import Statement, filled

_STATES = {Stage.APPROVED: "'approved'", Stage.SUBMITTED: "'approved', 'sent'"}
# What a unit has in force for a month; `unit` and `month` are of the statement around it.
_THERE = """SELECT COUNT(*) FROM records_submission AS submission
    JOIN records_edition AS edition ON edition.submission_id = submission.id AND edition.state IN ({states})
    WHERE submission.unit_id = {unit} AND submission.month = {month}"""
_FILLED = "FROM records_gap AS gap WHERE gap.stage = '{stage}' AND 0 < ({there})"
_OF_GROUPS = """ AND gap.month IN ({months})
AND gap.unit_id IN (SELECT id FROM units_unit WHERE id IN ({groups}) OR parent_id IN ({groups}))"""
_CLEAR = " ".join(["DELETE", _FILLED, _OF_GROUPS])
_NEW = Path(__file__).with_name("gaps.sql").read_text(encoding="utf-8")


def spans(months: Iterable[int]) -> str:
    """Rows of the months with their first and last day, as `noting` takes them. One query."""
    days = calendar()
    date = "DATE " if connection.vendor == "postgresql" else ""
    found = []
    for month in months:
        span = days.span(Month.from_number(month))
        found.append(f"({month}, {date}'{span.start.isoformat()}', {date}'{span.end.isoformat()}')")
    return ", ".join(found)


def noting(groups: Sequence[int], months: Sequence[int], spans: str, stage: str) -> Iterator[Statement]:
    """Statements that bring up to date what is noted of these groups' own reports and of those of units directly below
    them.
    """
    if not groups:
        return
    there = _there(stage, "gap.unit_id", "gap.month")
    text = _CLEAR.format(groups="{groups}", months="{months}", stage=stage, there=there)
    yield filled(text, groups=groups, months=months)
    there = _there(stage, "unit.id", "span.month")
    yield filled(_NEW.format(groups="{groups}", spans=spans, stage=stage, there=there), groups=groups)


def untrue() -> Iterator[MissingReport]:
    """Notes that are not true: the report is there."""
    for stage in Stage.values:
        with connection.cursor() as cursor:
            found = _FILLED.format(stage=stage, there=_there(stage, "gap.unit_id", "gap.month"))
            cursor.execute(f"SELECT gap.id {found}")
            wrong = [number for (number,) in cursor.fetchall()]
        yield from MissingReport.objects.filter(pk__in=wrong).select_related("unit").order_by("pk")


def _there(stage: str, unit: str, month: str) -> str:
    return _THERE.format(states=_STATES[stage], unit=unit, month=month)
