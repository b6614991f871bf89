"""What an administrator administers: units, also before they open, and people. Part of the door of rights (access)."""

from datetime import date

from django.db.models import Exists, OuterRef, Q
from django.http import Http404
from django.shortcuts import get_object_or_404

from .access import Right, administered, allowed, is_root_administrator, visible
from .answering import placed
from .models import Membership, Unit, User, subtree


def known(user: User, day: date):
    """QuerySet of the units whose pages the user sees: the visible ones, and those to be administered that open later
    (`administered`), whose figures are not yet theirs to read.
    """
    opening = [one for one in administered(user, day) if one.valid_from > day]
    if not opening:
        return visible(user, day)
    within = Q(pk__in=[])
    for one in opening:
        within |= subtree(one.unit.path)
    return visible(user, day) | Unit.objects.filter(within)


def known_unit(user: User, pk: int, day: date) -> Unit:
    """Fetch for its own page, see `known`; 404 for everybody else."""
    unit = Unit.objects.filter(pk=pk).first()
    if unit is None or not (allowed(user, Right.READ, unit, day) or allowed(user, Right.MANAGE, unit, day)):
        raise Http404
    return unit


def managed(user: User, day: date, column: str = "path") -> Q:
    """Condition on units (or on another column of paths): those that the user administers (`access.administered`)."""
    within = Q(pk__in=[])
    for membership in administered(user, day):
        within |= subtree(membership.unit.path, column)
    return within


def staffed(user: User, day: date):
    """QuerySet of the units whose people an administrator manages: those administered, and those that are over and
    went, with all below them, wholly into these. Of the latter nothing else is managed.
    """
    over = placed(day).filter(managed(user, day, "within")).values("unit")
    own = Unit.objects.order_by().filter(managed(user, day)).values("pk")
    return Unit.objects.filter(pk__in=own.union(over, all=True))


def people(user: User, day: date):
    """QuerySet of the people whom an administrator manages: nobody whose roles, or the last ones of who has none any
    more, lie outside the administered units (`staffed`), so that a district's administrator cannot lock out the
    province's. Who never had a role is managed where the account was made, or else from the top (decision 27).
    """
    units = staffed(user, day).order_by().values("pk")
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
    return get_object_or_404(people(user, day), pk=pk)
