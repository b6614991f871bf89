"""Idempotency keys: a request sent twice with the same key is carried out once; both get the same response."""

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
    """The key was used with another body. Views respond with 422."""

    def __init__(self) -> None:
        super().__init__("Khóa yêu cầu này đã được dùng cho một nội dung khác.")


def run_once(scope: str, key: str, body_hash: str, do: Callable[[], Answer]) -> Answer:
    """Call `do` unless this key was used; returns its (HTTP status, JSON-ready response), stored or new.

    scope: user and endpoint, such as "13474 POST /api/v1/submissions"; keys of different scopes are independent. At
    most 200 characters, like the key. body_hash: SHA-256 of the body in hexadecimal digits. Requests with the same key
    wait for each other. If `do` raises, nothing is stored and the key is free again. Errors: KeyConflict for the same
    key with another body.
    """
    with transaction.atomic():
        # Plain SQL, as in the log: every save comes through here.
        with connection.cursor() as cursor:
            at = connection.ops.adapt_datetimefield_value(timezone.now())
            # A second request waits here until the first has committed, and then reads its row below.
            cursor.execute(_CLAIM, [scope, key, body_hash, at])
            claim = cursor.fetchone()
        if claim is None:
            stored = IdempotencyKey.objects.select_for_update().get(scope=scope, key=key)
            if stored.request_hash != body_hash:
                raise KeyConflict
            return stored.status, stored.answer
        status, answer = do()
        text = json.dumps(answer, cls=DjangoJSONEncoder)
        with connection.cursor() as cursor:
            cursor.execute(_ANSWER, [status, text, claim[0]])
        # As it would be read from the database: dates as text.
        return status, json.loads(text)


def forget(*, at: datetime) -> int:
    """Delete responses older than KEPT, the oldest first and at most AT_ONCE; returns how many. Frees their keys."""
    # By id, which grows with time: there is no index on the time.
    oldest = IdempotencyKey.objects.order_by("pk").values_list("pk", "at")[:AT_ONCE]
    old = [number for number, kept_at in oldest if kept_at < at - KEPT]
    return IdempotencyKey.objects.filter(pk__in=old).delete()[0]
