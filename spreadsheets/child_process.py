"""Reads an uploaded table in a child process that is limited in memory and time (acceptance S22).

Both sides of what passes between them, JSON by lines: a row is [number, cells], a flawed cell a list of its
parts, null ends a sheet; before the rows stands whether the cells have letters, or the name of the sheet. An
object is the fault for which the reading ends. The child knows no settings, no database and no environment;
imports of the command line read in their own process by spreadsheets.table_reader.
"""

import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, astuple
from pathlib import Path
from threading import BoundedSemaphore
from typing import IO, Any, BinaryIO

from core import child_process
from core.child_process import begin_in_child

from .cells import MB, FileFault, FlawedCell, Lines, ReadLimits, UnreadableFile
from .table_reader import open_lines
from .xlsx_reader import XlsxBook

PROGRAM = Path(__file__).with_name("child_program.py")
MEMORY = 512 * MB
SECONDS = 10
# Of the four threads of a worker two are left for pages, whatever is being read.
_turns = BoundedSemaphore(2)
_WAITING_SECONDS = 10
_HEAVY = "Không đọc được tệp: tệp hỏng hoặc quá nặng. Hãy mở bằng Excel, lưu lại thành tệp mới rồi nạp."
_BUSY = "Đang có nhiều tệp được đọc cùng lúc. Hãy đợi một phút rồi nạp lại."
_logger = logging.getLogger(__name__)


def read_lines(source: bytes | BinaryIO, limits: ReadLimits, seconds: int = SECONDS) -> tuple[Lines, bool]:
    """As spreadsheets.table_reader.open_lines, with all of the file read by the program when this returns."""
    answer = _answer("lines", source, limits, seconds)
    letters = json.loads(answer.readline())
    if isinstance(letters, dict):
        raise _refusal(letters)
    return _lines(answer), letters


def read_sheets(source: bytes | BinaryIO, limits: ReadLimits) -> Iterator[tuple[str, Lines]]:
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
                cells[at] = FlawedCell(*cell)
        yield number, cells


def _refusal(told: dict[str, Any]) -> UnreadableFile:
    fault = FileFault(**told)
    return UnreadableFile(fault.code, fault.message, fault.row)


def _answer(what: str, source: bytes | BinaryIO, limits: ReadLimits, seconds: int) -> IO[bytes]:
    """What the program wrote of a file, from its beginning. Raises Unreadable where it did not come to its end."""
    # A text that many cells share is written for each of them: only up to here.
    most = limits.declared + limits.file
    bounds = child_process.ProcessBounds(MEMORY, seconds, most)
    with _upload_as_file(source, limits) as given:
        if not _turns.acquire(timeout=_WAITING_SECONDS):
            raise UnreadableFile("busy", _BUSY)
        try:
            return child_process.read_in_child(PROGRAM, given, bounds, (what, *astuple(limits)))
        except child_process.ChildProcessFailed as failed:
            _logger.warning("a table could not be read: %s", failed)
            raise UnreadableFile("unreadable", _HEAVY) from failed
        finally:
            _turns.release()


def _upload_as_file(source: bytes | BinaryIO, limits: ReadLimits) -> IO[bytes]:
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
        raise UnreadableFile("too_large", f"Tệp lớn hơn {limits.file // MB} MB.")
    given.seek(0)
    return given


AT_ONCE = 256


def first_sheet_rows(source: BinaryIO, limits: ReadLimits) -> Iterator[Any]:
    """The first visible sheet, or the lines of a CSV."""
    found, letters = open_lines(source, limits)
    yield letters
    yield from _rows(found)


def all_sheet_rows(source: BinaryIO, limits: ReadLimits) -> Iterator[Any]:
    """Every sheet of a workbook."""
    book = XlsxBook(source, limits)
    for sheet in book.sheets:
        yield sheet.name
        yield from _rows(book.lines(sheet))


def _rows(found: Lines) -> Iterator[Any]:
    for number, cells in found:
        # Millions of empty rows say nothing to anybody.
        if any(cells):
            yield number, cells
    yield None


def write_rows(told: Iterator[Any], answer: BinaryIO) -> None:
    """What is told, a line each, until it ends or a fault ends it."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    ready: list[str] = []
    try:
        for one in told:
            ready.append(encode(one))
            if len(ready) >= AT_ONCE:
                answer.write(("\n".join(ready) + "\n").encode())
                ready.clear()
    except UnreadableFile as refused:
        ready.append(encode(asdict(refused.fault)))
    ready.append("")
    answer.write("\n".join(ready).encode())
    answer.flush()


def run_child() -> None:
    """Read standard input as the arguments say, and write to standard output."""
    what, *rest = begin_in_child()
    reading = {"lines": first_sheet_rows, "sheets": all_sheet_rows}[what]
    with open(0, "rb", closefd=False) as source, open(1, "wb", closefd=False) as answer:
        write_rows(reading(source, ReadLimits(*map(int, rest))), answer)
