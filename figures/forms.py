"""Official forms: numbered columns over measures or indicators, identities, and what a form cannot hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby

from figures.counts import added
from figures.rules import COMES_IN, GOES_OUT
from figures.writing import count

# A form is plain data (figures.form_data), so that a new one of the ministry needs no new code. Columns (1) and
# (2) of every form are the mark and the name of a line; its figures begin with (3).

FIRST = 3  # the number of the first column with figures
DOSSIERS, INDICATORS = "dossiers", "indicators"

Cells = tuple[int | None, ...]
Values = Mapping[str, int | None]


@dataclass(frozen=True)
class Column:
    """A column of figures: either `sources`, which are added up, or `adds`, the numbers of other columns (a negative
    one is taken off). The first source takes what a file gives without detail.
    """

    number: int
    head: str
    group: str
    sources: tuple[str, ...]
    adds: tuple[int, ...]

    @property
    def title(self) -> str:
        """The head by itself, as a sheet of one line of heads needs it: "Tiếp nhận: tổng số (3)"."""
        words = f"{self.group}: {self.head[:1].lower()}{self.head[1:]}" if self.group else self.head
        return f"{words} ({self.number})"

    @property
    def subtracts(self) -> bool:
        """Whether it takes a column off another one."""
        return any(part < 0 for part in self.adds)


@dataclass(frozen=True)
class Identity:
    """The columns of one side add up to those of the other, in every line."""

    left: tuple[int, ...]
    right: tuple[int, ...]

    @property
    def words(self) -> str:
        """As it stands under a form: "(3) = (7) + (11)"."""
        return f"{_sides(self.left)} = {_sides(self.right)}"


@dataclass(frozen=True)
class Mapped:
    """A measure without a column, and how it is told: "hồ sơ rút, trả lại tính vào cột (9)"."""

    source: str
    words: str


@dataclass(frozen=True)
class Form:
    """A form as a circular or decree prescribes it, in force from `valid_from` to `valid_until` (None: open).

    `of` is what its sources are (DOSSIERS: measures, lines by field; INDICATORS: "code.numerator", lines by unit);
    `replaces` the key of the form that it takes the place of; `within` what is counted in a column of others, `outside`
    what is counted nowhere.
    """

    key: str
    code: str
    title: str
    basis: str
    of: str
    counted_in: str
    name_head: str
    columns: tuple[Column, ...]
    identities: tuple[Identity, ...] = ()
    lacking: str = ""
    within: tuple[Mapped, ...] = ()
    outside: tuple[Mapped, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    replaces: str = ""

    @cached_property
    def places(self) -> dict[int, int]:
        """The place of each column's cell in a line, by its number."""
        return {column.number: place for place, column in enumerate(self.columns)}

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """All that the columns are made of."""
        return tuple(source for column in self.columns for source in column.sources)

    @property
    def numbers(self) -> range:
        """The numbers of all columns, (1) and (2) too."""
        return range(1, FIRST + len(self.columns))

    @property
    def heads(self) -> list[tuple[str, list[Column]]]:
        """Columns under their group of the head, in order; a column without a group stands alone under ""."""
        groups = groupby(
            self.columns, key=lambda column: (column.group, 0 if column.group else column.number)
        )
        return [(name, list(columns)) for (name, _), columns in groups]

    @property
    def rules(self) -> str:
        """Its formulas and identities, as they stand under it: "(3) = (4) + (5) + (6); (3) = (7) + (11)"."""
        made = [f"({one.number}) = {_sides(one.adds)}" for one in self.columns if one.adds]
        return "; ".join([*made, *(one.words for one in self.identities)])

    def valid_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )

    def cells(self, values: Values) -> Cells:
        """A line: a cell for each column, None where nobody reported any part of it."""
        return tuple(self._cell(column, values) for column in self.columns)

    def _cell(self, column: Column, values: Values) -> int | None:
        if column.sources:
            return added(values.get(source) for source in column.sources)
        parts = (self.columns[self.places[abs(part)]] for part in column.adds)
        return _signed(column, [self._cell(part, values) for part in parts])

    def gaps(self, cells: Sequence[int | None]) -> list[tuple[Identity, int]]:
        """The identities that a line breaks, with left − right; one with an unreported column breaks nothing."""
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

    def moved(self, identity: Identity, values: Values) -> int:
        """By how much (left − right) what is counted `outside` puts a balance off: an identity of what comes in on one
        side and what goes out on the other. 0 for any other identity.
        """
        left, right = self._made_of(identity.left), self._made_of(identity.right)
        into, out = (
            sum(values.get(one.source) or 0 for one in self.outside if one.source in side)
            for side in (COMES_IN, GOES_OUT)
        )
        if left <= set(COMES_IN) and right <= set(GOES_OUT):
            return out - into
        return into - out if left <= set(GOES_OUT) and right <= set(COMES_IN) else 0

    def _made_of(self, numbers: Iterable[int]) -> set[str]:
        """The sources of some columns, through the columns that they add."""
        found: set[str] = set()
        for column in (self.columns[self.places[abs(number)]] for number in numbers):
            found |= {*column.sources, *self._made_of(column.adds)}
        return found

    def note(self, values: Values, *, estimated: bool = False, handed: bool = False) -> str:
        """What the form has no column for and where it was counted; and each identity that does not hold.
        `estimated`: the values are shares of a divided unit (docs/decisions/0015); `handed`: units began or ended
        inside a month (docs/decisions/0028).
        """
        told = "; ".join(f"{count(values.get(one.source))} {one.words}" for one in self.within)
        moved = [f"{count(values[one.source])} {one.words}" for one in self.outside if values.get(one.source)]
        sentences = [f"{told}."] if told else []
        if moved:
            sentences.append(f"Ngoài biểu: {', '.join(moved)}.")
        sentences += [
            difference(identity, gap, moved=bool(moved), estimated=estimated, handed=handed)
            for identity, gap in self.gaps(self.cells(values))
        ]
        return " ".join(sentences)


def difference(
    identity: Identity, gap: int, *, moved: bool = False, estimated: bool = False, handed: bool = False
) -> str:
    """An identity that does not hold, in words, with the reasons as far as they are known."""
    left, right = (_sides(side, " + cột ") for side in (identity.left, identity.right))
    named = f"Cột {left} lệch {count(gap)} so với cột {right}"
    reasons = ["hồ sơ chuyển đi, chuyển đến"] if moved else []
    reasons += ["số ước tính, mỗi ô làm tròn riêng"] if estimated else []
    reasons += ["hồ sơ bàn giao giữa tháng với đơn vị ngoài phạm vi"] if handed else []
    return f"{named} do {'; '.join(reasons) or 'có tháng chưa báo cáo hoặc số chuyển kỳ chưa khớp'}."


def _signed(column: Column, parts: list[int | None]) -> int | None:
    """The sum of what is reported; a difference only where both sides are."""
    if not column.subtracts:
        return added(parts)
    if None in parts:
        return None
    return sum(value if number > 0 else -value for number, value in zip(column.adds, parts, strict=True))


def _sides(numbers: Iterable[int], plus: str = " + ") -> str:
    text = ""
    for number in numbers:
        sign = " − " if number < 0 else plus if text else ""
        text += f"{sign}({abs(number)})"
    return text
