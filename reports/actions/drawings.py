"""Long PDFs: asked for, taken by one worker, told of, ended. Nothing of a review changes by these, so nothing is
logged; what closes figures is logged by `freeze` when it is done.
"""

from datetime import datetime, timedelta

from django.db import transaction

from reports.models import Drawing, DrawingState, Review
from reports.models.drawing import OPEN
from units.models import User

from .common import Refused

MOST_WAITING = 20
# A worker that was not heard of for so long is gone: it tells of itself every second.
SILENCE = timedelta(seconds=30)


class Full(Refused):
    """So many wait that another one is turned away."""

    def __init__(self) -> None:
        super().__init__("Đang có nhiều báo cáo dài chờ vẽ PDF. Hãy thử lại sau vài phút.")


@transaction.atomic
def ask(
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
    under_way = review.drawings.filter(state__in=OPEN).first()
    if under_way:
        if closing and not under_way.freezes:
            raise Refused("Bản dự thảo đang được vẽ PDF. Hãy đợi xong, hoặc hủy, rồi chốt số liệu.")
        return under_way
    if Drawing.objects.filter(state=DrawingState.WAITING).count() >= MOST_WAITING:
        raise Full
    version, reason, qr = closing or ("", "", False)
    return Drawing.objects.create(
        review=review,
        asked_by=by,
        asked_at=at,
        expected=expected,
        freezes=closing is not None,
        version=version,
        reason=reason,
        qr=qr,
    )


def cancel(drawing: Drawing) -> bool:
    """Give it up; whether it was still under way. Whoever draws it notices within a second."""
    return bool(_still(drawing, *OPEN).update(state=DrawingState.CANCELLED))


def take(moment: datetime) -> Drawing | None:
    """The next one, for the worker that asks and for no other. What a worker left when it ended waits again."""
    lost = Drawing.objects.filter(state=DrawingState.DRAWING, told_at__lt=moment - SILENCE)
    lost.update(state=DrawingState.WAITING, pages=0)
    waiting = Drawing.objects.filter(state=DrawingState.WAITING)
    for drawing in list(waiting.select_related("review__unit__parent", "asked_by")):
        if _still(drawing, DrawingState.WAITING).update(state=DrawingState.DRAWING, told_at=moment):
            return drawing
    return None


def under_way() -> bool:
    """Whether any waits or is being drawn, here or elsewhere."""
    return Drawing.objects.filter(state__in=OPEN).exists()


def before(drawing: Drawing) -> int:
    """How many come before one that waits."""
    return Drawing.objects.filter(state__in=OPEN, pk__lt=drawing.pk).count()


def tell(drawing: Drawing, pages: int, moment: datetime) -> bool:
    """So many pages are laid out; False when it was given up meanwhile."""
    return bool(_still(drawing, DrawingState.DRAWING).update(pages=pages, told_at=moment))


def end(drawing: Drawing, words: str = "") -> None:
    """It is done, or could not be drawn, and `words` say why."""
    state = DrawingState.FAILED if words else DrawingState.DONE
    _still(drawing, DrawingState.DRAWING).update(state=state, words=words, pages=drawing.pages)


def _still(drawing: Drawing, *states: str):
    return Drawing.objects.filter(pk=drawing.pk, state__in=states)
