"""Links and unlinks identities of the single sign-on server."""

from django.db import transaction

from accounts.models import Identity, User
from accounts.sessions.actions import end_sessions
from accounts.users.actions import user_subject
from core.errors import ChangeDenied
from ledger import log


@transaction.atomic
def link_identity(user: User, issuer: str, name: str, *, by: User) -> Identity:
    """Let whom the server `issuer` calls `name` sign in as the person. Errors: Denied where that one is somebody."""
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
