"""Files by chance: tables, workbooks of which some bytes are others, and bytes that are no file at all."""

import io
import zipfile

from hypothesis import strategies as st

from figures.measures import MEASURES

from .files import REFUSED_FILES, sheet


def _parts() -> dict[str, bytes]:
    """A workbook of counts, taken apart; the same in every run."""
    book = sheet(["unit", "month", "field", *MEASURES], ["13474", "2022-M07", "chung-thuc", 0, 1])
    with zipfile.ZipFile(io.BytesIO(book)) as package:
        return {name: package.read(name) for name in package.namelist() if name != "docProps/core.xml"}


def _packed(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name, content in parts.items():
            package.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


PARTS = _parts()
BOOK = _packed(PARTS)
TABLE = b"unit,month,field,opening\n13474,2022-M07,chung-thuc,1\n"


def _bent(whole: bytes, changes: list[tuple[int, int]]) -> bytes:
    """The same bytes with some of them replaced: (place, counted on from the end to the beginning again; byte)."""
    found = bytearray(whole)
    for place, byte in changes:
        found[place % len(found)] = byte
    return bytes(found)


_changes = st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 255)), min_size=1, max_size=4)


def within(parts: dict[str, bytes]) -> st.SearchStrategy[bytes]:
    """A workbook of these parts, of which one has some other bytes."""
    return st.tuples(st.sampled_from(sorted(parts)), _changes).map(
        lambda given: _packed(parts | {given[0]: _bent(parts[given[0]], given[1])})
    )


# What an upload holds: a table, one that must be refused, a workbook of which some bytes are others, outside its parts
# or within one.
contents = st.one_of(
    st.sampled_from([TABLE, BOOK, b"%PDF-1.7", *(content for content, _ in REFUSED_FILES)]),
    _changes.map(lambda changes: _bent(BOOK, changes)),
    within(PARTS),
    st.binary(max_size=40),
)
