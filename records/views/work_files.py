"""The tables of the work list as files: how units stand, what waits, who still owes; for all units, page by page.

And what the list and the acts on it share: which units are there, and to which province it is narrowed.
"""

from collections.abc import Callable, Iterator
from datetime import date
from urllib.parse import urlencode

from django.db.models import Case, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from cchc_dashboard import clock
from figures.periods import Calendar, Month
from records.models import Edition, State
from records.outlets.lists import matrix_file, owed_file, waiting_file
from records.queries import board
from records.queries.calendar import DueDates
from records.queries.waiting import Waiting, waiting, with_own_mark
from units import access
from units.models import Kind, Role, Unit
from units.tablefile import TableFile
from units.whereabouts import PARAMETER, Whereabouts, whereabouts

_AT_ONCE = 50


def units_there(units: QuerySet[Unit], days: Calendar, months: list[Month]) -> QuerySet[Unit]:
    """Units that were there in any of the months; bodies outside the committee last."""
    start, end = days.span(months[0]).start, days.span(months[-1]).end
    last = Case(When(kind=Kind.EXTERNAL, then=1), default=0)
    return units.active_within(start, end).order_by(last, "tier", "code", "pk")


def where_units_lie(request: HttpRequest, months: list[Month], days: Calendar) -> Whereabouts:
    """By the provinces that the reader saw in these months; `?tinh=` narrows to one. One query."""
    since = days.span(months[0]).start
    return whereabouts(request.user, request.day, since, request.GET.get(PARAMETER))


def back_to_list(request: HttpRequest) -> HttpResponse:
    """To the work list as it was narrowed."""
    asked = request.GET.get(PARAMETER)
    return redirect(reverse("records:worklist") + (f"?{urlencode({PARAMETER: asked})}" if asked else ""))


def tables(
    request: HttpRequest, months: list[Month], due: DueDates, lies: Whereabouts
) -> dict[str, Callable[[], TableFile]]:
    """By name: `tinh-hinh` and `con-thieu` for readers, `cho-duyet` for reviewers too."""
    roles = {one.role for one in access.memberships(request.user, request.day)}
    at, day = clock.now(), request.day
    found: dict[str, Callable[[], TableFile]] = {}
    if roles - {Role.CLERK}:

        def seen() -> Iterator[Unit]:
            # Asked only where a file is: most visits are for the page.
            return units_there(_seen(request, Role.REVIEWER in roles, lies), due.days, months).iterator(1_000)

        def standings(units: list[Unit]) -> dict[int, list[board.Standing]]:
            return board.standings(units, months, day, due)

        found["tinh-hinh"] = lambda: matrix_file(seen(), months, standings, lies, at)
        found["con-thieu"] = lambda: owed_file(seen(), standings, lies, at)
    if Role.REVIEWER in roles:
        found["cho-duyet"] = lambda: waiting_file(_waiting(request, day, lies), lies, at)
    return found


def _seen(request: HttpRequest, decides: bool, lies: Whereabouts) -> QuerySet[Unit]:
    """The units that a reviewer decides for; of who decides for none, all that can be read."""
    decided = lies.narrow(board.units_decided_by(request.user, request.day)) if decides else None
    if decided is not None and decided.exists():
        return decided
    return lies.narrow(access.visible(request.user, request.day).reporting())


def _waiting(request: HttpRequest, day: date, lies: Whereabouts) -> Iterator[Waiting]:
    units = lies.narrow(board.units_decided_by(request.user, day))
    editions = Edition.objects.filter(submission__unit__in=units, state=State.SENT)
    sent = with_own_mark(editions, request.user).select_related("submission__unit")
    numbers = list(sent.order_by("submission__month", "sent_at", "pk").values_list("pk", flat=True))
    for start in range(0, len(numbers), _AT_ONCE):
        some = {one.pk: one for one in sent.filter(pk__in=numbers[start : start + _AT_ONCE])}
        yield from waiting([some[pk] for pk in numbers[start : start + _AT_ONCE] if pk in some])
