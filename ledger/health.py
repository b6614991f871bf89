"""State of job queues, outbox and disk, for the operators' page and metrics."""

import shutil
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Min, Q

from . import jobs
from .models import Delivery, JobState, Message


class QueueHealth(NamedTuple):
    """A kind of job: how many wait, run, failed since a moment; since when the oldest waits."""

    kind: str
    name: str
    waiting: int
    working: int
    failed: int
    oldest: datetime | None


class OutboxHealth(NamedTuple):
    """Messages to other systems: how many wait, how many of these failed before, how many were given up; when the
    oldest waiting one was stored.
    """

    waiting: int
    tried: int
    given_up: int
    oldest: datetime | None


class DiskHealth(NamedTuple):
    """Bytes on the disk of the data."""

    free: int
    total: int

    @property
    def short(self) -> bool:
        """Whether less is free than /readyz requires."""
        return self.free < settings.DISK_FREE_MIN_BYTES


def queues(since: datetime) -> list[QueueHealth]:
    """All kinds of jobs; failures since a moment. One query per kind."""
    result = []
    for kind in jobs.JOB_KINDS:
        waits = Q(state=JobState.WAITING)
        rows = kind.model.objects.filter(Q(state__in=kind.model.OPEN) | Q(asked_at__gte=since)).order_by()
        counts = rows.aggregate(
            waiting=Count("pk", filter=waits),
            working=Count("pk", filter=Q(state=JobState.WORKING)),
            failed=Count("pk", filter=Q(state=JobState.FAILED)),
            oldest=Min("asked_at", filter=waits),
        )
        meta = kind.model._meta
        result.append(QueueHealth(meta.model_name, str(meta.verbose_name), **counts))
    return result


def outbox() -> OutboxHealth:
    """One query."""
    waits = Q(state=Delivery.WAITING)
    undelivered = Message.objects.exclude(state=Delivery.DELIVERED).order_by()
    counts = undelivered.aggregate(
        waiting=Count("pk", filter=waits),
        tried=Count("pk", filter=waits & Q(attempts__gt=0)),
        given_up=Count("pk", filter=Q(state=Delivery.FAILED)),
        oldest=Min("created_at", filter=waits),
    )
    return OutboxHealth(**counts)


def disk() -> DiskHealth:
    usage = shutil.disk_usage(settings.DATA_DIR)
    return DiskHealth(usage.free, usage.total)
