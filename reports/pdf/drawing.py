"""Draws a PDF in the renderer process: one at a time, killed if it takes too long."""

import atexit
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings

from core.lock_files import open_lock_file, take

# -I: imports do not depend on the environment or the current folder, so the project's folder is passed.
PROGRAM = "import sys; sys.path.append(sys.argv[1]); from reports.pdf.weasyprint_program import main; main()"
# Wall-clock limit outside a request, where `following` may cancel at any time.
LONG_SECONDS = 900
FOLLOWED_EVERY = 0.5
FAILED = 1  # the child's status when the fault is not the document's size
WAITING_SECONDS = 60
# Leaves one of a worker's four threads for pages.
_turns = BoundedSemaphore(3)


# Called with the number of pages laid out at each page and each half second; what it raises ends the drawing.
ProgressCallback = Callable[[int], None]


class PdfNotDrawn(RuntimeError):
    """There is no PDF; the message says why and what to do, in Vietnamese."""


class RendererBusy(PdfNotDrawn):
    """Too many drawings at once; try again later."""

    def __init__(self) -> None:
        super().__init__("Đang có nhiều báo cáo được xuất PDF cùng lúc. Hãy đợi một phút rồi tải lại.")


class PdfTooLong(PdfNotDrawn):
    """The document exceeded the time or memory limit."""

    def __init__(self) -> None:
        super().__init__(
            "Không xuất được PDF: báo cáo quá dài hoặc quá nặng. Hãy rút gọn lời văn rồi thử lại."
        )


class _Gone(Exception):
    """The child has ended: it does so when idle."""


def command() -> list[str]:
    """The program's command line; last the limits of a drawing: bytes of address space, seconds of CPU time."""
    limits = (settings.PDF_MAX_BYTES, settings.PDF_SECONDS)
    return [sys.executable, "-I", "-c", PROGRAM, *map(str, (settings.BASE_DIR, *limits))]


class _Child:
    """A running `weasyprint_program`, which belongs to the process that started it."""

    def __init__(self) -> None:
        # Removed with the child, even if it is killed.
        self.folder = tempfile.mkdtemp(prefix="cchc-pdf-")
        self.process = subprocess.Popen(
            command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env=os.environ | {"TMPDIR": self.folder},
        )
        self.owner = os.getpid()

    def alive(self) -> bool:
        return self.owner == os.getpid() and self.process.poll() is None

    def ask(self, job: bytes, following: ProgressCallback | None) -> bytes:
        """The PDF of a job. Raises PdfNotDrawn, PdfTooLong, or _Gone if the child has ended."""
        deadline = time.monotonic() + (LONG_SECONDS if following else settings.PDF_SECONDS)
        try:
            return self._exchange(job, deadline, following)
        except (_Gone, PdfTooLong, PdfNotDrawn):
            raise
        except BaseException:
            # `following` cancelled the drawing.
            self.kill()
            raise

    def _exchange(self, job: bytes, deadline: float, following: ProgressCallback | None) -> bytes:
        try:
            for part in (b"%d\n" % len(job), job):
                _write(self.process.stdin.fileno(), part)
        except BrokenPipeError:
            raise _Gone from None
        head, drawn, pages = b"", b"", 0
        while not head or head.startswith(b"page"):
            while b"\n" not in drawn:
                drawn += self._read(deadline, following, pages)
            head, _, drawn = drawn.partition(b"\n")
            if head.startswith(b"page"):
                pages = max(pages, int(head[5:]))
        status, length = map(int, head.split())
        if status == FAILED:
            raise PdfNotDrawn("Không xuất được PDF do lỗi của hệ thống. Hãy báo người quản trị.")
        if status:
            raise PdfTooLong
        parts, missing = [drawn], length - len(drawn)
        while missing:
            parts.append(self._read(deadline, following, pages))
            missing -= len(parts[-1])
        return b"".join(parts)

    def _read(self, deadline: float, following: ProgressCallback | None, pages: int) -> bytes:
        answer, step = self.process.stdout.fileno(), FOLLOWED_EVERY if following else LONG_SECONDS
        while True:
            if following:
                following(pages)
            if select.select([answer], [], [], max(0, min(step, deadline - time.monotonic())))[0]:
                break
            if time.monotonic() >= deadline:
                self.kill()
                raise PdfTooLong
        content = os.read(answer, 1 << 20)
        if not content:
            raise _Gone
        return content

    def kill(self) -> None:
        """Kills the child and its children."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Closes the pipes, which ends the child, and waits for it."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _write(number: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(number, view) :]


_child: _Child | None = None


def draw_job(job: dict[str, Any], following: ProgressCallback | None = None) -> bytes:
    """Draws a job (see `weasyprint_program.draw`). Raises PdfNotDrawn, RendererBusy or PdfTooLong. With `following` it
    waits for its turn until `following` raises.
    """
    content = json.dumps(job, ensure_ascii=False).encode("utf-8")
    with _turn(following):
        if _child is not None and _child.alive():
            try:
                return _child.ask(content, following)
            except _Gone:
                _drop_child()
        try:
            return _new_child().ask(content, following)
        except _Gone:
            _drop_child()
            raise PdfTooLong from None


def _new_child() -> _Child:
    """Starts a new child in place of the last."""
    global _child
    _drop_child()
    _child = _Child()
    return _child


def _drop_child() -> None:
    global _child
    child, _child = _child, None
    # After a fork the child belongs to the parent process, which waits for it.
    if child is not None and child.owner == os.getpid():
        child.kill()


@contextmanager
def _turn(following: ProgressCallback | None = None) -> Iterator[None]:
    """One drawing at a time among all processes that share the data folder. Raises RendererBusy."""
    # A drawing outside a request takes no web thread.
    if not following and not _turns.acquire(blocking=False):
        raise RendererBusy
    try:
        with open_lock_file("pdf.lock") as lock:
            take(lock, partial(_wait, time.monotonic() + WAITING_SECONDS, following), pause=0.1)
            yield
    finally:
        if not following:
            _turns.release()


def _wait(deadline: float, following: ProgressCallback | None) -> None:
    if following:
        following(0)
    elif time.monotonic() > deadline:
        raise RendererBusy


@atexit.register
def _at_exit() -> None:
    _drop_child()
