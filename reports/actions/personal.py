"""What is done with a person's own data on the person's request."""

from datetime import datetime
from typing import Any

from django.db import transaction

from ledger import log
from reports.queries.person import everything
from units.actions.people import subject
from units.models import User


@transaction.atomic
def export_person(user: User, *, by: User | None, at: datetime) -> dict[str, Any]:
    """Everything that is kept about a person. That it was given out is logged, behind it."""
    found = everything(user, at=at)
    log.append("user.export", by=by, subject=subject(user), detail={}, at=at)
    return {"Xuất lúc": at, **found}
