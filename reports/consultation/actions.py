"""Sends requests to units, stores comments and contributions, and copies a contribution into its section."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.utils.text import capfirst

from accounts.models import User
from figures.formatting import format_count
from reports.models import Asking, AskKind, Resolution, Review, ReviewSection, ReviewState, SectionComment
from reports.review_access import LONGEST_SECTION, ReviewError, StaleReview, lock_open_review, log_change
from reports.review_text import bound_text
from units.models import Unit

MOST_AT_ONCE = 1_000


@transaction.atomic
def ask_units(
    review: Review,
    units: Iterable[Unit],
    *,
    by: User | None,
    at: datetime,
    section: ReviewSection | None = None,
    due_on: date | None = None,
    words: str = "",
) -> list[Asking]:
    """Ask units for the text of a section, or without one for comments on the whole; units with such a request are
    skipped. Returns the new requests. Raises ReviewError for a frozen review and a section of another review.
    """
    review = lock_open_review(review)
    if section is not None and section.review_id != review.pk:
        raise ReviewError("Mục này không thuộc báo cáo.")
    kind = AskKind.TEXT if section else AskKind.COMMENT
    earlier = Asking.objects.filter(review=review, kind=kind, section=section)
    asked_ids = set(earlier.values_list("unit_id", flat=True))
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
        if unit.pk not in asked_ids
    ]
    if len(new) > MOST_AT_ONCE:
        raise ReviewError(f"Hỏi nhiều nhất {MOST_AT_ONCE} đơn vị một lần.")
    Asking.objects.bulk_create(new)
    if new:
        detail = {
            "kind": str(kind),
            "section": section.heading if section else "",
            "units": [asking.unit.code for asking in new],
            "due_on": due_on.isoformat() if due_on else None,
        }
        log_change("review.ask", review, by, at, detail)
    return new


@transaction.atomic
def ask_responsible(review: Review, *, by: User | None, at: datetime) -> list[Asking]:
    """Ask the office responsible for each section for its text, by the section's due day, except the review's own
    unit. Returns the new requests.
    """
    new = []
    for section in review.sections.select_related("responsible").exclude(responsible=None).order_by("order"):
        if section.responsible_id != review.unit_id:
            new += ask_units(
                review, [section.responsible], by=by, at=at, section=section, due_on=section.due_on
            )
    return new


@transaction.atomic
def withdraw_request(asking: Asking, *, by: User | None, at: datetime) -> None:
    """Delete a request. Raises ReviewError once the unit has written or sent text, and for a frozen review."""
    review = lock_open_review(asking.review)
    locked = Asking.objects.select_for_update(of=("self",)).select_related("unit").get(pk=asking.pk)
    if locked.sent_at or locked.body:
        raise ReviewError(f"{locked.unit.name} đã viết nội dung, không rút yêu cầu được nữa.")
    detail = {"kind": locked.kind, "section": locked.heading, "unit": locked.unit.code}
    locked.delete()
    log_change("review.unask", review, by, at, detail)


CLOSED = "Báo cáo không còn lấy ý kiến."


def _for_comment(review: Review) -> Review:
    review = lock_open_review(review)
    if review.state != ReviewState.COMMENT:
        raise ReviewError(CLOSED)
    return review


@transaction.atomic
def add_comment(
    review: Review,
    text: str,
    *,
    unit: Unit,
    by: User | None,
    at: datetime,
    section: ReviewSection | None = None,
    parent: SectionComment | None = None,
) -> SectionComment:
    """Comment in the name of a unit on a section or the whole draft, or reply; this answers the unit's request.
    Raises ReviewError unless the review is open for comments, and for an empty text.
    """
    review = _for_comment(review)
    if not text.strip():
        raise ReviewError("Hãy ghi ý kiến.")
    if parent is not None:
        section, parent = parent.section, parent.parent or parent
    comment = SectionComment.objects.create(
        review=review,
        section=section,
        heading=parent.heading if parent else section.heading if section else "",
        parent=parent,
        unit=unit,
        text=text.strip(),
        said_by=str(by) if by else "",
        at=at,
    )
    detail = {"comment": comment.pk, "unit": unit.code, "section": comment.heading, "text": comment.text}
    log_change("review.comment", review, by, at, detail | ({"parent": parent.pk} if parent else {}))
    _answered(review, unit, by, at)
    return comment


@transaction.atomic
def agree(asking: Asking, *, by: User | None, at: datetime) -> None:
    """Answer a request without a comment. Raises ReviewError unless the review is open for comments."""
    review = _for_comment(asking.review)
    log_change("review.agree", review, by, at, {"unit": asking.unit.code})
    _answered(review, asking.unit, by, at)


@transaction.atomic
def resolve_comment(
    comment: SectionComment, resolution: str, words: str, *, unit: Unit, by: User | None, at: datetime
) -> SectionComment:
    """Resolve a comment as taken into the text or as explained, which needs a text; it is stored as a reply. Raises
    ReviewError for a reply, a resolved comment and a frozen review.
    """
    review = lock_open_review(comment.review)
    comment = SectionComment.objects.select_for_update(of=("self",)).get(pk=comment.pk)
    if comment.parent_id or comment.resolution:
        raise ReviewError("Ý kiến này đã được giải quyết.")
    if resolution not in Resolution.values:
        raise ReviewError("Hãy chọn tiếp thu hay giải trình.")
    if resolution == Resolution.EXPLAINED and not words.strip():
        raise ReviewError("Giải trình phải ghi lý do.")
    if words.strip():
        SectionComment.objects.create(
            review=review,
            section=comment.section,
            heading=comment.heading,
            parent=comment,
            unit=unit,
            text=words.strip(),
            said_by=str(by) if by else "",
            at=at,
        )
    comment.resolution, comment.resolved_by, comment.resolved_at = resolution, str(by) if by else "", at
    comment.save(update_fields=["resolution", "resolved_by", "resolved_at"])
    detail = {"comment": comment.pk, "old": "", "new": resolution, "text": words.strip()}
    log_change("review.resolve", review, by, at, detail)
    return comment


def _answered(review: Review, unit: Unit, by: User | None, at: datetime) -> None:
    unanswered = Asking.objects.filter(review=review, unit=unit, kind=AskKind.COMMENT, sent_at=None)
    unanswered.update(sent_at=at, sent_by=str(by) if by else "")


OVERTAKEN = "Người khác vừa lưu nội dung này."


def _open_text(asking: Asking) -> Asking:
    """A request for text under a row lock. Raises ReviewError for a frozen review."""
    lock_open_review(asking.review)
    rows = Asking.objects.select_for_update(of=("self",)).select_related("unit", "section", "review")
    locked = rows.filter(pk=asking.pk, kind=AskKind.TEXT).first()
    if locked is None:
        raise ReviewError("Yêu cầu này không còn nữa.")
    return locked


@transaction.atomic
def write_contribution(
    asking: Asking, body: str, *, by: User | None, at: datetime, revision: int, send: bool = False
) -> Asking:
    """Store the text as normalized bound text, and with `send` send it. Raises ReviewError when it is sent already, or
    empty with `send`; StaleReview when somebody else has stored it since `revision`.
    """
    locked = _open_text(asking)
    if locked.sent_at:
        raise ReviewError("Nội dung đã gửi. Rút lại trước khi sửa.")
    if locked.revision != revision:
        raise StaleReview(OVERTAKEN)
    after, who = bound_text.write_paragraphs(bound_text.parse_paragraphs(body)), str(by) if by else ""
    if send and not after:
        raise ReviewError("Chưa có nội dung để gửi.")
    if after != locked.body:
        detail = {"asking": locked.pk, "unit": locked.unit.code, "section": locked.heading}
        log_change("review.write", locked.review, by, at, detail | {"old": locked.body, "new": after})
        locked.body, locked.saved_by, locked.saved_at, locked.revision = after, who, at, locked.revision + 1
    if send:
        locked.sent_by, locked.sent_at, locked.returned = who, at, ""
        detail = {"asking": locked.pk, "unit": locked.unit.code, "section": locked.heading}
        log_change("review.send", locked.review, by, at, detail)
    locked.save()
    return locked


@transaction.atomic
def recall_contribution(asking: Asking, *, by: User | None, at: datetime) -> Asking:
    """Withdraw a sent text. Raises ReviewError when nothing is sent or it is in the section already."""
    locked = _sent(asking)
    locked.sent_at, locked.sent_by = None, ""
    locked.save(update_fields=["sent_at", "sent_by"])
    log_change("review.recall", locked.review, by, at, {"asking": locked.pk, "unit": locked.unit.code})
    return locked


@transaction.atomic
def return_contribution(asking: Asking, reason: str, *, by: User | None, at: datetime) -> Asking:
    """Return a sent text to the unit. Raises ReviewError without a reason, and as `recall_contribution` does."""
    locked = _sent(asking)
    if not reason.strip():
        raise ReviewError("Phải ghi lý do trả lại.")
    locked.sent_at, locked.sent_by, locked.returned = None, "", reason.strip()
    locked.save(update_fields=["sent_at", "sent_by", "returned"])
    detail = {"asking": locked.pk, "unit": locked.unit.code, "reason": locked.returned}
    log_change("review.send_back", locked.review, by, at, detail)
    return locked


@transaction.atomic
def take_contribution(asking: Asking, *, by: User | None, at: datetime) -> Asking:
    """Append a sent text to the section, after the unit's name; its figures stay bound. Raises ReviewError when the
    section is gone or would be too long, nothing is sent, or the text is in the section already.
    """
    locked = _sent(asking)
    if locked.section is None:
        raise ReviewError("Mục này không còn trong báo cáo.")
    section = locked.review.sections.select_for_update().get(pk=locked.section_id)
    name = capfirst(locked.unit.name)
    first, *others = bound_text.parse_paragraphs(locked.body)
    added = [(bound_text.TextRun(f"{name}: "), *first), *others]
    before = section.body
    body = bound_text.write_paragraphs([*bound_text.parse_paragraphs(before), *added])
    if len(bound_text.plain_text(body)) > LONGEST_SECTION:
        raise ReviewError(
            f"Mục {section.heading} sẽ dài quá {format_count(LONGEST_SECTION)} ký tự. "
            "Rút gọn lời văn của mục, hoặc trả lại "
            "để đơn vị viết ngắn hơn."
        )
    section.body = body
    section.save(update_fields=["body"])
    locked.taken_by, locked.taken_at = str(by) if by else "", at
    locked.save(update_fields=["taken_by", "taken_at"])
    detail = {"asking": locked.pk, "unit": locked.unit.code, "section": section.pk}
    log_change("review.take", locked.review, by, at, detail | {"before": before, "after": section.body})
    return locked


def _sent(asking: Asking) -> Asking:
    locked = _open_text(asking)
    if locked.taken_at:
        raise ReviewError(f"Nội dung của {locked.unit.name} đã được lấy vào mục.")
    if not locked.sent_at:
        raise ReviewError(f"{locked.unit.name} chưa gửi nội dung.")
    return locked
