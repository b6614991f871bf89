"""Drops personal and unknown columns of an export before anything is written to disk."""

import csv
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from core.text import clean_text
from figures.timestamps import parse_timestamp
from spreadsheets.cells import Cell, FileFault, FlawedCell, Lines, ReadLimits, UnreadableFile, column_letters
from spreadsheets.table_reader import open_lines

from .roles import CHANNEL, PROCEDURE, STATE, folded_text, is_personal, role_of_head, target_of_word

# So many lines may stand above the header; so many rows decide what a column without a known head is.
_MAX_ROWS_ABOVE, _SAMPLE_ROWS = 20, 500
MAX_WORDS, SAMPLES = 60, 5
# Begins a staged cell that cannot be read; no cleaned text holds this sign.
FLAW_MARK = "\x01"
PROCEDURE_CODE = re.compile(r"\d\.\d{6}\b", re.ASCII)
_READABLE = ("date", "fraction")


@dataclass
class CaseColumn:
    """A column that passes: `at` its place in the staged rows, `letter` that of the sheet ("" in a CSV). `words`: its
    different values with how often they stand there, None where there are more than MOST_WORDS.
    """

    head: str
    at: int
    letter: str
    role: str
    samples: list[str] = field(default_factory=list)
    words: dict[str, int] | None = field(default_factory=dict)

    def see(self, text: str) -> None:
        """One more value."""
        if len(self.samples) < SAMPLES:
            self.samples.append(text)
        if self.words is not None:
            self.words[text] = self.words.get(text, 0) + 1
            if len(self.words) > MAX_WORDS or len(text) > 200:
                self.words = None

    def as_dict(self) -> dict[str, Any]:
        """For the database."""
        return asdict(self)


@dataclass
class FilteredFile:
    """What was found: the columns that pass, the heads of those that do not, and the number of rows staged."""

    columns: list[CaseColumn]
    dropped: list[str]
    rows: int
    sha256: str


def filter_columns(
    source: BinaryIO,
    staged: Path,
    limits: ReadLimits,
    keep: Sequence[str] = (),
    opened: Callable[[BinaryIO, ReadLimits], tuple[Lines, bool]] = open_lines,
) -> FilteredFile:
    """Stage what may be needed of a file. `keep`: heads that are to pass though nothing is known of them; one about a
    person does not. `opened`: what reads the file. Errors: Unreadable, and then nothing is staged.
    """
    digest = _digest(source)
    lines, letters = opened(source, limits)
    number, heads, first, lines = _header(lines)
    seen = list(islice(lines, _SAMPLE_ROWS))
    wanted = {folded_text(head) for head in keep}
    columns = []
    for at, head in enumerate(heads):
        role = _role_if_kept(head, [cells[at] for _, cells in seen if at < len(cells)], wanted)
        if role is not None:
            columns.append(
                (at, CaseColumn(head, len(columns) + 1, column_letters(at) if letters else "", role))
            )
    _one_role_each([column for _, column in columns])
    if not columns:
        message = "Không nhận ra cột nào của danh sách hồ sơ. Ghi tên cột cần giữ rồi tải lại."
        raise UnreadableFile("no_columns", message, number)
    try:
        rows = _stage(chain(seen, lines), columns, staged, first)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    passed = {at for at, _ in columns}
    dropped = [head for at, head in enumerate(heads) if head and at not in passed]
    return FilteredFile([column for _, column in columns], dropped, rows, digest)


def _digest(source: BinaryIO) -> str:
    source.seek(0)
    found = hashlib.file_digest(source, "sha256").hexdigest()
    source.seek(0)
    return found


def _header(lines: Lines) -> tuple[int, list[str], int, Lines]:
    """The line with most heads that are known, among the first ones; its number, the heads, and what follows it."""
    top = list(islice(lines, _MAX_ROWS_ABOVE))
    best, known = -1, 0
    for place, (_, cells) in enumerate(top):
        heads = [_plain(cell) for cell in cells]
        found = len({role for head in heads if head and len(head) < 100 and (role := role_of_head(head))})
        if found > known:
            best, known = place, found
    if best < 0:
        best = next((place for place, (_, cells) in enumerate(top) if any(cells)), -1)
    if best < 0:
        raise UnreadableFile("empty_file", "Tệp không có dòng tiêu đề.", 1)
    number, cells = top[best]
    heads = [_plain(cell)[:200] for cell in cells]
    repeated = {head for head in heads if head and heads.count(head) > 1}
    # Two columns of one head are told apart by their place.
    heads = [f"{head} ({place})" if head in repeated else head for place, head in enumerate(heads, 1)]
    return number, heads, number + 1, chain(top[best + 1 :], lines)


def _plain(cell: Cell) -> str:
    if isinstance(cell, FlawedCell):
        return clean_text(cell.text or "")
    return clean_text(cell or "")


def _role_if_kept(head: str, cells: Sequence[Cell], wanted: set[str]) -> str | None:
    """The role that a column likely has, "" where it passes without one, None where it does not pass."""
    if not head or is_personal(head):
        return None
    if role := role_of_head(head):
        return role
    if folded_text(head) in wanted:
        return ""
    texts = [text for cell in cells if (text := _plain(cell))]
    if not texts:
        return None
    different = set(texts)
    if all(map(_is_moment, texts)):
        return ""
    if all(map(PROCEDURE_CODE.search, texts)):
        return PROCEDURE
    for role in (CHANNEL, STATE):
        if len(different) <= MAX_WORDS and all(target_of_word(role, text) for text in different):
            return role
    return None


def _is_moment(text: str) -> bool:
    return not text.isdigit() and parse_timestamp(text) is not None


def _one_role_each(columns: list[CaseColumn]) -> None:
    """The first column of a role has it; a later one of the same head's kind is left to the person who maps."""
    taken: set[str] = set()
    for column in columns:
        if column.role in taken:
            column.role = ""
        taken.add(column.role)


def _stage(lines: Iterable[tuple[int, list[Cell]]], columns: list, staged: Path, first: int) -> int:
    """Write the columns that pass; returns how many rows there are. What is told after the last row (merged
    cells) keeps the number of its own.
    """
    rows = 0
    width = max(at for at, _ in columns) + 1
    with staged.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file).writerow
        for number, cells in lines:
            if number < first or not any(cells):
                continue
            if len(cells) < width:
                cells = [*cells, *[None] * (width - len(cells))]
            kept = [number]
            for at, column in columns:
                cell = cells[at]
                if cell is None:
                    kept.append("")
                    continue
                text = cell if type(cell) is str else _staged(cell)
                kept.append(text)
                if column.words is not None or len(column.samples) < SAMPLES:
                    column.see(text)
            write(kept)
            rows += 1
    return rows


def _staged(cell: FlawedCell) -> str:
    """Dates and fractions as their text; else the flaw."""
    if cell.code in _READABLE and cell.text:
        return cell.text
    return f"{FLAW_MARK}{cell.code}|{cell.message}"


def flaw_in(text: str) -> tuple[str, str] | None:
    """Code and message of a staged cell that cannot be read."""
    if not text.startswith(FLAW_MARK):
        return None
    code, _, message = text[1:].partition("|")
    return code, message


def staged_rows(path: Path) -> Iterator[list[str]]:
    """Rows as they were staged: the number, then the cells."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def staged_fault(row: int, column: CaseColumn | None, code: str, message: str, head: str = "") -> FileFault:
    """A fault in a staged row with its place in the file."""
    letter = column.letter if column else ""
    return FileFault(row, column.head if column else head, code, message, f"{letter}{row}" if letter else "")
