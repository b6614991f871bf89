"""Which cells of a submission changed since when, from its entries in the log."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ledger.models import Entry
from records.models import Submission
from units.models import User

# A page that is further behind than this is told everything instead of what changed.
MOST_STEPS = 500
REASON = "reason"


@dataclass(frozen=True)
class Change:
    """One cell over a stretch of the log: what it held before, what it holds after, and who changed it last."""

    before: int | str | None
    after: int | str | None
    by: str
    at: datetime


# "ho-tich-opening" → its change; "ho-tich-reason" is the stated reason of a row.
Changes = Mapping[str, Change]


def since(submission: Submission, revision: int, upto: int) -> Changes | None:
    """What the savings between two revisions of a submission came to; None where the log does not tell each of them
    (a file wrote the month, or it was opened anew). Two queries.
    """
    if not 0 <= upto - revision <= MOST_STEPS:
        return None
    saved = Entry.objects.filter(subject=submission.subject, action="submission.save")
    entries = list(saved.filter(detail__revision__gt=revision, detail__revision__lte=upto))
    if sorted(entry.detail["revision"] for entry in entries) != list(range(revision + 1, upto + 1)):
        return None
    return together(entries)


def together(entries: Any) -> dict[str, Change]:
    """The net changes of some entries, given in the order of the log; cells that came back to what they were are
    left out. One query.
    """
    entries = list(entries)
    names = {user.pk: str(user) for user in User.objects.filter(pk__in={one.actor_id for one in entries})}
    found: dict[str, Change] = {}
    for entry in entries:
        by = names.get(entry.actor_id, entry.actor)
        for row, cells in entry.detail["cells"].items():
            for measure, (before, after) in cells.items():
                name = f"{row}-{measure}"
                first = found.get(name)
                found[name] = (
                    replace(first, after=after, by=by, at=entry.at)
                    if first
                    else Change(before, after, by, entry.at)
                )
    return {name: change for name, change in found.items() if change.before != change.after}


def clash(mine: Mapping[str, Any], theirs: Changes) -> tuple[dict[str, Change], dict[str, Change]]:
    """Cells that both sides changed, to different values, and the others that only the other side changed (or both
    alike): the first are asked about, the second are taken over.
    """
    both = {name: change for name, change in theirs.items() if name in mine and mine[name] != change.after}
    return both, {name: change for name, change in theirs.items() if name not in both}
