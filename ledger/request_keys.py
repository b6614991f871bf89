"""Idempotency keys: a request sent twice under one key is carried out once and answered twice."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils import timezone

from .models import IdempotencyKey

Answer = tuple[int, Any]
# Nobody repeats a request after a month; every saved cell leaves a key.
KEPT = timedelta(days=30)
AT_ONCE = 1_000
_CLAIM = """INSERT INTO ledger_idempotencykey (scope, key, request_hash, at) VALUES (%s, %s, %s, %s)
ON CONFLICT (scope, key) DO NOTHING RETURNING id"""
_ANSWER = "UPDATE ledger_idempotencykey SET status = %s, answer = %s WHERE id = %s"


class KeyConflict(ValueError):
    """The key came before with another body. A view answers 422."""

    def __init__(self) -> None:
        super().__init__("Khóa yêu cầu này đã được dùng cho một nội dung khác.")


def run_once(scope: str, key: str, body_hash: str, do: Callable[[], Answer]) -> Answer:
    """Carry out `do` unless this key already did; give its (HTTP status, JSON-ready answer), stored or new.

    scope: who asks for what, such as "13474 POST /api/v1/submissions"; keys of different scopes do not meet. At most
    200 characters, like the key. body_hash: SHA-256 of the body in hexadecimal digits.
    Requests under the same key wait for each other. If `do` raises, nothing is kept and the key is free again.
    Errors: KeyConflict for the same key with another body.
    """
    with transaction.atomic():
        # In plain SQL, as the log is written: every saving passes here.
        with connection.cursor() as cursor:
            at = connection.ops.adapt_datetimefield_value(timezone.now())
            # A second request waits here until the first has committed, and then finds its row below.
            cursor.execute(_CLAIM, [scope, key, body_hash, at])
            claim = cursor.fetchone()
        if claim is None:
            kept = IdempotencyKey.objects.select_for_update().get(scope=scope, key=key)
            if kept.request_hash != body_hash:
                raise KeyConflict
            return kept.status, kept.answer
        status, answer = do()
        text = json.dumps(answer, cls=DjangoJSONEncoder)
        with connection.cursor() as cursor:
            cursor.execute(_ANSWER, [status, text, claim[0]])
        # As it will be read again: dates as text.
        return status, json.loads(text)


def forget(*, at: datetime) -> int:
    """Delete answers kept for longer than KEPT, the oldest and at most AT_ONCE; how many. Their keys are free again."""
    # By number, which grows with time: there is no index on the time.
    oldest = IdempotencyKey.objects.order_by("pk").values_list("pk", "at")[:AT_ONCE]
    old = [number for number, kept_at in oldest if kept_at < at - KEPT]
    return IdempotencyKey.objects.filter(pk__in=old).delete()[0]
