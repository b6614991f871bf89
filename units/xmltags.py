"""Tags of an XML part as a stream. No tree is built: a few kilobytes may unpack to millions of empty elements or to one
endless row.
"""

from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

from .cells import Unreadable

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_CHUNK = 64 * 1024
_DEEPEST = 40
LONGEST_TEXT = 32_767  # of a cell, by the format's own rule
# Elements of a part beside those of its cells: columns, views, links, rules of format.
_ELEMENTS = 30_000
_ELEMENTS_OF_A_CELL = 4


class TagReader:
    """Tags of the main namespace without it, with attributes; text is kept only while `keeping`."""

    def __init__(self):
        self.keeping = False
        self._pieces: list[str] = []
        self._length = 0
        self._depth = 0
        self._left = _ELEMENTS
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def feed(self, part: BinaryIO) -> Iterator[None]:
        """Stops after each piece, so that what was found can be taken."""
        while chunk := part.read(_CHUNK):
            self._parser.Parse(chunk, False)
            yield
        self._parser.Parse(b"", True)
        yield

    def started(self, tag: str, attributes: dict[str, str]) -> None:
        raise NotImplementedError

    def ended(self, tag: str) -> None:
        raise NotImplementedError

    def allow(self) -> None:
        """One more cell or text has been counted against its own limit: its elements are welcome."""
        self._left += _ELEMENTS_OF_A_CELL

    def keep(self) -> None:
        self.keeping = True

    def taken(self) -> str:
        """The text kept so far; nothing is kept afterwards."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._length = 0
        self.keeping = False
        return text

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("too deep")
        self._left -= 1
        if self._left < 0:
            raise Unreadable("too_many_parts", "Tệp Excel có quá nhiều phần tử không phải ô.")
        self.started(name.removeprefix(_MAIN), attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.ended(name.removeprefix(_MAIN))

    def _text(self, text: str) -> None:
        if self.keeping:
            self._length += len(text)
            if self._length > LONGEST_TEXT:
                raise too_long()
            self._pieces.append(text)


def too_long() -> Unreadable:
    """A text that no spreadsheet program writes."""
    return Unreadable("too_long", f"Có ô dài hơn {LONGEST_TEXT} ký tự.")
