"""Creates and revokes tokens, and keeps their last use."""

import hashlib
import secrets
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q

from accounts.models import User
from core.text import clean_text
from ledger import log
from units.models import Token, TokenScope, Unit

# What secrets begin with: whoever searches files and logs for lost ones finds them.
PREFIX = "cchc_"
_BYTES = 32
# A token that is used all the time is not written with every request.
_USE_KEPT_EVERY = timedelta(minutes=1)


def token_subject(token: Token) -> str:
    """How the log names a token."""
    return f"token:{token.pk}"


def secret_digest(secret: str) -> str:
    """What is kept of a secret: SHA-256 in 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


@transaction.atomic
def create_token(
    name: str, unit: Unit, scopes: Collection[str], days: int, *, by: User | None, at: datetime
) -> tuple[Token, str]:
    """A new token of a system and its secret of 256 bits, which is shown once and kept nowhere.

    Errors: ValueError (Vietnamese) for a life outside 1 to settings.TOKEN_DAYS days, or without a scope.
    """
    if not 1 <= days <= settings.TOKEN_DAYS:
        raise ValueError(f"Khóa truy cập dùng được từ 1 đến {settings.TOKEN_DAYS} ngày.")
    granted = [scope for scope in TokenScope.values if scope in scopes]
    if not granted:
        raise ValueError("Chọn ít nhất một việc mà hệ thống được làm.")
    secret = PREFIX + secrets.token_urlsafe(_BYTES)
    token = Token.objects.create(
        name=clean_text(name),
        unit=unit,
        scopes=" ".join(granted),
        secret_sha256=secret_digest(secret),
        created_at=at,
        expires_at=at + timedelta(days=days),
        created_by=by,
    )
    detail = {"name": token.name, "unit": unit.pk, "unit_code": unit.code, "scopes": token.scopes}
    log.append(
        "token.create", by=by, subject=token_subject(token), detail=detail | {"expires": token.expires_at}
    )
    return token, secret


@transaction.atomic
def revoke_token(token: Token, *, by: User | None, at: datetime) -> bool:
    """From the next request on the token opens nothing; False where it was revoked already."""
    taken = Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at)
    if taken:
        log.append("token.revoke", by=by, subject=token_subject(token), detail={"name": token.name})
    return bool(taken)


def note_use(token: Token, *, at: datetime) -> None:
    """Keep when the token was last used, to the minute; a database that takes no writes keeps nobody from reading."""
    before = at - _USE_KEPT_EVERY
    if token.last_used_at is not None and token.last_used_at > before:
        return
    with suppress(DatabaseError):
        unused = Q(last_used_at=None) | Q(last_used_at__lte=before)
        Token.objects.filter(unused, pk=token.pk).update(last_used_at=at)
