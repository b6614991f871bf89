"""Accounts of the single sign-on that open a person's account."""

from django.db import transaction

from ledger import log
from units.models import Identity, User

from .factors import end_sessions
from .people import Denied, subject


@transaction.atomic
def link_identity(user: User, issuer: str, name: str, *, by: User) -> Identity:
    """Let whom the server `issuer` calls `name` sign in as the person. Errors: Denied where that one is somebody."""
    identity, new = Identity.objects.get_or_create(issuer=issuer, subject=name, defaults={"user": user})
    if not new:
        raise Denied("subject", "Mã định danh này đã gắn với một người dùng.")
    log.append("identity.link", by=by, subject=subject(user), detail={"issuer": issuer, "subject": name})
    return identity


@transaction.atomic
def unlink_identity(identity: Identity, *, by: User) -> None:
    """The person signs in by it no more, and their sessions end."""
    detail = {"issuer": identity.issuer, "subject": identity.subject}
    user = identity.user
    identity.delete()
    end_sessions(user)
    log.append("identity.unlink", by=by, subject=subject(user), detail=detail)
