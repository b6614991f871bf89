"""Telling higher systems what was approved: stored with the approval, delivered later (ledger.outbox)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from figures.periods import Month
from ledger import outbox
from records.models import Edition
from records.queries import interchange
from units.models import Receiver

APPROVED = "submission.approved"
_AT_ONCE = 500


def announce(editions: Iterable[Edition], *, at: datetime) -> None:
    """Store one event for each approved edition and every receiver above its unit, in the caller's transaction: its
    rows and totals as approved. One query where nobody receives anything.
    """
    receivers = list(Receiver.objects.filter(stopped_at=None).select_related("unit"))
    if not receivers:
        return
    approved = list(editions)
    for start in range(0, len(approved), _AT_ONCE):
        some = approved[start : start + _AT_ONCE]
        rows = interchange.rows_by_edition(some)
        for edition in some:
            unit, month = edition.submission.unit, Month.from_number(edition.submission.month)
            wanted = [one.pk for one in receivers if unit.path.startswith(one.unit.path)]
            if wanted:
                told = _told(edition, rows[edition.pk])
                outbox.put(APPROVED, f"{unit.name}, {month.label}", told, wanted, at=at)


def _told(edition: Edition, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The unit by the code that it holds on the month's last day, as the API takes it."""
    submission = edition.submission
    return {
        "unit": submission.unit.code,
        "name": submission.unit.name,
        "month": str(Month.from_number(submission.month)),
        "edition": edition.number,
        "revision": edition.revision,
        "approved_at": interchange.moment(edition.decided_at),
        "rows": rows,
        "totals": interchange.totals(edition),
    }
