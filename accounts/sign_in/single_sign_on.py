"""Whether single sign-on is used, and whose account an identity opens.

accounts.sign_in.oidc talks to the server.
"""

from typing import NamedTuple

from django.conf import settings

from accounts.models import Identity, User


class UntrustedAnswer(Exception):
    """The server's answer is not one to sign anybody in by."""


class ServerUnreachable(Exception):
    """The server does not answer."""


class SignedIdentity(NamedTuple):
    """Whom the server vouches for: its own name, and its name of the person, which never goes to another."""

    issuer: str
    subject: str


def is_enabled() -> bool:
    return bool(settings.OIDC_ISSUER)


def button_label() -> str:
    """The words of its button on the sign-in page; none where it is not used."""
    return (settings.OIDC_LABEL or "Đăng nhập bằng tài khoản cơ quan") if is_enabled() else ""


def issuer_name() -> str:
    """The name of the server that is used."""
    return settings.OIDC_ISSUER


def user_of_identity(signed: SignedIdentity) -> User | None:
    """The person whom an administrator linked; never somebody with the same e-mail address."""
    found = Identity.objects.select_related("user").filter(issuer=signed.issuer, subject=signed.subject)
    identity = found.filter(user__is_active=True).first()
    return None if identity is None else identity.user
