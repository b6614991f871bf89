"""The difference as a page and as CSV."""

from collections.abc import Iterator

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from core.web.rights import Right, requires
from figures.formatting import format_day
from reports.document import issued_reviews
from reports.models import Review, ReviewState
from reports.review_access.queries import review_for, visible_reviews
from spreadsheets.table_file import csv_lines, escape_formula

from .queries import ReviewDifference, difference_between
from .text_diff import TextPiece

TITLES = ("Loại", "Nơi", "Nội dung", "Bản trước", "Bản sau", "Chênh lệch", "Ai", "Khi nào", "Lý do")


def difference_csv_bytes(told: ReviewDifference, old: str, new: str) -> bytes:
    """UTF-8 with a byte order mark; the first line says which two reviews."""
    head = [*TITLES[:3], f"{TITLES[3]}: {old}", f"{TITLES[4]}: {new}", *TITLES[5:]]
    lines = [[escape_formula(text) for text in line] for line in _lines(told)]
    return "".join(csv_lines([head, *lines])).encode()


def _lines(told: ReviewDifference) -> Iterator[list[str]]:
    for group in told.groups:
        for one in group.figures:
            yield ["Số liệu", group.name, one.name, one.old, one.new, one.by, "", "", ""]
    for part in told.parts:
        for pieces in part.paragraphs:
            yield ["Lời văn", part.heading, "", _side(pieces, "gone"), _side(pieces, "new"), "", "", "", ""]
    for one in told.reasons:
        at = localtime(one.at)
        when = f"{at:%H:%M} {format_day(at.date())}"
        what = "; ".join((one.act, *one.cells))
        yield ["Nhật ký", f"{one.unit}, {one.month}", what, "", "", "", one.who, when, one.why]


def _side(pieces: list[TextPiece], kind: str) -> str:
    return (
        " ".join(one.text for one in pieces if one.kind in ("same", kind))
        if any(one.kind == kind for one in pieces)
        else ""
    )


CLOSED = (ReviewState.FROZEN, ReviewState.ISSUED)
MOST_OFFERED = 200


class OtherForm(forms.Form):
    """Which other review this one is compared with."""

    other = forms.ChoiceField(label="So với")

    def __init__(self, others: list[Review], chosen: Review | None) -> None:
        super().__init__(initial={"other": str(chosen.pk) if chosen else ""}, prefix=None)
        self.fields["other"].choices = [(str(one.pk), issued_reviews.review_title(one)) for one in others]
        self.fields["other"].widget.attrs["name"] = "with"

    def add_prefix(self, field_name: str) -> str:
        return "with"


@requires(Right.READ)
@require_safe
def review_difference(request: HttpRequest, pk: int) -> HttpResponse:
    """`?with=` names the other one; without it the one that this review replaces, else the first that is offered."""
    found = review_for(request, pk)
    others = _others(request, found)
    other = _asked(request, others, found)
    context = {"found": found, "form": OtherForm(others, other) if others else None, "other": other}
    if other is not None:
        old, new = _in_order(found, other)
        context |= {"old": old, "new": new, "told": difference_between(old, new)}
        context |= {
            "old_name": issued_reviews.review_title(old),
            "new_name": issued_reviews.review_title(new),
        }
    return render(request, "reports/difference/difference.html", context)


@requires(Right.READ)
@require_safe
def review_difference_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that the page tells, a line each."""
    found = review_for(request, pk)
    other = _asked(request, _others(request, found), found)
    if other is None:
        context = {"found": found, "form": None, "other": None}
        return render(request, "reports/difference/difference.html", context, status=409)
    old, new = _in_order(found, other)
    content = difference_csv_bytes(
        difference_between(old, new), issued_reviews.review_title(old), issued_reviews.review_title(new)
    )
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="so-sanh-bao-cao-{old.pk}-{new.pk}.csv"'
    return response


def _others(request: HttpRequest, found: Review) -> list[Review]:
    """The other frozen reviews that the reader may see, those of the same unit first, the newest first."""
    if not found.is_frozen:
        return []
    seen = visible_reviews(request.user, request.day).filter(state__in=CLOSED).exclude(pk=found.pk)
    return sorted(seen.order_by("-frozen_at")[:MOST_OFFERED], key=lambda one: one.unit_id != found.unit_id)


def _asked(request: HttpRequest, others: list[Review], found: Review) -> Review | None:
    """The review that is asked for among those that the reader may see; any other is unknown (404)."""
    asked = request.GET.get("with", "")
    if not asked:
        number = found.replaces_id or (others[0].pk if others else 0)
    elif asked.isascii() and asked.isdigit() and len(asked) < 19:
        number = int(asked)
    else:
        raise Http404
    chosen = next((one for one in others if one.pk == number), None)
    if asked and chosen is None:
        raise Http404
    # The list leaves the documents out: they are long.
    return Review.objects.select_related("unit").get(pk=chosen.pk) if chosen else None


def _in_order(one: Review, other: Review) -> tuple[Review, Review]:
    """The older one first: by period, then by the day on which figures were closed."""
    old, new = sorted((one, other), key=lambda review: (review.period, review.frozen_at, review.pk))
    return old, new
