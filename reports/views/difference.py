"""The difference between two frozen reviews as a page and as CSV."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reports.models import Review, ReviewState
from reports.outlets import difference_csv
from reports.queries import difference, issued, reviews
from units.access import Right, requires

from .reviews import review_for

CLOSED = (ReviewState.FROZEN, ReviewState.ISSUED)
MOST_OFFERED = 200


class OtherForm(forms.Form):
    """Which other review this one is compared with."""

    other = forms.ChoiceField(label="So với")

    def __init__(self, others: list[Review], chosen: Review | None) -> None:
        super().__init__(initial={"other": str(chosen.pk) if chosen else ""}, prefix=None)
        self.fields["other"].choices = [(str(one.pk), issued.named(one)) for one in others]
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
        context |= {"old": old, "new": new, "told": difference.between(old, new)}
        context |= {"old_name": issued.named(old), "new_name": issued.named(new)}
    return render(request, "reports/review/difference.html", context)


@requires(Right.READ)
@require_safe
def review_difference_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that the page tells, a line each."""
    found = review_for(request, pk)
    other = _asked(request, _others(request, found), found)
    if other is None:
        context = {"found": found, "form": None, "other": None}
        return render(request, "reports/review/difference.html", context, status=409)
    old, new = _in_order(found, other)
    content = difference_csv.csv_bytes(difference.between(old, new), issued.named(old), issued.named(new))
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="so-sanh-bao-cao-{old.pk}-{new.pk}.csv"'
    return response


def _others(request: HttpRequest, found: Review) -> list[Review]:
    """The other frozen reviews that the reader may see, those of the same unit first, the newest first."""
    if not found.is_frozen:
        return []
    seen = reviews.visible(request.user, request.day).filter(state__in=CLOSED).exclude(pk=found.pk)
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
