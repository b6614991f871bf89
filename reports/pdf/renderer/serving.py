"""The program: draws one job after another, each in a forked child with limits on memory and time."""

import json
import os
import select
import sys
import tempfile
import traceback
from typing import BinaryIO

from core.process_limits import limit_this_process

from .drawing import draw

# A job on standard input is its length in decimal digits, a newline and that many bytes of JSON. While it is
# drawn, a line "page N" on standard output for each page laid out (0: the file is being written); at last a
# status (0 is done), the length of the PDF, a newline and the PDF. WeasyPrint is loaded once; the fork keeps
# what a document takes or breaks away from the next, at a cost of milliseconds.

LARGEST_FILE = 200 * 1024 * 1024
# Without a job for so long the program ends, so that an idle service keeps no memory for it.
IDLE_SECONDS = 300
# Exit statuses of a child that had to give up; a child that was killed has the negative number of the signal.
FAILED, OUT_OF_MEMORY = 1, 3


def _in_child(job: bytes, result: BinaryIO, answers: BinaryIO, limits: tuple[int, int], place: str) -> int:
    """Draw within limits in a child of this process, into `result`; its exit status, 0 when it is done. What it puts
    away meanwhile (fonts) goes into the folder `place`: one that is killed leaves it there.
    """
    child = os.fork()
    if child == 0:
        status = FAILED
        try:
            limit_this_process(memory=limits[0], seconds=limits[1], written=LARGEST_FILE)
            tempfile.tempdir = place
            told = answers.fileno()
            result.write(draw(json.loads(job), lambda page: os.write(told, b"page %d\n" % page)))
            result.flush()
            status = 0
        except MemoryError:
            status = OUT_OF_MEMORY
        except BaseException:
            traceback.print_exc()
        finally:
            # Whatever went wrong, the child ends here and never comes back into the loop of its parent.
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def serve(jobs: BinaryIO, answers: BinaryIO, limits: tuple[int, int]) -> None:
    """Answer jobs until there are no more, or none has come for a while. limits: bytes of addresses and seconds of the
    processor that a job may take.
    """
    while select.select([jobs], [], [], IDLE_SECONDS)[0]:
        length = jobs.readline()
        if not length:
            return
        job = _exactly(jobs, int(length))
        with tempfile.TemporaryFile() as result, tempfile.TemporaryDirectory() as place:
            status = _in_child(job, result, answers, limits, place)
            result.seek(0)
            drawn = b"" if status else result.read()
        answers.write(b"%d %d\n" % (status, len(drawn)) + drawn)
        answers.flush()


def _exactly(source: BinaryIO, length: int) -> bytes:
    """So many bytes of an unbuffered source, or fewer where it ends."""
    parts, lacking = [], length
    while lacking and (part := source.read(min(lacking, 1 << 20))):
        parts.append(part)
        lacking -= len(part)
    return b"".join(parts)


def main() -> None:
    """Serve standard input; the last two arguments say what a job may take."""
    # Unbuffered, so that waiting for the next job sees every byte that has come.
    with open(0, "rb", buffering=0, closefd=False) as jobs, open(1, "wb", closefd=False) as answers:
        serve(jobs, answers, (int(sys.argv[-2]), int(sys.argv[-1])))
