"""A submission as JSON for the API and for pushes: state, rows and totals, with the names of `summary`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from figures.periods import Month
from figures.summary import COUNTS
from figures.tally import Tally
from records.errors import Finding
from records.models import DossierCount, Edition, State, Submission
from records.storage import measures_of_row, tally_of
from units.tree.queries import key_on


def state_payload(
    submission: Submission, edition: Edition | None, in_force: int | None, day: date
) -> dict[str, Any]:
    """The state of a month. `edition`: the newest (None: never opened); `in_force`: number of the approved one."""
    return {
        "unit": key_on(submission.unit, day),
        "name": submission.unit.name,
        "month": str(Month.from_number(submission.month)),
        "due_on": submission.due_on.isoformat(),
        "state": edition.state if edition else "none",
        "edition": edition.number if edition else None,
        "revision": edition.revision if edition else 0,
        "in_force": in_force,
        "saved_at": moment_text(edition and edition.saved_at),
        "sent_at": moment_text(edition and edition.sent_at),
        "decided_at": moment_text(edition and edition.decided_at),
    }


def edition_in_force(editions: list[Edition]) -> int | None:
    """The number of the approved edition among all of a submission."""
    return next((edition.number for edition in editions if edition.state == State.APPROVED), None)


def row_payload(
    field: str, procedure: str | None, values: Mapping[str, int | None], reason: str
) -> dict[str, Any]:
    """One row of counts, in the shape that the API also accepts."""
    return {"field": field, "procedure": procedure, "counts": dict(values), "reason": reason}


def rows_by_edition(editions: Iterable[Edition]) -> dict[int, list[dict[str, Any]]]:
    """{edition id: its rows in catalogue order}. One query."""
    rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    counts = DossierCount.objects.filter(edition__in=[edition.pk for edition in editions])
    for count in counts.select_related("field", "procedure").order_by("field__order", "field__code", "pk"):
        procedure = count.procedure.code if count.procedure else None
        rows[count.edition_id].append(
            row_payload(count.field.code, procedure, measures_of_row(count), count.reason)
        )
    return rows


def totals_payload(edition: Edition) -> dict[str, int | None]:
    """The sums of the edition: every measure, and the derived totals of figures.summary.COUNTS."""
    tally: Tally = tally_of(vars(edition))
    return {name: tally.get(name) for name in COUNTS}


def finding_payload(finding: Finding) -> dict[str, Any]:
    """A broken rule with its place."""
    return {
        "field": finding.field or None,
        "procedure": finding.procedure or None,
        "measure": finding.measure,
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
    }


def moment_text(at: datetime | None) -> str | None:
    """ISO 8601 in Vietnamese time, to the second."""
    return timezone.localtime(at).isoformat(timespec="seconds") if at else None
