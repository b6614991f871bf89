"""The rows and columns of the form, and the signature by which an uploaded sheet is recognised."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from core.text import parse_digits
from figures.formatting import format_day, format_day_range
from figures.measures import SUMS
from figures.periods import Month, PeriodError
from records.calendar.queries import DueDates
from records.catalogue import Catalogue
from records.submissions.lines import (
    AFTER_GROUPS,
    APART_GROUPS,
    MAIN_GROUPS,
    ColumnGroup,
    GridLine,
    column_heads,
    grid_lines,
    has_column,
)
from records.submissions.month_status import WorkingEdition, working_editions
from records.submissions.predecessor_openings import opens_from_predecessors
from units.models import Unit

# Increase it with every change that makes earlier forms unreadable; they are then refused as old.
VERSION = 1
SIGN, NAMES, OURS, NOTE = "cchc-form", "cchc-names", "#", "cchc-note"
INPUT, SUM, BALANCE, REASON = "input", "sum", "balance", "reason"
NOT_SERVED = "không có"


@dataclass(frozen=True)
class FormColumn:
    """A column of the form; `name` is a measure, a sum of `parts`, "balance" or "reason"."""

    kind: str
    name: str
    group: str
    title: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class FormMonth:
    """The content of the form of a unit's month. `end`: the last day of the month, for the names of the online levels;
    `period_note`: a sentence about period and due date; `before`: the label of the numbers to compare with.
    """

    unit: int
    code: str
    name: str
    month: Month
    edition: int
    revision: int
    lines: Sequence[GridLine]
    end: date
    period_note: str
    before: str

    @property
    def sign(self) -> "SheetSignature":
        """The signature of its sheet."""
        layout = form_fingerprint(self.lines, self.end)
        return SheetSignature(self.unit, self.month, self.edition, self.revision, layout, self.code)

    def value(self, line: GridLine, measure: str) -> int | None:
        """The stored value; before the first save the proposed opening, as on the page."""
        value = line.values[measure]
        if value is None and measure == "opening" and self.revision == 0 and measure in line.served:
            return line.proposed
        return value


@dataclass(frozen=True)
class SheetSignature:
    """Unit, month, edition and revision of a sheet, and the fingerprint of its rows and columns."""

    unit: int
    month: Month
    edition: int
    revision: int
    layout: str
    code: str

    def __str__(self) -> str:
        parts = (SIGN, VERSION, self.unit, self.month, self.edition, self.revision, self.layout, self.code)
        return ";".join(map(str, parts))

    @classmethod
    def read(cls, text: str) -> "SheetSignature":
        """Errors: ValueError for a signature of another version or one that was changed."""
        parts = text.split(";", 7)
        numbers = [parse_digits(part, 18) for part in (*parts[2:3], *parts[4:6])]
        if len(parts) < 8 or parts[1] != str(VERSION) or min(numbers) < 0:
            raise ValueError("no sign of this version")
        try:
            month = Month.parse(parts[3])
        except PeriodError as error:
            raise ValueError("no month") from error
        return cls(numbers[0], month, *numbers[1:], *parts[6:])


@dataclass(frozen=True)
class UnitForm:
    """A unit's month with the rows of its page."""

    month: WorkingEdition
    lines: list[GridLine]
    form: FormMonth


@dataclass(frozen=True)
class CellRemark:
    """A fault or warning about an uploaded form; `cell`: its address, `key`: (row code, column) or None, `blocks`: the
    file is refused.
    """

    sheet: str
    cell: str
    place: str
    code: str
    message: str
    blocks: bool
    key: tuple[str, str] | None = None


def unit_forms(units: Sequence[Unit], month: Month, catalogue: Catalogue) -> list[UnitForm]:
    """The forms of a month, also where it was not opened; a fixed number of queries."""
    return [
        _unit_form(working_edition, month, catalogue)
        for working_edition in working_editions(units, month, DueDates(catalogue.days))
    ]


@dataclass(frozen=True)
class UploadedCopy:
    """An uploaded form: texts by (row code, column), and remarks."""

    texts: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    remarks: Sequence[CellRemark] = ()


def _unit_form(working: WorkingEdition, month: Month, catalogue: Catalogue) -> UnitForm:
    lines = grid_lines(working.edition, catalogue, rows=working.rows, past=working.past)
    span, unit = catalogue.days.span(month), working.submission.unit
    note = f"Kỳ {format_day_range(span.start, span.end)}; hạn gửi {format_day(working.submission.due_on)}"
    edition = working.edition
    from_predecessors = opens_from_predecessors(unit, span, working.past)
    form = FormMonth(
        unit=unit.pk,
        code=unit.code,
        name=unit.name,
        month=month,
        edition=edition.number,
        revision=edition.revision,
        lines=lines,
        end=span.end,
        period_note=note,
        before="cuối kỳ các đơn vị cũ" if from_predecessors else month.previous().label,
    )
    return UnitForm(working, lines, form)


def form_columns(lines: Sequence[GridLine], end: date) -> list[FormColumn]:
    """The columns, as on the page: without groups that are switched off."""
    columns = [column for group in column_heads(end, MAIN_GROUPS) for column in _group(*group)]
    columns.append(FormColumn(BALANCE, BALANCE, "Cân đối", ""))
    for group in column_heads(end, (*AFTER_GROUPS, *APART_GROUPS)):
        if has_column(lines, group[0].measures):
            columns += _group(*group)
    return [*columns, FormColumn(REASON, REASON, "Lý do, ghi chú", "")]


def _group(group: ColumnGroup, shorts: tuple[str, ...]) -> Iterator[FormColumn]:
    for name, short in zip(group.measures, shorts, strict=True):
        yield FormColumn(INPUT, name, group.title, short)
    if group.whole:
        yield FormColumn(SUM, group.whole, group.title, "Tổng", SUMS[group.whole])


def form_fingerprint(lines: Sequence[GridLine], end: date) -> str:
    """A hash of the rows, the columns, and the cells that may have a number."""
    shape = [[column.name for column in form_columns(lines, end)]]
    shape += [[line.code, *sorted(line.served)] for line in lines]
    return hashlib.sha256(repr(shape).encode()).hexdigest()[:16]
