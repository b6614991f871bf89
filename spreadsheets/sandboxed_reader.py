"""Reads an uploaded table in a child process with limits on memory and time (acceptance S22).

Both sides of the protocol, JSON lines: for each sheet whether its cells have letters, or its name; then rows as
[number, cells], a flawed cell as a list of its fields; then null. An object is a fault and ends the answer. The child
has no settings, database or environment. Imports by command call spreadsheets.table_reader directly.
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

from core import sandbox
from core.sandbox import begin_in_child

from .cells import MB, FileFault, FlawedCell, Lines, ReadLimits, UnreadableFile
from .table_reader import open_lines
from .xlsx_reader import XlsxBook

PROGRAM = Path(__file__).with_name("sandbox_program.py")
MEMORY = 512 * MB
SECONDS = 10
# Leaves two of a worker's four threads for pages.
_turns = BoundedSemaphore(2)
_WAITING_SECONDS = 10
_HEAVY = "Không đọc được tệp: tệp hỏng hoặc quá nặng. Hãy mở bằng Excel, lưu lại thành tệp mới rồi nạp."
_BUSY = "Đang có nhiều tệp được đọc cùng lúc. Hãy đợi một phút rồi nạp lại."
_logger = logging.getLogger(__name__)


def read_lines(source: bytes | BinaryIO, limits: ReadLimits, seconds: int = SECONDS) -> tuple[Lines, bool]:
    """Like spreadsheets.table_reader.open_lines; the child has read the whole file when this returns."""
    answer = _answer("lines", source, limits, seconds)
    letters = json.loads(answer.readline())
    if isinstance(letters, dict):
        raise _refusal(letters)
    return _lines(answer), letters


def read_sheets(source: bytes | BinaryIO, limits: ReadLimits) -> Iterator[tuple[str, Lines]]:
    """Names and lines of all sheets of a workbook in order, hidden ones too; the lines are only valid until the next
    sheet. Errors: UnreadableFile.
    """
    answer = _answer("sheets", source, limits, SECONDS)
    for line in answer:
        item = json.loads(line)
        if isinstance(item, dict):
            raise _refusal(item)
        lines = _lines(answer)
        yield item, lines
        for _ in lines:
            pass


def _lines(answer: IO[bytes]) -> Lines:
    """Rows up to the end of the sheet."""
    for line in answer:
        item = json.loads(line)
        if item is None:
            return
        if isinstance(item, dict):
            raise _refusal(item)
        number, cells = item
        for at, cell in enumerate(cells):
            if type(cell) is list:
                cells[at] = FlawedCell(*cell)
        yield number, cells


def _refusal(fields: dict[str, Any]) -> UnreadableFile:
    fault = FileFault(**fields)
    return UnreadableFile(fault.code, fault.message, fault.row)


def _answer(what: str, source: bytes | BinaryIO, limits: ReadLimits, seconds: int) -> IO[bytes]:
    """The child's answer for a file. Raises UnreadableFile if the child fails."""
    # A text that many cells share is written for each of them: this limits it.
    most = limits.declared + limits.file
    bounds = sandbox.ProcessBounds(MEMORY, seconds, most)
    with _upload_as_file(source, limits) as upload:
        if not _turns.acquire(timeout=_WAITING_SECONDS):
            raise UnreadableFile("busy", _BUSY)
        try:
            return sandbox.read_in_child(PROGRAM, upload, bounds, (what, *astuple(limits)))
        except sandbox.ChildProcessFailed as failed:
            _logger.warning("a table could not be read: %s", failed)
            raise UnreadableFile("unreadable", _HEAVY) from failed
        finally:
            _turns.release()


def _upload_as_file(source: bytes | BinaryIO, limits: ReadLimits) -> IO[bytes]:
    """The upload as a file with a descriptor, for the child's standard input."""
    upload = tempfile.TemporaryFile()
    if isinstance(source, bytes):
        size = upload.write(source)
    else:
        source.seek(0)
        shutil.copyfileobj(source, upload, MB)
        size = upload.tell()
    if size > limits.file:
        upload.close()
        raise UnreadableFile("too_large", f"Tệp lớn hơn {limits.file // MB} MB.")
    upload.seek(0)
    return upload


AT_ONCE = 256


def first_sheet_rows(source: BinaryIO, limits: ReadLimits) -> Iterator[Any]:
    """In the child: the first visible sheet, or the lines of a CSV."""
    lines, letters = open_lines(source, limits)
    yield letters
    yield from _rows(lines)


def all_sheet_rows(source: BinaryIO, limits: ReadLimits) -> Iterator[Any]:
    """In the child: every sheet of a workbook."""
    book = XlsxBook(source, limits)
    for sheet in book.sheets:
        yield sheet.name
        yield from _rows(book.lines(sheet))


def _rows(lines: Lines) -> Iterator[Any]:
    for number, cells in lines:
        # There may be millions of empty rows.
        if any(cells):
            yield number, cells
    yield None


def write_rows(items: Iterator[Any], answer: BinaryIO) -> None:
    """In the child: write each item as a line of JSON, then the fault if reading failed."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    ready: list[str] = []
    try:
        for item in items:
            ready.append(encode(item))
            if len(ready) >= AT_ONCE:
                answer.write(("\n".join(ready) + "\n").encode())
                ready.clear()
    except UnreadableFile as refused:
        ready.append(encode(asdict(refused.fault)))
    ready.append("")
    answer.write("\n".join(ready).encode())
    answer.flush()


def run_child() -> None:
    """The child: reads standard input as the arguments say, and writes to standard output."""
    what, *rest = begin_in_child()
    reading = {"lines": first_sheet_rows, "sheets": all_sheet_rows}[what]
    with open(0, "rb", closefd=False) as source, open(1, "wb", closefd=False) as answer:
        write_rows(reading(source, ReadLimits(*map(int, rest))), answer)
