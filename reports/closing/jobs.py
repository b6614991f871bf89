"""Long PDFs as jobs: a draft is drawn and kept, or figures are closed with their PDF (settings.JOBS)."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.timezone import localdate

from accounts.models import User
from core.web.rights import Right
from ledger import jobs
from reports.document import document
from reports.models import Drawing, Review
from reports.pdf import renderer_process
from reports.printing import copies
from reports.review_access import actions as review_access_actions
from reports.review_access.actions import ReviewError
from units.access.queries import is_allowed

from . import actions as closing_actions

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
        _freeze(drawing, following)
    else:
        copies.draft_pdf(drawing.review, demo=settings.DEMO, following=following)


DRAWINGS = jobs.JobKind(
    Drawing,
    run_drawing,
    fault="Không vẽ được PDF do lỗi của hệ thống. Hãy báo người quản trị.",
    refusals=(renderer_process.PdfNotDrawn, review_access_actions.ReviewError),
    related=("review__unit__parent", "asked_by"),
)


def _freeze(drawing: Drawing, following: jobs.ProgressCallback) -> None:
    review = drawing.review
    doc = document.build_document(review, demo=settings.DEMO)
    if review.is_frozen or document.document_version(doc) != drawing.version:
        raise review_access_actions.StaleReview(closing_actions.CHANGED)
    by = drawing.asked_by
    if by is not None and not _may_close(by, drawing):
        raise review_access_actions.ReviewError(_LOST)
    made = copies.draw_frozen_copy(doc, at=drawing.asked_at, qr=drawing.qr, following=following)
    told = {"by": by, "at": drawing.asked_at, "reason": drawing.reason}
    closing_actions.freeze(review, made.document, made.content, made.form, **told)


def _may_close(by: User, drawing: Drawing) -> bool:
    """Whether who asked may still do so: an account is locked also while something of it waits."""
    return by.is_active and is_allowed(by, Right.CLOSE, drawing.review.unit, localdate(drawing.asked_at))
