"""Changes of users and their passwords: atomic, logged, by whom."""

import secrets
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction

from core import mail_server
from core.forms import ChangeDenied
from core.text import clean_text
from ledger import log

from .models import User
from .safety_rules import current_safety

# Without letters and digits that look alike on paper (0 O, 1 l I): an issued password is read out or copied by hand.
READABLE_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"

_OWN_PASSWORD = "Mật khẩu của chính mình thì đổi ở trang Tài khoản của tôi."
_PASSWORD = ["password", "must_change_password", "password_expires_at"]


def user_subject(user: User) -> str:
    """The user as a subject of log entries."""
    return f"user:{user.pk}"


@transaction.atomic
def create_user(
    username: str,
    *,
    by: User | None,
    at: datetime,
    full_name: str = "",
    position: str = "",
    email: str = "",
) -> tuple[User, str]:
    """A new account and its issued password, which is shown once. Errors: ChangeDenied for a username in use.

    The password opens only the page that changes it, once, within 72 hours (acceptance S10).
    """
    username = User.normalize_username(clean_text(username))
    if User.objects.filter(username__iexact=username).exists():
        raise ChangeDenied("username", "Tên đăng nhập này đã có.")
    names = {"full_name": clean_text(full_name), "position": clean_text(position)}
    user = User(username=username, email=email, **names)
    password = _issue_password(user, at)
    user.save(force_insert=True)
    detail = {"username": user.username, **names}
    log.append("user.create", by=by, subject=user_subject(user), detail=detail)
    return user, password


def _issue_password(user: User, at: datetime) -> str:
    password = "-".join("".join(secrets.choice(READABLE_SIGNS) for _ in range(4)) for _ in range(5))
    user.set_password(password)
    user.must_change_password = True
    user.password_expires_at = at + timedelta(hours=settings.ISSUED_PASSWORD_HOURS)
    return password


@transaction.atomic
def issue_password(user: User, *, by: User | None, at: datetime) -> str:
    """A new password for a person who lost theirs, shown once; ends the person's sessions.

    Errors: ChangeDenied for one's own account.
    """
    if by is not None and by.pk == user.pk:
        raise ChangeDenied("", _OWN_PASSWORD)
    password = _issue_password(user, at)
    user.save(update_fields=_PASSWORD)
    log.append(
        "user.issue_password", by=by, subject=user_subject(user), detail={"until": user.password_expires_at}
    )
    return password


@transaction.atomic
def use_issued_password(user: User, *, at: datetime) -> bool:
    """Take the one sign-in that an issued password is good for; False where it was used or has run out.

    A conditional update, so that two sign-ins at once cannot both have it.
    """
    updated = User.objects.filter(pk=user.pk, must_change_password=True, password_expires_at__gt=at).update(
        password_expires_at=at
    )
    return bool(updated)


@transaction.atomic
def change_password(user: User, password: str, *, by: User | None, on: date) -> None:
    """Set a password of the person's own choice (validated by the form); other sessions end with the old hash."""
    user.set_password(password)
    user.must_change_password = False
    user.password_expires_at = None
    days = current_safety().password_days
    user.password_changed_on = on
    user.password_due = on + timedelta(days) if days and not user.demo else None
    user.save(update_fields=[*_PASSWORD, "password_changed_on", "password_due"])
    log.append("user.change_password", by=by, subject=user_subject(user), detail={})


@transaction.atomic
def invite(user: User, *, by: User | None) -> None:
    """Take the password away: the person sets one by a link that goes to their address (accounts.passwords). Ends
    their sessions. Errors: ChangeDenied without an address, without a mail server, and for one's own account.
    """
    if not user.email:
        raise ChangeDenied("email", "Chưa có địa chỉ thư điện tử để gửi thư mời.")
    if not mail_server.is_configured():
        raise ChangeDenied("", f"{mail_server.NOT_CONFIGURED} Hãy cấp mật khẩu.")
    if by is not None and by.pk == user.pk:
        raise ChangeDenied("", _OWN_PASSWORD)
    user.set_unusable_password()
    user.must_change_password = False
    user.password_expires_at = None
    user.save(update_fields=_PASSWORD)
    log.append("user.invite", by=by, subject=user_subject(user), detail={"email": user.email})


@transaction.atomic
def edit_user(user: User, *, by: User | None, full_name: str, position: str, email: str) -> None:
    """Change what a person is called; the sign-in name stays. Errors: ChangeDenied for one's own address, to which a
    link that sets the password goes.
    """
    if by is not None and by.pk == user.pk and email != user.email:
        raise ChangeDenied("email", "Địa chỉ của chính mình thì đổi ở trang Tài khoản của tôi.")
    new = {"full_name": clean_text(full_name), "position": clean_text(position), "email": email}
    changed = {
        field: [getattr(user, field), value] for field, value in new.items() if getattr(user, field) != value
    }
    if changed:
        for field, value in new.items():
            setattr(user, field, value)
        user.save(update_fields=list(new))
        log.append("user.edit", by=by, subject=user_subject(user), detail=changed)


@transaction.atomic
def edit_own(user: User, *, by: User, email: str, mail_muted: bool) -> bool:
    """What a person sets alone: the own address, and whether e-mails remind. False where nothing changes."""
    new = {"email": email, "mail_muted": mail_muted}
    changed = {
        field: [getattr(user, field), value] for field, value in new.items() if getattr(user, field) != value
    }
    if changed:
        User.objects.filter(pk=user.pk).update(**new)
        log.append("user.edit", by=by, subject=user_subject(user), detail=changed)
    return bool(changed)


@transaction.atomic
def disable_user(user: User, *, by: User | None) -> None:
    """From the next request on the person is signed out. Errors: ChangeDenied for one's own account."""
    if by is not None and by.pk == user.pk:
        raise ChangeDenied("", "Không thể khóa tài khoản của chính mình.")
    if user.is_active:
        user.is_active = False
        user.save(update_fields=["is_active"])
        log.append("user.disable", by=by, subject=user_subject(user), detail={})


@transaction.atomic
def enable_user(user: User, *, by: User | None) -> None:
    """Let a disabled person sign in again."""
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        log.append("user.enable", by=by, subject=user_subject(user), detail={})
