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

CACHE_SECONDS = 600


def odd_months(review: Review) -> list[str]:
    """Each unexplained odd row as a short text, by unit and month. It reads the months of all units, so the result is
    cached until the log records a change below the unit.
    """
    version = None if connection.in_atomic_block else dashboard_cache.page_version(review.unit_id, "approved")
    whole = repr((str(connection.settings_dict["NAME"]), version, review.unit_id, review.period))
    key = f"odd:{sha256(whole.encode()).hexdigest()}"
    lines = cache.get(key) if version else None
    if lines is None:
        rows = unexplained_rows(review.unit, Period.parse(review.period))
        lines = [f"{row.unit}, {row.month.label}, {row.field}: {row.short}" for row in rows]
        if version:
            cache.set(key, lines, CACHE_SECONDS)
    return lines


MOST_LISTED = 5


@dataclass(frozen=True)
class SigningCheck:
    """A missing part of a document. `aim` is where to mend it: "edit" (the text around the sections), "units" (the
    annex by unit), "2" (a section by its order), "" (no single place).
    """

    text: str
    aim: str = ""


def before_signing(review: Review, doc: dict[str, Any], on: date) -> list[str]:
    """Warnings for the leader who closes the figures on a day; a reason overrides them."""
    incomplete = [point.text for point in incomplete_points(review, doc, on)]
    return incomplete + open_points(review) + _figures(text_figures(doc))


def incomplete_points(review: Review, doc: dict[str, Any], on: date) -> list[SigningCheck]:
    """What a document lacks on a day, apart from the figures in its text (text_figures)."""
    total = Summary.from_dict(doc["figures"]).total
    checks = []
    end = date.fromisoformat(doc["review"]["to"])
    if on <= end:
        early = (
            f"Kỳ báo cáo chưa kết thúc (đến hết ngày {format_day(end)}): số liệu chưa so được với cùng kỳ."
        )
        checks.append(SigningCheck(early))
    if not total.completeness.complete:
        units = ", ".join(reports[0].name or key for key, reports in total.completeness.by_unit().items())
        checks.append(SigningCheck(f"Còn thiếu báo cáo ({total.completeness.text()}): {units}.", "units"))
    odd = odd_months(review)
    if odd:
        checks.append(
            SigningCheck(
                f"Cảnh báo số liệu chưa giải trình ({format_count(len(odd))}): {_some(odd)}.", "units"
            )
        )
    if any(share.partial for share in total.shares.values()):
        blank = "Có báo cáo để trống một hình thức tiếp nhận: tỷ lệ theo hình thức chưa đủ."
        checks.append(SigningCheck(blank, "units"))
    missing = [words for name, words in _HEADER.items() if not doc["header"].get(name)]
    if missing:
        checks.append(SigningCheck(f"Chưa ghi: {', '.join(missing)}.", "edit"))
    if not any(line.strip() for line in doc["signer"]["lines"]):
        checks.append(SigningCheck("Chưa ghi thẩm quyền ký.", "edit"))
    if not doc["recipients"]:
        checks.append(SigningCheck("Chưa ghi nơi nhận.", "edit"))
    empty = _empty(doc)
    if empty:
        names = "; ".join(doc["sections"][order - 1]["heading"] for order in empty)
        checks.append(SigningCheck(f"Mục chưa có nội dung: {names}.", str(empty[0])))
    if doc["tasks"] and any(not task["deadline"] or not task["responsible"] for task in doc["tasks"]):
        checks.append(SigningCheck("Có nhiệm vụ chưa ghi đơn vị thực hiện hoặc thời hạn.", "edit"))
    return checks


