"""Rights of roles within a unit's subtree: fetches units and checks the right in one call.

Without read access the answer is 404, with read access only 403 (acceptance S1–S4).
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
# Messages for readers without the right, where "may only read" would be wrong.
_DENIED = {
    Right.APPROVE: "Bạn không duyệt số liệu của {unit}. Duyệt, trả lại và quyết định mở khóa là việc của người duyệt "
    "số liệu ở cấp trên của đơn vị này."
}
# Administrator roles that begin when their unit opens, on a later day.
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
# Rights that the successor has on a closed unit: to read, correct and approve its months.
RIGHTS_OF_SUCCESSOR = frozenset({Right.READ, Right.ENTER, Right.FILL, Right.ASK_UNLOCK, Right.APPROVE})
# The scopes that give a right; a token never approves, drafts or manages.
BY_TOKEN = {Right.READ: frozenset(TokenScope.values), Right.ENTER: frozenset({TokenScope.WRITE})}


def memberships_of(user: Reader, day: date) -> list[Membership]:
    """The user's memberships valid on `day`, with units; cached on the user object. A system is a viewer of the unit of
    its token.
    """
    if isinstance(user, System):
        return [Membership(unit=user.token.unit, role=Role.VIEWER)]
    return [
        cached_membership
        for cached_membership in _cached_memberships(user, day)
        if cached_membership.valid_from <= day
    ]


def administrator_memberships(user: User, day: date) -> list[Membership]:
    """The user's administrator roles on `day`, and those that begin when their unit opens: a merger is prepared, and
    can be undone, before its first day. Figures can be read only from that day on.
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
        for membership in cache[day]:
            membership.user = user
    return cache[day]


def is_allowed(user: Reader, right: Right, unit: Unit, day: date) -> bool:
    """Whether the user has `right` on the unit. A clerk enters only for the own unit; a reviewer approves only below
    it (a unit's own entries are approved by an ancestor's reviewer). A right on the successor is also it on a closed
    unit (RIGHTS_OF_SUCCESSOR). A token covers its whole subtree.
    """
    if isinstance(user, System):
        granted = BY_TOKEN.get(right, frozenset()) & user.token.granted
        return bool(granted) and unit.path.startswith(user.token.unit.path)
    memberships = administrator_memberships(user, day) if right is Right.MANAGE else memberships_of(user, day)
    if _any_grants(memberships, right, unit.pk, unit.path):
        return True
    successor = successor_of(unit, day) if right in RIGHTS_OF_SUCCESSOR else None
    return successor is not None and _any_grants(memberships, right, successor.pk, successor.path)


def _any_grants(memberships: list[Membership], right: Right, unit_id: int, path: str) -> bool:
    for membership in memberships:
        if membership.role not in ROLES[right] or not path.startswith(membership.unit.path):
            continue
        own = membership.unit_id == unit_id
        bound_to = {Role.CLERK: own, Role.REVIEWER: not own or right is Right.COMMENT}
        if right is Right.READ or bound_to.get(membership.role, True):
            return True
    return False


def visible_units(user: Reader, day: date):
    """QuerySet of the units that the user may read; closed units also by their position."""
    within = Q(pk__in=[])
    for membership in memberships_of(user, day):
        within |= subtree(membership.unit.path)
    return Unit.objects.filter(within if isinstance(user, System) else stands_within(within, day))


def require_right(user: Reader, right: Right, unit: Unit | None, day: date) -> Unit:
    """The unit. Errors: Http404 if it is unknown or the user may not read it; PermissionDenied for readers only."""
    reads = unit is not None and is_allowed(user, Right.READ, unit, day)
    if not reads and not (unit is not None and right is Right.MANAGE and is_allowed(user, right, unit, day)):
        raise Http404
    if not is_allowed(user, right, unit, day):
        raise PermissionDenied(
            _DENIED.get(right, "Bạn chỉ được xem số liệu của {unit}.").format(unit=unit.name)
        )
    return unit


