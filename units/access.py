"""THE door of rights: what a role may do within a unit's subtree, and the check in the same call as the fetch.

Every view declares one right with `@requires(...)`; the middleware runs it before the view, and a view that declares
none is refused (and fails the suite). Outsiders get 404, those who may read but not act get 403 (acceptance S1–S4).
"""

from collections.abc import Callable
from datetime import date
from enum import Enum
from functools import partial

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse

from . import duties, factors, pace, safety
from .answering import standing, successor_of
from .compiled import Compiled
from .models import Membership, Role, Scope, System, Unit, User, subtree
from .problems import problem


class Right(Enum):
    PUBLIC = "public"  # no sign-in: health checks, sign-in itself, verification of an issued review
    SIGNED_IN = "signed_in"  # any signed-in person; the view then fetches through this module
    READ = "read"
    ENTER = "enter"  # enter and send months of the own unit
    FILL = "fill"  # what else a unit reports: indicators, parts of a review; its clerk, or an editor above
    COMMENT = "comment"  # say something about a draft that is put to comment
    APPROVE = "approve"  # approve, return, unlock months of units below
    ASK_UNLOCK = "ask_unlock"  # ask for unlocking a month: of the own unit, or of units below
    EDIT = "edit"  # draft reviews, indicators, tasks
    CLOSE = "close"  # close the figures of a review and put it to signature
    MANAGE = "manage"  # units, catalogue, people


READERS = frozenset(Role.values)
Reader = User | System
# What keeps somebody who may read a unit from acting on it, where "may only read" would not be it.
_LACKING = {
    Right.APPROVE: "Bạn không duyệt số liệu của {unit}. Duyệt, trả lại và quyết định mở khóa là việc của người duyệt "
    "số liệu ở cấp trên của đơn vị này."
}
# With the administrators' roles that begin when their unit opens, on a later day.
_OPENING = Q(role=Role.ADMINISTRATOR, valid_from=F("unit__active_from"))
_memberships = Compiled(
    lambda user, day: (
        Membership.objects.filter(user=user)
        .filter(Q(valid_from__lte=day) | _OPENING)
        .filter(Q(valid_until=None) | Q(valid_until__gte=day))
        .select_related("unit")
    ),
    int,
    date,
)
ROLES: dict[Right, frozenset[str]] = {
    Right.READ: READERS,
    Right.ENTER: frozenset({Role.CLERK}),
    Right.FILL: frozenset({Role.CLERK, Role.EDITOR}),
    Right.COMMENT: frozenset({Role.CLERK, Role.REVIEWER, Role.EDITOR, Role.LEADER}),
    Right.APPROVE: frozenset({Role.REVIEWER}),
    Right.ASK_UNLOCK: frozenset({Role.CLERK, Role.REVIEWER}),
    Right.EDIT: frozenset({Role.EDITOR}),
    Right.CLOSE: frozenset({Role.LEADER}),
    Right.MANAGE: frozenset({Role.ADMINISTRATOR}),
}
# What the successor of a unit that is over does in its place: read, correct and approve its months.
ANSWERED = frozenset({Right.READ, Right.ENTER, Right.FILL, Right.ASK_UNLOCK, Right.APPROVE})
# What a token may be good for; it never approves, drafts or manages.
BY_TOKEN = {Right.READ: frozenset(Scope.values), Right.ENTER: frozenset({Scope.WRITE})}


def requires(right: Right, *, by_unit: bool = False) -> Callable:
    """Declare the right of a view (function, or the result of `as_view()`).

    by_unit: the view fetches one unit through `unit_for` with this right. The gate then leaves the decision to that
    call, so that a unit outside the reader's subtree is unknown (404) whatever the reader's role.
    """

    def declare(view):
        view.declared_right = right
        view.by_unit = by_unit
        return view

    return declare


def takes(setting: str) -> Callable:
    """A view that may be sent bodies of more bytes than others, by who is signed in: the name of the setting."""

    def declare(view):
        view.largest_body = setting
        return view

    return declare


def gate(request: HttpRequest, view, day: date) -> HttpResponse | None:
    """Called by the middleware before each view: None lets it run. Programs are answered 401 instead of 302."""
    right = getattr(view, "declared_right", None)
    if right is None:
        raise PermissionDenied("Trang này chưa khai báo quyền.")
    request.day = day
    # For the page of the second factor, which knows no roles.
    request.requires_factor = partial(factors.required, request.user, day)
    if right is Right.PUBLIC or getattr(view, "login_url_name", None):
        return None
    if not request.user.is_authenticated:
        login = redirect_to_login(request.get_full_path())
        if request.path.startswith("/api/") or reads_only_json(request):
            more = {} if request.path.startswith("/api/") else {"login": login.url}
            answer = problem(401, "not_signed_in", "Chưa đăng nhập.", **more)
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        return login
    owed = duties.owed(request, view, as_page=not reads_only_json(request))
    if owed is not None:
        return owed
    if right is Right.MANAGE and not safety.admits(safety.current().addresses, pace.address_of(request)):
        raise Http404
    if (
        right is Right.MANAGE
        and not getattr(view, "by_unit", False)
        and not is_administrator(request.user, day)
    ):
        raise PermissionDenied("Chỉ người quản trị dùng được trang này.")
    return None


