"""What waits, what failed and how much disk is left, for those who run the server, in a few queries."""

import shutil
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Min, Q

from . import jobs
from .models import Delivery, JobState, Message


class QueueHealth(NamedTuple):
    """A kind of long work: how many wait, are worked on, failed since a moment; since when the oldest waits."""

    kind: str
    name: str
    waiting: int
    working: int
    failed: int
    oldest: datetime | None


class OutboxHealth(NamedTuple):
    """Messages to other systems: how many wait, how many of these were tried in vain, how many were given up; when the
    oldest waiting was stored.
    """

    waiting: int
    tried: int
    given_up: int
    oldest: datetime | None


class DiskHealth(NamedTuple):
    """Bytes where data lie."""

    free: int
    total: int

    @property
    def short(self) -> bool:
        """Whether less is free than /readyz asks for."""
        return self.free < settings.DISK_FREE_MIN_BYTES


def queues(since: datetime) -> list[QueueHealth]:
    """All kinds of long work; failures since a moment. A query for each kind."""
    found = []
    for kind in jobs.JOB_KINDS:
        waits = Q(state=JobState.WAITING)
        rows = kind.model.objects.filter(Q(state__in=kind.model.OPEN) | Q(asked_at__gte=since)).order_by()
        told = rows.aggregate(
            waiting=Count("pk", filter=waits),
            working=Count("pk", filter=Q(state=JobState.WORKING)),
            failed=Count("pk", filter=Q(state=JobState.FAILED)),
            oldest=Min("asked_at", filter=waits),
        )
        meta = kind.model._meta
        found.append(QueueHealth(meta.model_name, str(meta.verbose_name), **told))
    return found


def outbox() -> OutboxHealth:
    """One query."""
    waits = Q(state=Delivery.WAITING)
    undelivered = Message.objects.exclude(state=Delivery.DELIVERED).order_by()
    told = undelivered.aggregate(
        waiting=Count("pk", filter=waits),
        tried=Count("pk", filter=waits & Q(attempts__gt=0)),
        given_up=Count("pk", filter=Q(state=Delivery.FAILED)),
        oldest=Min("created_at", filter=waits),
    )
    return OutboxHealth(**told)


def disk() -> DiskHealth:
    """Read anew."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    return DiskHealth(usage.free, usage.total)
