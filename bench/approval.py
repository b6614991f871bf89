"""A reviewer approves all months of a province at once; beside those of a district, for each month."""

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
    """Both are (connection, top unit, scale). The last month is put back to waiting, approved, and undone."""
    province = _province(nation[0], nation[1])
    acts, numbers = zip(
        *(_approving(connection, unit) for connection, unit in ((nation[0], province), district[:2])),
        strict=True,
    )
    times = versus(*acts, times=5, warm=0)
    ours, reference = (one / number for one, number in zip(times, numbers, strict=True))
    title = f"Approving a province, each of {numbers[0]} months ÷ of a district, {vendor()}"
    yield Result(title, str(nation[2]), ours, reference)


def _province(connection: Any, top: Unit) -> Unit:
    with use(connection):
        return Unit.objects.filter(parent=top).order_by("pk").last()


def _approving(connection: Any, above: Unit) -> tuple[Act, int]:
    with use(connection):
        below = Unit.objects.under(above).reporting()
        approved = Edition.objects.filter(submission__month=LAST.number, submission__unit__in=below)
        numbers = list(approved.filter(state=State.APPROVED).values_list("pk", flat=True))

    def approve() -> None:
        with use(connection), transaction.atomic():
            editions = Edition.objects.filter(pk__in=numbers)
            editions.update(state=State.SENT, decided_at=None, decided_by="")
            sent = editions.select_related("submission__unit")
            actions.approve_editions([(edition, edition.revision) for edition in sent], by=None, at=AT)
            transaction.set_rollback(True)

    return approve, len(numbers)
