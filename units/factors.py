"""The second factor: who must have one, who has one, and what is shown of it when it is set up."""

import base64
from collections.abc import Collection
from datetime import date
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest

from .models import Factor, Membership, User

IN_SESSION = "factor"
_ISSUER = "Cải cách hành chính"


def required(user: User, day: date) -> bool:
    """Whether a role that the person holds asks for a second factor. Demo accounts are for looking around: never."""
    roles = settings.SECOND_FACTOR_ROLES
    if not roles or user.demo:
        return False
    return Membership.objects.valid_on(day).filter(user=user, role__in=roles).exists()


def lacking(request: HttpRequest) -> bool:
    """Whether the reader works without the second factor that a role asks for (it may have been given just now)."""
    if not settings.SECOND_FACTOR_ROLES or request.session.get(IN_SESSION):
        return False
    return required(request.user, request.day)


def device_of(user: User, *, confirmed: bool = True) -> Factor | None:
    """The app that the person confirmed, or the one being set up."""
    return Factor.objects.filter(user=user, confirmed=confirmed).order_by("-pk").first()


def locked_device_of(user: User, *, confirmed: bool = True) -> Factor | None:
    """The same, for one request at a time: a code must not be good for two. Inside a transaction."""
    devices = Factor.objects.select_for_update()
    return devices.filter(user=user, confirmed=confirmed).order_by("-pk").first()


def new_device(user: User) -> Factor:
    """A fresh secret, good for nothing until it is confirmed; takes the place of one that never was."""
    Factor.objects.filter(user=user, confirmed=False).delete()
    return Factor.objects.create(user=user, name="totp", confirmed=False, key=Factor.fresh_key(user.pk))


def drop_devices(user: User, *, but: int | None = None) -> int:
    """Forget the person's apps, except the one with that number; how many there were."""
    count, _ = Factor.objects.filter(user=user).exclude(pk=but).delete()
    return count


def secret_of(device: Factor) -> str:
    """The secret as people type it into an app: groups of four."""
    text = base64.b32encode(device.bin_key).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def address_of(device: Factor) -> str:
    """What the QR code holds (otpauth, as authenticator apps read it)."""
    secret = base64.b32encode(device.bin_key).decode()
    query = urlencode({"secret": secret, "issuer": _ISSUER, "digits": device.digits, "period": device.step})
    return f"otpauth://totp/{quote(_ISSUER)}:{quote(device.user.get_username())}?{query}"


def holders(users: Collection[int]) -> set[int]:
    """Of people by number, those who have confirmed a second factor."""
    return set(holding().filter(user__in=users).values_list("user_id", flat=True))


def holding() -> QuerySet:
    """The numbers of all who have confirmed a second factor."""
    return Factor.objects.filter(confirmed=True).values("user_id")
