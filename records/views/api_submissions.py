"""`/api/v1/submissions`: the state of months, and one month with its counts."""

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest

from cchc_dashboard import clock
from figures.periods import Month, PeriodError
from records.models import Edition, State, Submission
from records.queries import interchange
from records.queries.calendar import calendar, due_date
from records.queries.catalogue import Catalogue
from units import access, api
from units.access import Right
from units.models import Scope

from .api_month import told
from .api_saving import save

PARAMETERS = ("unit", "month", "state", "cursor", "limit")


@api.endpoint(Scope.SUBMISSIONS)
def submissions(request: HttpRequest) -> dict[str, Any]:
    """Months that were opened, in the order of their numbers: of `unit` and below, of a `month`, in a `state`."""
    api.only(request, PARAMETERS)
    cursor = api.Cursor.read(request, "submissions")
    editions = Prefetch("editions", Edition.objects.order_by("number"), to_attr="all_editions")
    found = _asked(request).filter(pk__gt=cursor.after).order_by("pk")
    found = found.select_related("unit").prefetch_related(editions)[: cursor.limit + 1]
    return cursor.page(request, [(one.pk, _state(request, one, one.all_editions)) for one in found])


def _asked(request: HttpRequest) -> QuerySet:
    given = request.GET
    units = access.visible(request.user, request.day)
    if code := given.get("unit"):
        units = units.under(api.unit_on(request, code, Right.READ, request.day))
    found = Submission.objects.filter(unit__in=units)
    if month := given.get("month"):
        found = found.filter(month=_month(month).number)
    if state := given.get("state"):
        if state not in State.values:
            told = f"Không có trạng thái “{state[:40]}”. Dùng: {', '.join(State.values)}."
            raise api.Problem(400, "bad_state", told)
        later = Edition.objects.filter(submission=OuterRef("submission"), number__gt=OuterRef("number"))
        found = found.filter(pk__in=Edition.objects.filter(~Exists(later), state=state).values("submission"))
    return found


def _state(request: HttpRequest, found: Submission, editions: list[Edition]) -> dict[str, Any]:
    newest = editions[-1] if editions else None
    return interchange.state_of(found, newest, interchange.in_force(editions), request.day)


@api.endpoint(Scope.SUBMISSIONS, methods=("GET", "PUT"))
def submission(request: HttpRequest, unit: str, month: str) -> dict[str, Any]:
    """GET: the newest edition of a unit's month, or `edition`. PUT: saves its counts, and sends it where asked to."""
    when, days = _month(month), calendar()
    span = days.span(when)
    if request.method == "PUT":
        api.only(request, ())
        return save(request, api.unit_on(request, unit, Right.ENTER, span.end), when)
    api.only(request, ("edition",))
    holder = api.unit_on(request, unit, Right.READ, span.end)
    found = Submission.objects.filter(unit=holder, month=when.number).first()
    if found is None and not holder.owes(span.start, span.end):
        raise api.Problem(404, "not_expected", f"{holder.name} không phải gửi báo cáo {when.label}.")
    found = found or Submission(month=when.number, due_on=due_date(holder, when, days))
    found.unit = holder
    editions = list(found.editions.order_by("number")) if found.pk else []
    shown = _edition(editions, request.GET.get("edition", ""))
    return told(found, shown, editions, Catalogue(days), at=clock.now(), day=request.day)


def _edition(editions: list[Edition], number: str) -> Edition | None:
    """The edition of that number, else the newest; None where the month was not opened."""
    if not number:
        return editions[-1] if editions else None
    shown = next((one for one in editions if str(one.number) == number), None)
    if shown is None:
        raise api.Problem(404, "unknown_edition", f"Báo cáo này không có lần {number[:20]}.")
    return shown


def _month(text: str) -> Month:
    try:
        month = Month.parse(text)
        calendar().span(month)
    except PeriodError as error:
        raise api.Problem(400, "bad_month", str(error)) from error
    return month
