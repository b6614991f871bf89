"""The lines of the entry grid, the reading of what was typed into them, and the column groups with their heads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from django import forms
from django.utils.text import capfirst

from figures import count_rules
from figures.formatting import format_count
from figures.measures import AFTER, APART, CATALOGUE, MAIN, MEASURES, group_measures, online_labels
from figures.measures import COLUMN_GROUPS as ALL_COLUMN_GROUPS
from figures.periods import Month
from records.catalogue import Catalogue, RowKey, served_in_row
from records.models import DossierCount, Edition
from records.storage import measures_of_row

from .checks import rows_of_edition
from .previous_months import HistoryWindow, history_window


class ServedRow(Protocol):
    """A row with the measures that may hold a number, and its values."""

    served: frozenset[str]
    values: Mapping[str, int | None]


@dataclass(frozen=True)
class ColumnGroup:
    """Columns under one head; `whole` is the name of their sum, shown after them."""

    title: str
    measures: tuple[str, ...]
    whole: str = ""

    @property
    def width(self) -> int:
        """Number of columns, the sum included."""
        return len(self.measures) + bool(self.whole)


def _groups_at(place: str) -> tuple[ColumnGroup, ...]:
    return tuple(
        ColumnGroup(group.title, group_measures(group.key), group.total)
        for group in ALL_COLUMN_GROUPS
        if group.place == place
    )


# Before the balance of a row, after it, and in a table of their own.
MAIN_GROUPS, AFTER_GROUPS, APART_GROUPS = _groups_at(MAIN), _groups_at(AFTER), _groups_at(APART)
COLUMN_GROUPS = (*MAIN_GROUPS, *AFTER_GROUPS)


def column_heads(day: date, groups: Sequence[ColumnGroup]) -> tuple[tuple[ColumnGroup, tuple[str, ...]], ...]:
    """Groups with the short names of their columns; the online levels are named as on that day."""
    levels = {f"received_{level}": capfirst(label) for level, label in online_labels(day).items()}
    short = {measure.name: measure.head for measure in CATALOGUE} | levels
    return tuple((group, tuple(short[name] for name in group.measures)) for group in groups)


def has_column(rows: Iterable[ServedRow], measures: Iterable[str]) -> bool:
    """Whether any row serves one of the measures or has a value in it; a switched-off group is left out."""
    names = tuple(measures)
    return any(name in row.served or row.values[name] is not None for row in rows for name in names)


REASON_LENGTH = 2000
REASON_TOO_LONG = {"max_length": f"Lý do tối đa {format_count(REASON_LENGTH)} ký tự."}


class MonthReasonForm(forms.Form):
    """The reason for returning a month, or for unlocking it."""

    reason = forms.CharField(
        label="Lý do",
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Phải ghi lý do.", **REASON_TOO_LONG},
    )


@dataclass(frozen=True)
class GridLine:
    """One row of the grid: a field, or a procedure of it. `values` are the stored ones."""

    key: RowKey
    code: str  # "ho-tich" or "ho-tich/1.000894", as in the log
    label: str
    served: frozenset[str]
    values: Mapping[str, int | None]
    reason: str = ""
    of_procedure: bool = False
    proposed: int | None = None  # closing of the month before
    past: Mapping[int, Mapping[str, int | None]] = field(default_factory=dict)

    def name(self, measure: str) -> str:
        """The name of a cell in the form, and of a marked cell: "ho-tich-opening"."""
        return f"{self.code}-{measure}"

    def anchor(self, measure: str) -> str:
        """The id of the cell's element on the page."""
        return f"o-{self.key[0]}-{self.key[1] or 0}-{measure}"

    def last(self, month: Month) -> Mapping[str, int | None]:
        """The measures of the month before; empty where it did not report the row."""
        return self.past.get(month.previous().number, {})


@dataclass(frozen=True)
class TypedLines:
    """The parsed input: rows and reasons to store, and {input name: (code, message)} of what is invalid."""

    rows: Mapping[RowKey, Mapping[str, int | None]]
    reasons: Mapping[RowKey, str]
    faults: Mapping[str, tuple[str, str]]


def read_typed_lines(
    lines: Iterable[GridLine], cells: Mapping[str, str], reasons: Mapping[str, str]
) -> TypedLines:
    """Parse `cells` (by `GridLine.name()`) and `reasons` (by row code); a name that no line has is a fault too."""
    rows: dict[RowKey, dict[str, int | None]] = {}
    stated: dict[RowKey, str] = {}
    faults: dict[str, tuple[str, str]] = {}
    unread, unstated = dict(cells), dict(reasons)
    for line in lines:
        for measure in MEASURES:
            text = unread.pop(name := line.name(measure), None)
            if text is None:
                continue
            value, fault = count_rules.read_cell(measure, text, line.served)
            if fault:
                faults[name] = fault.code, fault.message
            else:
                rows.setdefault(line.key, {})[measure] = value
        reason = unstated.pop(line.code, None)
        if reason is None:
            continue
        if len(reason) > REASON_LENGTH:
            faults[line.name("reason")] = "too_long", REASON_TOO_LONG["max_length"]
        else:
            rows.setdefault(line.key, {})
            stated[line.key] = reason
    for name in (*unread, *(f"{code}-reason" for code in unstated)):
        faults[name] = "not_served", "Báo cáo này không có ô đó."
    return TypedLines(rows, stated, faults)


def grid_lines(
    edition: Edition,
    catalogue: Catalogue,
    *,
    rows: list[DossierCount] | None = None,
    past: HistoryWindow | None = None,
) -> list[GridLine]:
    """The lines in catalogue order: the fields that the unit reports in the month, by procedure where reported so, and
    any other row that has a number. Three queries; `rows` and `past` save theirs.
    """
    submission = edition.submission
    month = Month.from_number(submission.month)
    expected = catalogue.expected(submission.unit, month)
    stored = {
        (row.field_id, row.procedure_id): row for row in (rows_of_edition(edition) if rows is None else rows)
    }
    past = history_window(submission) if past is None else past
    return [
        _line(
            key, stored.get(key), past.get(key, {}), month, served_in_row(expected, catalogue, key), catalogue
        )
        for key in _keys(list(expected), stored, catalogue)
    ]


def _keys(expected: list[int], stored: dict[RowKey, DossierCount], catalogue: Catalogue) -> list[RowKey]:
    answered = [key for key, row in stored.items() if row.answered]
    if (catalogue.undivided, None) in answered:
        return answered
    keys: list[RowKey] = []
    for field_id in expected:
        procedures = [key for key in stored if key[0] == field_id and key[1]]
        keys += sorted(procedures, key=lambda key: catalogue.procedures[key[1]].code) or [(field_id, None)]
    return keys + [key for key in answered if key not in keys]


def _line(
    key: RowKey,
    row: DossierCount | None,
    past: Mapping[int, Mapping],
    month: Month,
    served: frozenset[str],
    catalogue: Catalogue,
) -> GridLine:
    field = catalogue.fields[key[0]]
    procedure = catalogue.procedures[key[1]] if key[1] else None
    before = past.get(month.previous().number)
    return GridLine(
        key=key,
        code=f"{field.code}/{procedure.code}" if procedure else field.code,
        label=f"{field.name}: {procedure.name}" if procedure else field.name,
        served=served,
        values=measures_of_row(row) if row else dict.fromkeys(MEASURES),
        reason=row.reason if row else "",
        of_procedure=procedure is not None,
        proposed=count_rules.closing_count(before) if before else None,
        past=past,
    )
