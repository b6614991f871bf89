"""Keeps what was drawn until something that it shows changes: every change is in the log (reports.queries.changes)."""

from collections.abc import Callable, Sequence
from hashlib import sha256

from django.core.cache import cache
from django.db import connection

from reports.queries import changes

from .asked import Asked

# The version is read before the figures: what was drawn from older figures is never found under a newer one.
# Ten minutes is the most that a change by hand, past the log, can stay unseen. Within a transaction nothing is
# kept, since it may yet be undone.

SECONDS = 600


def remembered(asked: Asked, reach: Sequence[int | str], draw: Callable[[], str]) -> str:
    """The page of a view, or its figures as JSON, drawn once a process as long as nothing that it shows changes.

    `reach` is all on a page that depends on who reads: numbers of the units above that the reader may see, and the
    paths by which units elsewhere are his to see (reports.views.choices). On JSON nothing does: it says what it is.
    """
    version = None
    if not connection.in_atomic_block:
        version = changes.version(asked.unit.pk, asked.include, asked.basis == "today")
    if version is None:
        return draw()
    above = ".".join(map(str, reach))
    database = connection.settings_dict["NAME"]
    view = f"{asked.unit.pk}:{asked.decimals}:{asked.query()}"
    whole = repr((str(database), version, asked.day, asked.calendar, above, view))
    key = f"dashboard:{sha256(whole.encode()).hexdigest()}"
    drawn = cache.get(key)
    if drawn is None:
        drawn = draw()
        cache.set(key, drawn, SECONDS)
    return drawn
