"""Single sign-on: whether it is used, and whom its accounts open. What speaks with the server is units.oidc."""

from typing import NamedTuple

from django.conf import settings

from .models import Identity, User

IN_SESSION = "sso"


class Untrusted(Exception):
    """The server's answer is not one to sign anybody in by."""


class Unreachable(Exception):
    """The server does not answer."""


class Signed(NamedTuple):
    """Whom the server vouches for: its own name, and its name of the person, which never goes to another."""

    issuer: str
    subject: str


def enabled() -> bool:
    return bool(settings.OIDC_ISSUER)


def label() -> str:
    """The words of its button on the sign-in page; none where it is not used."""
    return (settings.OIDC_LABEL or "Đăng nhập bằng tài khoản cơ quan") if enabled() else ""


def issuer() -> str:
    """The name of the server that is used."""
    return settings.OIDC_ISSUER


def person_of(signed: Signed) -> User | None:
    """The person whom an administrator linked; never somebody with the same e-mail address."""
    found = Identity.objects.select_related("user").filter(issuer=signed.issuer, subject=signed.subject)
    identity = found.filter(user__is_active=True).first()
    return None if identity is None else identity.user
