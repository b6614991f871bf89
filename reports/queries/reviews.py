"""Questions about reviews: who may see which, what would block signing, and whether newer figures exist."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from figures.measures import COUNTS_FOR_PEOPLE
from figures.periods import Period
from figures.summary import Figures, Summary
from figures.writing import count, tier_name
from ledger.models import Entry
from records.queries.calendar import calendar as stored_calendar
from records.queries.summary import summary
from reports.models import Review, ReviewState
from units import access
from units.models import Unit, User

from .signing import before_signing, incomplete

__all__ = [
    "COMPARED",
    "Correction",
    "Newer",
    "before_signing",
    "incomplete",
    "corrections",
    "drafting_units",
    "frozen_entry",
    "newer_figures",
    "unit_of",
    "visible",
]

# What newer figures are looked for in: (measure, words).
COMPARED = tuple((one.name, one.label.lower()) for one in COUNTS_FOR_PEOPLE if one.compared)


@dataclass(frozen=True)
class Newer:
    """A figure that is another one today than in the frozen review."""

    whom: str
    what: str
    old: str
    new: str


@dataclass(frozen=True)
class Correction:
    """Number and day that stood there before somebody corrected them, and why."""

    number: str
    issued_on: date
    by: str
    at: datetime
    reason: str


def visible(user: User, on: date) -> Any:
    """Reviews of the units that the user may read, newest period first."""
    return Review.objects.filter(unit__in=access.visible(user, on)).select_related("unit").defer("frozen")


def drafting_units(user: User, on: date) -> list[Unit]:
    """Units with others below them, or reporting themselves, whose reviews the user may draft."""
    units = [
        membership.unit
        for membership in access.memberships(user, on)
        if membership.role in access.ROLES[access.Right.EDIT]
    ]
    return sorted(set(units), key=lambda unit: unit.path)


def newer_figures(doc: dict[str, Any]) -> list[Newer]:
    """What has changed since a document was made: by tier, then by unit; empty when nothing has."""
    old = Summary.from_dict(doc["figures"])
    unit = unit_of(doc)
    if unit is None:
        return []
    asked = {"by": "unit", "decimals": old.decimals, "include": old.include, "external": old.external}
    asked["today"] = old.units_of
    new = summary(unit, Period.parse(old.period.code), calendar=stored_calendar(), **asked)
    found: list[Newer] = []
    for tier, figures in old.tiers:
        found += _differences(tier_name(tier), figures, new.tier(tier))
    for row in old.rows:
        now = new.row(row.key)
        found += _differences(row.name, row.figures, now.figures if now else None)
    return found


def unit_of(doc: dict[str, Any]) -> Unit | None:
    """The unit of a document."""
    review = Review.objects.filter(pk=doc["review"]["number"]).select_related("unit").first()
    return review.unit if review else None


def frozen_entry(review: Review) -> Entry | None:
    """The entry of the log that was written when the review was frozen."""
    return (
        Entry.objects.filter(action="review.freeze", subject=f"review:{review.pk}")
        .order_by("-sequence")
        .first()
    )


def corrections(review: Review) -> list[Correction]:
    """What was changed about number and day after they had been recorded, in order."""
    if review.state != ReviewState.ISSUED:
        return []
    entries = Entry.objects.filter(action="review.correct", subject=f"review:{review.pk}").order_by(
        "sequence"
    )
    return [
        Correction(
            entry.detail["old"]["number"],
            date.fromisoformat(entry.detail["old"]["issued_on"]),
            entry.actor,
            entry.at,
            entry.detail["reason"],
        )
        for entry in entries
    ]


def _differences(whom: str, old: Figures, new: Figures | None) -> list[Newer]:
    return [
        Newer(whom, words, count(old.counts[name]), count(new.counts[name] if new else None))
        for name, words in COMPARED
        if old.counts[name] != (new.counts[name] if new else None)
    ]
