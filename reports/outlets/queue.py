"""Long PDFs, one after another in a thread of the web process, outside any request.

The table is the queue: what waits survives a restart, and of several workers each takes what no other has. A thread
lives as long as anything is under way; it is started by whoever asks or looks, and when a worker starts.
"""

import logging
import os
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from reports import actions
from reports.models import Drawing
from reports.queries import document

from . import copies, pdf

PAUSE = 1.0
FAULT = "Không vẽ được PDF do lỗi của hệ thống. Hãy báo người quản trị."
_log = logging.getLogger(__name__)
_guard = threading.Lock()
_thread: threading.Thread | None = None
_owner = 0


class Cancelled(Exception):
    """Somebody gave it up."""


def wake() -> None:
    """See to it that this process draws what waits."""
    global _thread, _owner
    with _guard:
        # After a fork the thread of the parent is not ours.
        if (_thread is None or not _thread.is_alive() or _owner != os.getpid()) and actions.under_way():
            _thread, _owner = threading.Thread(target=_work, name="long-pdf", daemon=True), os.getpid()
            _thread.start()


def wake_at_start() -> None:
    """As `wake`, when a server starts: a database that is not there yet has nothing that waits."""
    try:
        wake()
    except DatabaseError:
        _log.info("no queue of drawings yet")
    finally:
        connections.close_all()


def draw(drawing: Drawing) -> None:
    """Draw one that was taken; whatever happens it is ended, unless somebody gave it up."""
    try:
        following = _following(drawing)
        if drawing.freezes:
            _freeze(drawing, following)
        else:
            copies.draft(drawing.review, demo=settings.DEMO, following=following)
        actions.end_drawing(drawing)
    except Cancelled:
        _log.info("drawing %d was given up", drawing.pk)
    except (pdf.NotDrawn, actions.Refused) as told:
        actions.end_drawing(drawing, str(told))
    except Exception:
        _log.exception("drawing %d", drawing.pk)
        actions.end_drawing(drawing, FAULT)


def _work() -> None:
    try:
        while True:
            drawing = actions.take_drawing(timezone.now())
            if drawing:
                draw(drawing)
            elif actions.under_way():
                time.sleep(PAUSE)
            else:
                return
    except DatabaseError:
        # What waits is found again by the next one who looks.
        _log.exception("queue of drawings")
    finally:
        connections.close_all()


def _following(drawing: Drawing) -> Callable[[int], None]:
    """What is called with each page and each second: writes it down once a second, and notices a cancellation."""
    told = [0.0]

    def following(pages: int) -> None:
        drawing.pages = pages
        if time.monotonic() - told[0] >= PAUSE:
            told[0] = time.monotonic()
            if not actions.tell_drawing(drawing, pages, timezone.now()):
                raise Cancelled

    return following


def _freeze(drawing: Drawing, following: Callable[[int], None]) -> None:
    review = drawing.review
    doc = document.build(review, demo=settings.DEMO)
    if review.is_frozen or document.seen_version(doc) != drawing.version:
        raise actions.Stale(actions.CHANGED)
    made = copies.closed(doc, at=drawing.asked_at, qr=drawing.qr, following=following)
    told = {"by": drawing.asked_by, "at": drawing.asked_at, "reason": drawing.reason}
    actions.freeze(review, made.document, made.content, made.form, **told)
