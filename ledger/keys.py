"""Idempotency: a request sent twice under one key is carried out once and answered twice."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from ledger.models import IdempotencyKey

Answer = tuple[int, Any]


class KeyConflict(ValueError):
    """The key came before with another body. A view answers 422."""

    def __init__(self) -> None:
        super().__init__("Khóa yêu cầu này đã được dùng cho một nội dung khác.")


def once(scope: str, key: str, body_hash: str, do: Callable[[], Answer]) -> Answer:
    """Carry out `do` unless this key already did; give its (HTTP status, JSON-ready answer), stored or new.

    scope: who asks for what, such as "13474 POST /api/v1/submissions"; keys of different scopes do not meet. At most
    200 characters, like the key. body_hash: SHA-256 of the body in hexadecimal digits.
    Requests under the same key wait for each other. If `do` raises, nothing is kept and the key is free again.
    Errors: KeyConflict for the same key with another body.
    """
    with transaction.atomic():
        claim = IdempotencyKey(scope=scope, key=key, request_hash=body_hash)
        # A second request waits here until the first has committed, and then finds its row below.
        IdempotencyKey.objects.bulk_create([claim], ignore_conflicts=True)
        kept = IdempotencyKey.objects.select_for_update().get(scope=scope, key=key)
        if kept.request_hash != body_hash:
            raise KeyConflict
        if kept.status is None:
            kept.status, kept.answer = do()
            kept.save(update_fields=["status", "answer"])
            kept.refresh_from_db(fields=["answer"])
        return kept.status, kept.answer
