"""Links that come by e-mail and let a person set a password: signed, for a while, and good once.

What the link was made for is part of its signature: as soon as the password, the address or the account's state is
another one, or the person has signed in, it is nobody's.
"""

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from .models import User

RESET, INVITE = "reset", "invite"
_SALT = "units.links"


def token_for(user: User, purpose: str) -> str:
    """What stands in the address of the link."""
    return signing.TimestampSigner(salt=_SALT).sign(f"{purpose}:{user.pk}:{_state(user)}")


def person_of(token: str) -> User | None:
    """Whom the link is for; None where it is not ours, too old, or was used."""
    signer = signing.TimestampSigner(salt=_SALT)
    try:
        purpose, number, state = signer.unsign(token).split(":")
        signer.unsign(token, max_age=_life(purpose))
    except (signing.BadSignature, ValueError, KeyError):
        return None
    user = User.objects.filter(pk=number, is_active=True).first()
    return user if user is not None and constant_time_compare(state, _state(user)) else None


def _life(purpose: str) -> int:
    """Seconds."""
    return {RESET: settings.RESET_MINUTES * 60, INVITE: settings.ISSUED_PASSWORD_HOURS * 3600}[purpose]


def _state(user: User) -> str:
    parts = (user.pk, user.password, user.last_login, user.email, user.is_active, user.session_epoch)
    return salted_hmac(_SALT, repr(parts), algorithm="sha256").hexdigest()[:32]
