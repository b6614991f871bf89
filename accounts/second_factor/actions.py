"""Sets up, checks, renews and removes the second factor of a user."""

import hashlib
import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import Factor, RecoveryCode, User
from accounts.sessions.actions import end_sessions
from accounts.users.actions import READABLE_SIGNS, user_subject
from core.encryption import DecryptionError
from core.errors import ChangeDenied
from ledger import log

from . import devices

CODES = 10
# 31 signs in 24 places are 118 bits: with 112 or more a plain digest is enough (ASVS 5.0, 6.5.2).
_GROUPS = 6


@transaction.atomic
def begin_factor(user: User):
    """A fresh secret for the person's app; nothing is asked for it until it is confirmed."""
    return devices.new_device(user)


@transaction.atomic
def confirm_factor(user: User, code: str, *, by: User) -> list[str] | None:
    """Take the secret into use by a code that proves the app has it. The recovery codes, which are shown once and kept
    as digests only; None for a wrong code. Ends the person's other sessions.
    """
    device = devices.locked_device_of(user, confirmed=False)
    if device is None or not device.verify_token(code):
        return None
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    devices.drop_devices(user, but=device.pk)
    end_sessions(user)
    codes = _new_codes(user)
    log.append("factor.confirm", by=by, subject=user_subject(user), detail={})
    return codes


@transaction.atomic
def check_factor(user: User, code: str, *, at: datetime) -> bool:
    """Whether this is the app's code of the moment, not used before, or an unused recovery code. After wrong codes it
    is False for a while, whatever is typed (acceptance S14).
    """
    device = devices.locked_device_of(user)
    if device is None:
        return False
    if code.isascii() and code.isdigit():
        return device.verify_token(code)
    if not device.verify_is_allowed()[0]:
        return False
    digest = _digest(code)
    if not RecoveryCode.objects.filter(user=user, code_sha256=digest, used_at=None).update(used_at=at):
        device.throttle_increment(commit=True)
        return False
    device.throttle_reset(commit=True)
    left = RecoveryCode.objects.filter(user=user, used_at=None).count()
    log.append("factor.recover", by=user, subject=user_subject(user), detail={"codes_left": left})
    return True


@transaction.atomic
def renew_codes(user: User, code: str, *, by: User, at: datetime) -> list[str] | None:
    """New recovery codes in place of the old ones, for who has a good code; None for a wrong one."""
    if not check_factor(user, code, at=at):
        return None
    codes = _new_codes(user)
    log.append("factor.renew_codes", by=by, subject=user_subject(user), detail={})
    return codes


@transaction.atomic
def drop_factor(user: User, code: str, *, by: User, at: datetime) -> bool:
    """The person gives up the app, with a good code of it; False for a wrong one."""
    if not check_factor(user, code, at=at):
        return False
    _remove_factor(user)
    log.append("factor.drop", by=by, subject=user_subject(user), detail={})
    return True


@transaction.atomic
def reset_factor(user: User, *, by: User) -> None:
    """Take away the second factor of somebody who lost it, and end their sessions: whoever found the phone is out.

    Errors: Denied for one's own, which asks for a code, and where there is none.
    """
    if by.pk == user.pk:
        raise ChangeDenied("", "Xác thực hai bước của chính mình thì đổi ở trang Tài khoản của tôi.")
    if not _remove_factor(user):
        raise ChangeDenied("", "Người này chưa bật xác thực hai bước.")
    log.append("factor.reset", by=by, subject=user_subject(user), detail={})


@transaction.atomic
def reseal_factors() -> tuple[int, list[str]]:
    """Put each secret under the first of settings.FACTOR_KEYS: how many were, and whose (by name) no key opens."""
    sealed, unreadable = 0, []
    for device in Factor.objects.select_for_update(of=("self",)).select_related("user").order_by("pk"):
        try:
            device.reseal()
        except DecryptionError:
            unreadable.append(device.user.get_username())
            continue
        device.save(update_fields=["key"])
        sealed += 1
    return sealed, unreadable


def _remove_factor(user: User) -> int:
    found = devices.drop_devices(user)
    RecoveryCode.objects.filter(user=user).delete()
    end_sessions(user)
    return found


def _new_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = [
        "-".join("".join(secrets.choice(READABLE_SIGNS) for _ in range(4)) for _ in range(_GROUPS))
        for _ in range(CODES)
    ]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, code_sha256=_digest(code)) for code in codes)
    return codes


def _digest(code: str) -> str:
    """Capitals, spaces and hyphens do not matter: the codes are copied from paper."""
    plain = "".join(sign for sign in code.lower() if sign in READABLE_SIGNS)
    return hashlib.sha256(plain.encode()).hexdigest()
