"""Caches a rendered page until the log has an entry that affects its unit; called by the dashboard and the API."""

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

# Each process reads new log entries and remembers the last one that affects each unit. An entry is written in the
# transaction of its change, and entries are committed in order, so a cached page is never served after a change to
# what it shows. Unknown actions affect every page.

# New entries read at once; a process that is further behind drops its cache instead.
MOST = 2_000
# Drafts do not count in figures: only the unit's own page shows them.
_DRAFTS = frozenset(
    f"submission.{act}" for act in ("open", "save", "request_unlock", "unlock", "decline_unlock")
)
# Affect only pages that include figures not yet approved.
_UNDECIDED = frozenset({"submission.send", "submission.recall", "submission.return"})
# Affect no page: rights are looked up for each request.
_NOBODY = ("user.", "membership.", "reminder.")
_EVERYBODY = ("everybody", 0)
_OWN = "own"
_ANY = 0

Place = tuple[str, int]  # a stage of figures, or _OWN for the unit's own page; the unit's id
Row = tuple[int, str, str, str]  # sequence, hash, action, subject


class ChangeLog:
    """The last log entry that affects each unit, for one database in this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._forget((0, ""))

    def version(self, unit: int, include: str, everywhere: bool = False) -> tuple | None:
        """A value that is equal as long as nothing on the unit's page has changed; None for an empty log.

        `everywhere`: the page also shows figures of units elsewhere (history by today's units). `include` is the stage
        of its figures. One query, plus one each if new entries are of submissions or of reviews.
        """
        with self._lock:
            self._read_on()
            if not self._last[0]:
                return None
            places = (_EVERYBODY, (_OWN, unit), (include, _ANY if everywhere else unit))
            return (self._begun, *map(self._newest.get, places))

    def _forget(self, last: tuple[int, str]) -> None:
        """Start again at this entry; invalidates all pages cached before."""
        self._begun, self._last = uuid4().hex, last
        self._newest: dict[Place, int] = {}

    def _read_on(self) -> None:
        sequence = self._last[0]
        rows = Entry.objects.filter(sequence__gte=sequence).order_by("sequence")
        entries: list[Row] = list(rows.values_list("sequence", "hash", "action", "subject")[: MOST + 2])
        # A restored database no longer has the last entry read.
        if not entries or entries[0][:2] != self._last or len(entries) > MOST + 1:
            self._forget(log.head())
            return
        new = entries[1:]
        lines = _lines(new)
        for sequence, digest, action, subject in new:
            for place in _places(action, lines.get(subject)):
                self._newest[place] = sequence
            self._last = (sequence, digest)


def _lines(rows: Iterable[Row]) -> dict[str, list[int]]:
    """Ids of the unit of each submission or review and of its ancestors, from the top down, by entry subject."""
    ids: dict[str, set[int]] = {"submission": set(), "review": set()}
    for _, _, _, subject in rows:
        kind, _, key = subject.partition(":")
        if kind in ids and key.isdigit():
            ids[kind].add(int(key))
    lines = {}
    for kind, model in (("submission", Submission), ("review", Review)):
        if ids[kind]:
            paths = model.objects.filter(pk__in=ids[kind]).order_by().values_list("pk", "unit__path")
            lines |= {f"{kind}:{pk}": list(map(int, path.strip("/").split("/"))) for pk, path in paths}
    return lines


def _places(action: str, line: list[int] | None) -> Iterator[Place]:
    """What an entry affects; `line` holds the unit ids (see `_lines`) of submissions and reviews."""
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


_change_logs: dict[tuple, ChangeLog] = defaultdict(ChangeLog)


def page_version(unit: int, include: str, everywhere: bool = False) -> tuple | None:
    """`ChangeLog.version` of the current database. A replica has its own log, which may be behind."""
    place = tuple(str(connection.settings_dict[name]) for name in ("HOST", "PORT", "NAME"))
    return _change_logs[place].version(unit, include, everywhere)


# The version is read before the figures, so a page of older figures is never stored under a newer version. A change by
# hand, which is not logged, shows after ten minutes at most. Nothing is cached inside a transaction: it may roll back.

SECONDS = 600


def cached(state: PageState, reach: Sequence[int | str], draw: Callable[[], str]) -> str:
    """The cached page or JSON of a view, drawn by `draw` if it is missing or out of date.

    `reach` is everything on the page that depends on the reader: ids of the visible ancestors, and the paths that give
    access to units elsewhere (reports.dashboard.params). JSON does not depend on the reader.
    """
    version, query = None, state.query
    if not connection.in_atomic_block:
        version = page_version(query.unit.pk, query.include, query.basis == "today")
    if version is None:
        return draw()
    above = ".".join(map(str, reach))
    database = connection.settings_dict["NAME"]
    view = f"{query.unit.pk}:{query.decimals}:{state.query_string()}"
    whole = repr((str(database), version, state.day, query.calendar, above, view))
    key = f"dashboard:{sha256(whole.encode()).hexdigest()}"
    drawn = cache.get(key)
    if drawn is None:
        drawn = draw()
        cache.set(key, drawn, SECONDS)
    return drawn
