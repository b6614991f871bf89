"""Keeping the signed file of a frozen review, as it was uploaded."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from ledger import log
from reports.models import Review, SignedFile
from units.models import User

from .common import Refused, note

SIGNED_FOLDER = "signed"


def keep_signed(
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
        raise Refused("Chỉ tải lên bản đã ký sau khi đã chốt số liệu, trình ký.")
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
    note("review.signed", review, by, at, told | ({"reason": reason} if reason else {}))
    return kept
