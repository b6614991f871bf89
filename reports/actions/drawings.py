"""Long PDFs asked for; the rest of their way is ledger.jobs. Nothing of a review changes by these, so nothing is
logged; what closes figures is logged by `freeze` when it is done.
"""

from datetime import datetime

from django.db import transaction

from ledger import jobs
from reports.models import Drawing, Review
from units.models import User

from .common import Refused

MOST_WAITING = 20


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
    under_way = review.drawings.filter(state__in=Drawing.OPEN).first()
    if under_way:
        if closing and not under_way.freezes:
            raise Refused("Bản dự thảo đang được vẽ PDF. Hãy đợi xong, hoặc hủy, rồi chốt số liệu.")
        return under_way
    if jobs.waiting(Drawing) >= MOST_WAITING:
        raise Full
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
