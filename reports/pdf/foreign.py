"""Reads PDFs that come from outside in a child process with limits, one file at a time."""

import json
import logging
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from core import child_process
from core.locks import open_lock_file, take

PROGRAM = Path(__file__).with_name("reading.py")
MB = 1024 * 1024
LONGEST_ANSWER = 64 * MB
BOUNDS = child_process.ProcessBounds(512 * MB, 30, LONGEST_ANSWER)
# For a file that begins with a frozen one, which nobody can make up: of 58 pages, the differences took 11 s and 375 MB.
KNOWN_BOUNDS = child_process.ProcessBounds(1024 * MB, 120, LONGEST_ANSWER)
WAITING_SECONDS = 20
# Of the four threads of a worker two are left for pages whatever is being read.
_turns = BoundedSemaphore(2)
logger = logging.getLogger(__name__)


class UnreadablePdf(RuntimeError):
    """The file could not be read; the text says why, in Vietnamese."""


class ReaderBusy(UnreadablePdf):
    """Others are being read; asking again later helps."""

    def __init__(self) -> None:
        super().__init__("Đang có nhiều tệp được kiểm tra cùng lúc. Hãy đợi một phút rồi gửi lại.")


@dataclass(frozen=True)
class PdfSignature:
    """A signature field as it describes itself: whom the certificate names, who gave that out, and when the signer's
    own clock says it was. `sound`: it fits the bytes that it covers, which says nothing of whom to trust. `page` is
    where it shows a picture (0: unknown, None: nowhere). `stamp`: a time stamp of a service, not a person's signature.
    """

    field: str
    signer: str
    issuer: str
    at: datetime | None
    sound: bool
    page: int | None = None
    stamp: bool = False

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "PdfSignature":
        return cls(**{**told, "at": datetime.fromisoformat(told["at"]) if told["at"] else None})

    def as_dict(self) -> dict[str, Any]:
        """JSON data of it."""
        return {**vars(self), "at": self.at.isoformat() if self.at else None}


@dataclass(frozen=True)
class ForeignFile:
    """What was asked of a file; None (or empty) where it was not asked for or could not be read.

    `added`: what follows the frozen bytes: "nothing", "signatures" or "other". `text` is all of it when `whole`.
    `active` names what would run when the file is opened.
    """

    added: str | None = None
    signatures: tuple[PdfSignature, ...] = ()
    attached: Any = None
    text: str | None = None
    pages: int | None = None
    whole: bool = False
    encrypted: bool = False
    active: tuple[str, ...] = ()
    faults: tuple[str, ...] = field(default=())


def read_foreign_file(content: bytes, *wanted: str, prefix: int = 0) -> ForeignFile:
    """Read `wanted` ("text", "attached", "added") of a PDF whose first `prefix` bytes are a frozen one. Raises Unread
    for a file that takes more than it may, Busy when others wait already.
    """
    bounds = KNOWN_BOUNDS if prefix else BOUNDS
    with _turn(), tempfile.TemporaryFile() as given:
        given.write(content)
        given.seek(0)
        try:
            with child_process.read_in_child(
                PROGRAM, given, bounds, (prefix, *wanted), packages=True
            ) as answer:
                told = json.load(answer)
        except child_process.ChildProcessFailed as failed:
            logger.warning("a PDF could not be read: %s", failed)
            raise UnreadablePdf(_HEAVY) from failed
    for fault in told["faults"]:
        logger.info("a PDF could not be read whole: %s", fault)
    told["signatures"] = tuple(PdfSignature.from_dict(one) for one in told.get("signatures", ()))
    return ForeignFile(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    )


_HEAVY = "Không đọc được tệp: tệp hỏng, quá dài hoặc quá nặng."


@contextmanager
def _turn() -> Iterator[None]:
    """One file at a time among all processes that share the data folder. Raises Busy after a bounded wait."""
    if not _turns.acquire(blocking=False):
        raise ReaderBusy
    try:
        with open_lock_file("reading.lock") as lock:
            take(lock, partial(_wait, time.monotonic() + WAITING_SECONDS))
            yield
    finally:
        _turns.release()


def _wait(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise ReaderBusy
