"""The months of the demo: approved, sent and returned ones."""

import csv
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from accounts.models import User
from figures.periods import Month
from records.approval.actions import return_edition
from records.bulk_import.counts import import_counts
from records.bulk_import.validation import APPROVED, SENT
from records.calendar.queries import DueDates, stored_calendar
from records.models import DossierCount, Edition, State, Submission
from units.models import Unit

from .fixture import refuse_faults, unit_of_code
from .people import at_hour, unit_offset


def sending_times(states: dict[str, Any]) -> Callable[[Unit, Month], datetime]:
    """When each month was sent: the day after the cut-off, but for those that the fixture dates."""
    days = stored_calendar()
    due = DueDates(days)
    told = {
        (one["unit"], one["month"]): date.fromisoformat(one["sent_on"])
        for one in (states["late"], states["returned"], *states["waiting"])
    }

    def when(unit: Unit, month: Month) -> datetime:
        end = days.span(month).end
        on = told.get(
            (unit.code, str(month)),
            min(end + timedelta(days=1 + unit_offset(unit) % 3), due.of(unit.tier, month)),
        )
        return at_hour(on, 8 + unit_offset(unit) % 8, unit_offset(unit) * 7 % 60)

    return when


def _import(rows: list[list[str]], at: datetime, by: User, becomes: str, when: Callable, name: str) -> None:
    """The first row has the heads."""
    content = StringIO()
    csv.writer(content, lineterminator="\n").writerows(rows)
    report = import_counts(content.getvalue().encode(), name, at=at, by=by, becomes=becomes, when=when)
    refuse_faults(report.errors)


def _new_months(path: Path) -> list[list[str]]:
    """The heads and rows of months that nobody has begun; nothing where there are none. What people did with the
    others since the first run stays.
    """
    heads, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    begun = {
        (code, str(Month.from_number(month)))
        for code, month in Submission.objects.values_list("unit__code", "month")
    }
    new = [row for row in rows if (row[0], row[1]) not in begun]
    return [heads, *new] if new else []


def load_approved(path: Path, at: datetime, by: User, when: Callable) -> None:
    """As a file brings approved months; done months stay as they are."""
    if new := _new_months(path):
        _import(new, at, by, APPROVED, when, path.name)


def load_sent(path: Path, people: dict[str, User], when: Callable) -> None:
    """Each unit's rows as its own clerk sends them, so that the reviewer may approve; done months stay as they are."""
    rows = _new_months(path)
    by_unit: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
    for row in rows[1:]:
        by_unit[row[0], row[1]].append(row)
    for (code, month), lines in by_unit.items():
        unit, which = unit_of_code(code), Month.parse(month)
        _import([rows[0], *lines], when(unit, which), people[f"xa-{code}"], SENT, when, path.name)


def load_returned(told: dict[str, Any], people: dict[str, User]) -> None:
    """Sent back for marked cells, unless somebody has answered that since."""
    unit, month = unit_of_code(told["unit"]), Month.parse(told["month"])
    edition = Edition.objects.filter(
        submission__unit=unit, submission__month=month.number, state=State.SENT
    ).first()
    if edition is None or edition.return_reason or _returned_before(edition):
        return
    marked = [f"{cell['field']}-{cell['measure']}" for cell in told["marked"]]
    at = at_hour(date.fromisoformat(told["returned_on"]), 10)
    return_edition(edition, reason=told["reason"], marked_cells=marked, by=people[told["returned_by"]], at=at)


def _returned_before(edition: Edition) -> bool:
    """Whether somebody has answered the return since: then the demo must not return it again."""
    return (
        edition.number > 1
        or not DossierCount.objects.filter(edition=edition).exists()
        or bool(edition.decided_at)
    )
