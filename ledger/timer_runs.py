"""Records the last run of each timer's command, and the last one that succeeded."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from core.registry import Registry

BACKUP, VERIFY_LOG, REMIND, DELIVER = "backup", "verify_log", "remind", "deliver"
RUN_NAMES = {
    BACKUP: "Sao lưu",
    VERIFY_LOG: "Kiểm tra nhật ký",
    REMIND: "Nhắc gửi báo cáo",
    DELIVER: "Gửi lên cấp trên",
}
# Without a good run for so long something is wrong with the timer (deploy/*.timer): a day and two hours, or ten runs.
RUN_INTERVALS = {
    BACKUP: timedelta(hours=26),
    VERIFY_LOG: timedelta(hours=26),
    REMIND: timedelta(hours=26),
    DELIVER: timedelta(minutes=10),
}
# What the run of `deliver` calls for what was kept for long enough, with the moment.
FORGETTING: Registry[Callable[..., object]] = Registry()
_log = logging.getLogger(__name__)
# Only for e-mails: the command itself prints its error.
_failed = logging.getLogger("ledger.failed_runs")


@dataclass(frozen=True)
class LastRun:
    """The last run: when it ended, whether it succeeded, its outcome in Vietnamese, the bytes written, and when a run
    last succeeded (None: never).
    """

    at: datetime
    good: bool
    words: str
    size: int | None
    good_at: datetime | None


@dataclass
class TimerRun:
    """The outcome of the current run, set by the command."""

    good: bool = True
    words: str = ""
    size: int | None = None


@contextmanager
def record(kind: str) -> Iterator[TimerRun]:
    """Record how the block ends; an exception is a failed run, and propagates."""
    run = TimerRun()
    try:
        yield run
    except BaseException:
        run.good = False
        raise
    finally:
        _keep(kind, run, timezone.now())
        # A receiver that is down fails every minute: the page shows it, and the outbox retries.
        if not run.good and kind != DELIVER:
            _failed.error("%s%s", RUN_NAMES[kind], f": {run.words}" if run.words else "")


def last(kind: str) -> LastRun | None:
    """The last run of a kind on this machine; None if there is none, or its file cannot be read."""
    try:
        stored = json.loads(_file(kind).read_text(encoding="utf-8"))
        at, good_at = (
            datetime.fromisoformat(stored[name]) if stored[name] else None for name in ("at", "good_at")
        )
        return LastRun(at, stored["good"], stored["words"], stored["size"], good_at)
    except (OSError, ValueError, KeyError):
        return None


def is_late(kind: str, at: datetime) -> bool:
    """Whether it has not succeeded for longer than RUN_INTERVALS."""
    run = last(kind)
    return run is None or run.good_at is None or at - run.good_at > RUN_INTERVALS[kind]


def _keep(kind: str, run: TimerRun, at: datetime) -> None:
    before = last(kind)
    good_at = at if run.good else before and before.good_at
    stored = asdict(run) | {"at": at.isoformat(), "good_at": good_at and good_at.isoformat()}
    target = _file(kind)
    part = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        part.write_text(json.dumps(stored, ensure_ascii=False), encoding="utf-8")
        part.replace(target)
    except OSError:
        # A full disk must not fail the command; `is_late` will show it.
        _log.exception("run of %s not written down", kind)


def _file(kind: str) -> Path:
    return Path(settings.DATA_DIR) / "runs" / f"{kind}.json"
