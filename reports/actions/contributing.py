"""Writing what a unit is asked for, sending it, taking it back; and the drafter takes it over, or sends it back."""

from datetime import datetime

from django.db import transaction
from django.utils.text import capfirst

from figures import bound
from figures.writing import count
from reports.models import Asking, AskKind
from units.models import User

from .common import Refused, Stale, note, opened
from .drafting import LONGEST_SECTION

OVERTAKEN = "Người khác vừa lưu nội dung này."


def _open_text(asking: Asking) -> Asking:
    """The asking under a lock, while its review can change and it asks for text."""
    opened(asking.review)
    rows = Asking.objects.select_for_update(of=("self",)).select_related("unit", "section", "review")
    kept = rows.filter(pk=asking.pk, kind=AskKind.TEXT).first()
    if kept is None:
        raise Refused("Yêu cầu này không còn nữa.")
    return kept


@transaction.atomic
def write(
    asking: Asking, body: str, *, by: User | None, at: datetime, revision: int, send: bool = False
) -> Asking:
    """Store the text in the tidy form of bound text, and with `send` hand it over. Raises Refused where it has been
    handed over, or is empty and to be sent; Stale where somebody else stored it since `revision`.
    """
    kept = _open_text(asking)
    if kept.sent_at:
        raise Refused("Nội dung đã gửi. Rút lại trước khi sửa.")
    if kept.revision != revision:
        raise Stale(OVERTAKEN)
    after, who = bound.write(bound.paragraphs(body)), str(by) if by else ""
    if send and not after:
        raise Refused("Chưa có nội dung để gửi.")
    if after != kept.body:
        detail = {"asking": kept.pk, "unit": kept.unit.code, "section": kept.heading}
        note("review.write", kept.review, by, at, detail | {"old": kept.body, "new": after})
        kept.body, kept.saved_by, kept.saved_at, kept.revision = after, who, at, kept.revision + 1
    if send:
        kept.sent_by, kept.sent_at, kept.returned = who, at, ""
        detail = {"asking": kept.pk, "unit": kept.unit.code, "section": kept.heading}
        note("review.send", kept.review, by, at, detail)
    kept.save()
    return kept


@transaction.atomic
def recall(asking: Asking, *, by: User | None, at: datetime) -> Asking:
    """The unit takes back what it sent. Raises Refused where nothing is sent, or it was taken over already."""
    kept = _sent(asking)
    kept.sent_at, kept.sent_by = None, ""
    kept.save(update_fields=["sent_at", "sent_by"])
    note("review.recall", kept.review, by, at, {"asking": kept.pk, "unit": kept.unit.code})
    return kept


@transaction.atomic
def send_back(asking: Asking, reason: str, *, by: User | None, at: datetime) -> Asking:
    """The drafter wants it otherwise. Raises Refused without a reason, and as `recall` does."""
    kept = _sent(asking)
    if not reason.strip():
        raise Refused("Phải ghi lý do trả lại.")
    kept.sent_at, kept.sent_by, kept.returned = None, "", reason.strip()
    kept.save(update_fields=["sent_at", "sent_by", "returned"])
    detail = {"asking": kept.pk, "unit": kept.unit.code, "reason": kept.returned}
    note("review.send_back", kept.review, by, at, detail)
    return kept


@transaction.atomic
def take(asking: Asking, *, by: User | None, at: datetime) -> Asking:
    """Put what a unit sent at the end of the section, with the unit's name before it: its figures stay bound. Raises
    Refused where the section is gone or would be too long, nothing is sent, or it was taken over already.
    """
    kept = _sent(asking)
    if kept.section is None:
        raise Refused("Mục này không còn trong báo cáo.")
    section = kept.review.sections.select_for_update().get(pk=kept.section_id)
    name = capfirst(kept.unit.name)
    first, *others = bound.paragraphs(kept.body)
    added = [(bound.Run(f"{name}: "), *first), *others]
    before, body = section.body, bound.write([*bound.paragraphs(section.body), *added])
    if len(bound.plain(body)) > LONGEST_SECTION:
        raise Refused(
            f"Mục {section.heading} sẽ dài quá {count(LONGEST_SECTION)} ký tự. "
            "Rút gọn lời văn của mục, hoặc trả lại "
            "để đơn vị viết ngắn hơn."
        )
    section.body = body
    section.save(update_fields=["body"])
    kept.taken_by, kept.taken_at = str(by) if by else "", at
    kept.save(update_fields=["taken_by", "taken_at"])
    detail = {"asking": kept.pk, "unit": kept.unit.code, "section": section.pk}
    note("review.take", kept.review, by, at, detail | {"before": before, "after": section.body})
    return kept


def _sent(asking: Asking) -> Asking:
    kept = _open_text(asking)
    if kept.taken_at:
        raise Refused(f"Nội dung của {kept.unit.name} đã được lấy vào mục.")
    if not kept.sent_at:
        raise Refused(f"{kept.unit.name} chưa gửi nội dung.")
    return kept
