"""The authenticator app of a user: who has one, and what is shown when it is set up."""

import base64
from collections.abc import Collection
from urllib.parse import quote, urlencode

from django.db.models import QuerySet

from accounts.models import Factor, User

FACTOR_MARK = "factor"
_ISSUER = "Cải cách hành chính"


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


def secret_text(device: Factor) -> str:
    """The secret as people type it into an app: groups of four."""
    text = base64.b32encode(device.bin_key).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def otpauth_address(device: Factor) -> str:
    """What the QR code holds (otpauth, as authenticator apps read it)."""
    secret = base64.b32encode(device.bin_key).decode()
    query = urlencode({"secret": secret, "issuer": _ISSUER, "digits": device.digits, "period": device.step})
    return f"otpauth://totp/{quote(_ISSUER)}:{quote(device.user.get_username())}?{query}"


def users_with_device(users: Collection[int]) -> set[int]:
    """Of people by number, those who have confirmed a second factor."""
    return set(all_users_with_device().filter(user__in=users).values_list("user_id", flat=True))


def all_users_with_device() -> QuerySet:
    """The numbers of all who have confirmed a second factor."""
    return Factor.objects.filter(confirmed=True).values("user_id")