def reads_only_json(request: HttpRequest) -> bool:
    """Whether the caller is a script of a page or another program that has no use for a page."""
    return request.accepts("application/json") and not request.accepts("text/html")


def memberships(user: Reader, day: date) -> list[Membership]:
    """The user's memberships valid on `day`, with units; read once per request object. A token makes its system a
    viewer of the token's unit.
    """
    if isinstance(user, System):
        return [Membership(unit=user.token.unit, role=Role.VIEWER)]
    return [one for one in _held(user, day) if one.valid_from <= day]


def administered(user: User, day: date) -> list[Membership]:
    """The user's roles of an administrator on `day`, and those that begin when their unit opens: what a merger leaves
    to an administrator is prepared, and can be undone, before its first day. Figures are read from that day on.
    """
    return [one for one in _held(user, day) if one.role in ROLES[Right.MANAGE]]


def _held(user: User, day: date) -> list[Membership]:
    cache = user.__dict__.setdefault("_memberships", {})
    if day not in cache:
        cache[day] = _memberships(user.pk, day)
        for one in cache[day]:
            one.user = user
    return cache[day]


def allowed(user: Reader, right: Right, unit: Unit, day: date) -> bool:
    """Whether the user has `right` on the unit. A clerk enters only for the own unit; a reviewer decides only below
    (a unit's own entries are approved by an ancestor's reviewer). Who has a right on its successor has it on a unit
    that is over (ANSWERED). A token is good for its whole subtree.
    """
    if isinstance(user, System):
        granted = BY_TOKEN.get(right, frozenset()) & user.token.granted
        return bool(granted) and unit.path.startswith(user.token.unit.path)
    held = administered(user, day) if right is Right.MANAGE else memberships(user, day)
    if _holds(held, right, unit.pk, unit.path):
        return True
    heir = successor_of(unit, day) if right in ANSWERED else None
    return heir is not None and _holds(held, right, heir.pk, heir.path)


def _holds(held: list[Membership], right: Right, number: int, path: str) -> bool:
    for membership in held:
        if membership.role not in ROLES[right] or not path.startswith(membership.unit.path):
            continue
        own = membership.unit_id == number
        bound_to = {Role.CLERK: own, Role.REVIEWER: not own or right is Right.COMMENT}
        if right is Right.READ or bound_to.get(membership.role, True):
            return True
    return False


def visible(user: Reader, day: date):
    """QuerySet of the units that the user may read; those that are over also by where they stand."""
    within = Q(pk__in=[])
    for membership in memberships(user, day):
        within |= subtree(membership.unit.path)
    return Unit.objects.filter(within if isinstance(user, System) else standing(within, day))


def check(user: Reader, right: Right, unit: Unit | None, day: date) -> Unit:
    """The unit, or 404 for those who may not even read it (or where it is unknown), 403 for those who may only read."""
    reads = unit is not None and allowed(user, Right.READ, unit, day)
    if not reads and not (unit is not None and right is Right.MANAGE and allowed(user, right, unit, day)):
        raise Http404
    if not allowed(user, right, unit, day):
        raise PermissionDenied(
            _LACKING.get(right, "Bạn chỉ được xem số liệu của {unit}.").format(unit=unit.name)
        )
    return unit


def unit_for(user: User, pk: int, day: date, right: Right = Right.READ) -> Unit:
    """Fetch by number and check in one call."""
    return check(user, right, Unit.objects.filter(pk=pk).first(), day)


def home_unit(
    user: Reader, day: date, right: Right = Right.READ, *, shown: date | None = None
) -> Unit | None:
    """The highest unit where a role gives the right, of those there when `shown` if any; of reading: of the pages."""
    at, units = shown or day, [one.unit for one in memberships(user, day) if one.role in ROLES[right]]
    away = {unit.pk for unit in units if unit.active_from > at or unit.is_over(at)}
    return min(units, key=lambda unit: (unit.pk in away, unit.depth, unit.pk), default=None)


def acts_anywhere(user: Reader, right: Right, day: date) -> bool:
    """Whether a role of the user gives the right on some unit."""
    return any(membership.role in ROLES[right] for membership in memberships(user, day))


def is_administrator(user: Reader, day: date) -> bool:
    return acts_anywhere(user, Right.MANAGE, day)


def is_root_administrator(user: Reader, day: date) -> bool:
    """Whether the user administers a unit at the top of the tree, and so may set what holds for all; one that is over
    is at the top of nothing.
    """
    return any(
        one.role == Role.ADMINISTRATOR and one.unit.parent_id is None and not one.unit.is_over(day)
        for one in memberships(user, day)
    )
