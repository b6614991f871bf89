"""Reads uploaded PDFs in a child process with limits, one file at a time."""

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

from core import sandbox
from core.lock_files import open_lock_file, take

PROGRAM = Path(__file__).with_name("foreign_program.py")
MB = 1024 * 1024
LONGEST_ANSWER = 64 * MB
BOUNDS = sandbox.ProcessBounds(512 * MB, 30, LONGEST_ANSWER)
# For a file that begins with a frozen one, which cannot be forged; with 58 pages it took 11 s and 375 MB.
KNOWN_BOUNDS = sandbox.ProcessBounds(1024 * MB, 120, LONGEST_ANSWER)
WAITING_SECONDS = 20
# Leaves two of a worker's four threads for pages.
_turns = BoundedSemaphore(2)
logger = logging.getLogger(__name__)


class UnreadablePdf(RuntimeError):
    """The file could not be read; the message says why, in Vietnamese."""


class ReaderBusy(UnreadablePdf):
    """Too many files are being read; try again later."""

    def __init__(self) -> None:
        super().__init__("Đang có nhiều tệp được kiểm tra cùng lúc. Hãy đợi một phút rồi gửi lại.")


@dataclass(frozen=True)
class PdfSignature:
    """A signature field: names of signer and issuer from the certificate, time by the signer's own clock. `sound`: it
    matches the bytes it covers (trust is not checked). `page` of its picture (0: unknown, None: no picture). `stamp`: a
    time stamp of a service, not a person's signature.
    """

    field: str
    signer: str
    issuer: str
    at: datetime | None
    sound: bool
    page: int | None = None
    stamp: bool = False

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "PdfSignature":
        return cls(**{**data, "at": datetime.fromisoformat(data["at"]) if data["at"] else None})

    def as_dict(self) -> dict[str, Any]:
        """JSON data of it."""
        return {**vars(self), "at": self.at.isoformat() if self.at else None}


@dataclass(frozen=True)
class ForeignFile:
    """The requested parts of a file; None or empty if not requested or not readable.

    `added`: what follows the frozen bytes: "nothing", "signatures" or "other". `text` is complete if `whole`.
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


def read_foreign_file(content: bytes, *parts: str, prefix: int = 0) -> ForeignFile:
    """Read `parts` ("text", "attached", "added") of a PDF whose first `prefix` bytes are a frozen one. Raises
    UnreadablePdf, also for a file that exceeds the limits, and ReaderBusy.
    """
    bounds = KNOWN_BOUNDS if prefix else BOUNDS
    with _turn(), tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        try:
            with sandbox.read_in_child(PROGRAM, file, bounds, (prefix, *parts), packages=True) as answer:
                result = json.load(answer)
        except sandbox.ChildProcessFailed as failed:
            logger.warning("a PDF could not be read: %s", failed)
            raise UnreadablePdf(_HEAVY) from failed
    for fault in result["faults"]:
        logger.info("a PDF could not be read whole: %s", fault)
    result["signatures"] = tuple(
        PdfSignature.from_dict(signature) for signature in result.get("signatures", ())
    )
    return ForeignFile(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in result.items()}
    )


_HEAVY = "Không đọc được tệp: tệp hỏng, quá dài hoặc quá nặng."


@contextmanager
def _turn() -> Iterator[None]:
    """One file at a time among all processes that share the data folder. Raises ReaderBusy."""
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
