"""Which changes in the log concern the page of a unit, so that a drawn page outlives all others."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from threading import Lock
from uuid import uuid4

from django.db import connection

from ledger import log
from ledger.models import Entry
from records.models import Stage, Submission
from reports.models import Review

# Each process reads the log on from where it stopped, and keeps for every unit what was the last to concern it.
# An entry stands in the transaction of the change that it tells of, and entries are committed in their order,
# so a page drawn under one version is never found after a change to what it shows. What is not known here
# concerns everybody.

# Entries that are read on; a process that stood still for longer forgets what it kept instead.
MOST = 2_000
# Drafts count nowhere: only the unit's own page tells that somebody is entering.
_DRAFTS = frozenset(
    f"submission.{act}" for act in ("open", "save", "request_unlock", "unlock", "decline_unlock")
)
# Until a month is approved, only who asks for what is not approved yet sees other figures.
_UNDECIDED = frozenset({"submission.send", "submission.recall", "submission.return"})
# People, their roles and what they are reminded of: a page is read under rights that are looked up for each request.
_NOBODY = ("user.", "membership.", "reminder.")
_EVERYBODY = ("everybody", 0)
_OWN = "own"
_ANY = 0

Place = tuple[str, int]  # a stage, or the own page, of the unit with this number
Row = tuple[int, str, str, str]  # sequence, hash, action, subject


class Changes:
    """What one process knows of the log of one database; `version` reads on."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._forget((0, ""))

    def version(self, unit: int, include: str, everywhere: bool = False) -> tuple | None:
        """What stays equal as long as nothing that the page of the unit shows has changed; None for an empty log.

        `everywhere`: the page shows figures of other units too (history by today's units). `include` is the stage of
        its figures. One query; one more each for submissions and reviews among what is new.
        """
        with self._lock:
            self._read_on()
            if not self._last[0]:
                return None
            places = (_EVERYBODY, (_OWN, unit), (include, _ANY if everywhere else unit))
            return (self._begun, *map(self._newest.get, places))

    def _forget(self, last: tuple[int, str]) -> None:
        """Begin anew at this entry: nothing drawn before is found again."""
        self._begun, self._last = uuid4().hex, last
        self._newest: dict[Place, int] = {}

    def _read_on(self) -> None:
        sequence = self._last[0]
        rows = Entry.objects.filter(sequence__gte=sequence).order_by("sequence")
        found: list[Row] = list(rows.values_list("sequence", "hash", "action", "subject")[: MOST + 2])
        # The last entry known has to stand there still: a database that was put back is another one.
        if not found or found[0][:2] != self._last or len(found) > MOST + 1:
            self._forget(log.head())
            return
        new = found[1:]
        lines = _lines(new)
        for sequence, digest, action, subject in new:
            for place in _places(action, lines.get(subject)):
                self._newest[place] = sequence
            self._last = (sequence, digest)


def _lines(rows: Iterable[Row]) -> dict[str, list[int]]:
    """The units from the top down to the one that a submission or review is of, by the subject of the entry."""
    wanted: dict[str, set[int]] = {"submission": set(), "review": set()}
    for _, _, _, subject in rows:
        kind, _, number = subject.partition(":")
        if kind in wanted and number.isdigit():
            wanted[kind].add(int(number))
    found = {}
    for kind, model in (("submission", Submission), ("review", Review)):
        if wanted[kind]:
            paths = model.objects.filter(pk__in=wanted[kind]).order_by().values_list("pk", "unit__path")
            found |= {f"{kind}:{pk}": list(map(int, path.strip("/").split("/"))) for pk, path in paths}
    return found


def _places(action: str, line: list[int] | None) -> Iterator[Place]:
    """What an entry concerns; `line` is known for submissions and reviews."""
    if action.startswith(_NOBODY):
        return
    if line is None or not action.startswith(("submission.", "review.")):
        yield _EVERYBODY
        return
    yield (_OWN, line[-1])
    if action.startswith("review.") or action in _DRAFTS:
        return
    for stage in [Stage.SUBMITTED] if action in _UNDECIDED else Stage.values:
        yield from ((str(stage), unit) for unit in (_ANY, *line))


_known: dict[tuple, Changes] = defaultdict(Changes)


def version(unit: int, include: str, everywhere: bool = False) -> tuple | None:
    """See `Changes.version`; of the database in use. A replica has a log of its own, which may end earlier."""
    place = tuple(str(connection.settings_dict[name]) for name in ("HOST", "PORT", "NAME"))
    return _known[place].version(unit, include, everywhere)
