"""Fetches a submission and checks the right in one call, and wraps the views that change one."""

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
from core.web import Right
from figures.periods import Calendar, Month
from records.models import OPEN_STATES, Edition, State, Submission
from units.access.queries import memberships_of, require_right
from units.access.unit_locations import PROVINCE_PARAMETER, UnitLocations, unit_locations
from units.models import Role, Unit

SubmissionAction = Callable[[HttpRequest, Submission], HttpResponse]


_submission = PreparedQuery(lambda pk: Submission.objects.select_related("unit").filter(pk=pk), int)

# How the reader took part in what waits.
OWN_WROTE, OWN_SENT = "wrote", "sent"


def submission_or_404(user: User, pk: int, right: Right, day) -> Submission:
    """The submission with its unit; 404 for outsiders and unknown numbers, 403 for those who may only read."""
    submission = _submission.first(pk)
    require_right(user, right, submission.unit if submission else None, day)
    return submission


def reviewed_units(request: HttpRequest, words: str) -> list[Unit]:
    """Units where the reader is a reviewer, who settles things for the units below; PermissionDenied without any."""
    held = memberships_of(request.user, request.day)
    units = [one.unit for one in held if one.role == Role.REVIEWER]
    if not units:
        raise PermissionDenied(words)
    return units


def with_own_mark(editions: QuerySet[Edition], user: User) -> QuerySet[Edition]:
    """Each with `own`, why the user may not approve it: WROTE a value in it, SENT it, or "" where neither is so."""
    writers = Edition.writers.through.objects.filter(edition_id=OuterRef("pk"), user_id=user.pk)
    mine = Case(
        When(Exists(writers), Value(OWN_WROTE)),
        When(sender_id=user.pk, then=Value(OWN_SENT)),
        default=Value(""),
    )
    return editions.annotate(own=mine)


def submission_action(right: Right) -> Callable[[SubmissionAction], Callable]:
    """A view that changes a submission: the right is declared and checked; anything but POST changes nothing and
    leads to the submission's page (an address kept over a new sign-in).
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
    """The edition that is being entered, waits or was returned."""
    return submission.editions.filter(state__in=OPEN_STATES).first()


def working_edition_or_404(submission: Submission) -> Edition:
    """The open edition, else the newest one, in which the actions say why nothing can be entered; 404 without any."""
    edition = open_edition(submission) or submission.editions.order_by("-number").first()
    if edition is None:
        raise Http404
    return edition


def editions_of(submission: Submission, reader: User) -> list[Edition]:
    """All of them, the oldest first, each `with_own_mark`. One query."""
    return list(with_own_mark(submission.editions.order_by("number"), reader))


def shown_edition(editions: list[Edition], number: str | None, *, works_on_it: bool) -> Edition | None:
    """The edition asked for by number; else, for those who enter or approve, the open one; else the one in force;
    else the newest. None where the number names none.
    """
    if number is not None:
        plain = number.isascii() and number.isdigit() and len(number) <= 5
        return next((edition for edition in editions if plain and edition.number == int(number)), None)
    wanted = [[edition for edition in editions if edition.state == State.APPROVED], editions]
    if works_on_it:
        wanted.insert(0, [edition for edition in editions if edition.state in OPEN_STATES])
    return next((group[-1] for group in wanted if group), None)


def chosen_locations(request: HttpRequest, months: list[Month], days: Calendar) -> UnitLocations:
    """By the provinces that the reader saw in these months; `?tinh=` narrows to one. One query."""
    since = days.span(months[0]).start
    return unit_locations(request.user, request.day, since, request.GET.get(PROVINCE_PARAMETER))


def redirect_to_worklist(request: HttpRequest) -> HttpResponse:
    """To the work list as it was narrowed."""
    asked = request.GET.get(PROVINCE_PARAMETER)
    return redirect(
        reverse("records:worklist") + (f"?{urlencode({PROVINCE_PARAMETER: asked})}" if asked else "")
    )
