"""The outbox: messages to other systems, stored in the transaction of their event, delivered at least once.

Each destination gets its messages in the order in which they were stored. A failed one is retried at growing
intervals before the next one is sent; once given up (`failed`) it no longer blocks the others.
"""

import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import F
from django.db.transaction import TransactionManagementError

from . import log
from .models import Attempt, Delivery, Message

# How long after the first, second… failure it is retried; then it is given up: about three days.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 720, 1440, 1440))
# How long delivered messages remain.
KEPT = timedelta(days=90)
# How long a message being sent is reserved for its sender: longer than an attempt may take.
LEASE = timedelta(minutes=2)
_LONGEST_ERROR = 200
_LONGEST_SUBJECT = 200


@dataclass(frozen=True)
class DeliveryOutcome:
    """The outcome of an attempt: the HTTP status, or in words why there was none."""

    status: int | None
    error: str = ""

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class DeliveryRun:
    """Counts of one run of `deliver`."""

    delivered: int = 0
    failed: int = 0


def put(
    kind: str, subject: str, data: dict[str, Any], destinations: Iterable[int], *, at: datetime
) -> uuid.UUID:
    """Store an event for each destination, in the caller's transaction; returns the event's id.

    The body is `{"id", "type", "at", "data"}` as JSON; a long subject is truncated. Errors:
    TransactionManagementError outside `atomic`.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("ledger.outbox.put must run inside transaction.atomic()")
    event = uuid.uuid4()
    body = {"id": str(event), "type": kind, "at": at.isoformat(), "data": data}
    text = json.dumps(body, cls=DjangoJSONEncoder, ensure_ascii=False)
    if len(subject) > _LONGEST_SUBJECT:
        subject = subject[: _LONGEST_SUBJECT - 1] + "…"
    about = {"event": event, "kind": kind, "subject": subject, "body": text, "created_at": at, "next_at": at}
    Message.objects.bulk_create([Message(destination=destination, **about) for destination in destinations])
    return event


def deliver(send: Callable[[Message], DeliveryOutcome], now: Callable[[], datetime]) -> DeliveryRun:
    """Send what is due, for each destination until a message fails or has to wait. `send` must not raise for an
    unreachable destination. Call it outside a transaction: nothing is locked during slow requests.
    """
    delivered = failed = 0
    waiting = Message.objects.filter(state=Delivery.WAITING).order_by()
    for destination in sorted(set(waiting.values_list("destination", flat=True))):
        while (message := _claimed(destination, now())) is not None:
            outcome = send(message)
            _record(message, outcome, now())
            if not outcome.accepted:
                failed += 1
                break
            delivered += 1
    return DeliveryRun(delivered, failed)


def _claimed(destination: int, at: datetime) -> Message | None:
    """The first waiting message of a destination, if it is due and no other process sends it."""
    head = Message.objects.filter(destination=destination, state=Delivery.WAITING).order_by("pk").first()
    if head is None or head.next_at > at:
        return None
    mine = Message.objects.filter(pk=head.pk, state=Delivery.WAITING, next_at=head.next_at).update(
        next_at=at + LEASE
    )
    return head if mine else None


@transaction.atomic
def _record(message: Message, outcome: DeliveryOutcome, at: datetime) -> None:
    Attempt.objects.create(
        message=message, at=at, status=outcome.status, error=outcome.error[:_LONGEST_ERROR]
    )
    tries = message.attempts + 1
    changes: dict[str, Any] = {"attempts": F("attempts") + 1}
    if outcome.accepted:
        changes |= {"state": Delivery.DELIVERED, "delivered_at": at}
    elif tries > len(PAUSES):
        changes |= {"state": Delivery.FAILED}
    else:
        changes |= {"next_at": at + PAUSES[tries - 1]}
    Message.objects.filter(pk=message.pk).update(**changes)


def forget(*, at: datetime) -> int:
    """Delete messages delivered before KEPT, with their attempts; returns how many."""
    return (
        Message.objects.filter(state=Delivery.DELIVERED, delivered_at__lt=at - KEPT)
        .delete()[1]
        .get(Message._meta.label, 0)
    )


def give_up(destination: int) -> int:
    """Mark the waiting messages of a destination as failed; returns how many."""
    return Message.objects.filter(destination=destination, state=Delivery.WAITING).update(
        state=Delivery.FAILED
    )


@transaction.atomic
def send_again(message: Message, *, by: log.Actor | None, at: datetime) -> bool:
    """Make a waiting or failed message due now, with all its attempts; False for a delivered one."""
    undelivered = Message.objects.filter(pk=message.pk).exclude(state=Delivery.DELIVERED)
    updated = undelivered.update(state=Delivery.WAITING, attempts=0, next_at=at)
    if updated:
        log.append(
            "outbox.send_again", by=by, subject=f"message:{message.pk}", detail={"event": message.event}
        )
    return bool(updated)
