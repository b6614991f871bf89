"""Writing one section of a review: its heading and its words, with figures as tokens (figures.bound)."""

from datetime import datetime

from django.db import transaction

from figures import bound
from reports.models import ReviewSection
from reports.queries.quotable import section_version
from units.models import User

from .common import Stale, note, opened


@transaction.atomic
def write_section(
    section: ReviewSection, heading: str, body: str, *, by: User | None, at: datetime, version: str
) -> ReviewSection:
    """Store a section as it was typed, in the tidy form of bound text; the log keeps what stood there before.

    Raises Refused once the review is frozen, Stale where `version` is not that of quotable.section_version any more.
    The caller has checked that each figure is known.
    """
    review = opened(section.review)
    section = review.sections.get(pk=section.pk)
    if version != section_version(section):
        raise Stale("Người khác vừa lưu mục này.")
    before = {"heading": section.heading, "body": section.body}
    after = {"heading": heading, "body": bound.write(bound.paragraphs(body))}
    if after != before:
        section.heading, section.body = after["heading"], after["body"]
        section.save(update_fields=["heading", "body"])
        note("review.section", review, by, at, {"section": section.pk, "before": before, "after": after})
    return section
