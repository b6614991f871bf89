"""Hypothesis strategies for broken files: tables, workbooks with changed bytes, and random bytes."""

import io
import zipfile

from hypothesis import strategies as st

from figures.measures import MEASURES

from .files import REFUSED_FILES, sheet


def _parts() -> dict[str, bytes]:
    """The parts of a workbook of counts; without the time of writing, so that they are the same in every run."""
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
    """The bytes with some of them replaced. `changes`: (place, modulo the length; byte)."""
    changed = bytearray(whole)
    for place, byte in changes:
        changed[place % len(changed)] = byte
    return bytes(changed)


_changes = st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 255)), min_size=1, max_size=4)


def within(parts: dict[str, bytes]) -> st.SearchStrategy[bytes]:
    """A workbook of these parts with some bytes of one part changed."""
    return st.tuples(st.sampled_from(sorted(parts)), _changes).map(
        lambda chosen: _packed(parts | {chosen[0]: _bent(parts[chosen[0]], chosen[1])})
    )


# Contents of uploads: a table, a file to be refused, a workbook with bytes changed in the package or in one part.
contents = st.one_of(
    st.sampled_from([TABLE, BOOK, b"%PDF-1.7", *(content for content, _ in REFUSED_FILES)]),
    _changes.map(lambda changes: _bent(BOOK, changes)),
    within(PARTS),
    st.binary(max_size=40),
)
