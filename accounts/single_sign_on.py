"""Single sign-on: whether it is enabled, and the identities linked to accounts. accounts.oidc talks to the server."""

from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from core.forms import ChangeDenied
from ledger import log

from .models import Identity, User
from .sessions import end_sessions
from .users import user_subject


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
    identities = Identity.objects.select_related("user").filter(issuer=signed.issuer, subject=signed.subject)
    identity = identities.filter(user__is_active=True).first()
    return None if identity is None else identity.user


@transaction.atomic
def link_identity(user: User, issuer: str, name: str, *, by: User) -> Identity:
    """Link the identity `name` at server `issuer` to a person. Errors: ChangeDenied if it belongs to somebody."""
    identity, new = Identity.objects.get_or_create(issuer=issuer, subject=name, defaults={"user": user})
    if not new:
        raise ChangeDenied("subject", "Mã định danh này đã gắn với một người dùng.")
    log.append("identity.link", by=by, subject=user_subject(user), detail={"issuer": issuer, "subject": name})
    return identity


@transaction.atomic
def unlink_identity(identity: Identity, *, by: User) -> None:
    """The person signs in by it no more, and their sessions end."""
    detail = {"issuer": identity.issuer, "subject": identity.subject}
    user = identity.user
    identity.delete()
    end_sessions(user)
    log.append("identity.unlink", by=by, subject=user_subject(user), detail=detail)
