"""One month as the API tells it, after reading and after saving."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from records.forms.lines import Line
from records.models import OPEN_STATES, Edition, Submission
from records.queries import interchange
from records.queries.catalogue import Catalogue
from records.queries.checks import check, rows_of
from records.queries.locks import lock_of
from records.queries.past import past_of

from .lines import lines_of


def told(
    found: Submission,
    shown: Edition | None,
    editions: Sequence[Edition],
    catalogue: Catalogue,
    *,
    at: datetime,
    day: date,
) -> dict[str, Any]:
    """State, lock, rows with what they may hold, totals, and what is wrong or odd while it can be changed. A month that
    was not opened has the rows that it will have. A fixed number of queries.
    """
    past = past_of(found)
    edition = shown or Edition(submission=found, number=0)
    edition.submission = found
    rows = rows_of(edition) if shown else []
    is_open = shown is not None and shown.state in OPEN_STATES
    lock = lock_of(found, editions[-1], at, day) if editions else None
    return interchange.state_of(found, shown, interchange.in_force(editions), day) | {
        "lock": {"code": lock.code, "since": interchange.moment(lock.since), "detail": lock.words}
        if lock
        else None,
        "rows": [_row(line) for line in lines_of(edition, catalogue, rows=rows, past=past)],
        "totals": interchange.totals(edition),
        "findings": [interchange.finding(one) for one in check(edition, catalogue, rows=rows, past=past)]
        if is_open
        else [],
    }


def _row(line: Line) -> dict[str, Any]:
    """The row, and beside it what it may hold and what the month before left open."""
    field, _, procedure = line.code.partition("/") if line.of_procedure else (line.code, "", "")
    return interchange.row(field, procedure or None, line.values, line.reason) | {
        "served": sorted(line.served),
        "proposed_opening": line.proposed,
    }