def unit_for(user: User, pk: int, day: date, right: Right = Right.READ) -> Unit:
    """Fetch a unit by id and check the right. Errors: see `require_right`."""
    return require_right(user, right, Unit.objects.filter(pk=pk).first(), day)


def home_unit(
    user: Reader, day: date, right: Right = Right.READ, *, shown: date | None = None
) -> Unit | None:
    """The highest unit where a role gives the right; units that exist on `shown` (default `day`) come first."""
    at, units = (
        shown or day,
        [membership.unit for membership in memberships_of(user, day) if membership.role in ROLES[right]],
    )
    away = {unit.pk for unit in units if unit.active_from > at or unit.is_over(at)}
    return min(units, key=lambda unit: (unit.pk in away, unit.depth, unit.pk), default=None)


def has_right_anywhere(user: Reader, right: Right, day: date) -> bool:
    return any(membership.role in ROLES[right] for membership in memberships_of(user, day))


def is_administrator(user: Reader, day: date) -> bool:
    return has_right_anywhere(user, Right.MANAGE, day)


def is_root_administrator(user: Reader, day: date) -> bool:
    """Whether the user administers an open unit at the top of the tree, and so may change global settings."""
    return any(
        membership.role == Role.ADMINISTRATOR
        and membership.unit.parent_id is None
        and not membership.unit.is_over(day)
        for membership in memberships_of(user, day)
    )


def known_units(user: User, day: date):
    """QuerySet of the units whose pages the user may see: the visible ones, and those that the user will administer
    once they open (their figures are not visible yet).
    """
    opening = [
        membership for membership in administrator_memberships(user, day) if membership.valid_from > day
    ]
    if not opening:
        return visible_units(user, day)
    within = Q(pk__in=[])
    for membership in opening:
        within |= subtree(membership.unit.path)
    return visible_units(user, day) | Unit.objects.filter(within)


def known_unit(user: User, pk: int, day: date) -> Unit:
    """Fetch one of `known_units` by id. Errors: Http404."""
    unit = Unit.objects.filter(pk=pk).first()
    if unit is None or not (
        is_allowed(user, Right.READ, unit, day) or is_allowed(user, Right.MANAGE, unit, day)
    ):
        raise Http404
    return unit


def managed_condition(user: User, day: date, column: str = "path") -> Q:
    """Condition on units (or on another path column): those that the user administers (`administrator_memberships`)."""
    within = Q(pk__in=[])
    for membership in administrator_memberships(user, day):
        within |= subtree(membership.unit.path, column)
    return within


def staffed_units(user: User, day: date):
    """QuerySet of the units whose people an administrator manages: those administered, and closed ones whose whole
    subtree went into these.
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
    """The nearest ancestor that has a reviewer on `day`, else (for a closed unit) the nearest above its position.

    other_than: id of a person who does not count.
    """
    reviewers = Membership.objects.valid_on(day).filter(role=Role.REVIEWER, user__is_active=True)
    if other_than is not None:
        reviewers = reviewers.exclude(user=other_than)
    successor = successor_of(unit, day)
    above = [*(successor.above() if successor else ()), *unit.ancestor_ids()]
    holders = set(reviewers.filter(unit_id__in=above).values_list("unit_id", flat=True))
    nearest = next((number for number in reversed(above) if number in holders), None)
    return Unit.objects.get(pk=nearest) if nearest else None


def administered_unit(request: HttpRequest, form: forms.Form) -> Unit | None:
    """The unit that the form names, if the reader administers it; else adds an error to the form."""
    try:
        unit = resolve_code(form.cleaned_data["unit"], request.day)
    except ValueError:
        unit = None
    if unit is None or not is_allowed(request.user, Right.MANAGE, unit, request.day):
        form.add_error("unit", "Không có đơn vị nào mang mã này trong phạm vi quản trị của bạn.")
        return None
    return unit
