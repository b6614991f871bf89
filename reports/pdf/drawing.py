"""Has a PDF drawn by the child process: one drawing at a time, killed when it takes too long."""

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

from core.locks import open_lock_file, take

# -I: neither the environment nor the folder that we happen to stand in decides what is imported; the folder of the
# rooms is therefore named.
PROGRAM = "import sys; sys.path.append(sys.argv[1]); from reports.pdf.child_renderer import main; main()"
# By the clock, of a drawing outside a request, which its follower may give up at any time: others may hold the
# processor for long.
LONG_SECONDS = 900
FOLLOWED_EVERY = 0.5
FAILED = 1  # the child's status when the fault is not the document's size
WAITING_SECONDS = 60
# Of the four threads of a worker one is left for pages whatever is being drawn.
_turns = BoundedSemaphore(3)


# Called with the number of pages laid out at each page and each half second; what it raises ends the drawing.
ProgressCallback = Callable[[int], None]


class PdfNotDrawn(RuntimeError):
    """There is no PDF; the text says why and what to do, in Vietnamese."""


class RendererBusy(PdfNotDrawn):
    """Others are being drawn; asking again later helps."""

    def __init__(self) -> None:
        super().__init__("Đang có nhiều báo cáo được xuất PDF cùng lúc. Hãy đợi một phút rồi tải lại.")


class PdfTooLong(PdfNotDrawn):
    """The document took more time or memory than it may."""

    def __init__(self) -> None:
        super().__init__(
            "Không xuất được PDF: báo cáo quá dài hoặc quá nặng. Hãy rút gọn lời văn rồi thử lại."
        )


class _Gone(Exception):
    """The child was no longer there: it ends by itself when it has nothing to do."""


def command() -> list[str]:
    """How the program is called: what a drawing may take, in bytes of addresses and seconds of the processor, stands
    last.
    """
    limits = (settings.PDF_MAX_BYTES, settings.PDF_SECONDS)
    return [sys.executable, "-I", "-c", PROGRAM, *map(str, (settings.BASE_DIR, *limits))]


class _Child:
    """A running program `renderer`, which belongs to the process that started it."""

    def __init__(self) -> None:
        # Gone with it, also when it is killed.
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
        """The PDF of a job. Raises TooLong, or _Gone when there was nobody to ask."""
        deadline = time.monotonic() + (LONG_SECONDS if following else settings.PDF_SECONDS)
        try:
            return self._asked(job, deadline, following)
        except (_Gone, PdfTooLong, PdfNotDrawn):
            raise
        except BaseException:
            # Whoever follows gave it up: what is being drawn is of no use.
            self.kill()
            raise

    def _asked(self, job: bytes, deadline: float, following: ProgressCallback | None) -> bytes:
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
        parts, lacking = [drawn], length - len(drawn)
        while lacking:
            parts.append(self._read(deadline, following, pages))
            lacking -= len(parts[-1])
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
        """End it with all that it has started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Let it end: it does when there is nobody to ask it."""
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
    """Draw a job (see renderer.drawing.draw) in the child. Raises Busy or TooLong. With somebody following it waits for
    its turn, and may take, as long as they do not raise.
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
    """A new child in place of one that has ended."""
    global _child
    _drop_child()
    _child = _Child()
    return _child


def _drop_child() -> None:
    global _child
    gone, _child = _child, None
    # The pipes of another process's child are only closed here: it is not ours to wait for.
    if gone is not None and gone.owner == os.getpid():
        gone.kill()


@contextmanager
def _turn(following: ProgressCallback | None = None) -> Iterator[None]:
    """One drawing at a time among all processes that share the data folder. Raises Busy after a bounded wait."""
    # A drawing outside a request keeps no page from its thread.
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
