"""Asking units about a review: for comments on the draft, or for the text of a section; and taking it back."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from reports.models import Asking, AskKind, Review, ReviewSection
from units.models import Unit, User

from .common import Refused, note, opened

MOST_AT_ONCE = 1_000


@transaction.atomic
def ask(
    review: Review,
    units: Iterable[Unit],
    *,
    by: User | None,
    at: datetime,
    section: ReviewSection | None = None,
    due_on: date | None = None,
    words: str = "",
) -> list[Asking]:
    """Ask units for the text of a section, or without one for comments on the whole; who was asked the same before is
    left alone. Returns the new ones. Raises Refused once the review is frozen, and for a section of another review.
    """
    review = opened(review)
    if section is not None and section.review_id != review.pk:
        raise Refused("Mục này không thuộc báo cáo.")
    kind = AskKind.TEXT if section else AskKind.COMMENT
    there = Asking.objects.filter(review=review, kind=kind, section=section)
    asked = set(there.values_list("unit_id", flat=True))
    new = [
        Asking(
            review=review,
            section=section,
            heading=section.heading if section else "",
            kind=kind,
            unit=unit,
            due_on=due_on,
            words=words,
            asked_by=str(by) if by else "",
            asked_at=at,
        )
        for unit in {unit.pk: unit for unit in units}.values()
        if unit.pk not in asked
    ]
    if len(new) > MOST_AT_ONCE:
        raise Refused(f"Hỏi nhiều nhất {MOST_AT_ONCE} đơn vị một lần.")
    Asking.objects.bulk_create(new)
    if new:
        told = {
            "kind": str(kind),
            "section": section.heading if section else "",
            "units": [one.unit.code for one in new],
            "due_on": due_on.isoformat() if due_on else None,
        }
        note("review.ask", review, by, at, told)
    return new


@transaction.atomic
def ask_responsible(review: Review, *, by: User | None, at: datetime) -> list[Asking]:
    """Ask the office that is responsible for each section for its text, by the section's due day; the review's own
    unit asks nobody for what it answers for itself. Returns the new ones.
    """
    new = []
    for section in review.sections.select_related("responsible").exclude(responsible=None).order_by("order"):
        if section.responsible_id != review.unit_id:
            new += ask(review, [section.responsible], by=by, at=at, section=section, due_on=section.due_on)
    return new


@transaction.atomic
def withdraw(asking: Asking, *, by: User | None, at: datetime) -> None:
    """Ask no more. Raises Refused where the unit has already sent or written something, and once all is frozen."""
    review = opened(asking.review)
    kept = Asking.objects.select_for_update(of=("self",)).select_related("unit").get(pk=asking.pk)
    if kept.sent_at or kept.body:
        raise Refused(f"{kept.unit.name} đã viết nội dung, không rút yêu cầu được nữa.")
    detail = {"kind": kept.kind, "section": kept.heading, "unit": kept.unit.code}
    kept.delete()
    note("review.unask", review, by, at, detail)
