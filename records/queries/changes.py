"""Which cells of a submission changed since when, from its entries in the log."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Q

from ledger.models import Entry
from records.models import Edition, Submission
from units.models import User

# A page that is further behind than this is told everything instead of what changed.
MOST_STEPS = 500
SAVE, SEND = "submission.save", "submission.send"
# Acts after which the numbers were out of the clerk's hands: what is saved later changes what was sent.
_HANDED_OVER = (SEND, "submission.return", "submission.recall", "submission.approve", "submission.reopen")
_UNLOCK = "submission.unlock"


@dataclass(frozen=True)
class Change:
    """One cell over a stretch of the log: what it held before, what it holds after, and who changed it last."""

    row: str
    measure: str
    before: int | str | None
    after: int | str | None
    by: str
    at: datetime

    @property
    def name(self) -> str:
        """As the form names the cell; "ho-tich-reason" is the stated reason of a row."""
        return f"{self.row}-{self.measure}"


Changes = Mapping[str, Change]


@dataclass(frozen=True)
class Resent:
    """What a month that was sent again changed, and what became of the cells that its reviewer had marked."""

    changes: Changes
    marked: Sequence[str] = ()
    reason: str = ""

    @property
    def cells(self) -> list[Change]:
        """Without the stated reasons."""
        return [change for change in self.changes.values() if change.measure != "reason"]

    @property
    def left(self) -> list[str]:
        """Marked cells that hold what they held."""
        return [name for name in self.marked if name not in self.changes]


def since(submission: Submission, revision: int, upto: int) -> Changes | None:
    """What the savings between two revisions of a submission came to; None where the log does not tell each of them
    (a file wrote the month, or it was opened anew). Two queries.
    """
    if not 0 <= upto - revision <= MOST_STEPS:
        return None
    saved = Entry.objects.filter(subject=submission.subject, action=SAVE)
    entries = list(
        saved.filter(detail__revision__gt=revision, detail__revision__lte=upto).order_by("sequence")
    )
    if sorted(entry.detail["revision"] for entry in entries) != list(range(revision + 1, upto + 1)):
        return None
    return together(entries)


def resent(editions: Iterable[Edition]) -> dict[int, Resent]:
    """By number of the edition: what changed since it, or the one before it, was last sent. Only sent editions that
    were out of the clerk's hands before are there. At most three queries.
    """
    wanted = {one.submission.subject: one for one in editions}
    acts: dict[str, list[Entry]] = defaultdict(list)
    turns = Entry.objects.filter(subject__in=list(wanted), action__in=[*_HANDED_OVER, _UNLOCK])
    for entry in turns.order_by("sequence"):
        acts[entry.subject].append(entry)
    before = {subject: turn for subject, listed in acts.items() if (turn := _turn(listed))}
    within = Q(pk__in=[])
    for subject, turn in before.items():
        within |= Q(subject=subject, sequence__gt=turn.sequence)
    saved: dict[str, list[Entry]] = defaultdict(list)
    for entry in Entry.objects.filter(within, action=SAVE).order_by("sequence"):
        saved[entry.subject].append(entry)
    names = _names(entry for listed in saved.values() for entry in listed)
    return {
        wanted[subject].pk: Resent(
            _net(saved[subject], names), tuple(turn.detail.get("cells", ())), turn.detail.get("reason", "")
        )
        for subject, turn in before.items()
    }


def _turn(acts: list[Entry]) -> Entry | None:
    """What took the numbers of a sent edition out of the clerk's hands before they were sent as they are now; None at
    the first sending. A file sends without an act of its own.
    """
    earlier = acts[:-1] if acts[-1].action == SEND else acts
    turns = [one for one in earlier if one.action != _UNLOCK or one.detail["edition"] > 1]
    return turns[-1] if turns else None


def together(entries: Iterable[Entry]) -> dict[str, Change]:
    """The net changes of some savings, given in the order of the log; cells that came back to what they were are
    left out. One query.
    """
    entries = list(entries)
    return _net(entries, _names(entries))


def _names(entries: Iterable[Entry]) -> dict[int | None, str]:
    return {user.pk: str(user) for user in User.objects.filter(pk__in={one.actor_id for one in entries})}


def _file(entry: Entry) -> str:
    """A file that nobody answers for by name."""
    return f"{Edition.FROM_FILE}{entry.detail['file']}" if "file" in entry.detail else ""


def _net(entries: Iterable[Entry], names: Mapping[Any, str]) -> dict[str, Change]:
    found: dict[str, Change] = {}
    for entry in entries:
        by = names.get(entry.actor_id) or _file(entry) or entry.actor
        for row, cells in entry.detail["cells"].items():
            for measure, (before, after) in cells.items():
                change = Change(row, measure, before, after, by, entry.at)
                first = found.get(change.name)
                found[change.name] = replace(change, before=first.before) if first else change
    return {name: change for name, change in found.items() if change.before != change.after}


def clash(mine: Mapping[str, Any], theirs: Changes) -> tuple[dict[str, Change], dict[str, Change]]:
    """Cells that both sides changed, to different values, and the others that only the other side changed (or both
    alike): the first are asked about, the second are taken over.
    """
    both = {name: change for name, change in theirs.items() if name in mine and mine[name] != change.after}
    return both, {name: change for name, change in theirs.items() if name not in both}
