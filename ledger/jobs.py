"""Background jobs, run one after another in a thread of the web process.

The tables of the kinds (`ledger.models.Job`) are the queue: waiting jobs survive a restart, and each is taken by one
worker. The thread ends when no job is open; requests that create or show jobs start it, and so does the server. Apps
register their kinds with `JOB_KINDS`.
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
# A worker without a sign of life for so long is gone: it writes one every second.
SILENCE = timedelta(seconds=30)
PULSE = 10.0
_log = logging.getLogger(__name__)
_guard = threading.Lock()
_thread: threading.Thread | None = None
_owner = 0

# Called by the work with how much is done; raises JobCancelled once the job was cancelled. Cheap to call often.
ProgressCallback = Callable[[int], None]


class JobCancelled(Exception):
    """The job was cancelled."""


class JobRefused(Exception):
    """The work cannot be done; the text is shown to the user, in Vietnamese."""


@dataclass(frozen=True)
class JobKind:
    """A kind of job: its table, the function, the message for an unexpected error, relations to fetch with the job.

    `work` raises JobRefused or one of `refusals`, whose text is shown, if it cannot be done.
    """

    model: type[Job]
    work: Callable[[Job, ProgressCallback], None]
    fault: str
    refusals: tuple[type[Exception], ...] = ()
    related: tuple[str, ...] = ("asked_by",)


JOB_KINDS: Registry[JobKind] = Registry()


def count_waiting(model: type[Job]) -> int:
    return model.objects.filter(state=JobState.WAITING).count()


def count_before(job: Job) -> int:
    """How many jobs of any kind are ahead of a waiting one."""
    count = 0
    for kind in JOB_KINDS:
        listed = kind.model.objects.filter(state__in=Job.OPEN)
        own = isinstance(job, kind.model)
        count += (
            listed.filter(pk__lt=job.pk).count() if own else listed.filter(asked_at__lt=job.asked_at).count()
        )
    return count


def any_under_way() -> bool:
    """Whether any job waits or runs, here or in another process."""
    return any(kind.model.objects.filter(state__in=Job.OPEN).exists() for kind in JOB_KINDS)


def cancel(job: Job) -> bool:
    """Cancel a job; False if it had ended. Its worker notices within a second."""
    return bool(_still(job, *Job.OPEN).update(state=JobState.CANCELLED))


def take_next(moment: datetime) -> tuple[JobKind, Job] | None:
    """Take the oldest waiting job. Jobs of workers that are gone wait again, from the beginning."""
    waiting = []
    for kind in JOB_KINDS:
        lost = kind.model.objects.filter(state=JobState.WORKING, told_at__lt=moment - SILENCE)
        lost.update(state=JobState.WAITING, done=0)
        listed = kind.model.objects.filter(state=JobState.WAITING).select_related(*kind.related)
        waiting += [(kind, job) for job in listed.order_by("asked_at", "pk")[:20]]
    for kind, job in sorted(waiting, key=lambda pair: (pair[1].asked_at, pair[1].pk)):
        if begin(job, moment):
            return kind, job
    return None


def begin(job: Job, moment: datetime) -> bool:
    """Take this job; False if it no longer waits. The caller carries it out."""
    if not _still(job, JobState.WAITING).update(state=JobState.WORKING, told_at=moment):
        return False
    job.state, job.told_at = JobState.WORKING, moment
    return True


def report_progress(job: Job, moment: datetime) -> bool:
    """Store `done` and `total`; False if the job was cancelled or taken from this worker meanwhile."""
    return bool(_still(job, JobState.WORKING).update(done=job.done, total=job.total, told_at=moment))


def end(job: Job, words: str = "") -> None:
    """Mark a job as done, or as failed with `words` as the reason."""
    state = JobState.FAILED if words else JobState.DONE
    _still(job, JobState.WORKING).update(state=state, words=words, done=job.done, total=job.total)


def carry_out(kind: JobKind, job: Job) -> None:
    """Run a job that was taken; it ends as done or failed, unless it was cancelled."""
    try:
        with _pulse(job):
            kind.work(job, progress_callback(job))
        end(job)
    except JobCancelled:
        _log.info("%s %d was given up", kind.model.__name__, job.pk)
    except (JobRefused, *kind.refusals) as refusal:
        end(job, str(refusal))
    except Exception:
        _log.exception("%s %d", kind.model.__name__, job.pk)
        end(job, kind.fault)


@contextmanager
def _pulse(job: Job) -> Iterator[None]:
    """Write signs of life from a thread, so that no other worker takes the job while a statement takes longer than
    SILENCE.
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
    """Stores at most once a second how much is done, and notices a cancellation."""
    last_report = [0.0]

    def follow(done: int) -> None:
        job.done = done
        if time.monotonic() - last_report[0] >= PAUSE:
            last_report[0] = time.monotonic()
            if not report_progress(job, timezone.now()):
                raise JobCancelled

    return follow


def start_worker() -> None:
    """Start the worker thread of this process if jobs are open."""
    global _thread, _owner
    with _guard:
        # After a fork the thread of the parent is not ours.
        if (_thread is None or not _thread.is_alive() or _owner != os.getpid()) and any_under_way():
            _thread, _owner = threading.Thread(target=_work, name="jobs", daemon=True), os.getpid()
            _thread.start()


def start_worker_at_boot() -> None:
    """As `start_worker`, when a server starts; the database may not exist yet."""
    try:
        start_worker()
    except DatabaseError:
        _log.info("no jobs yet")
    finally:
        connections.close_all()


def _work() -> None:
    try:
        while True:
            job = take_next(timezone.now())
            if job:
                carry_out(*job)
            elif any_under_way():
                time.sleep(PAUSE)
            else:
                return
    except DatabaseError:
        # The next request that looks for jobs starts a worker again.
        _log.exception("jobs")
    finally:
        connections.close_all()


def _still(job: Job, *states: str) -> QuerySet:
    return type(job).objects.filter(pk=job.pk, state__in=states)
