"""Freezes a review, records its number and day of issue, and keeps its signed file."""

import hashlib
import json
import secrets
from datetime import date, datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.timezone import localdate

from accounts.models import User
from figures.formatting import format_day
from figures.summary import canonical_json
from ledger import log
from reports.document.document import build_document, document_version
from reports.models import FrozenForm, Review, ReviewState, SignedFile
from reports.review_access.actions import ReviewError, StaleReview, lock_open_review, log_change

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
    when it is frozen already. `document` is that of reports.document.document with what freezing adds (ADDED there). It
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
