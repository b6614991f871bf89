"""Sets and stops receivers of approved figures."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import User
from core.text import clean_text
from ledger import log, outbox
from units.models import Receiver, Unit

from .delivery import checked_address, receiver_secret


def receiver_subject(receiver: Receiver) -> str:
    """How the log names a receiver."""
    return f"receiver:{receiver.pk}"


@transaction.atomic
def create_receiver(
    name: str, unit: Unit, url: str, *, by: User | None, at: datetime
) -> tuple[Receiver, str]:
    """From now on what is approved in the unit's subtree is pushed to the address; the secret that its signatures are
    checked with is shown once. Errors: BadAddress.
    """
    receiver = Receiver.objects.create(
        name=clean_text(name), unit=unit, url=checked_address(url), nonce=secrets.token_hex(16), created_at=at
    )
    detail = {"name": receiver.name, "unit": unit.pk, "unit_code": unit.code, "url": receiver.url}
    log.append("receiver.create", by=by, subject=receiver_subject(receiver), detail=detail)
    return receiver, receiver_secret(receiver)


@transaction.atomic
def stop_receiver(receiver: Receiver, *, by: User | None, at: datetime) -> bool:
    """Nothing more is stored for it, and what waits is given up; False where it was stopped already."""
    taken = Receiver.objects.filter(pk=receiver.pk, stopped_at=None).update(stopped_at=at)
    if taken:
        detail = {"name": receiver.name, "given_up": outbox.give_up(receiver.pk)}
        log.append("receiver.stop", by=by, subject=receiver_subject(receiver), detail=detail)
    return bool(taken)
