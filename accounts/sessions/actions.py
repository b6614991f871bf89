"""Ends sessions: one's own by oneself, another's by an administrator, everybody's on the server."""

from django.db import transaction
from django.db.models import F

from accounts.models import Session, User
from accounts.users.actions import user_subject
from core.errors import ChangeDenied
from ledger import log


def end_sessions(user: User) -> None:
    """Every session of the person ends at its next request; the caller renews its own."""
    user.session_epoch += 1
    user.save(update_fields=["session_epoch"])


@transaction.atomic
def end_session(user: User, key: str, *, by: User) -> bool:
    """End the one session that `key` names (accounts.sessions.queries); False where the person has no such one any
    more.
    """
    count, _ = Session.objects.filter(user=user, session_key=key).delete()
    if count:
        log.append("session.end", by=by, subject=user_subject(user), detail={})
    return bool(count)


@transaction.atomic
def end_own_sessions(user: User) -> None:
    """End all sessions of the person who asks; the caller renews the one that goes on."""
    end_sessions(user)
    log.append("session.end_all", by=user, subject=user_subject(user), detail={})


@transaction.atomic
def end_sessions_of(user: User, *, by: User | None) -> None:
    """End all sessions of somebody else. Errors: Denied for oneself, who is asked for the password."""
    if by is not None and by.pk == user.pk:
        raise ChangeDenied("", "Phiên của chính mình thì kết thúc ở trang Phiên đăng nhập của tôi.")
    end_sessions(user)
    log.append("session.end_all", by=by, subject=user_subject(user), detail={})


@transaction.atomic
def end_all_sessions() -> int:
    """End all sessions of everybody, also those that wait for a second step; how many browsers had one."""
    User.objects.update(session_epoch=F("session_epoch") + 1)
    count, _ = Session.objects.all().delete()
    log.append("session.end_everyone", by=None, subject="sessions", detail={"sessions": count})
    return count
