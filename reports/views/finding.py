"""A unit by its name, from anywhere on the dashboard: without diacritics, whatever stands in the pickers."""

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from units import access, queries
from units.access import Right
from units.models import Unit
from units.views.lists import page_of
from units.views.tree import state_of
from units.words import clean

from .asked import LONGEST, Asked, BadQuestion, lasting_key, read


@access.requires(Right.READ)
@require_safe
def find_unit(request: HttpRequest) -> HttpResponse:
    """The units whose name holds `?find=`, each with a link to the same view of it; the only one is shown at once."""
    try:
        asked = read(request)
    except BadQuestion as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    text = clean(request.GET.get("find", ""))[:LONGEST]
    found = access.visible(request.user, request.day)
    found = (found & queries.search(text)).order_by(F("active_until").desc(nulls_first=True), "folded", "pk")
    page = page_of(request, found if text else found.none())
    if page.paginator.count == 1:
        return redirect(_way(asked, page[0]))
    names = Unit.objects.in_bulk({number for unit in page for number in unit.ancestor_ids()})
    rows = [
        {
            "unit": unit,
            "href": _way(asked, unit),
            "above": ", ".join(names[number].name for number in reversed(unit.ancestor_ids())),
            "state": state_of(unit, request.day),
        }
        for unit in page
    ]
    context = {"page": page, "rows": rows, "text": text, "kept": kept(asked), "back": asked.link()}
    return render(request, "reports/find_unit.html", context)


def kept(asked: Asked) -> list[tuple[str, str]]:
    """What the search keeps of a view, for hidden fields: everything but how its table is shown."""
    return asked.pairs(by="", tier="", field="", sort="", q="", page="")


def _way(asked: Asked, unit: Unit) -> str:
    key = lasting_key(unit, asked.calendar.bounds(asked.period)[1])
    link = asked.link(unit=key, by="", tier="", field="", sort="", q="")
    return f"{reverse('dashboard')}{link}"
