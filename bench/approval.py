"""Approving all months of a province at once, compared per month with a district."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from records.approval import actions
from records.generate.country import LAST
from records.models import Edition, State
from units.models import Unit

from .databases import use, vendor
from .measurement import Act, Result, versus

AT = datetime(2026, 1, 18, 8, tzinfo=UTC)


def rows(nation: tuple, district: tuple) -> Iterator[Result]:
    """Both are (connection, top unit, scale). Resets the last month to sent, approves it and rolls back."""
    province = _province(nation[0], nation[1])
    acts, counts = zip(
        *(_approval_act(connection, unit) for connection, unit in ((nation[0], province), district[:2])),
        strict=True,
    )
    times = versus(*acts, times=5, warm=0)
    ours, reference = (total / count for total, count in zip(times, counts, strict=True))
    title = f"Approving a province, each of {counts[0]} months ÷ of a district, {vendor()}"
    yield Result(title, str(nation[2]), ours, reference)


def _province(connection: Any, top: Unit) -> Unit:
    with use(connection):
        return Unit.objects.filter(parent=top).order_by("pk").last()


def _approval_act(connection: Any, above: Unit) -> tuple[Act, int]:
    with use(connection):
        unit_ids = Unit.objects.under(above).reporting()
        approved = Edition.objects.filter(submission__month=LAST.number, submission__unit__in=unit_ids)
        edition_ids = list(approved.filter(state=State.APPROVED).values_list("pk", flat=True))

    def approve() -> None:
        with use(connection), transaction.atomic():
            editions = Edition.objects.filter(pk__in=edition_ids)
            editions.update(state=State.SENT, decided_at=None, decided_by="")
            sent = editions.select_related("submission__unit")
            actions.approve_editions([(edition, edition.revision) for edition in sent], by=None, at=AT)
            transaction.set_rollback(True)

    return approve, len(edition_ids)
