"""What a month that was sent again changed, as its reviewer reads it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.urls import reverse

from figures.measures import MEASURES, measure_label
from figures.writing import count
from records.forms.lines import Line
from records.models import Edition
from records.queries.changes import Change, resent


def said(value: int | str | None) -> str:
    """A stored number or reason in words."""
    return count(value) if value is None or isinstance(value, int) else f"“{value}”" if value else "—"


@dataclass(frozen=True)
class Told:
    """A cell that changed, or (kept) that was marked and did not; `words`: a stated reason, no number."""

    place: str
    address: str
    before: str
    after: str
    marked: bool
    kept: bool = False
    words: bool = False
    by: str = ""
    at: datetime | None = None


def changed(edition: Edition, lines: Iterable[Line], day: date) -> dict[str, Any]:
    """For the page of a sent edition; nothing for one that was never sent before. Marked cells come first."""
    found = resent([edition]).get(edition.pk)
    if found is None:
        return {}
    history = reverse("records:history", args=[edition.submission_id])
    places = {
        line.name(measure): (f"{line.label}: {measure_label(measure, day)}", line.values[measure])
        for line in lines
        for measure in MEASURES
    }
    places |= {line.name("reason"): (f"{line.label}: lý do", line.reason) for line in lines}
    told = [_changed(change, places, history, found.marked) for change in found.changes.values()]
    told += [
        Told(place, f"{history}?o={name}", said(value), said(value), marked=True, kept=True)
        for name in found.left
        if (known := places.get(name)) is not None
        for place, value in [known]
    ]
    told.sort(key=lambda one: not one.marked)
    return {"resent": found, "changed": told, "mended": len(found.marked) - len(found.left)}


def _changed(change: Change, places: dict, history: str, marked: Iterable[str]) -> Told:
    place, _ = places.get(change.name, (change.name, None))
    return Told(
        place,
        f"{history}?o={change.name}",
        said(change.before),
        said(change.after),
        change.name in marked,
        words=change.measure == "reason",
        by=change.by,
        at=change.at,
    )
