"""Caches a rendered page until the log holds a change that concerns its unit."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from threading import Lock
from uuid import uuid4

from django.core.cache import cache
from django.db import connection

from ledger import log
from ledger.models import Entry
from records.models import Stage, Submission
from reports.models import Review

from .params import PageState

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


class ChangeLog:
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


_known: dict[tuple, ChangeLog] = defaultdict(ChangeLog)


def page_version(unit: int, include: str, everywhere: bool = False) -> tuple | None:
    """See `Changes.version`; of the database in use. A replica has a log of its own, which may end earlier."""
    place = tuple(str(connection.settings_dict[name]) for name in ("HOST", "PORT", "NAME"))
    return _known[place].version(unit, include, everywhere)


# The version is read before the figures: what was drawn from older figures is never found under a newer one.
# Ten minutes is the most that a change by hand, past the log, can stay unseen. Within a transaction nothing is
# kept, since it may yet be undone.

SECONDS = 600


def cached(asked: PageState, reach: Sequence[int | str], draw: Callable[[], str]) -> str:
    """The page of a view, or its figures as JSON, drawn once a process as long as nothing that it shows changes.

    `reach` is all on a page that depends on who reads: numbers of the units above that the reader may see, and the
    paths by which units elsewhere are his to see (reports.dashboard.params). On JSON nothing does: it says what it is.
    """
    version, query = None, asked.query
    if not connection.in_atomic_block:
        version = page_version(query.unit.pk, query.include, query.basis == "today")
    if version is None:
        return draw()
    above = ".".join(map(str, reach))
    database = connection.settings_dict["NAME"]
    view = f"{query.unit.pk}:{query.decimals}:{asked.query_string()}"
    whole = repr((str(database), version, asked.day, query.calendar, above, view))
    key = f"dashboard:{sha256(whole.encode()).hexdigest()}"
    drawn = cache.get(key)
    if drawn is None:
        drawn = draw()
        cache.set(key, drawn, SECONDS)
    return drawn
