"""Metrics in the Prometheus format, behind a token; docs/operations.md lists them.

gunicorn's workers share counts through a folder (PROMETHEUS_MULTIPROC_DIR in gunicorn.conf.py); without it (tests,
`runserver`) they are of this process. Gauges of database and disk are read with each request.
"""

import hmac
import logging
import os
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from accounts import sessions
from core.web import Right, requires
from ledger import health, log, timer_runs

DURATIONS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)
_log = logging.getLogger(__name__)
_own = CollectorRegistry()
REQUESTS = Counter("cchc_requests", "Requests answered.", ["method", "route", "status"], registry=_own)
SECONDS = Histogram(
    "cchc_request_seconds", "Time until the answer.", ["route"], buckets=DURATIONS, registry=_own
)


def count(method: str, route: str, status: int, seconds: float) -> None:
    """Count one response; never raises."""
    try:
        REQUESTS.labels(method, route, f"{status // 100}xx").inc()
        SECONDS.labels(route).observe(seconds)
    except Exception:
        _log.exception("a request was not counted")


@requires(Right.PUBLIC)
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All metrics, for requests with the token; 404 if none is set."""
    if not settings.METRICS_TOKEN:
        raise Http404
    authorization = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(authorization, f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    registry = _own
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry := CollectorRegistry())
    body = generate_latest(registry) + generate_latest(_CurrentGauges())
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


class _CurrentGauges:
    """Gauges that are read with each request."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        at = timezone.now()
        yield _gauge("cchc_disk_free_bytes", "Free space where data lie.", {(): health.disk().free})
        yield from _run_gauges(at)
        try:
            gauges = list(_database_gauges(at))
        except DatabaseError:
            gauges = []
        yield _gauge("cchc_database_up", "Whether the database answers.", {(): int(bool(gauges))})
        yield from gauges


def _run_gauges(at: datetime) -> Iterator[GaugeMetricFamily]:
    last = {kind: timer_runs.last(kind) for kind in timer_runs.RUN_INTERVALS}
    good = {(kind,): (at - ran.good_at).total_seconds() for kind, ran in last.items() if ran and ran.good_at}
    went = {(kind,): int(ran.good) for kind, ran in last.items() if ran}
    yield _gauge("cchc_last_good_run_age_seconds", "Since a timer's work last went well.", good, "kind")
    yield _gauge("cchc_last_run_good", "Whether the last run of a timer's work went well.", went, "kind")


def _database_gauges(at: datetime) -> Iterator[GaugeMetricFamily]:
    since = at - timedelta(days=1)
    queues = health.queues(since)
    states = {
        (queue.kind, state): getattr(queue, state)
        for queue in queues
        for state in ("waiting", "working", "failed")
    }
    yield _gauge("cchc_jobs", "Long work by state; failed within a day.", states, "kind", "state")
    box = health.outbox()
    messages = {("waiting",): box.waiting, ("tried",): box.tried, ("given_up",): box.given_up}
    yield _gauge("cchc_outbox", "Messages to other systems that were not taken.", messages, "state")
    yield _gauge("cchc_log_entries", "Number of the log's last entry.", {(): log.head()[0]})
    yield _gauge(
        "cchc_failed_sign_ins",
        "Failed sign-ins within a day.",
        {(): len(sessions.failed_sign_ins(since))},
    )


def _gauge(
    name: str, description: str, values: dict[tuple[str, ...], float], *labels: str
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, description, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


urlpatterns = [path("metrics", metrics, name="metrics")]
