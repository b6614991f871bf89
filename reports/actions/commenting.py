"""Commenting on a draft by section: saying, replying, resolving. Nothing of it is ever changed or printed."""

from datetime import datetime

from django.db import transaction

from reports.models import Asking, AskKind, Resolution, Review, ReviewSection, ReviewState, SectionComment
from units.models import Unit, User

from .common import Refused, note, opened

CLOSED = "Báo cáo không còn lấy ý kiến."


def _for_comment(review: Review) -> Review:
    review = opened(review)
    if review.state != ReviewState.COMMENT:
        raise Refused(CLOSED)
    return review


@transaction.atomic
def comment(
    review: Review,
    text: str,
    *,
    unit: Unit,
    by: User | None,
    at: datetime,
    section: ReviewSection | None = None,
    parent: SectionComment | None = None,
) -> SectionComment:
    """Say something in the name of a unit, about a section, or the whole draft, or in reply. An asked unit has thereby
    answered. Raises Refused while the review is not put to comment, and for words without any.
    """
    review = _for_comment(review)
    if not text.strip():
        raise Refused("Hãy ghi ý kiến.")
    if parent is not None:
        section, parent = parent.section, parent.parent or parent
    said = SectionComment.objects.create(
        review=review,
        section=section,
        heading=parent.heading if parent else section.heading if section else "",
        parent=parent,
        unit=unit,
        text=text.strip(),
        said_by=str(by) if by else "",
        at=at,
    )
    detail = {"comment": said.pk, "unit": unit.code, "section": said.heading, "text": said.text}
    note("review.comment", review, by, at, detail | ({"parent": parent.pk} if parent else {}))
    _answered(review, unit, by, at)
    return said


@transaction.atomic
def agree(asking: Asking, *, by: User | None, at: datetime) -> None:
    """A unit that was asked has nothing to say, or nothing more. Raises Refused once that is over."""
    review = _for_comment(asking.review)
    note("review.agree", review, by, at, {"unit": asking.unit.code})
    _answered(review, asking.unit, by, at)


@transaction.atomic
def resolve(
    said: SectionComment, resolution: str, words: str, *, unit: Unit, by: User | None, at: datetime
) -> SectionComment:
    """Settle a comment: taken into the text, or explained why not, which needs words. They stand as a reply. Raises
    Refused for a reply, for what is settled already, and once the review is frozen.
    """
    review = opened(said.review)
    said = SectionComment.objects.select_for_update(of=("self",)).get(pk=said.pk)
    if said.parent_id or said.resolution:
        raise Refused("Ý kiến này đã được giải quyết.")
    if resolution not in Resolution.values:
        raise Refused("Hãy chọn tiếp thu hay giải trình.")
    if resolution == Resolution.EXPLAINED and not words.strip():
        raise Refused("Giải trình phải ghi lý do.")
    if words.strip():
        SectionComment.objects.create(
            review=review,
            section=said.section,
            heading=said.heading,
            parent=said,
            unit=unit,
            text=words.strip(),
            said_by=str(by) if by else "",
            at=at,
        )
    said.resolution, said.resolved_by, said.resolved_at = resolution, str(by) if by else "", at
    said.save(update_fields=["resolution", "resolved_by", "resolved_at"])
    detail = {"comment": said.pk, "old": "", "new": resolution, "text": words.strip()}
    note("review.resolve", review, by, at, detail)
    return said


def _answered(review: Review, unit: Unit, by: User | None, at: datetime) -> None:
    asked = Asking.objects.filter(review=review, unit=unit, kind=AskKind.COMMENT, sent_at=None)
    asked.update(sent_at=at, sent_by=str(by) if by else "")
