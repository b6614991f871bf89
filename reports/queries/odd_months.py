"""Months of a review's units that are odd and explained by nobody, as a leader is told of them."""

from hashlib import sha256

from django.core.cache import cache
from django.db import connection

from figures.periods import Period
from records.queries.unexplained import unexplained
from reports.models import Review

from . import changes

KEPT_SECONDS = 600


def odd_months(review: Review) -> list[str]:
    """Each odd row without a reason, in a few words, in the order of units and months. It costs as much as the months
    of all units, so it is kept until the log tells of a change below the unit.
    """
    version = None if connection.in_atomic_block else changes.version(review.unit_id, "approved")
    whole = repr((str(connection.settings_dict["NAME"]), version, review.unit_id, review.period))
    key = f"odd:{sha256(whole.encode()).hexdigest()}"
    told = cache.get(key) if version else None
    if told is None:
        found = unexplained(review.unit, Period.parse(review.period))
        told = [f"{one.unit}, {one.month.label}, {one.field}: {one.short}" for one in found]
        if version:
            cache.set(key, told, KEPT_SECONDS)
    return told
