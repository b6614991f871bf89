"""The projection of a review for the conference hall."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reports.outlets import slides
from reports.queries import meeting
from units.access import Right, requires

from .review_files import document_of
from .reviews import review_for


@requires(Right.READ)
@require_safe
def review_hall(request: HttpRequest, pk: int) -> HttpResponse:
    """One figure at a time; of a frozen review what was frozen. All slides are in the page: once opened it needs no
    network.
    """
    found = review_for(request, pk)
    doc, told = document_of(found), meeting.of(found)
    marks = ([] if found.is_frozen else ["Dự thảo"]) + (["Số liệu minh họa"] if doc["demo"] else [])
    context = {
        "found": found,
        "doc": doc,
        "meeting": told,
        "marks": marks,
        "period_label": slides.period_label(doc),
        "whole": slides.whole(doc),
        "slides": slides.slides(doc),
    }
    return render(request, "reports/review/hall.html", context)
