"""Official forms: numbered columns over measures or indicators; reads and checks their definitions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Any

from .formatting import format_count
from .measures import COMES_IN, GOES_OUT, MEASURES
from .tally import sum_reported

# A form is data, so that a new form of the ministry needs no code. Columns (1) and (2) of every form are the mark and
# the name of a line; its figures begin with (3).

FIRST = 3  # number of the first column with figures
DOSSIERS, INDICATORS = "dossiers", "indicators"

Cells = tuple[int | None, ...]
Values = Mapping[str, int | None]


@dataclass(frozen=True)
class NumberedColumn:
    """A column of figures: the sum of its `sources`, or of the columns whose numbers are in `adds` (a negative number
    subtracts). A file without details fills the first source.
    """

    number: int
    head: str
    group: str
    sources: tuple[str, ...]
    adds: tuple[int, ...]

    @property
    def title(self) -> str:
        """The heading on a single line, for sheets: "Tiếp nhận: tổng số (3)"."""
        words = f"{self.group}: {self.head[:1].lower()}{self.head[1:]}" if self.group else self.head
        return f"{words} ({self.number})"

    @property
    def subtracts(self) -> bool:
        """Whether it subtracts a column."""
        return any(part < 0 for part in self.adds)


@dataclass(frozen=True)
class FormIdentity:
    """The sums of the columns on both sides are equal in every line."""

    left: tuple[int, ...]
    right: tuple[int, ...]

    @property
    def words(self) -> str:
        """As printed under a form: "(3) = (7) + (11)"."""
        return f"{_sides(self.left)} = {_sides(self.right)}"


@dataclass(frozen=True)
class FormMapping:
    """A measure without a column, and the note about it: "hồ sơ rút, trả lại tính vào cột (9)"."""

    source: str
    words: str


@dataclass(frozen=True)
class OfficialForm:
    """A form prescribed by a circular or decree, in force from `valid_from` to `valid_until` (None: open).

    `of`: the kind of its sources (DOSSIERS: measures, a line per field; INDICATORS: "code.numerator", a line per unit);
    `replaces`: the key of its predecessor; `within`: measures counted in the column of others; `outside`: measures not
    counted at all.
    """

    key: str
    code: str
    title: str
    basis: str
    of: str
    counted_in: str
    name_head: str
    columns: tuple[NumberedColumn, ...]
    identities: tuple[FormIdentity, ...] = ()
    lacking: str = ""
    within: tuple[FormMapping, ...] = ()
    outside: tuple[FormMapping, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    replaces: str = ""

    @cached_property
    def places(self) -> dict[int, int]:
        """The index of each column's cell in a line, by column number."""
        return {column.number: place for place, column in enumerate(self.columns)}

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The sources of all columns."""
        return tuple(source for column in self.columns for source in column.sources)

    @property
    def numbers(self) -> range:
        """The numbers of all columns, (1) and (2) too."""
        return range(1, FIRST + len(self.columns))

    @property
    def heads(self) -> list[tuple[str, list[NumberedColumn]]]:
        """The columns by group, in order; a column without a group is alone under ""."""
        groups = groupby(
            self.columns, key=lambda column: (column.group, 0 if column.group else column.number)
        )
        return [(name, list(columns)) for (name, _), columns in groups]

    @property
    def rules(self) -> str:
        """Formulas and identities as printed under it: "(3) = (4) + (5) + (6); (3) = (7) + (11)"."""
        formulas = [f"({column.number}) = {_sides(column.adds)}" for column in self.columns if column.adds]
        return "; ".join([*formulas, *(identity.words for identity in self.identities)])

    def valid_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )

    def cells(self, values: Values) -> Cells:
        """A line: a cell for each column, None if no part of it is reported."""
        return tuple(self._cell(column, values) for column in self.columns)

    def _cell(self, column: NumberedColumn, values: Values) -> int | None:
        if column.sources:
            return sum_reported(values.get(source) for source in column.sources)
        parts = (self.columns[self.places[abs(part)]] for part in column.adds)
        return _signed(column, [self._cell(part, values) for part in parts])

    def gaps(self, cells: Sequence[int | None]) -> list[tuple[FormIdentity, int]]:
        """The identities that a line breaks, with left − right; those with an unreported column are skipped."""
        broken = []
        for identity in self.identities:
            sides = [
                [cells[self.places[number]] for number in side] for side in (identity.left, identity.right)
            ]
            if None not in (*sides[0], *sides[1]):
                gap = sum(value or 0 for value in sides[0]) - sum(value or 0 for value in sides[1])
                if gap:
                    broken.append((identity, gap))
        return broken

    def moved(self, identity: FormIdentity, values: Values) -> int:
        """The difference (left − right) that the measures `outside` make in a balance: an identity between what comes
        in and what goes out. 0 for any other identity.
        """
        left_sources, right_sources = self._made_of(identity.left), self._made_of(identity.right)
        into, out = (
            sum(values.get(mapping.source) or 0 for mapping in self.outside if mapping.source in side)
            for side in (COMES_IN, GOES_OUT)
        )
        if left_sources <= set(COMES_IN) and right_sources <= set(GOES_OUT):
            return out - into
        return into - out if left_sources <= set(GOES_OUT) and right_sources <= set(COMES_IN) else 0

    def _made_of(self, numbers: Iterable[int]) -> set[str]:
        """The sources of some columns, also through the columns that they add."""
        sources: set[str] = set()
        for column in (self.columns[self.places[abs(number)]] for number in numbers):
            sources |= {*column.sources, *self._made_of(column.adds)}
        return sources

    def note(self, values: Values, *, estimated: bool = False, handover: bool = False) -> str:
        """The note under the form: measures without a column, and identities that do not hold.
        `estimated`: the values are shares of a divided unit (docs/decisions/0015); `handover`: units began or ended
        within a month (docs/decisions/0028).
        """
        counted_within = "; ".join(
            f"{format_count(values.get(mapping.source))} {mapping.words}" for mapping in self.within
        )
        moved = [
            f"{format_count(values[mapping.source])} {mapping.words}"
            for mapping in self.outside
            if values.get(mapping.source)
        ]
        sentences = [f"{counted_within}."] if counted_within else []
        if moved:
            sentences.append(f"Ngoài biểu: {', '.join(moved)}.")
        sentences += [
            identity_difference(identity, gap, moved=bool(moved), estimated=estimated, handover=handover)
            for identity, gap in self.gaps(self.cells(values))
        ]
        return " ".join(sentences)


def identity_difference(
    identity: FormIdentity, gap: int, *, moved: bool = False, estimated: bool = False, handover: bool = False
) -> str:
    """The sentence about an identity that does not hold, with the known reasons."""
    left, right = (_sides(side, " + cột ") for side in (identity.left, identity.right))
    named = f"Cột {left} lệch {format_count(gap)} so với cột {right}"
    reasons = ["hồ sơ chuyển đi, chuyển đến"] if moved else []
    reasons += ["số ước tính, mỗi ô làm tròn riêng"] if estimated else []
    reasons += ["hồ sơ bàn giao giữa tháng với đơn vị ngoài phạm vi"] if handover else []
    return f"{named} do {'; '.join(reasons) or 'có tháng chưa báo cáo hoặc số chuyển kỳ chưa khớp'}."


def _signed(column: NumberedColumn, parts: list[int | None]) -> int | None:
    """The sum of the reported parts; a difference only if all are reported."""
    if not column.subtracts:
        return sum_reported(parts)
    if None in parts:
        return None
    return sum(value if number > 0 else -value for number, value in zip(column.adds, parts, strict=True))


def _sides(numbers: Iterable[int], plus: str = " + ") -> str:
    text = ""
    for number in numbers:
        sign = " − " if number < 0 else plus if text else ""
        text += f"{sign}({abs(number)})"
    return text


PARTS = ("numerator", "denominator")


class FormError(ValueError):
    """Invalid data of a form; the Vietnamese message names the place."""


def read_form(data: Any) -> OfficialForm:
    """Read and check the data of a form. Raises FormError."""
    if not isinstance(data, dict):
        raise FormError("Biểu phải là một đối tượng có tên các mục.")
    of = _choice(data, "of", (DOSSIERS, INDICATORS))
    columns = tuple(_column(item, of) for item in _list(data, "columns"))
    _check_columns(columns)
    numbers = {column.number for column in columns}
    form = OfficialForm(
        key=_key(data),
        code=_text(data, "code"),
        title=_text(data, "title"),
        basis=_text(data, "basis"),
        of=of,
        counted_in=_text(data, "counted_in"),
        name_head=_text(data, "name_head"),
        columns=columns,
        identities=tuple(_identity(item, numbers) for item in _list(data, "identities", needed=False)),
        lacking=_text(data, "lacking", needed=False),
        within=tuple(_mapped(item, of) for item in _list(data, "within", needed=False)),
        outside=tuple(_mapped(item, of) for item in _list(data, "outside", needed=False)),
        valid_from=_day(data, "valid_from"),
        valid_until=_day(data, "valid_until"),
        replaces=_text(data, "replaces", needed=False),
    )
    if form.valid_from and form.valid_until and form.valid_until < form.valid_from:
        raise FormError("valid_until: ngày hết áp dụng phải từ ngày bắt đầu trở đi.")
    return form


def _key(data: Mapping[str, Any]) -> str:
    """The key, which is used in addresses and file names."""
    key = _text(data, "key")
    if not re.fullmatch("[a-z0-9]+(?:-[a-z0-9]+)*", key, re.ASCII) or len(key) > 40:
        raise FormError("key: chỉ dùng chữ thường không dấu, chữ số và dấu gạch nối, không quá 40 ký tự.")
    return key


def _check_columns(columns: Sequence[NumberedColumn]) -> None:
    numbers = [column.number for column in columns]
    if not columns or numbers != list(range(FIRST, FIRST + len(columns))):
        raise FormError(f"columns: số thứ tự các cột phải liên tục từ {FIRST}.")
    used: set[str] = set()
    for column in columns:
        for source in column.sources:
            if source in used:
                raise FormError(f"columns, cột ({column.number}): “{source}” đã có ở cột khác.")
            used.add(source)
        _check_adds(column, {column.number: column for column in columns})


def _check_adds(column: NumberedColumn, columns: Mapping[int, NumberedColumn]) -> None:
    """Raises FormError for an unknown column in a formula, and for a cycle."""
    reached, ahead = set(), [column.number]
    while ahead:
        for part in columns[ahead.pop()].adds:
            if abs(part) not in columns:
                raise FormError(f"columns, cột ({column.number}): không có cột ({abs(part)}).")
            if abs(part) == column.number:
                raise FormError(f"columns, cột ({column.number}): công thức quay vòng.")
            if abs(part) not in reached:
                reached.add(abs(part))
                ahead.append(abs(part))


def _column(data: Any, of: str) -> NumberedColumn:
    if not isinstance(data, dict):
        raise FormError("columns: mỗi cột phải là một đối tượng.")
    number = data.get("number")
    where = f"columns, cột ({number})"
    if not _whole(number):
        raise FormError(f"{where}: number phải là số nguyên.")
    sources, adds = data.get("sources", []), data.get("adds", [])
    if not isinstance(sources, list) or not isinstance(adds, list) or bool(sources) == bool(adds):
        raise FormError(f"{where}: phải có đúng một trong hai danh sách sources, adds.")
    if not all(map(_whole, adds)):
        raise FormError(f"{where}: adds phải là số thứ tự các cột.")
    for source in sources:
        _check_source(source, of, where)
    group = _text(data, "group", needed=False, where=where)
    return NumberedColumn(number, _text(data, "head", where=where), group, tuple(sources), tuple(adds))


def _check_source(source: Any, of: str, where: str) -> None:
    if of == DOSSIERS and source not in MEASURES:
        raise FormError(f"{where}: không có chỉ số “{source}”; dùng {', '.join(MEASURES)}.")
    code, _, part = str(source).rpartition(".")
    if of == INDICATORS and (not code or part not in PARTS):
        raise FormError(
            f"{where}: “{source}” phải có dạng mã-chỉ-tiêu.numerator hoặc mã-chỉ-tiêu.denominator."
        )


def _identity(data: Any, numbers: set[int]) -> FormIdentity:
    sides = [data.get(side) if isinstance(data, dict) else None for side in ("left", "right")]
    for side in sides:
        if not isinstance(side, list) or not side or not all(map(_whole, side)) or not set(side) <= numbers:
            raise FormError("identities: left và right phải là số thứ tự các cột có trong biểu.")
    return FormIdentity(tuple(sides[0]), tuple(sides[1]))


def _mapped(data: Any, of: str) -> FormMapping:
    if not isinstance(data, dict):
        raise FormError("within, outside: mỗi dòng phải là một đối tượng.")
    source = _text(data, "source", where="within, outside")
    _check_source(source, of, "within, outside")
    return FormMapping(source, _text(data, "words", where=f"within, outside, {source}"))


def _text(data: Mapping[str, Any], name: str, *, needed: bool = True, where: str = "") -> str:
    text = data.get(name, "")
    place = f"{where}, {name}" if where else name
    if not isinstance(text, str) or len(text) > 500:
        raise FormError(f"{place}: phải là chữ, không quá 500 ký tự.")
    if needed and not text.strip():
        raise FormError(f"{place}: thiếu.")
    return text.strip()


def _choice(data: Mapping[str, Any], name: str, choices: Sequence[str]) -> str:
    text = _text(data, name)
    if text not in choices:
        raise FormError(f"{name}: chỉ dùng {', '.join(choices)}.")
    return text


def _list(data: Mapping[str, Any], name: str, *, needed: bool = True) -> list[Any]:
    items = data.get(name, [])
    if not isinstance(items, list) or needed and not items:
        raise FormError(f"{name}: phải là một danh sách{' không rỗng' if needed else ''}.")
    return items


def _day(data: Mapping[str, Any], name: str) -> date | None:
    text = _text(data, name, needed=False)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise FormError(f"{name}: “{text}” không phải ngày dạng 2026-01-10.") from error


def _whole(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