def _figures(figures: TextFigures) -> list[str]:
    """Warnings about the figures in the text."""
    sentences = []
    if figures.stale:
        changes = [
            f"{figure.text} nay là {figure.new}" for sentence in figures.stale for figure in sentence.stale
        ]
        sentences.append(f"Có {len(figures.stale)} câu mang số cũ: {_some(changes)}.")
    if figures.lost:
        sentences.append(
            f"Số trong lời văn không còn nguồn: {_some(check.figure.text for check in figures.lost)}."
        )
    if figures.looks_like:
        differing = [
            f"{check.figure.text} (số liệu: {check.figure.new}; {_place(check)})"
            for check in figures.looks_like
        ]
        sentences.append(f"Số gõ tay khác số liệu: {_some(differing)}.")
    if figures.unsourced:
        bare = [f"{check.figure.text} ({_place(check)})" for check in figures.unsourced]
        sentences.append(f"Số chưa có nguồn: {_some(bare)}.")
    return sentences


def _place(check: FigureToCheck) -> str:
    return f"{check.where[:60]}…" if len(check.where) > 60 else check.where


def _some(words: Iterable[str]) -> str:
    """The first texts, and how many more there are."""
    texts = list(words)
    more = f" và {len(texts) - MOST_LISTED} chỗ khác" if len(texts) > MOST_LISTED else ""
    return "; ".join(texts[:MOST_LISTED]) + more


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
    """The orders of the sections without text, block or subsection."""
    blocks = {
        "indicators": doc["indicators"],
        "outcomes": doc.get("last_tasks"),
        "tasks": doc["tasks"],
    }
    empty, sections = [], doc["sections"]
    for place, section in enumerate(sections, 1):
        has_below = place < len(sections) and sections[place]["level"] > section["level"]
        is_drawn = section["block"] and blocks.get(section["block"], True)
        if not section["paragraphs"] and not is_drawn and not has_below:
            empty.append(place)
    return empty


