"""What else a review comes as: DOCX beside its PDF."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from reports.models import Review
from reports.outlets import printed
from reports.queries import document
from units.access import Right, requires

from .reviews import review_for

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def document_of(found: Review) -> dict[str, Any]:
    """The document that all outlets of a review draw from: the frozen one, else that of now."""
    return found.frozen if found.is_frozen else document.build(found, demo=settings.DEMO)


def download(found: Review, content: bytes, kind: str, suffix: str, name: str = "cchc") -> HttpResponse:
    """A file to save, named after what it is: bao-cao-cchc-2022-H1-1.docx."""
    begun = "bao-cao" if found.is_frozen else "du-thao"
    response = HttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = (
        f'attachment; filename="{begun}-{name}-{found.period}-{found.pk}.{suffix}"'
    )
    return response


@requires(Right.READ)
@require_safe
def review_docx(request: HttpRequest, pk: int) -> HttpResponse:
    """The review to be finished in Word; of a frozen one what was frozen."""
    # Here and not above: who never asks for a DOCX needs no memory for its library.
    from reports.outlets import word

    found = review_for(request, pk)
    moment = found.frozen_at or found.created_at
    content = word.docx_bytes(printed.view(document_of(found)), moment=moment, draft=not found.is_frozen)
    return download(found, content, DOCX, "docx")
