"""Fetching a submission and checking the right in one call, and the frame of a view that changes something."""

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from records.models import OPEN_STATES, Edition, State, Submission
from records.queries.waiting import with_own_mark
from units import access
from units.access import Right
from units.compiled import Compiled
from units.models import Role, Unit, User

ActingView = Callable[[HttpRequest, Submission], HttpResponse]


_submission = Compiled(lambda pk: Submission.objects.select_related("unit").filter(pk=pk), int)


def submission_for(user: User, pk: int, right: Right, day) -> Submission:
    """The submission with its unit; 404 for outsiders and unknown numbers, 403 for those who may only read."""
    submission = _submission.first(pk)
    access.check(user, right, submission.unit if submission else None, day)
    return submission


def reviewed_units(request: HttpRequest, words: str) -> list[Unit]:
    """Units where the reader is a reviewer, who settles things for the units below; PermissionDenied without any."""
    held = access.memberships(request.user, request.day)
    units = [one.unit for one in held if one.role == Role.REVIEWER]
    if not units:
        raise PermissionDenied(words)
    return units


def acting(right: Right) -> Callable[[ActingView], Callable]:
    """A view that changes a submission: the right is declared and checked; anything but POST changes nothing and
    leads to the submission's page (an address kept over a new sign-in).
    """

    def declare(view: ActingView):
        @access.requires(right)
        @wraps(view)
        def guarded(request: HttpRequest, pk: int) -> HttpResponse:
            submission = submission_for(request.user, pk, right, request.day)
            if request.method != "POST":
                return redirect("records:submission", pk)
            return view(request, submission)

        return guarded

    return declare


def open_edition(submission: Submission) -> Edition | None:
    """The edition that is being entered, waits or was returned."""
    return submission.editions.filter(state__in=OPEN_STATES).first()


def worked_on(submission: Submission) -> Edition:
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
        return next((one for one in editions if plain and one.number == int(number)), None)
    wanted = [[one for one in editions if one.state == State.APPROVED], editions]
    if works_on_it:
        wanted.insert(0, [one for one in editions if one.state in OPEN_STATES])
    return next((group[-1] for group in wanted if group), None)
