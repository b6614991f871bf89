"""The review that the demo begins."""

from datetime import date
from typing import Any

from django.db import transaction

from figures.periods import Period
from reports import actions
from reports.models import Review
from units.models import User

from .fixture import holder
from .signing import at_hour


def drafted(told: dict[str, Any], people: dict[str, User]) -> Review:
    """Drafted with its tasks, unless the unit has one of that period."""
    unit, period = holder(told["unit"]), Period.parse(told["period"])
    existing = Review.objects.filter(unit=unit, period=period.code).order_by("pk").first()
    if existing:
        return existing
    by, at = people[told["created_by"]], at_hour(date.fromisoformat(told["created_on"]), 14)
    with transaction.atomic():
        review = actions.draft(
            unit,
            period,
            by=by,
            at=at,
            title=told["title"],
            sections=told["sections"],
            header=told["header"],
            signer=told["signer"],
            recipients=told["recipients"],
        )
        tasks = [
            actions.TaskText(
                task["text"],
                task["responsible"],
                date.fromisoformat(task["deadline"]),
                holder(task["unit"]).pk,
            )
            for task in told["tasks"]
        ]
        return actions.edit(review, by=by, at=at, tasks=tasks)
