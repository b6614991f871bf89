"""Keys of other systems and where figures are pushed: which of them an administrator manages, and which still open
anything.

A key is as good as its maker's right: nobody answers for what it enters, and nobody knows who else has it, once its
maker's account is locked or no longer administers its unit (docs/decisions/0027).
"""

from collections.abc import Iterable
from datetime import date

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.shortcuts import get_object_or_404

from .access import ROLES, Right
from .administering import managed
from .models import Membership, Receiver, Token, Unit, User


def answered(tokens: QuerySet[Token], day: date) -> QuerySet[Token]:
    """Each with `answered`: whether its maker could make it on the day too; one whose maker is not kept (the system, or
    from before makers were kept) is.
    """
    able = (
        Membership.objects.valid_on(day)
        .filter(user=OuterRef("created_by"), user__is_active=True, role__in=ROLES[Right.MANAGE])
        .annotate(of=ExpressionWrapper(OuterRef("unit__path"), output_field=Unit._meta.get_field("path")))
        .filter(of__startswith=F("unit__path"))
    )
    still = Q(created_by=None) | Exists(able)
    return tokens.annotate(answered=ExpressionWrapper(still, output_field=BooleanField()))


def tokens(user: User, day: date) -> QuerySet[Token]:
    """The tokens for units that the user administers, each with unit, maker and `answered`."""
    own = Token.objects.filter(unit__in=Unit.objects.filter(managed(user, day)))
    return answered(own.select_related("unit", "created_by"), day)


def token_for(user: User, pk: int, day: date) -> Token:
    """Fetch a token to manage, or 404."""
    return get_object_or_404(tokens(user, day), pk=pk)


def made_by(person: User, day: date, at) -> Iterable[Token]:
    """The tokens of a person that open something now, and so end with the person's right."""
    found = answered(Token.objects.valid_at(at).filter(created_by=person).select_related("unit"), day)
    return [one for one in found if one.answered]


def receivers(user: User, day: date) -> QuerySet[Receiver]:
    """The receivers of what is approved in units that the user administers."""
    return Receiver.objects.filter(unit__in=Unit.objects.filter(managed(user, day))).select_related("unit")
