"""A submission as other systems get it: state, rows and totals, under the names that `summary` uses."""

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
    """What a list tells: `edition` is the newest one (none: never opened), `in_force` the one that counts."""
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
    """One row of counts, as it is also taken."""
    return {"field": field, "procedure": procedure, "counts": dict(values), "reason": reason}


def rows_by_edition(editions: Iterable[Edition]) -> dict[int, list[dict[str, Any]]]:
    """All rows that editions hold, by number of the edition, in the order of the catalogue. One query."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    counts = DossierCount.objects.filter(edition__in=[edition.pk for edition in editions])
    for count in counts.select_related("field", "procedure").order_by("field__order", "field__code", "pk"):
        procedure = count.procedure.code if count.procedure else None
        found[count.edition_id].append(
            row_payload(count.field.code, procedure, measures_of_row(count), count.reason)
        )
    return found


def totals_payload(edition: Edition) -> dict[str, int | None]:
    """The sums of the edition's rows: every measure, and received, resolved and so on."""
    tally: Tally = tally_of(vars(edition))
    return {name: tally.get(name) for name in COUNTS}


def finding_payload(found: Finding) -> dict[str, Any]:
    """A broken rule with its place."""
    return {
        "field": found.field or None,
        "procedure": found.procedure or None,
        "measure": found.measure,
        "code": found.code,
        "severity": found.severity,
        "message": found.message,
    }


def moment_text(at: datetime | None) -> str | None:
    """In Vietnam's time, to the second."""
    return timezone.localtime(at).isoformat(timespec="seconds") if at else None
