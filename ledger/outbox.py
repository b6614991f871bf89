"""The outbox: messages to other systems, stored in the transaction of what they tell, delivered at least once.

Each destination gets its messages in the order in which they were stored: one that fails is tried again, at growing
distances, before the next one goes; given up (`failed`) it lets the next ones pass until somebody sends it again.
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

# How long after the first, second… failure it is tried again; after the last one it is given up: about three days.
PAUSES = tuple(timedelta(minutes=one) for one in (1, 5, 15, 60, 120, 240, 480, 720, 1440, 1440))
# What was taken is kept for so long, to be looked at: the figures themselves stay where they are.
KEPT = timedelta(days=90)
# A message being sent is left to whoever sends it for so long: longer than a try may take.
LEASE = timedelta(minutes=2)
_LONGEST_ERROR = 200
_LONGEST_SUBJECT = 200


@dataclass(frozen=True)
class DeliveryOutcome:
    """What became of a try: the status that was answered, or in words why none came."""

    status: int | None
    error: str = ""

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class DeliveryRun:
    """What one run of the delivery did."""

    delivered: int = 0
    failed: int = 0


def put(
    kind: str, subject: str, data: dict[str, Any], destinations: Iterable[int], *, at: datetime
) -> uuid.UUID:
    """Store one event for each destination, in the caller's transaction; its identifier.

    The body is `{"id", "type", "at", "data"}` as JSON; a long subject is cut. Errors:
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
    """Send whatever is due; each destination until one of its messages fails or has to wait. `send` raises nothing for
    a destination that cannot be reached. Not inside a transaction: nothing is locked while somebody answers slowly.
    """
    delivered = failed = 0
    waiting = Message.objects.filter(state=Delivery.WAITING).order_by()
    for destination in sorted(set(waiting.values_list("destination", flat=True))):
        while (message := _claimed(destination, now())) is not None:
            outcome = send(message)
            _keep(message, outcome, now())
            if not outcome.taken:
                failed += 1
                break
            delivered += 1
    return DeliveryRun(delivered, failed)


def _claimed(destination: int, at: datetime) -> Message | None:
    """The first waiting message of a destination, if it is due and nobody else is at it."""
    head = Message.objects.filter(destination=destination, state=Delivery.WAITING).order_by("pk").first()
    if head is None or head.next_at > at:
        return None
    mine = Message.objects.filter(pk=head.pk, state=Delivery.WAITING, next_at=head.next_at).update(
        next_at=at + LEASE
    )
    return head if mine else None


@transaction.atomic
def _keep(message: Message, outcome: DeliveryOutcome, at: datetime) -> None:
    Attempt.objects.create(
        message=message, at=at, status=outcome.status, error=outcome.error[:_LONGEST_ERROR]
    )
    tries = message.attempts + 1
    kept: dict[str, Any] = {"attempts": F("attempts") + 1}
    if outcome.taken:
        kept |= {"state": Delivery.DELIVERED, "delivered_at": at}
    elif tries > len(PAUSES):
        kept |= {"state": Delivery.FAILED}
    else:
        kept |= {"next_at": at + PAUSES[tries - 1]}
    Message.objects.filter(pk=message.pk).update(**kept)


def forget(*, at: datetime) -> int:
    """Delete messages that were taken long ago, with their tries; how many."""
    return (
        Message.objects.filter(state=Delivery.DELIVERED, delivered_at__lt=at - KEPT)
        .delete()[1]
        .get(Message._meta.label, 0)
    )


def give_up(destination: int) -> int:
    """Whatever waits for a destination is not sent any more, unless `send_again` is asked for; how much that was."""
    return Message.objects.filter(destination=destination, state=Delivery.WAITING).update(
        state=Delivery.FAILED
    )


@transaction.atomic
def send_again(message: Message, *, by: log.Actor | None, at: datetime) -> bool:
    """Put a message that waits or was given up first in line again, with all its tries; False for a delivered one."""
    undelivered = Message.objects.filter(pk=message.pk).exclude(state=Delivery.DELIVERED)
    taken = undelivered.update(state=Delivery.WAITING, attempts=0, next_at=at)
    if taken:
        log.append(
            "outbox.send_again", by=by, subject=f"message:{message.pk}", detail={"event": message.event}
        )
    return bool(taken)
