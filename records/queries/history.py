"""The entries of the log about a submission, with the cells that each changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from figures.measures import MEASURES
from ledger.models import Entry
from records.models import DossierCount, Edition, Submission

from .changes import SAVE

IMPORT = "counts.import"

# Name of the cell in the form, what it held before and after.
Cell = tuple[str, Any, Any]


@dataclass(frozen=True)
class Told:
    """An entry of the log with what it changed."""

    entry: Entry
    cells: list[Cell]


@dataclass(frozen=True)
class History:
    """All entries, the newest first, and the numbers that were there before the first of them tells any cell; `by` and
    `at`: who wrote these, where that is still known.
    """

    acts: list[Told]
    first: list[Cell]
    by: str = ""
    at: datetime | None = None


def history_of(submission: Submission) -> History:
    """At most five queries. A file's entry stands for all of its months and names no cell: what it wrote into an empty
    month is what the first edition's rows held before the first change that the log tells.
    """
    editions = list(submission.editions.order_by("number"))
    own = list(Entry.objects.filter(subject=submission.subject))
    entries = sorted([*own, *_of_files(submission, editions, own)], key=lambda one: -one.sequence)
    saves = [entry for entry in entries if entry.action == SAVE]
    written = {entry.at for entry in saves if "file" in entry.detail}
    silent = [entry for entry in entries if entry.action == IMPORT and entry.at not in written]
    first = _first_cells(submission, saves)
    by_file = silent[0] if len(silent) == 1 else None
    acts = [
        Told(entry, first if entry is by_file else list(_cells(entry)) if entry.action == SAVE else [])
        for entry in entries
    ]
    if by_file or not first:
        return History(acts, [])
    known = not any(entry.detail.get("edition") == 1 for entry in saves)
    return History(acts, first, *((editions[0].saved_by, editions[0].saved_at) if known else ()))


def _cells(entry: Entry) -> Iterator[Cell]:
    for row, values in entry.detail["cells"].items():
        for measure, (before, after) in values.items():
            yield f"{row}-{measure}", before, after


def _first_cells(submission: Submission, saves: list[Entry]) -> list[Cell]:
    """The first edition's rows, with every logged change of it undone."""
    held: dict[str, Any] = {}
    rows = DossierCount.objects.filter(edition__submission=submission, edition__number=1)
    for row in rows.select_related("field", "procedure").order_by("field__order", "field__code", "pk"):
        code = f"{row.field.code}/{row.procedure.code}" if row.procedure else row.field.code
        held |= {f"{code}-{name}": getattr(row, name) for name in MEASURES}
        held[f"{code}-reason"] = row.reason
    for entry in saves:
        if entry.detail.get("edition") == 1:
            held |= {name: before for name, before, _ in _cells(entry)}
    return [(name, None, value) for name, value in held.items() if value not in (None, "")]


def _of_files(submission: Submission, editions: list[Edition], own: list[Entry]) -> list[Entry]:
    """Entries of the files that wrote the submission's editions, by the names that these and their savings keep."""
    writers = {one.saved_by for one in editions}
    writers |= {entry.detail.get("follows", "") for entry in own if entry.action == SAVE}
    files = [
        f"file:{name.removeprefix(Edition.FROM_FILE)}"
        for name in writers
        if name.startswith(Edition.FROM_FILE)
    ]
    entries = Entry.objects.filter(subject__in=files) if files else ()
    return [one for one in entries if submission.pk in one.detail.get("submissions", ())]
