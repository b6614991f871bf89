"""The reader of tables that people upload: a program of its own, bound in memory and time, that hands back rows.

    for row, cells in open_lines(file, WEB)[0]:      as units.tabular.open_lines
    for name, lines in open_sheets(file, WEB):       every sheet of a workbook, as units.xlsxfile.Book

What it read is plain JSON (units.child). Imports of the command line read in their own process by units.tabular.
"""

import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from threading import BoundedSemaphore
from typing import IO, Any, BinaryIO

from units import child
from units.cells import MB, Flawed, Limits, Lines, Unreadable
from units.faults import Fault

PROGRAM = Path(__file__).with_name("program.py")
MEMORY = 512 * MB
SECONDS = 10
# Of the four threads of a worker two are left for pages, whatever is being read.
_turns = BoundedSemaphore(2)
_WAITING_SECONDS = 10
_HEAVY = "Không đọc được tệp: tệp hỏng hoặc quá nặng. Hãy mở bằng Excel, lưu lại thành tệp mới rồi nạp."
_BUSY = "Đang có nhiều tệp được đọc cùng lúc. Hãy đợi một phút rồi nạp lại."
logger = logging.getLogger(__name__)


def open_lines(source: bytes | BinaryIO, limits: Limits, seconds: int = SECONDS) -> tuple[Lines, bool]:
    """As units.tabular.open_lines, with all of the file read by the program when this returns."""
    answer = _answer("lines", source, limits, seconds)
    letters = json.loads(answer.readline())
    if isinstance(letters, dict):
        raise _refusal(letters)
    return _lines(answer), letters


def open_sheets(source: bytes | BinaryIO, limits: Limits) -> Iterator[tuple[str, Lines]]:
    """Names of all sheets of a workbook in their order, hidden ones too, each with its lines, which have to be taken
    before the next. Errors: Unreadable.
    """
    answer = _answer("sheets", source, limits, SECONDS)
    for line in answer:
        told = json.loads(line)
        if isinstance(told, dict):
            raise _refusal(told)
        lines = _lines(answer)
        yield told, lines
        for _ in lines:
            pass


def _lines(answer: IO[bytes]) -> Lines:
    """Rows up to the mark that ends a sheet."""
    for line in answer:
        told = json.loads(line)
        if told is None:
            return
        if isinstance(told, dict):
            raise _refusal(told)
        number, cells = told
        for at, cell in enumerate(cells):
            if type(cell) is list:
                cells[at] = Flawed(*cell)
        yield number, cells


def _refusal(told: dict[str, Any]) -> Unreadable:
    fault = Fault(**told)
    return Unreadable(fault.code, fault.message, fault.row)


def _answer(what: str, source: bytes | BinaryIO, limits: Limits, seconds: int) -> IO[bytes]:
    """What the program wrote of a file, from its beginning. Raises Unreadable where it did not come to its end."""
    # A text that many cells share is written for each of them: only up to here.
    most = limits.declared + limits.file
    bounds = child.Bounds(MEMORY, seconds, most)
    with _given(source, limits) as given:
        if not _turns.acquire(timeout=_WAITING_SECONDS):
            raise Unreadable("busy", _BUSY)
        try:
            return child.read(PROGRAM, given, bounds, (what, *astuple(limits)))
        except child.Failed as failed:
            logger.warning("a table could not be read: %s", failed)
            raise Unreadable("unreadable", _HEAVY) from failed
        finally:
            _turns.release()


def _given(source: bytes | BinaryIO, limits: Limits) -> IO[bytes]:
    """The upload as a file with a number, which the program reads as its standard input."""
    given = tempfile.TemporaryFile()
    if isinstance(source, bytes):
        size = given.write(source)
    else:
        source.seek(0)
        shutil.copyfileobj(source, given, MB)
        size = given.tell()
    if size > limits.file:
        given.close()
        raise Unreadable("too_large", f"Tệp lớn hơn {limits.file // MB} MB.")
    given.seek(0)
    return given
