"""Noting which reports lack, so that naming them costs what is named and not a look at every unit.

Written by the transaction that writes the sums of the group. What a note says is always true; whether the notes are
all, readers tell by counting: so many lack as are expected and not reported (records.queries.missing).
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from django.db import connection

from figures.periods import Month
from records.models import Gap, Stage
from records.queries.calendar import calendar

_STATES = {Stage.APPROVED: "'approved'", Stage.SUBMITTED: "'approved', 'sent'"}
# What a unit has in force for a month; `unit` and `month` are of the statement around it.
_THERE = """SELECT COUNT(*) FROM records_submission AS submission
    JOIN records_edition AS edition ON edition.submission_id = submission.id AND edition.state IN ({states})
    WHERE submission.unit_id = {unit} AND submission.month = {month}"""
_FILLED = """SELECT gap.id FROM records_gap AS gap
WHERE gap.stage = %(stage)s AND 0 < ({there})"""
_OF_GROUPS = """ AND gap.month IN ({months})
AND gap.unit_id IN (SELECT id FROM units_unit WHERE id IN ({groups}) OR parent_id IN ({groups}))"""
_CLEAR = " ".join(["DELETE FROM records_gap WHERE id IN (", _FILLED, _OF_GROUPS, ")"])
_NEW = Path(__file__).with_name("gaps.sql").read_text(encoding="utf-8")


def note(groups: Iterable[int], months: Sequence[int], stages: Sequence[str]) -> None:
    """Bring up to date what is noted of these groups' own reports and of those of units directly below them."""
    listed = ", ".join(map(str, sorted(groups)))
    if not listed or not months:
        return
    spans = ", ".join(_spans(months))
    with connection.cursor() as cursor:
        for stage in stages:
            clear = _CLEAR.format(
                groups=listed,
                months=", ".join(map(str, months)),
                there=_there(stage, "gap.unit_id", "gap.month"),
            )
            new = _NEW.format(groups=listed, spans=spans, there=_there(stage, "unit.id", "span.month"))
            cursor.execute(clear, {"stage": stage})
            cursor.execute(new, {"stage": stage})


def _spans(months: Sequence[int]) -> Iterator[str]:
    """Rows of the month with its first and last day."""
    days = calendar()
    date = "DATE " if connection.vendor == "postgresql" else ""
    for month in months:
        span = days.span(Month.from_number(month))
        yield f"({month}, {date}'{span.start.isoformat()}', {date}'{span.end.isoformat()}')"


def filled() -> Iterator[Gap]:
    """Notes that are not true: the report is there."""
    for stage in Stage.values:
        with connection.cursor() as cursor:
            found = _FILLED.format(there=_there(stage, "gap.unit_id", "gap.month"))
            cursor.execute(found, {"stage": stage})
            wrong = [number for (number,) in cursor.fetchall()]
        yield from Gap.objects.filter(pk__in=wrong).select_related("unit").order_by("pk")


def _there(stage: str, unit: str, month: str) -> str:
    return _THERE.format(states=_STATES[stage], unit=unit, month=month)
