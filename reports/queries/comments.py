"""Comments on a draft, by section, as the review's page lists them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from reports.models import Review, ReviewSection, SectionComment

WHOLE = "Toàn văn dự thảo"


@dataclass(frozen=True)
class Thread:
    """A comment with its replies, in order."""

    comment: SectionComment
    replies: Sequence[SectionComment] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """What was said about one section; `section` None: about the whole, or about one that is there no more."""

    heading: str
    section: int | None
    threads: Sequence[Thread]

    @property
    def open(self) -> int:
        return sum(not one.comment.resolution for one in self.threads)


def parts(review: Review, sections: Sequence[ReviewSection]) -> list[Part]:
    """The comments of a review: those on the whole first, then in the order of the sections. One query."""
    rows = list(review.comments.select_related("unit"))
    replies: dict[int, list[SectionComment]] = defaultdict(list)
    for one in rows:
        if one.parent_id:
            replies[one.parent_id].append(one)
    threads: dict[tuple[int | None, str], list[Thread]] = defaultdict(list)
    known = {one.pk: one.heading for one in sections}
    for one in rows:
        if not one.parent_id:
            heading = known.get(one.section_id or 0, one.heading or WHOLE)
            threads[one.section_id, heading].append(Thread(one, replies[one.pk]))
    order = {one.pk: place for place, one in enumerate(sections, 1)}
    found = [Part(heading, number, told) for (number, heading), told in threads.items()]
    return sorted(found, key=lambda part: order.get(part.section or 0, 0))
