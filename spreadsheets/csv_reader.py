"""Reads CSV as offices save it: UTF-8, UTF-16 or Windows-1258; comma, semicolon or tab.

Streams, so that a file is never whole in memory.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from core.text import FORMULA_STARTS, clean_text

from .cells import Cell, ReadLimits, UnreadableFile

_CHUNK = 1024 * 1024
_SIGNS = ",;\t"
# A table may have a title; so many lines are looked at for the sign between cells.
_LINES_ABOVE = 20
# Letters of TCVN3 (ABC) read as Windows-1258: such signs never stand inside a word that was written in Unicode.
_TCVN3 = re.compile(r"[A-Za-z][µ¶·¸¹»¼½¾®©¨ª¬§]|[µ¶·¸¹»¼½¾®©¨ª¬§][A-Za-z]")


def csv_lines(stream: BinaryIO, limits: ReadLimits) -> Iterator[tuple[int, list[Cell]]]:
    """Record number (1 is the first line) and cells. Errors: Unreadable for encoding, broken quotes, too many rows."""
    encoding = _encoding(stream)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    heads = [text.readline(1_000_000) for _ in range(_LINES_ABOVE)]
    text.seek(0)
    return _records(csv.reader(text, delimiter=_delimiter(heads), strict=True), limits)


def _records(reader, limits: ReadLimits) -> Iterator[tuple[int, list[Cell]]]:
    number = 0
    try:
        for number, record in enumerate(reader, 1):
            if number > limits.csv_rows:
                raise UnreadableFile("too_many_rows", f"Tệp có hơn {limits.csv_rows} dòng.", number)
            # Written out, not a call: most cells are plain and there are a great many of them.
            yield (
                number,
                [
                    (text.strip() if text.isascii() and text.isprintable() else clean_text(text)) or None
                    if text[:1] != "'"
                    else _unescaped(text)
                    for text in record
                ],
            )
    except csv.Error as error:
        raise UnreadableFile(
            "unreadable", "Dòng này không đọc được (dấu nháy hoặc ô quá dài).", number + 1
        ) from error


def _unescaped(text: str) -> Cell:
    """Without the sign that keeps a spreadsheet from taking the text for a formula: what was written is read again."""
    return clean_text(text[1:] if text[1:].startswith(FORMULA_STARTS) else text) or None


def _delimiter(heads: list[str]) -> str:
    """Told by the first line that has any sign twice: a title above the header has none, or a comma of its sentence."""
    head = next((one for one in heads if max(map(one.count, _SIGNS)) > 1), heads[0])
    return max(_SIGNS, key=head.count)


def _encoding(stream: BinaryIO) -> str:
    head = stream.read(4096)
    stream.seek(0)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _encoding_if_readable(stream, "utf-16") or _refuse()
    if head.startswith(codecs.BOM_UTF8):
        return _encoding_if_readable(stream, "utf-8-sig") or _refuse()
    if head[1:2] == b"\0":
        return _encoding_if_readable(stream, "utf-16-le") or _refuse()
    if head[:1] == b"\0":
        return _encoding_if_readable(stream, "utf-16-be") or _refuse()
    return (
        _encoding_if_readable(stream, "utf-8") or _encoding_if_readable(stream, "cp1258", _TCVN3) or _refuse()
    )


def _encoding_if_readable(stream: BinaryIO, encoding: str, strange: re.Pattern | None = None) -> str | None:
    """The encoding, if the whole file can be read in it."""
    decoder = codecs.getincrementaldecoder(encoding)()
    breaks = 0
    try:
        while chunk := stream.read(_CHUNK):
            text = decoder.decode(chunk)
            if "\0" in text:
                row = breaks + text.count("\n", 0, text.index("\0")) + 1
                raise UnreadableFile("control_sign", "Dòng này có ký tự điều khiển (NUL).", row)
            breaks += text.count("\n")
            if strange and strange.search(text):
                raise UnreadableFile(
                    "tcvn3", "Tệp dùng bảng mã TCVN3 (ABC). Hãy lưu lại bằng Unicode (UTF-8) rồi nhập lại."
                )
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return None
    finally:
        stream.seek(0)
    return encoding


def _refuse() -> str:
    raise UnreadableFile("encoding", "Không đọc được bảng mã của tệp. Hãy lưu lại bằng UTF-8.")
