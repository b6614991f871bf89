"""Fetches a review with the right checked; which reviews a user may see or draft, newer figures, corrections."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest

from accounts.models import User
from core.web import rights
from core.web.rights import Right
from figures.formatting import format_count, tier_name
from figures.measures import COUNTS_FOR_PEOPLE
from figures.periods import Period
from figures.summary import Figures, Summary
from ledger.models import Entry
from records.summary.queries import summary
from records.summary.query import FiguresQuery
from reports.models import Asking, AskKind, Review, ReviewState
from units.access.queries import ROLES, is_allowed, memberships_of, require_right, visible_units
from units.models import Unit


def may_read(user: User, review: Review, on: date) -> bool:
    """Whether somebody of an asked unit reads the draft: while it is put to comment."""
    if review.state != ReviewState.COMMENT:
        return False
    askings = Asking.objects.filter(review=review, kind=AskKind.COMMENT, unit__in=units_with_role(user, on))
    return any(is_allowed(user, Right.COMMENT, one.unit, on) for one in askings.select_related("unit"))


# What newer figures are looked for in: (measure, words).
COMPARED = tuple((one.name, one.label.lower()) for one in COUNTS_FOR_PEOPLE if one.compared)


@dataclass(frozen=True)
class NewerFigure:
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


def visible_reviews(user: User, on: date) -> Any:
    """Reviews of the units that the user may read, newest period first."""
    return Review.objects.filter(unit__in=visible_units(user, on)).select_related("unit").defer("frozen")


def drafting_units(user: User, on: date) -> list[Unit]:
    """Units with others below them, or reporting themselves, whose reviews the user may draft."""
    units = [
        membership.unit
        for membership in memberships_of(user, on)
        if membership.role in ROLES[rights.Right.EDIT]
    ]
    return sorted(set(units), key=lambda unit: unit.path)


def newer_figures(doc: dict[str, Any]) -> list[NewerFigure]:
    """What has changed since a document was made: by tier, then by unit; empty when nothing has."""
    old = Summary.from_dict(doc["figures"])
    unit = document_unit(doc)
    if unit is None:
        return []
    period, today = Period.parse(old.period.code), old.units_of
    query = FiguresQuery(unit, period, include=old.include, external=old.external, by="unit", today=today)
    new = summary(replace(query, decimals=old.decimals))
    found: list[NewerFigure] = []
    for tier, figures in old.tiers:
        found += _differences(tier_name(tier), figures, new.tier(tier))
    for row in old.rows:
        now = new.row(row.key)
        found += _differences(row.name, row.figures, now.figures if now else None)
    return found


def units_with_role(user: User, on: date) -> Iterable[int]:
    """The units that a person holds a role in: who only stands above an asked unit is not asked."""
    return {one.unit_id for one in memberships_of(user, on)}


def document_unit(doc: dict[str, Any]) -> Unit | None:
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


def _differences(whom: str, old: Figures, new: Figures | None) -> list[NewerFigure]:
    return [
        NewerFigure(
            whom, words, format_count(old.counts[name]), format_count(new.counts[name] if new else None)
        )
        for name, words in COMPARED
        if old.counts[name] != (new.counts[name] if new else None)
    ]


def review_for(request: HttpRequest, pk: int, right: Right = Right.READ) -> Review:
    """The review with its unit; 404 for outsiders and unknown numbers, 403 for those who may only read. Units that were
    asked for comments read it while it is put to comment.
    """
    found = Review.objects.select_related("unit__parent", "replaces").filter(pk=pk).first()
    if found and right is Right.READ and not is_allowed(request.user, right, found.unit, request.day):
        if may_read(request.user, found, request.day):
            return found
    require_right(request.user, right, found.unit if found else None, request.day)
    return found
