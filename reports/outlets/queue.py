"""Long PDFs as a kind of work (ledger.jobs): a draft is drawn and kept, or figures are closed with their PDF."""

from django.conf import settings
from django.utils.timezone import localdate

from ledger import jobs
from reports import actions
from reports.models import Drawing
from reports.queries import document
from units import access
from units.access import Right
from units.models import User

from . import copies, pdf

_LOST = "Chưa chốt: người yêu cầu chốt đã bị khóa tài khoản hoặc không còn quyền chốt số liệu."


def draw(drawing: Drawing, following: jobs.Following) -> None:
    """Draw one that was taken. Errors: NotDrawn, Refused; Cancelled where it was given up."""
    if drawing.freezes:
        _freeze(drawing, following)
    else:
        copies.draft(drawing.review, demo=settings.DEMO, following=following)


DRAWINGS = jobs.Kind(
    Drawing,
    draw,
    fault="Không vẽ được PDF do lỗi của hệ thống. Hãy báo người quản trị.",
    refusals=(pdf.NotDrawn, actions.Refused),
    related=("review__unit__parent", "asked_by"),
)


def _freeze(drawing: Drawing, following: jobs.Following) -> None:
    review = drawing.review
    doc = document.build(review, demo=settings.DEMO)
    if review.is_frozen or document.seen_version(doc) != drawing.version:
        raise actions.Stale(actions.CHANGED)
    by = drawing.asked_by
    if by is not None and not _may_close(by, drawing):
        raise actions.Refused(_LOST)
    made = copies.closed(doc, at=drawing.asked_at, qr=drawing.qr, following=following)
    told = {"by": by, "at": drawing.asked_at, "reason": drawing.reason}
    actions.freeze(review, made.document, made.content, made.form, **told)


def _may_close(by: User, drawing: Drawing) -> bool:
    """Whether who asked may still do so: an account is locked also while something of it waits."""
    return by.is_active and access.allowed(by, Right.CLOSE, drawing.review.unit, localdate(drawing.asked_at))
