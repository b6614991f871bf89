"""The last run of each timer's work, and the last one that succeeded."""

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
# Older than this, something is wrong with its timer (deploy/*.timer): a day and two hours, or ten runs.
RUN_INTERVALS = {
    BACKUP: timedelta(hours=26),
    VERIFY_LOG: timedelta(hours=26),
    REMIND: timedelta(hours=26),
    DELIVER: timedelta(minutes=10),
}
# What the run of `deliver` calls for what was kept for long enough, with the moment.
FORGETTING: Registry[Callable[..., object]] = Registry()
_log = logging.getLogger(__name__)
# For an e-mail alone: the command itself tells whoever called it.
_failed = logging.getLogger("ledger.failed_runs")


@dataclass(frozen=True)
class LastRun:
    """A last run: when it ended, whether it went well, what came of it in Vietnamese words, the bytes that it wrote,
    and when it last went well (None: never).
    """

    at: datetime
    good: bool
    words: str
    size: int | None
    good_at: datetime | None


@dataclass
class TimerRun:
    """A run under way, which says what comes of it."""

    good: bool = True
    words: str = ""
    size: int | None = None


@contextmanager
def record(kind: str) -> Iterator[TimerRun]:
    """Write down how the block ends; whatever it raises is a run that did not go well, and goes on."""
    run = TimerRun()
    try:
        yield run
    except BaseException:
        run.good = False
        raise
    finally:
        _keep(kind, run, timezone.now())
        # A receiver that is down fails every minute: the page tells it, and the outbox goes on trying.
        if not run.good and kind != DELIVER:
            _failed.error("%s%s", RUN_NAMES[kind], f": {run.words}" if run.words else "")


def last(kind: str) -> LastRun | None:
    """The last run of a kind here; None where there was none, or its file cannot be read."""
    try:
        kept = json.loads(_file(kind).read_text(encoding="utf-8"))
        at, good_at = (
            datetime.fromisoformat(kept[name]) if kept[name] else None for name in ("at", "good_at")
        )
        return LastRun(at, kept["good"], kept["words"], kept["size"], good_at)
    except (OSError, ValueError, KeyError):
        return None


def is_late(kind: str, at: datetime) -> bool:
    """Whether it has not gone well for longer than its timer allows."""
    found = last(kind)
    return found is None or found.good_at is None or at - found.good_at > RUN_INTERVALS[kind]


def _keep(kind: str, run: TimerRun, at: datetime) -> None:
    before = last(kind)
    good_at = at if run.good else before and before.good_at
    kept = asdict(run) | {"at": at.isoformat(), "good_at": good_at and good_at.isoformat()}
    target = _file(kind)
    part = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        part.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        part.replace(target)
    except OSError:
        # A full disk: the work itself went as it went, and its age will tell.
        _log.exception("run of %s not written down", kind)


def _file(kind: str) -> Path:
    return Path(settings.DATA_DIR) / "runs" / f"{kind}.json"
