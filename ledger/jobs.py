"""Long work outside any request, one piece after another in a thread of the web process.

The tables of the kinds (`ledger.models.Job`) are the queue: what waits survives a restart, and of several workers each
takes what no other has. A thread lives as long as anything is under way; it is started by whoever asks or looks, and
when a server starts. Apps register their kinds with `JOB_KINDS`.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, connections
from django.db.models import QuerySet
from django.utils import timezone

from core.registry import Registry

from .models import Job, JobState

PAUSE = 1.0
# A worker that was not heard of for so long is gone: it tells of itself every second.
SILENCE = timedelta(seconds=30)
PULSE = 10.0
_log = logging.getLogger(__name__)
_guard = threading.Lock()
_thread: threading.Thread | None = None
_owner = 0

# What work calls with how much of it is done; raises Cancelled once it was given up. Cheap: it may be called often.
ProgressCallback = Callable[[int], None]


class JobCancelled(Exception):
    """Somebody gave it up."""


class JobRefused(Exception):
    """The work cannot be done; its words are for whoever asked."""


@dataclass(frozen=True)
class JobKind:
    """A kind of work: its table, what does it, what is told of a fault that nobody foresaw, which rows hang on it.

    `work` raises a `Refused` (or one of `refusals`, whose text is told) where it cannot be done.
    """

    model: type[Job]
    work: Callable[[Job, ProgressCallback], None]
    fault: str
    refusals: tuple[type[Exception], ...] = ()
    related: tuple[str, ...] = ("asked_by",)


JOB_KINDS: Registry[JobKind] = Registry()


def count_waiting(model: type[Job]) -> int:
    """How many of a kind wait for their turn."""
    return model.objects.filter(state=JobState.WAITING).count()


def count_before(job: Job) -> int:
    """How many come before one that waits, of any kind."""
    found = 0
    for kind in JOB_KINDS:
        listed = kind.model.objects.filter(state__in=Job.OPEN)
        own = isinstance(job, kind.model)
        found += (
            listed.filter(pk__lt=job.pk).count() if own else listed.filter(asked_at__lt=job.asked_at).count()
        )
    return found


def any_under_way() -> bool:
    """Whether any waits or is worked on, here or elsewhere."""
    return any(kind.model.objects.filter(state__in=Job.OPEN).exists() for kind in JOB_KINDS)


def cancel(job: Job) -> bool:
    """Give it up; whether it was still under way. Whoever works on it notices within a second."""
    return bool(_still(job, *Job.OPEN).update(state=JobState.CANCELLED))


def take_next(moment: datetime) -> tuple[JobKind, Job] | None:
    """The one that was asked for first, for the worker that asks and for no other. What a worker left when it ended
    waits again, from its beginning.
    """
    found = []
    for kind in JOB_KINDS:
        lost = kind.model.objects.filter(state=JobState.WORKING, told_at__lt=moment - SILENCE)
        lost.update(state=JobState.WAITING, done=0)
        listed = kind.model.objects.filter(state=JobState.WAITING).select_related(*kind.related)
        found += [(kind, job) for job in listed.order_by("asked_at", "pk")[:20]]
    for kind, job in sorted(found, key=lambda one: (one[1].asked_at, one[1].pk)):
        if begin(job, moment):
            return kind, job
    return None


def begin(job: Job, moment: datetime) -> bool:
    """Take that very one, if it still waits; whoever does so carries it out."""
    if not _still(job, JobState.WAITING).update(state=JobState.WORKING, told_at=moment):
        return False
    job.state, job.told_at = JobState.WORKING, moment
    return True


def report_progress(job: Job, moment: datetime) -> bool:
    """So much is done, of so much; False when it was given up meanwhile, or taken from a worker that was silent."""
    return bool(_still(job, JobState.WORKING).update(done=job.done, total=job.total, told_at=moment))


def end(job: Job, words: str = "") -> None:
    """It is done, or could not be done, and `words` say why."""
    state = JobState.FAILED if words else JobState.DONE
    _still(job, JobState.WORKING).update(state=state, words=words, done=job.done, total=job.total)


def carry_out(kind: JobKind, job: Job) -> None:
    """Work on one that was taken; whatever happens it is ended, unless somebody gave it up."""
    try:
        with _pulse(job):
            kind.work(job, progress_callback(job))
        end(job)
    except JobCancelled:
        _log.info("%s %d was given up", kind.model.__name__, job.pk)
    except (JobRefused, *kind.refusals) as told:
        end(job, str(told))
    except Exception:
        _log.exception("%s %d", kind.model.__name__, job.pk)
        end(job, kind.fault)


@contextmanager
def _pulse(job: Job) -> Iterator[None]:
    """As long as this lasts the job is told of, also while one statement of it takes longer than SILENCE: nobody else
    takes what is still worked on.
    """
    over = threading.Event()

    def beat() -> None:
        try:
            while not over.wait(PULSE):
                _still(job, JobState.WORKING).update(told_at=timezone.now())
        except DatabaseError:
            _log.exception("pulse of %s %d", type(job).__name__, job.pk)
        finally:
            connections.close_all()

    thread = threading.Thread(target=beat, name="pulse", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def progress_callback(job: Job) -> ProgressCallback:
    """Writes down once a second how much is done, and notices a cancellation."""
    told = [0.0]

    def follow(done: int) -> None:
        job.done = done
        if time.monotonic() - told[0] >= PAUSE:
            told[0] = time.monotonic()
            if not report_progress(job, timezone.now()):
                raise JobCancelled

    return follow


def start_worker() -> None:
    """See to it that this process does what waits."""
    global _thread, _owner
    with _guard:
        # After a fork the thread of the parent is not ours.
        if (_thread is None or not _thread.is_alive() or _owner != os.getpid()) and any_under_way():
            _thread, _owner = threading.Thread(target=_work, name="jobs", daemon=True), os.getpid()
            _thread.start()


def start_worker_at_boot() -> None:
    """As `wake`, when a server starts: a database that is not there yet has nothing that waits."""
    try:
        start_worker()
    except DatabaseError:
        _log.info("no jobs yet")
    finally:
        connections.close_all()


def _work() -> None:
    try:
        while True:
            taken = take_next(timezone.now())
            if taken:
                carry_out(*taken)
            elif any_under_way():
                time.sleep(PAUSE)
            else:
                return
    except DatabaseError:
        # What waits is found again by the next one who looks.
        _log.exception("jobs")
    finally:
        connections.close_all()


def _still(job: Job, *states: str) -> QuerySet:
    return type(job).objects.filter(pk=job.pk, state__in=states)
