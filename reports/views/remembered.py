"""Keeps what was drawn until anything is logged: every change of units, catalogue, figures and reviews is.

The key holds the log's head, read before the figures: what was drawn from older figures is never found under a newer
head. A minute is the most that a change by hand, past the log, can stay unseen. Within a transaction nothing is kept,
since it may yet be undone.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

from django.core.cache import cache
from django.db import connection

from ledger import log

from .asked import Asked

SECONDS = 60


def remembered(asked: Asked, visible_above: Sequence[int], draw: Callable[[], str]) -> str:
    """The page of a view, drawn at most once a minute and process while the log stands still.

    `visible_above` are the numbers of the units above that the reader may see: the only thing on it that depends on
    who reads.
    """
    sequence, digest = log.head()
    if not sequence or connection.in_atomic_block:
        return draw()
    above = ".".join(map(str, visible_above))
    database = connection.settings_dict["NAME"]
    view = f"{asked.unit.pk}:{asked.decimals}:{asked.query()}"
    whole = repr((str(database), digest, asked.day, above, view))
    key = f"dashboard:{sha256(whole.encode()).hexdigest()}"
    drawn = cache.get(key)
    if drawn is None:
        drawn = draw()
        cache.set(key, drawn, SECONDS)
    return drawn
