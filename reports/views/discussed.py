"""What the page of a review lists of comments and of what units were asked for."""

from typing import Any

from django.http import HttpRequest

from reports.forms.asking import CommentForm
from reports.models import Review, ReviewSection
from reports.queries import asking, comments
from units import access
from units.access import Right


def discussed(
    request: HttpRequest, found: Review, form: CommentForm | None = None, wrong: str = ""
) -> dict[str, Any]:
    """Comments by section, in whose name the reader may say something, what the reader was asked for; for editors of
    the review what has come of what was asked. `wrong`: what is wrong about a reply that was not stored.
    """
    sections: list[ReviewSection] = list(found.sections.order_by("order"))
    parts = comments.parts(found, sections)
    voices = asking.voices(request.user, found, request.day)
    edits = access.allowed(request.user, Right.EDIT, found.unit, request.day)
    return {
        "comment_parts": parts,
        "comments_open": sum(part.open for part in parts),
        "comment_wrong": wrong,
        "may_comment": bool(voices),
        "may_resolve": edits and not found.is_frozen,
        "comment_form": form or (CommentForm(None, sections, voices) if voices else None),
        "own_askings": asking.not_answered(found, voices) if voices else [],
        "asked": asking.tally(found, request.day) if edits else None,
    }
