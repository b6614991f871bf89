"""Fetches submissions and editions for views, with the check of rights."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import Case, Exists, OuterRef, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import User
from core import web
from core.database import PreparedQuery
from core.text import parse_digits
from core.web import Right
from figures.periods import Calendar, Month
from records.models import OPEN_STATES, Edition, State, Submission
from units.access.queries import memberships_of, require_right
from units.access.unit_locations import PROVINCE_PARAMETER, UnitLocations, unit_locations
from units.models import Role, Unit

SubmissionAction = Callable[[HttpRequest, Submission], HttpResponse]


_submission = PreparedQuery(lambda pk: Submission.objects.select_related("unit").filter(pk=pk), int)

# Why the reader may not approve an edition: wrote a value in it, or sent it.
OWN_WROTE, OWN_SENT = "wrote", "sent"


def submission_or_404(user: User, pk: int, right: Right, day) -> Submission:
    """The submission with its unit; 404 for outsiders and unknown ids, 403 for those who may only read."""
    submission = _submission.first(pk)
    require_right(user, right, submission.unit if submission else None, day)
    return submission


def reviewed_units(request: HttpRequest, words: str) -> list[Unit]:
    """Units where the reader is a reviewer. Errors: PermissionDenied(words) where there is none."""
    memberships = memberships_of(request.user, request.day)
    units = [membership.unit for membership in memberships if membership.role == Role.REVIEWER]
    if not units:
        raise PermissionDenied(words)
    return units


def with_own_mark(editions: QuerySet[Edition], user: User) -> QuerySet[Edition]:
    """Annotate `own`, why the user may not approve it: OWN_WROTE, OWN_SENT or ""."""
    writers = Edition.writers.through.objects.filter(edition_id=OuterRef("pk"), user_id=user.pk)
    mine = Case(
        When(Exists(writers), Value(OWN_WROTE)),
        When(sender_id=user.pk, then=Value(OWN_SENT)),
        default=Value(""),
    )
    return editions.annotate(own=mine)


def submission_action(right: Right) -> Callable[[SubmissionAction], Callable]:
    """Decorates a view that changes a submission: declares and checks the right; anything but POST is redirected to the
    submission's page, as after signing in again.
    """

    def declare(view: SubmissionAction):
        @web.requires(right)
        @wraps(view)
        def guarded(request: HttpRequest, pk: int) -> HttpResponse:
            submission = submission_or_404(request.user, pk, right, request.day)
            if request.method != "POST":
                return redirect("records:submission", pk)
            return view(request, submission)

        return guarded

    return declare


def open_edition(submission: Submission) -> Edition | None:
    """The edition that is a draft, sent or returned."""
    return submission.editions.filter(state__in=OPEN_STATES).first()


def working_edition_or_404(submission: Submission) -> Edition:
    """The open edition, else the newest, for which the actions then refuse with a reason; 404 without any."""
    edition = open_edition(submission) or submission.editions.order_by("-number").first()
    if edition is None:
        raise Http404
    return edition


def editions_of(submission: Submission, reader: User) -> list[Edition]:
    """All editions, the oldest first, each `with_own_mark`. One query."""
    return list(with_own_mark(submission.editions.order_by("number"), reader))


def shown_edition(editions: list[Edition], number: str | None, *, works_on_it: bool) -> Edition | None:
    """The edition of this number (None if there is none such); without a number the open edition for those who enter or
    approve, else the one in force, else the newest.
    """
    if number is not None:
        return next((edition for edition in editions if edition.number == parse_digits(number, 5)), None)
    groups = [[edition for edition in editions if edition.state == State.APPROVED], editions]
    if works_on_it:
        groups.insert(0, [edition for edition in editions if edition.state in OPEN_STATES])
    return next((group[-1] for group in groups if group), None)


def chosen_locations(request: HttpRequest, months: list[Month], days: Calendar) -> UnitLocations:
    """The provinces that the reader can see in these months; `?tinh=` narrows to one. One query."""
    since = days.span(months[0]).start
    return unit_locations(request.user, request.day, since, request.GET.get(PROVINCE_PARAMETER))


def redirect_to_worklist(request: HttpRequest) -> HttpResponse:
    """Redirect to the work list with the province filter of this request."""
    province = request.GET.get(PROVINCE_PARAMETER)
    return redirect(
        reverse("records:worklist") + (f"?{urlencode({PROVINCE_PARAMETER: province})}" if province else "")
    )
