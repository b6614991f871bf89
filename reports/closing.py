"""Closes the figures of a review: checks, freezing, long PDFs as jobs (ledger.jobs), number, signed file,
log anchors.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils.timezone import localdate

from accounts.models import User
from core.web import Right
from figures.formatting import format_count, format_day
from figures.periods import Period
from figures.summary import Summary, canonical_json
from ledger import jobs, log
from ledger.log import Anchor
from records.approval.queries import unexplained_rows
from reports.consultation.queries import open_points
from reports.review_text.text_figures import FigureToCheck, TextFigures, text_figures
from units.access.queries import is_allowed

from . import document, review_access
from .dashboard import cache as dashboard_cache
from .document import build_document, document_version
from .models import Drawing, FrozenForm, Review, ReviewState, SignedFile
from .pdf import drawing
from .printing import copies
from .review_access import ReviewError, StaleReview, lock_open_review, log_change

KEPT_SECONDS = 600


def odd_months(review: Review) -> list[str]:
    """Each odd row without a reason, in a few words, in the order of units and months. It costs as much as the months
    of all units, so it is kept until the log tells of a change below the unit.
    """
    version = None if connection.in_atomic_block else dashboard_cache.page_version(review.unit_id, "approved")
    whole = repr((str(connection.settings_dict["NAME"]), version, review.unit_id, review.period))
    key = f"odd:{sha256(whole.encode()).hexdigest()}"
    told = cache.get(key) if version else None
    if told is None:
        found = unexplained_rows(review.unit, Period.parse(review.period))
        told = [f"{one.unit}, {one.month.label}, {one.field}: {one.short}" for one in found]
        if version:
            cache.set(key, told, KEPT_SECONDS)
    return told


MOST_TOLD = 5


@dataclass(frozen=True)
class SigningCheck:
    """Something to see to, and where: "edit" (what stands around the sections), "units" (the annex by unit), "2" (a
    section by its order), "" where no one place answers.
    """

    text: str
    aim: str = ""


def before_signing(review: Review, doc: dict[str, Any], on: date) -> list[str]:
    """What a leader should know before closing the figures on a day; each can be passed with a reason."""
    lacking = [point.text for point in incomplete_points(review, doc, on)]
    return lacking + open_points(review) + _figures(text_figures(doc))


def incomplete_points(review: Review, doc: dict[str, Any], on: date) -> list[SigningCheck]:
    """What a document lacks on a day, its figures in the text apart (bound.states)."""
    total = Summary.from_dict(doc["figures"]).total
    told = []
    end = date.fromisoformat(doc["review"]["to"])
    if on <= end:
        early = (
            f"Kỳ báo cáo chưa kết thúc (đến hết ngày {format_day(end)}): số liệu chưa so được với cùng kỳ."
        )
        told.append(SigningCheck(early))
    if not total.completeness.complete:
        units = ", ".join(ones[0].name or key for key, ones in total.completeness.by_unit().items())
        told.append(SigningCheck(f"Còn thiếu báo cáo ({total.completeness.text()}): {units}.", "units"))
    odd = odd_months(review)
    if odd:
        told.append(
            SigningCheck(
                f"Cảnh báo số liệu chưa giải trình ({format_count(len(odd))}): {_some(odd)}.", "units"
            )
        )
    if any(share.partial for share in total.shares.values()):
        blank = "Có báo cáo để trống một hình thức tiếp nhận: tỷ lệ theo hình thức chưa đủ."
        told.append(SigningCheck(blank, "units"))
    lacking = [words for name, words in _HEADER.items() if not doc["header"].get(name)]
    if lacking:
        told.append(SigningCheck(f"Chưa ghi: {', '.join(lacking)}.", "edit"))
    if not any(line.strip() for line in doc["signer"]["lines"]):
        told.append(SigningCheck("Chưa ghi thẩm quyền ký.", "edit"))
    if not doc["recipients"]:
        told.append(SigningCheck("Chưa ghi nơi nhận.", "edit"))
    empty = _empty(doc)
    if empty:
        names = "; ".join(doc["sections"][order - 1]["heading"] for order in empty)
        told.append(SigningCheck(f"Mục chưa có nội dung: {names}.", str(empty[0])))
    if doc["tasks"] and any(not task["deadline"] or not task["responsible"] for task in doc["tasks"]):
        told.append(SigningCheck("Có nhiệm vụ chưa ghi đơn vị thực hiện hoặc thời hạn.", "edit"))
    return told


def _figures(now: TextFigures) -> list[str]:
    """What is to be seen to about the figures in the text."""
    told = []
    if now.stale:
        changes = [f"{one.text} nay là {one.new}" for sentence in now.stale for one in sentence.stale]
        told.append(f"Có {len(now.stale)} câu mang số cũ: {_some(changes)}.")
    if now.lost:
        told.append(f"Số trong lời văn không còn nguồn: {_some(one.figure.text for one in now.lost)}.")
    if now.looks_like:
        differing = [
            f"{one.figure.text} (số liệu: {one.figure.new}; {_place(one)})" for one in now.looks_like
        ]
        told.append(f"Số gõ tay khác số liệu: {_some(differing)}.")
    if now.unsourced:
        bare = [f"{one.figure.text} ({_place(one)})" for one in now.unsourced]
        told.append(f"Số chưa có nguồn: {_some(bare)}.")
    return told


def _place(one: FigureToCheck) -> str:
    return f"{one.where[:60]}…" if len(one.where) > 60 else one.where


def _some(words: Iterable[str]) -> str:
    """The first of some words, and how many more there are."""
    every = list(words)
    more = f" và {len(every) - MOST_TOLD} chỗ khác" if len(every) > MOST_TOLD else ""
    return "; ".join(every[:MOST_TOLD]) + more


_HEADER = {
    "issuer": "cơ quan ban hành",
    "place": "địa danh",
    "opening": "câu mở đầu",
    "closing": "câu kết thúc",
    "meeting_day": "ngày hội nghị",
    "chaired": "người chủ trì",
    "attended": "thành phần dự",
}


def _empty(doc: dict[str, Any]) -> list[int]:
    """The orders of the sections without text, figures or a section of their own below."""
    blocks = {
        "indicators": doc["indicators"],
        "outcomes": doc.get("last_tasks"),
        "tasks": doc["tasks"],
    }
    found, sections = [], doc["sections"]
    for place, one in enumerate(sections, 1):
        has_below = place < len(sections) and sections[place]["level"] > one["level"]
        is_drawn = one["block"] and blocks.get(one["block"], True)
        if not one["paragraphs"] and not is_drawn and not has_below:
            found.append(place)
    return found


def log_anchors() -> list[Anchor]:
    """(sequence, hash, where) of every frozen review; one whose data cannot be read counts as a wrong anchor."""
    found = []
    for number, frozen in Review.objects.filter(frozen_at__isnull=False).values_list("pk", "frozen"):
        kept = frozen.get("log", {}) if isinstance(frozen, dict) else {}
        found.append(
            Anchor(int(kept.get("sequence", 0)), str(kept.get("hash", "")), f"báo cáo số {number} đã chốt")
        )
    return found


FOLDER = "reviews"
CHANGED = "Chưa chốt: lời văn hoặc số liệu vừa thay đổi. Trang này đã là bản mới nhất; hãy xem lại rồi chốt."


def freeze(
    review: Review,
    document: dict[str, Any],
    pdf: bytes,
    form: dict[str, Any],
    *,
    by: User | None,
    at: datetime,
    reason: str = "",
) -> Review:
    """Close the figures: keep the document, the form that drew it, the PDF, and their SHA-256, for good. Raises Refused
    when it is frozen already. `document` is that of reports.document with what freezing adds (ADDED there). It
    is made and drawn before, which takes seconds, and made once more under the lock: Stale when text or figures differ
    by then.
    """
    name = default_storage.save(f"{FOLDER}/{secrets.token_hex(16)}.pdf", ContentFile(pdf))
    try:
        return _freeze(review, document, pdf, form, name, by=by, at=at, reason=reason)
    except BaseException:
        default_storage.delete(name)
        raise


@transaction.atomic
def _freeze(
    review: Review,
    document: dict[str, Any],
    pdf: bytes,
    form: dict[str, Any],
    name: str,
    *,
    by: User | None,
    at: datetime,
    reason: str,
) -> Review:
    review = lock_open_review(review)
    if document_version(build_document(review, demo=bool(document.get("demo")))) != document_version(
        document
    ):
        raise StaleReview(CHANGED)
    review.state = ReviewState.FROZEN
    review.frozen = json.loads(canonical_json(document))
    review.frozen_sha256 = hashlib.sha256(canonical_json(document)).hexdigest()
    review.frozen_at = at
    review.frozen_by = str(by) if by else log.SYSTEM
    review.frozen_reason = reason
    review.pdf_name = name
    review.pdf_sha256 = hashlib.sha256(pdf).hexdigest()
    review.save()
    kept = FrozenForm.objects.create(
        review=review,
        code=document["verify"]["code"],
        drawn=canonical_json(form).decode("utf-8"),
        sha256=hashlib.sha256(canonical_json(form)).hexdigest(),
    )
    detail = {
        "data_sha256": review.frozen_sha256,
        "pdf_sha256": review.pdf_sha256,
        "template": document["template"],
        "template_sha256": kept.sha256,
        "code": kept.code,
        "reason": reason,
    }
    log_change("review.freeze", review, by, at, detail)
    return review


@transaction.atomic
def record_issue(
    review: Review, number: str, issued_on: date, *, by: User | None, at: datetime, reason: str = ""
) -> Review:
    """Record number and day under which the frozen review was issued. Once recorded they are final: a correction
    needs a reason and is logged with what stood there before. Raises Refused for what is not frozen, for a day before
    the one on which the figures were closed, and for a correction without a reason.
    """
    review = Review.objects.select_for_update().get(pk=review.pk)
    if not review.is_frozen or review.frozen_at is None:
        raise ReviewError("Chỉ ghi số, ngày ban hành sau khi đã chốt số liệu, trình ký.")
    closed = localdate(review.frozen_at)
    if issued_on < closed:
        raise ReviewError(f"Ngày ban hành không thể trước ngày chốt số liệu ({format_day(closed)}).")
    told = {"number": number, "issued_on": issued_on.isoformat()}
    corrected = review.state == ReviewState.ISSUED
    if corrected:
        before = {"number": review.number, "issued_on": review.issued_on.isoformat()}
        if told == before:
            return review
        if not reason.strip():
            raise ReviewError(
                f"Đã ghi số {review.number}, ngày {format_day(review.issued_on)}. Muốn sửa, hãy ghi lý do."
            )
        told |= {"old": before, "reason": reason.strip()}
    review.number, review.issued_on, review.state = number, issued_on, ReviewState.ISSUED
    review.save(update_fields=["number", "issued_on", "state"])
    log_change("review.correct" if corrected else "review.issue", review, by, at, told)
    return review


SIGNED_FOLDER = "signed"


def keep_signed_file(
    review: Review,
    content: bytes,
    kind: str,
    found: dict[str, Any],
    *,
    by: User | None,
    at: datetime,
    reason: str = "",
) -> SignedFile:
    """Keep a signed file with what comparing it found (`kind`: reports.models.SignedKind). The same file as the newest
    is kept once. Raises Refused before the review is frozen.
    """
    name = default_storage.save(f"{SIGNED_FOLDER}/{secrets.token_hex(16)}.pdf", ContentFile(content))
    kept = None
    try:
        kept = _keep(review, name, content, kind, found, by=by, at=at, reason=reason)
        return kept
    finally:
        if kept is None or kept.name != name:
            default_storage.delete(name)


@transaction.atomic
def _keep(
    review: Review,
    name: str,
    content: bytes,
    kind: str,
    found: dict[str, Any],
    *,
    by: User | None,
    at: datetime,
    reason: str,
) -> SignedFile:
    review = Review.objects.select_for_update().get(pk=review.pk)
    if not review.is_frozen:
        raise ReviewError("Chỉ tải lên bản đã ký sau khi đã chốt số liệu, trình ký.")
    digest = hashlib.sha256(content).hexdigest()
    newest = review.signed_files.first()
    if newest is not None and newest.sha256 == digest:
        return newest
    kept = SignedFile.objects.create(
        review=review,
        name=name,
        sha256=digest,
        size=len(content),
        kind=kind,
        found=found,
        reason=reason,
        uploaded_by=str(by) if by else log.SYSTEM,
        uploaded_at=at,
    )
    told = {"sha256": digest, "size": len(content), "kind": kind, "missing": found.get("missing_count", 0)}
    log_change("review.signed", review, by, at, told | ({"reason": reason} if reason else {}))
    return kept


MOST_WAITING = 20


class QueueFull(ReviewError):
    """So many wait that another one is turned away."""

    def __init__(self) -> None:
        super().__init__("Đang có nhiều báo cáo dài chờ vẽ PDF. Hãy thử lại sau vài phút.")


@transaction.atomic
def queue_drawing(
    review: Review,
    *,
    by: User | None,
    at: datetime,
    expected: int,
    closing: tuple[str, str, bool] | None = None,
) -> Drawing:
    """Ask for a long PDF; the one that is on its way when there is one. `closing` (version seen, reason, QR code)
    closes the figures with it. expected: pages. Raises Full, and Refused where a draft stands in the way of closing.
    """
    review = Review.objects.select_for_update().get(pk=review.pk)
    under_way = review.drawings.filter(state__in=Drawing.OPEN).first()
    if under_way:
        if closing and not under_way.freezes:
            raise ReviewError("Bản dự thảo đang được vẽ PDF. Hãy đợi xong, hoặc hủy, rồi chốt số liệu.")
        return under_way
    if jobs.count_waiting(Drawing) >= MOST_WAITING:
        raise QueueFull
    version, reason, qr = closing or ("", "", False)
    return Drawing.objects.create(
        review=review,
        asked_by=by,
        asked_at=at,
        total=expected,
        freezes=closing is not None,
        version=version,
        reason=reason,
        qr=qr,
    )


_LOST = "Chưa chốt: người yêu cầu chốt đã bị khóa tài khoản hoặc không còn quyền chốt số liệu."


def run_drawing(drawing: Drawing, following: jobs.ProgressCallback) -> None:
    """Draw one that was taken. Errors: NotDrawn, Refused; Cancelled where it was given up."""
    if drawing.freezes:
        _freeze_asked(drawing, following)
    else:
        copies.draft_pdf(drawing.review, demo=settings.DEMO, following=following)


DRAWINGS = jobs.JobKind(
    Drawing,
    run_drawing,
    fault="Không vẽ được PDF do lỗi của hệ thống. Hãy báo người quản trị.",
    refusals=(drawing.PdfNotDrawn, review_access.ReviewError),
    related=("review__unit__parent", "asked_by"),
)


def _freeze_asked(drawing: Drawing, following: jobs.ProgressCallback) -> None:
    review = drawing.review
    doc = document.build_document(review, demo=settings.DEMO)
    if review.is_frozen or document.document_version(doc) != drawing.version:
        raise review_access.StaleReview(CHANGED)
    by = drawing.asked_by
    if by is not None and not _may_close(by, drawing):
        raise review_access.ReviewError(_LOST)
    made = copies.draw_frozen_copy(doc, at=drawing.asked_at, qr=drawing.qr, following=following)
    told = {"by": by, "at": drawing.asked_at, "reason": drawing.reason}
    freeze(review, made.document, made.content, made.form, **told)


def _may_close(by: User, drawing: Drawing) -> bool:
    """Whether who asked may still do so: an account is locked also while something of it waits."""
    return by.is_active and is_allowed(by, Right.CLOSE, drawing.review.unit, localdate(drawing.asked_at))
