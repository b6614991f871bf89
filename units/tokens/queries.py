"""Which tokens an administrator manages, and which still open anything.

A token is as good as its maker's right (docs/decisions/0027).
"""

from collections.abc import Iterable
from datetime import date

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.shortcuts import get_object_or_404

from accounts.models import User
from core.web.rights import Right
from units.access.queries import ROLES, managed_condition
from units.models import Membership, Token, Unit


def with_answered(tokens: QuerySet[Token], day: date) -> QuerySet[Token]:
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


def managed_tokens(user: User, day: date) -> QuerySet[Token]:
    """The tokens for units that the user administers, each with unit, maker and `answered`."""
    own = Token.objects.filter(unit__in=Unit.objects.filter(managed_condition(user, day)))
    return with_answered(own.select_related("unit", "created_by"), day)


def token_for(user: User, pk: int, day: date) -> Token:
    """Fetch a token to manage, or 404."""
    return get_object_or_404(managed_tokens(user, day), pk=pk)


def working_tokens_of(person: User, day: date, at) -> Iterable[Token]:
    """The tokens of a person that open something now, and so end with the person's right."""
    found = with_answered(Token.objects.valid_at(at).filter(created_by=person).select_related("unit"), day)
    return [one for one in found if one.answered]