def log_anchors() -> list[Anchor]:
    """An anchor for every frozen review; unreadable data gives a wrong one."""
    anchors = []
    for review_id, frozen in Review.objects.filter(frozen_at__isnull=False).values_list("pk", "frozen"):
        head = frozen.get("log", {}) if isinstance(frozen, dict) else {}
        anchors.append(
            Anchor(int(head.get("sequence", 0)), str(head.get("hash", "")), f"báo cáo số {review_id} đã chốt")
        )
    return anchors


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
    """Close the figures: store the document, its print form, the PDF and their SHA-256. `document` includes what
    freezing adds (reports.document.ADDED). Rendering takes seconds, so it comes first, and the document is built again
    under the lock. Raises StaleReview when text or figures differ by then, ReviewError when the review is frozen.
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
    stored_form = FrozenForm.objects.create(
        review=review,
        code=document["verify"]["code"],
        drawn=canonical_json(form).decode("utf-8"),
        sha256=hashlib.sha256(canonical_json(form)).hexdigest(),
    )
    detail = {
        "data_sha256": review.frozen_sha256,
        "pdf_sha256": review.pdf_sha256,
        "template": document["template"],
        "template_sha256": stored_form.sha256,
        "code": stored_form.code,
        "reason": reason,
    }
    log_change("review.freeze", review, by, at, detail)
    return review


@transaction.atomic
def record_issue(
    review: Review, number: str, issued_on: date, *, by: User | None, at: datetime, reason: str = ""
) -> Review:
    """Record number and day under which a frozen review was issued. A later correction needs a reason and is logged
    with the old values. Raises ReviewError for a review that is not frozen, a day before closing, and a correction
    without a reason.
    """
    review = Review.objects.select_for_update().get(pk=review.pk)
    if not review.is_frozen or review.frozen_at is None:
        raise ReviewError("Chỉ ghi số, ngày ban hành sau khi đã chốt số liệu, trình ký.")
    closed = localdate(review.frozen_at)
    if issued_on < closed:
        raise ReviewError(f"Ngày ban hành không thể trước ngày chốt số liệu ({format_day(closed)}).")
    detail = {"number": number, "issued_on": issued_on.isoformat()}
    corrected = review.state == ReviewState.ISSUED
    if corrected:
        before = {"number": review.number, "issued_on": review.issued_on.isoformat()}
        if detail == before:
            return review
        if not reason.strip():
            raise ReviewError(
                f"Đã ghi số {review.number}, ngày {format_day(review.issued_on)}. Muốn sửa, hãy ghi lý do."
            )
        detail |= {"old": before, "reason": reason.strip()}
    review.number, review.issued_on, review.state = number, issued_on, ReviewState.ISSUED
    review.save(update_fields=["number", "issued_on", "state"])
    log_change("review.correct" if corrected else "review.issue", review, by, at, detail)
    return review


SIGNED_FOLDER = "signed"


def keep_signed_file(
    review: Review,
    content: bytes,
    kind: str,
    comparison: dict[str, Any],
    *,
    by: User | None,
    at: datetime,
    reason: str = "",
) -> SignedFile:
    """Store a signed file with the result of its comparison, unless it equals the newest one. Raises ReviewError
    before the review is frozen.
    """
    name = default_storage.save(f"{SIGNED_FOLDER}/{secrets.token_hex(16)}.pdf", ContentFile(content))
    signed_file = None
    try:
        signed_file = _store_signed_file(review, name, content, kind, comparison, by=by, at=at, reason=reason)
        return signed_file
    finally:
        if signed_file is None or signed_file.name != name:
            default_storage.delete(name)


@transaction.atomic
def _store_signed_file(
    review: Review,
    name: str,
    content: bytes,
    kind: str,
    comparison: dict[str, Any],
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
    signed_file = SignedFile.objects.create(
        review=review,
        name=name,
        sha256=digest,
        size=len(content),
        kind=kind,
        found=comparison,
        reason=reason,
        uploaded_by=str(by) if by else log.SYSTEM,
        uploaded_at=at,
    )
    detail = {
        "sha256": digest,
        "size": len(content),
        "kind": kind,
        "missing": comparison.get("missing_count", 0),
    }
    log_change("review.signed", review, by, at, detail | ({"reason": reason} if reason else {}))
    return signed_file


MOST_WAITING = 20


class QueueFull(ReviewError):
    """MOST_WAITING jobs are waiting already."""

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
    """Queue a long PDF of `expected` pages, or return the pending job. `closing` (version seen, reason, QR code) also
    closes the figures. Raises QueueFull, and ReviewError when a draft is being rendered and blocks closing.
    """
    review = Review.objects.select_for_update().get(pk=review.pk)
    pending = review.drawings.filter(state__in=Drawing.OPEN).first()
    if pending:
        if closing and not pending.freezes:
            raise ReviewError("Bản dự thảo đang được vẽ PDF. Hãy đợi xong, hoặc hủy, rồi chốt số liệu.")
        return pending
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
    """Run a job. Raises PdfNotDrawn, ReviewError, or jobs.Cancelled."""
    if drawing.freezes:
        _close_figures(drawing, following)
    else:
        copies.draft_pdf(drawing.review, demo=settings.DEMO, following=following)


DRAWINGS = jobs.JobKind(
    Drawing,
    run_drawing,
    fault="Không vẽ được PDF do lỗi của hệ thống. Hãy báo người quản trị.",
    refusals=(drawing.PdfNotDrawn, review_access.ReviewError),
    related=("review__unit__parent", "asked_by"),
)


def _close_figures(drawing: Drawing, following: jobs.ProgressCallback) -> None:
    review = drawing.review
    doc = document.build_document(review, demo=settings.DEMO)
    if review.is_frozen or document.document_version(doc) != drawing.version:
        raise review_access.StaleReview(CHANGED)
    by = drawing.asked_by
    if by is not None and not _may_close(by, drawing):
        raise review_access.ReviewError(_LOST)
    at = drawing.asked_at
    copy = copies.draw_frozen_copy(doc, at=at, qr=drawing.qr, following=following)
    freeze(review, copy.document, copy.content, copy.form, by=by, at=at, reason=drawing.reason)


def _may_close(by: User, drawing: Drawing) -> bool:
    """Whether the user may still close: the account may have been locked while the job waited."""
    return by.is_active and is_allowed(by, Right.CLOSE, drawing.review.unit, localdate(drawing.asked_at))
