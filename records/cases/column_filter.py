"""Recognises the columns of an export by their heads and values, and drops personal and unknown ones before anything
is written to disk.
"""

import csv
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from core.text import clean_text, fold
from figures.cases import AWAITING, OPEN, RESOLVED, RETURN_CHANNELS, STATE_LABELS, WITHDRAWN, parse_timestamp
from figures.measures import CHANNEL_LABELS
from spreadsheets.cells import Cell, FileFault, FlawedCell, Lines, ReadLimits, UnreadableFile, column_letters
from spreadsheets.table_reader import open_lines

CODE, PROCEDURE, FIELD, RECEIVED, CHANNEL = "code", "procedure", "field", "received", "channel"
DUE, ENDED, RETURNED_BY, STATE = "due", "ended", "returned_by", "state"
ROLES: Mapping[str, str] = MappingProxyType(
    {
        CODE: "Mã hồ sơ",
        PROCEDURE: "Thủ tục (mã hoặc tên)",
        FIELD: "Lĩnh vực",
        RECEIVED: "Ngày tiếp nhận",
        CHANNEL: "Hình thức tiếp nhận",
        DUE: "Ngày hẹn trả",
        ENDED: "Ngày trả kết quả",
        RETURNED_BY: "Hình thức trả kết quả",
        STATE: "Trạng thái",
    }
)
NEEDED = (CODE, RECEIVED, CHANNEL)
ONLINE = "online"  # received online at the level that the catalogue gives the procedure
# Roles whose words a user maps, with the possible meanings.
TARGETS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        CHANNEL: MappingProxyType(
            {
                "direct": "Trực tiếp",
                ONLINE: "Trực tuyến, theo mức độ của thủ tục",
                "online_partial": "Trực tuyến một phần",
                "online_full": "Trực tuyến toàn trình",
                "postal": "Bưu chính công ích",
            }
        ),
        RETURNED_BY: MappingProxyType({name: CHANNEL_LABELS[name] for name in RETURN_CHANNELS}),
        STATE: STATE_LABELS,
    }
)

WordTargets = Mapping[str, Mapping[str, str]]

# The first pattern that matches a head gives its role, so "hinh thuc tra" comes before "hinh thuc".
_HEADS = (
    (CODE, r"(ma|so) (bien nhan|ho so|hs)|ma ?hs|ma ?ho ?so|so ?ho ?so|so ?bien ?nhan|case ?(code|id)|^code$"),
    (RETURNED_BY, r"(hinh thuc|cach thuc|kenh).*(tra|nhan ket qua|nhan kq)|returned.?by"),
    (CHANNEL, r"hinh thuc|cach thuc|kenh|nguon (tiep nhan|ho so)|channel"),
    (DUE, r"hen tra|ngay hen|han (tra|giai quyet|xu ly)|thoi han|^due"),
    (
        ENDED,
        r"(ngay|thoi gian|thoi diem).*(tra|nhan (ket qua|kq)|ket thuc|hoan thanh|co (ket qua|kq)|xong)"
        r"|^ended|returned.?(at|date)",
    ),
    (RECEIVED, r"(ngay|thoi gian|thoi diem).*(tiep nhan|nhan|nop)|^received"),
    (STATE, r"trang thai|tinh trang|ket qua (xu ly|giai quyet)|^state|status"),
    (FIELD, r"linh vuc|nhom thu tuc|^field"),
    (PROCEDURE, r"thu tuc|tthc|loai ho so|ten dich vu|procedure"),
)  # fmt: skip
_HEADS = tuple((role, re.compile(pattern)) for role, pattern in _HEADS)

# The usual meaning of words; the first pattern that matches.
_WORDS = {
    CHANNEL: (
        ("online_full", r"toan trinh|muc do 4|muc 4"),
        ("online_partial", r"mot phan|muc do 3|muc 3"),
        ("postal", r"buu chinh|bcci|buu dien"),
        (ONLINE, r"truc tuyen|qua mang|online|dvc|cong dich vu|internet"),
        ("direct", r"truc tiep|tai quay|mot cua|bo phan|direct"),
    ),
    RETURNED_BY: (
        ("postal", r"buu chinh|bcci|buu dien|postal"),
        ("online", r"truc tuyen|qua mang|online|dien tu|dvc|cong dich vu"),
        ("direct", r"truc tiep|tai quay|mot cua|bo phan|direct"),
    ),
    STATE: (
        (WITHDRAWN, r"rut|tra lai|tu choi|khong (du|tiep|giai)|da huy|withdrawn"),
        (AWAITING, r"bo sung|awaiting"),
        (OPEN, r"dang|cho|moi|chua|trong han|chuyen|open"),
        (RESOLVED, r"da (tra|co|giai|xong|hoan|xu)|hoan thanh|ket thuc|xong|resolved"),
    ),
}
_WORDS = {
    role: tuple((target, re.compile(pattern)) for target, pattern in words) for role, words in _WORDS.items()
}

