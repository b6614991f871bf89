"""Whom a review asks for what: the page of its editors, and taking an asking back."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cchc_dashboard import clock
from figures.periods import Period
from figures.writing import count
from records.queries.calendar import calendar
from reports.actions import Refused
from reports.actions import asking as acts
from reports.forms.asking import CHOSEN, AskForm
from reports.models import Asking
from reports.outlets.page_tables import askings_file
from reports.queries import asking
from units import access
from units.access import Right, requires
from units.tablefile import file_of

from .reviews import review_for

A_PAGE = 100


@requires(Right.EDIT)
def review_asking(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what was asked and what has come (`?muc=` chooses a section); POST asks units."""
    found = review_for(request, pk, Right.EDIT)
    sections = list(found.sections.select_related("responsible").order_by("order"))
    end = calendar().bounds(Period.parse(found.period))[1]
    units = asking.children_at(found.unit, end)
    form = AskForm(
        request.POST if request.method == "POST" else None, sections, units, _first(request, sections)
    )
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                new = acts.ask(
                    found,
                    form.asked(),
                    section=form.about(),
                    due_on=form.cleaned_data["due_on"],
                    words=form.cleaned_data["words"],
                    by=request.user,
                    at=clock.now(),
                )
            except Refused as refused:
                form.add_error(None, str(refused))
                status = 409
            else:
                _tell(request, len(new))
                return redirect("review_asking", pk)
    standings = asking.standings(found, request.day)
    table = {"": lambda: askings_file(f"Góp ý, nội dung: {found.title}", standings, clock.now())}
    if file := file_of(request, table):
        return file
    asked = {(one.asking.section_id, one.asking.unit_id) for one in standings}
    left = [
        one
        for one in sections
        if one.responsible_id not in (None, found.unit_id) and (one.pk, one.responsible_id) not in asked
    ]
    page = Paginator(standings, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "found": found,
        "form": form,
        "standings": page.object_list,
        "page": page,
        "tally": asking.tally(found, request.day),
        "left": len(left),
    }
    return render(request, "reports/review/asking.html", context, status=status)


def _first(request: HttpRequest, sections: list) -> dict[str, Any]:
    """What the form begins with: the section of the address, its office and due date."""
    chosen = next((one for one in sections if str(one.pk) == request.GET.get("muc")), None)
    if chosen is None:
        return {"whom": CHOSEN}
    units = [str(chosen.responsible_id)] if chosen.responsible_id else []
    return {"section": str(chosen.pk), "whom": CHOSEN, "units": units, "due_on": chosen.due_on}


def _tell(request: HttpRequest, number: int) -> None:
    if number:
        messages.success(request, f"Đã gửi {count(number)} yêu cầu; đơn vị thấy trong Việc của tôi.")
    else:
        messages.info(request, "Các đơn vị này đã được hỏi trước đó.")


@requires(Right.EDIT)
def ask_responsible(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: asks the responsible office of each section at once."""
    found = review_for(request, pk, Right.EDIT)
    if request.method == "POST":
        try:
            new = acts.ask_responsible(found, by=request.user, at=clock.now())
            if new:
                _tell(request, len(new))
        except Refused as refused:
            messages.error(request, str(refused))
    return redirect("review_asking", pk)


def asking_for(request: HttpRequest, pk: int) -> Asking:
    """An asking for the editors of its review; 404 for who may not read that, 403 for who only reads."""
    one = (
        Asking.objects.select_related("unit", "section", "review__unit")
        .defer("review__frozen")
        .filter(pk=pk)
        .first()
    )
    if one is None:
        raise Http404
    access.check(request.user, Right.EDIT, one.review.unit, request.day)
    return one


@requires(Right.SIGNED_IN)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: ask no more."""
    one = asking_for(request, pk)
    number: int = one.review_id
    if request.method == "POST":
        try:
            acts.withdraw(one, by=request.user, at=clock.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "Đã rút yêu cầu.")
    return redirect("review_asking", number)
