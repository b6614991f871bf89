"""Gives out a person's data and logs that it was given out."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.users.actions import user_subject
from ledger import log

from .queries import personal_data


@transaction.atomic
def export_person(user: User, *, by: User | None, at: datetime) -> dict[str, Any]:
    """Everything that is kept about a person. That it was given out is logged, behind it."""
    found = personal_data(user, at=at)
    log.append("user.export", by=by, subject=user_subject(user), detail={}, at=at)
    return {"Xuất lúc": at, **found}