# Heads of columns about a person, which are always dropped.
_PERSONAL = re.compile(
    r"ho (va )?ten|ten (nguoi|chu|cong dan|khach|to chuc|ca nhan|can bo|doanh nghiep)|chu ho so|cong dan|can bo"
    r"|nguoi (nop|nhan|yeu cau|dai dien|xu ly|duoc)|dien thoai|so dt|sdt|di dong|phone|e-?mail|thu dien tu"
    r"|dia chi|noi (o|cu tru|sinh)|thuong tru|cmnd|cmt|cccd|can cuoc|giay to|ho chieu|ma so thue|mst"
    r"|ngay sinh|nam sinh|gioi tinh|dan toc|ton giao|quoc tich|tai khoan|name"
)
# Days and channels are not personal even where the head names a person: "Ngày trả kết quả cho công dân".
_IMPERSONAL = re.compile(
    r"^(ngay|thoi (gian|diem|han)|han|hinh thuc|cach thuc|kenh|trang thai|tinh trang)\b(?!.*(sinh|cap))"
)


def is_personal(head: str) -> bool:
    """Whether a head is about a person: name, telephone, address, papers, birth."""
    text = folded_text(head)
    return bool(_PERSONAL.search(text)) and not _IMPERSONAL.search(text)


def role_of_head(head: str) -> str:
    """The role that a head suggests; "" for none and for personal heads."""
    if is_personal(head):
        return ""
    text = folded_text(head)
    return next((role for role, pattern in _HEADS if pattern.search(text)), "")


def targets_with(fields: Mapping[str, str]) -> WordTargets:
    """TARGETS, with `fields` (code → name) for a unit that reports by field."""
    return {**TARGETS, FIELD: fields} if fields else TARGETS


def target_of_word(role: str, word: str, targets: WordTargets = TARGETS) -> str:
    """The usual meaning of a word in a column of that role; "" where unknown. A field matches by its code or name, or
    when its name is the only one within the word.
    """
    text = folded_text(word)
    if role != FIELD:
        return next((target for target, pattern in _WORDS[role] if pattern.search(text)), "")
    names = {code: _letters(name) for code, name in targets[FIELD].items()}
    bare = _letters(word)
    same = [code for code, name in names.items() if bare in (name, _letters(code))]
    within = [code for code, name in names.items() if f" {name} " in f" {bare} "]
    return (same or within)[0] if same or len(within) == 1 else ""


def _letters(text: str) -> str:
    return " ".join(re.findall(r"\w+", folded_text(text)))


def folded_text(text: str) -> str:
    """The form in which heads and words are compared: lower case without diacritics, single spaces."""
    return " ".join(fold(text).replace("_", " ").split())


# Lines that may come before the header; rows that decide the role of a column without a known head.
_MAX_ROWS_ABOVE, _SAMPLE_ROWS = 20, 500
MAX_WORDS, SAMPLES = 60, 5
# First character of a staged cell that cannot be read; cleaned text never contains it.
FLAW_MARK = "\x01"
PROCEDURE_CODE = re.compile(r"\d\.\d{6}\b", re.ASCII)
_READABLE = ("date", "fraction")


