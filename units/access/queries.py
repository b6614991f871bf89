"""What a role may do within a unit's subtree: fetch and check in one call.

Outsiders get 404, those who may read but not act get 403 (acceptance S1–S4).
"""

from datetime import date

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, Q
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from core.database import PreparedQuery
from core.web import Right
from units.models import Membership, Role, System, TokenScope, Unit, subtree
from units.succession.positions import places_on, stands_within, successor_of
from units.tree.queries import resolve_code

READERS = frozenset(Role.values)
Reader = User | System
# What keeps somebody who may read a unit from acting on it, where "may only read" would not be it.
_LACKING = {
    Right.APPROVE: "Bạn không duyệt số liệu của {unit}. Duyệt, trả lại và quyết định mở khóa là việc của người duyệt "
    "số liệu ở cấp trên của đơn vị này."
}
# With the administrators' roles that begin when their unit opens, on a later day.
_OPENING = Q(role=Role.ADMINISTRATOR, valid_from=F("unit__active_from"))
_memberships_query = PreparedQuery(
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
BY_TOKEN = {Right.READ: frozenset(TokenScope.values), Right.ENTER: frozenset({TokenScope.WRITE})}


def memberships_of(user: Reader, day: date) -> list[Membership]:
    """The user's memberships valid on `day`, with units; read once per request object. A token makes its system a
    viewer of the token's unit.
    """
    if isinstance(user, System):
        return [Membership(unit=user.token.unit, role=Role.VIEWER)]
    return [
        cached_membership
        for cached_membership in _cached_memberships(user, day)
        if cached_membership.valid_from <= day
    ]


def administrator_memberships(user: User, day: date) -> list[Membership]:
    """The user's roles of an administrator on `day`, and those that begin when their unit opens: what a merger leaves
    to an administrator is prepared, and can be undone, before its first day. Figures are read from that day on.
    """
    return [
        cached_membership
        for cached_membership in _cached_memberships(user, day)
        if cached_membership.role in ROLES[Right.MANAGE]
    ]


def _cached_memberships(user: User, day: date) -> list[Membership]:
    cache = user.__dict__.setdefault("_memberships", {})
    if day not in cache:
        cache[day] = _memberships_query(user.pk, day)
        for one in cache[day]:
            one.user = user
    return cache[day]


def is_allowed(user: Reader, right: Right, unit: Unit, day: date) -> bool:
    """Whether the user has `right` on the unit. A clerk enters only for the own unit; a reviewer decides only below
    (a unit's own entries are approved by an ancestor's reviewer). Who has a right on its successor has it on a unit
    that is over (ANSWERED). A token is good for its whole subtree.
    """
    if isinstance(user, System):
        granted = BY_TOKEN.get(right, frozenset()) & user.token.granted
        return bool(granted) and unit.path.startswith(user.token.unit.path)
    held = administrator_memberships(user, day) if right is Right.MANAGE else memberships_of(user, day)
    if _any_grants(held, right, unit.pk, unit.path):
        return True
    heir = successor_of(unit, day) if right in ANSWERED else None
    return heir is not None and _any_grants(held, right, heir.pk, heir.path)


def _any_grants(held: list[Membership], right: Right, number: int, path: str) -> bool:
    for membership in held:
        if membership.role not in ROLES[right] or not path.startswith(membership.unit.path):
            continue
        own = membership.unit_id == number
        bound_to = {Role.CLERK: own, Role.REVIEWER: not own or right is Right.COMMENT}
        if right is Right.READ or bound_to.get(membership.role, True):
            return True
    return False


def visible_units(user: Reader, day: date):
    """QuerySet of the units that the user may read; those that are over also by where they stand."""
    within = Q(pk__in=[])
    for membership in memberships_of(user, day):
        within |= subtree(membership.unit.path)
    return Unit.objects.filter(within if isinstance(user, System) else stands_within(within, day))


def require_right(user: Reader, right: Right, unit: Unit | None, day: date) -> Unit:
    """The unit, or 404 for those who may not even read it (or where it is unknown), 403 for those who may only read."""
    reads = unit is not None and is_allowed(user, Right.READ, unit, day)
    if not reads and not (unit is not None and right is Right.MANAGE and is_allowed(user, right, unit, day)):
        raise Http404
    if not is_allowed(user, right, unit, day):
        raise PermissionDenied(
            _LACKING.get(right, "Bạn chỉ được xem số liệu của {unit}.").format(unit=unit.name)
        )
    return unit


def unit_for(user: User, pk: int, day: date, right: Right = Right.READ) -> Unit:
    """Fetch by number and check in one call."""
    return require_right(user, right, Unit.objects.filter(pk=pk).first(), day)


def home_unit(
    user: Reader, day: date, right: Right = Right.READ, *, shown: date | None = None
) -> Unit | None:
    """The highest unit where a role gives the right, of those there when `shown` if any; of reading: of the pages."""
    at, units = shown or day, [one.unit for one in memberships_of(user, day) if one.role in ROLES[right]]
    away = {unit.pk for unit in units if unit.active_from > at or unit.is_over(at)}
    return min(units, key=lambda unit: (unit.pk in away, unit.depth, unit.pk), default=None)


def has_right_anywhere(user: Reader, right: Right, day: date) -> bool:
    """Whether a role of the user gives the right on some unit."""
    return any(membership.role in ROLES[right] for membership in memberships_of(user, day))


def is_administrator(user: Reader, day: date) -> bool:
    return has_right_anywhere(user, Right.MANAGE, day)


def is_root_administrator(user: Reader, day: date) -> bool:
    """Whether the user administers a unit at the top of the tree, and so may set what holds for all; one that is over
    is at the top of nothing.
    """
    return any(
        one.role == Role.ADMINISTRATOR and one.unit.parent_id is None and not one.unit.is_over(day)
        for one in memberships_of(user, day)
    )


def known_units(user: User, day: date):
    """QuerySet of the units whose pages the user sees: the visible ones, and those to be administered that open later
    (`administered`), whose figures are not yet theirs to read.
    """
    opening = [
        membership for membership in administrator_memberships(user, day) if membership.valid_from > day
    ]
    if not opening:
        return visible_units(user, day)
    within = Q(pk__in=[])
    for one in opening:
        within |= subtree(one.unit.path)
    return visible_units(user, day) | Unit.objects.filter(within)


def known_unit(user: User, pk: int, day: date) -> Unit:
    """Fetch for its own page, see `known`; 404 for everybody else."""
    unit = Unit.objects.filter(pk=pk).first()
    if unit is None or not (
        is_allowed(user, Right.READ, unit, day) or is_allowed(user, Right.MANAGE, unit, day)
    ):
        raise Http404
    return unit


def managed_condition(user: User, day: date, column: str = "path") -> Q:
    """Condition on units (or on another column of paths): those that the user administers (`access.administered`)."""
    within = Q(pk__in=[])
    for membership in administrator_memberships(user, day):
        within |= subtree(membership.unit.path, column)
    return within


def staffed_units(user: User, day: date):
    """QuerySet of the units whose people an administrator manages: those administered, and those that are over and
    went, with all below them, wholly into these. Of the latter nothing else is managed.
    """
    over = places_on(day).filter(managed_condition(user, day, "within")).values("unit")
    own = Unit.objects.order_by().filter(managed_condition(user, day)).values("pk")
    return Unit.objects.filter(pk__in=own.union(over, all=True))


def managed_people(user: User, day: date):
    """QuerySet of the people whom an administrator manages: nobody whose roles, or the last ones of who has none any
    more, lie outside the administered units (`staffed`), so that a district's administrator cannot lock out the
    province's. Who never had a role is managed where the account was made, or else from the top (decision 27).
    """
    units = staffed_units(user, day).order_by().values("pk")
    later = Q(valid_until=None) | Q(valid_until__gt=OuterRef("valid_until"))
    outlived = Membership.objects.filter(later, user=OuterRef("user"))
    now_or_last = Membership.objects.filter(Q(valid_until=None) | Q(valid_until__gte=day) | ~Exists(outlived))
    elsewhere = now_or_last.exclude(unit__in=units)
    ever = Exists(Membership.objects.filter(user=OuterRef("pk")))
    unknown = Q(origin=None) if is_root_administrator(user, day) else Q(pk__in=[])
    return User.objects.exclude(pk__in=elsewhere.values("user")).filter(
        ever | Q(origin__unit__in=units) | unknown
    )


def person_for(user: User, pk: int, day: date) -> User:
    """Fetch a person to manage, or 404."""
    return get_object_or_404(managed_people(user, day), pk=pk)


def approver_of(unit: Unit, day: date, *, other_than: int | None = None) -> Unit | None:
    """The nearest ancestor that has a reviewer on `day`: who approves whom follows the tree; of a unit that is over
    where none has, the nearest above where it stands. `other_than` is the number of a person who does not count.
    """
    reviewers = Membership.objects.valid_on(day).filter(role=Role.REVIEWER, user__is_active=True)
    if other_than is not None:
        reviewers = reviewers.exclude(user=other_than)
    heir = successor_of(unit, day)
    above = [*(heir.above() if heir else ()), *unit.ancestor_ids()]
    holders = set(reviewers.filter(unit_id__in=above).values_list("unit_id", flat=True))
    nearest = next((number for number in reversed(above) if number in holders), None)
    return Unit.objects.get(pk=nearest) if nearest else None


def administered_unit(request: HttpRequest, form: forms.Form) -> Unit | None:
    """The unit that the form names today, if the reader administers it; else an error in the form."""
    try:
        unit = resolve_code(form.cleaned_data["unit"], request.day)
    except ValueError:
        unit = None
    if unit is None or not is_allowed(request.user, Right.MANAGE, unit, request.day):
        form.add_error("unit", "Không có đơn vị nào mang mã này trong phạm vi quản trị của bạn.")
        return None
    return unit
