"""What is known of the meeting of a review, from its own page or the review's header."""

from dataclasses import dataclass
from datetime import date

from reports.models import Meeting, Review
from reports.review_text import bound_text


@dataclass(frozen=True)
class MeetingRecord:
    """The meeting of a review. `directed` and `conclusions` are bound text; `revision` 0: nobody has
    entered the meeting on its own page.
    """

    day: date | None = None
    place: str = ""
    chaired: str = ""
    attended: str = ""
    directed: str = ""
    conclusions: str = ""
    revision: int = 0

    @property
    def directed_parts(self) -> tuple[bound_text.Paragraph, ...]:
        """What was directed, paragraph by paragraph as runs."""
        return bound_text.parse_paragraphs(self.directed)

    @property
    def concluded_parts(self) -> tuple[bound_text.Paragraph, ...]:
        """What was concluded, paragraph by paragraph as runs."""
        return bound_text.parse_paragraphs(self.conclusions)


def meeting_of(review: Review) -> MeetingRecord:
    """The meeting of a review. Day, place, chair and attendance are those of the header as long as the review can
    change, since its text page writes them too; from freezing on those of the meeting's page. One query.
    """
    row = Meeting.objects.filter(review=review).first()
    if row is None:
        return MeetingRecord(**_header(review))
    own = {"day": row.day, "place": row.place, "chaired": row.chaired, "attended": row.attended}
    first = own if review.is_frozen else _header(review)
    return MeetingRecord(**first, directed=row.directed, conclusions=row.conclusions, revision=row.revision)


def _header(review: Review) -> dict:
    header = review.header
    try:
        on = date.fromisoformat(header.get("meeting_day", ""))
    except ValueError:
        on = None
    words = {
        name: header.get(key, "")
        for name, key in (("place", "meeting_place"), ("chaired", "chaired"), ("attended", "attended"))
    }
    return {"day": on, **words}