@dataclass
class CaseColumn:
    """A staged column: `at` its place in the staged rows, `letter` that in the sheet ("" in a CSV). `words`: distinct
    values with their frequency, None where there are more than MAX_WORDS.
    """

    head: str
    at: int
    letter: str
    role: str
    samples: list[str] = field(default_factory=list)
    words: dict[str, int] | None = field(default_factory=dict)

    def add_value(self, text: str) -> None:
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
    """The staged columns, the heads of dropped ones, and the number of staged rows."""

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
    """Stage the recognised columns of a file. `keep`: heads of further columns to stage, unless they are personal.
    `opened`: reads the file. Errors: UnreadableFile, and then nothing is staged.
    """
    digest = _digest(source)
    lines, letters = opened(source, limits)
    number, heads, first, lines = _header(lines)
    sample = list(islice(lines, _SAMPLE_ROWS))
    folded_keep = {folded_text(head) for head in keep}
    columns = []
    for at, head in enumerate(heads):
        role = _column_role(head, [cells[at] for _, cells in sample if at < len(cells)], folded_keep)
        if role is not None:
            columns.append(
                (at, CaseColumn(head, len(columns) + 1, column_letters(at) if letters else "", role))
            )
    _clear_repeated_roles([column for _, column in columns])
    if not columns:
        message = "Không nhận ra cột nào của danh sách hồ sơ. Ghi tên cột cần giữ rồi tải lại."
        raise UnreadableFile("no_columns", message, number)
    try:
        rows = _stage(chain(sample, lines), columns, staged, first)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    passed = {at for at, _ in columns}
    dropped = [head for at, head in enumerate(heads) if head and at not in passed]
    return FilteredFile([column for _, column in columns], dropped, rows, digest)


def _digest(source: BinaryIO) -> str:
    source.seek(0)
    digest = hashlib.file_digest(source, "sha256").hexdigest()
    source.seek(0)
    return digest


def _header(lines: Lines) -> tuple[int, list[str], int, Lines]:
    """(row number, heads, first row after it, lines after it) of the line with most known heads near the top."""
    top = list(islice(lines, _MAX_ROWS_ABOVE))
    best, most = -1, 0
    for place, (_, cells) in enumerate(top):
        heads = [_plain(cell) for cell in cells]
        count = len({role for head in heads if head and len(head) < 100 and (role := role_of_head(head))})
        if count > most:
            best, most = place, count
    if best < 0:
        best = next((place for place, (_, cells) in enumerate(top) if any(cells)), -1)
    if best < 0:
        raise UnreadableFile("empty_file", "Tệp không có dòng tiêu đề.", 1)
    number, cells = top[best]
    heads = [_plain(cell)[:200] for cell in cells]
    repeated = {head for head in heads if head and heads.count(head) > 1}
    # Columns with the same head get their place as a suffix.
    heads = [f"{head} ({place})" if head in repeated else head for place, head in enumerate(heads, 1)]
    return number, heads, number + 1, chain(top[best + 1 :], lines)


def _plain(cell: Cell) -> str:
    if isinstance(cell, FlawedCell):
        return clean_text(cell.text or "")
    return clean_text(cell or "")


def _column_role(head: str, cells: Sequence[Cell], keep: set[str]) -> str | None:
    """The likely role of a column; "" to stage it without one, None to drop it."""
    if not head or is_personal(head):
        return None
    if role := role_of_head(head):
        return role
    if folded_text(head) in keep:
        return ""
    texts = [text for cell in cells if (text := _plain(cell))]
    if not texts:
        return None
    distinct = set(texts)
    if all(map(_is_moment, texts)):
        return ""
    if all(map(PROCEDURE_CODE.search, texts)):
        return PROCEDURE
    for role in (CHANNEL, STATE):
        if len(distinct) <= MAX_WORDS and all(target_of_word(role, text) for text in distinct):
            return role
    return None


def _is_moment(text: str) -> bool:
    return not text.isdigit() and parse_timestamp(text) is not None


def _clear_repeated_roles(columns: list[CaseColumn]) -> None:
    """Only the first column of a role keeps it; the user maps the others."""
    used: set[str] = set()
    for column in columns:
        if column.role in used:
            column.role = ""
        used.add(column.role)


def _stage(lines: Iterable[tuple[int, list[Cell]]], columns: list, staged: Path, first: int) -> int:
    """Write the staged columns; returns the number of rows. Faults after the last row (merged cells) are rows with the
    number of the row that they are about.
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
            row = [number]
            for at, column in columns:
                cell = cells[at]
                if cell is None:
                    row.append("")
                    continue
                text = cell if type(cell) is str else _staged(cell)
                row.append(text)
                if column.words is not None or len(column.samples) < SAMPLES:
                    column.add_value(text)
            write(row)
            rows += 1
    return rows


def _staged(cell: FlawedCell) -> str:
    """Dates and fractions as text; else the mark with code and message."""
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
    """Staged rows: the row number, then the cells."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def staged_fault(row: int, column: CaseColumn | None, code: str, message: str, head: str = "") -> FileFault:
    """A fault in a staged row with its place in the file."""
    letter = column.letter if column else ""
    return FileFault(row, column.head if column else head, code, message, f"{letter}{row}" if letter else "")
