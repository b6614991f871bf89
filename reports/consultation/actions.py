"""Asks units, stores comments and contributions, and takes a contribution into its section."""

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
    """Ask units for the text of a section, or without one for comments on the whole; who was asked the same before is
    left alone. Returns the new ones. Raises Refused once the review is frozen, and for a section of another review.
    """
    review = lock_open_review(review)
    if section is not None and section.review_id != review.pk:
        raise ReviewError("Mục này không thuộc báo cáo.")
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
        raise ReviewError(f"Hỏi nhiều nhất {MOST_AT_ONCE} đơn vị một lần.")
    Asking.objects.bulk_create(new)
    if new:
        told = {
            "kind": str(kind),
            "section": section.heading if section else "",
            "units": [one.unit.code for one in new],
            "due_on": due_on.isoformat() if due_on else None,
        }
        log_change("review.ask", review, by, at, told)
    return new


@transaction.atomic
def ask_responsible(review: Review, *, by: User | None, at: datetime) -> list[Asking]:
    """Ask the office that is responsible for each section for its text, by the section's due day; the review's own
    unit asks nobody for what it answers for itself. Returns the new ones.
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
    """Ask no more. Raises Refused where the unit has already sent or written something, and once all is frozen."""
    review = lock_open_review(asking.review)
    kept = Asking.objects.select_for_update(of=("self",)).select_related("unit").get(pk=asking.pk)
    if kept.sent_at or kept.body:
        raise ReviewError(f"{kept.unit.name} đã viết nội dung, không rút yêu cầu được nữa.")
    detail = {"kind": kept.kind, "section": kept.heading, "unit": kept.unit.code}
    kept.delete()
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
    """Say something in the name of a unit, about a section, or the whole draft, or in reply. An asked unit has thereby
    answered. Raises Refused while the review is not put to comment, and for words without any.
    """
    review = _for_comment(review)
    if not text.strip():
        raise ReviewError("Hãy ghi ý kiến.")
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
    log_change("review.comment", review, by, at, detail | ({"parent": parent.pk} if parent else {}))
    _answered(review, unit, by, at)
    return said


@transaction.atomic
def agree(asking: Asking, *, by: User | None, at: datetime) -> None:
    """A unit that was asked has nothing to say, or nothing more. Raises Refused once that is over."""
    review = _for_comment(asking.review)
    log_change("review.agree", review, by, at, {"unit": asking.unit.code})
    _answered(review, asking.unit, by, at)


@transaction.atomic
def resolve_comment(
    said: SectionComment, resolution: str, words: str, *, unit: Unit, by: User | None, at: datetime
) -> SectionComment:
    """Settle a comment: taken into the text, or explained why not, which needs words. They stand as a reply. Raises
    Refused for a reply, for what is settled already, and once the review is frozen.
    """
    review = lock_open_review(said.review)
    said = SectionComment.objects.select_for_update(of=("self",)).get(pk=said.pk)
    if said.parent_id or said.resolution:
        raise ReviewError("Ý kiến này đã được giải quyết.")
    if resolution not in Resolution.values:
        raise ReviewError("Hãy chọn tiếp thu hay giải trình.")
    if resolution == Resolution.EXPLAINED and not words.strip():
        raise ReviewError("Giải trình phải ghi lý do.")
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
    log_change("review.resolve", review, by, at, detail)
    return said


def _answered(review: Review, unit: Unit, by: User | None, at: datetime) -> None:
    asked = Asking.objects.filter(review=review, unit=unit, kind=AskKind.COMMENT, sent_at=None)
    asked.update(sent_at=at, sent_by=str(by) if by else "")


OVERTAKEN = "Người khác vừa lưu nội dung này."


def _open_text(asking: Asking) -> Asking:
    """The asking under a lock, while its review can change and it asks for text."""
    lock_open_review(asking.review)
    rows = Asking.objects.select_for_update(of=("self",)).select_related("unit", "section", "review")
    kept = rows.filter(pk=asking.pk, kind=AskKind.TEXT).first()
    if kept is None:
        raise ReviewError("Yêu cầu này không còn nữa.")
    return kept


@transaction.atomic
def write_contribution(
    asking: Asking, body: str, *, by: User | None, at: datetime, revision: int, send: bool = False
) -> Asking:
    """Store the text in the tidy form of bound text, and with `send` hand it over. Raises Refused where it has been
    handed over, or is empty and to be sent; Stale where somebody else stored it since `revision`.
    """
    kept = _open_text(asking)
    if kept.sent_at:
        raise ReviewError("Nội dung đã gửi. Rút lại trước khi sửa.")
    if kept.revision != revision:
        raise StaleReview(OVERTAKEN)
    after, who = bound_text.write_paragraphs(bound_text.parse_paragraphs(body)), str(by) if by else ""
    if send and not after:
        raise ReviewError("Chưa có nội dung để gửi.")
    if after != kept.body:
        detail = {"asking": kept.pk, "unit": kept.unit.code, "section": kept.heading}
        log_change("review.write", kept.review, by, at, detail | {"old": kept.body, "new": after})
        kept.body, kept.saved_by, kept.saved_at, kept.revision = after, who, at, kept.revision + 1
    if send:
        kept.sent_by, kept.sent_at, kept.returned = who, at, ""
        detail = {"asking": kept.pk, "unit": kept.unit.code, "section": kept.heading}
        log_change("review.send", kept.review, by, at, detail)
    kept.save()
    return kept


@transaction.atomic
def recall_contribution(asking: Asking, *, by: User | None, at: datetime) -> Asking:
    """The unit takes back what it sent. Raises Refused where nothing is sent, or it was taken over already."""
    kept = _sent(asking)
    kept.sent_at, kept.sent_by = None, ""
    kept.save(update_fields=["sent_at", "sent_by"])
    log_change("review.recall", kept.review, by, at, {"asking": kept.pk, "unit": kept.unit.code})
    return kept


@transaction.atomic
def return_contribution(asking: Asking, reason: str, *, by: User | None, at: datetime) -> Asking:
    """The drafter wants it otherwise. Raises Refused without a reason, and as `recall` does."""
    kept = _sent(asking)
    if not reason.strip():
        raise ReviewError("Phải ghi lý do trả lại.")
    kept.sent_at, kept.sent_by, kept.returned = None, "", reason.strip()
    kept.save(update_fields=["sent_at", "sent_by", "returned"])
    detail = {"asking": kept.pk, "unit": kept.unit.code, "reason": kept.returned}
    log_change("review.send_back", kept.review, by, at, detail)
    return kept


@transaction.atomic
def take_contribution(asking: Asking, *, by: User | None, at: datetime) -> Asking:
    """Put what a unit sent at the end of the section, with the unit's name before it: its figures stay bound. Raises
    Refused where the section is gone or would be too long, nothing is sent, or it was taken over already.
    """
    kept = _sent(asking)
    if kept.section is None:
        raise ReviewError("Mục này không còn trong báo cáo.")
    section = kept.review.sections.select_for_update().get(pk=kept.section_id)
    name = capfirst(kept.unit.name)
    first, *others = bound_text.parse_paragraphs(kept.body)
    added = [(bound_text.TextRun(f"{name}: "), *first), *others]
    before, body = (
        section.body,
        bound_text.write_paragraphs([*bound_text.parse_paragraphs(section.body), *added]),
    )
    if len(bound_text.plain_text(body)) > LONGEST_SECTION:
        raise ReviewError(
            f"Mục {section.heading} sẽ dài quá {format_count(LONGEST_SECTION)} ký tự. "
            "Rút gọn lời văn của mục, hoặc trả lại "
            "để đơn vị viết ngắn hơn."
        )
    section.body = body
    section.save(update_fields=["body"])
    kept.taken_by, kept.taken_at = str(by) if by else "", at
    kept.save(update_fields=["taken_by", "taken_at"])
    detail = {"asking": kept.pk, "unit": kept.unit.code, "section": section.pk}
    log_change("review.take", kept.review, by, at, detail | {"before": before, "after": section.body})
    return kept


def _sent(asking: Asking) -> Asking:
    kept = _open_text(asking)
    if kept.taken_at:
        raise ReviewError(f"Nội dung của {kept.unit.name} đã được lấy vào mục.")
    if not kept.sent_at:
        raise ReviewError(f"{kept.unit.name} chưa gửi nội dung.")
    return kept
