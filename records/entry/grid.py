"""The grid as the page and its script get it: cells with their text, state and past; sums, balance and
totals.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.conf import settings
from django.shortcuts import resolve_url
from django.urls import reverse

from accounts.models import User
from figures import count_rules
from figures.formatting import format_count
from figures.measures import LABELS, MEASURES, OPTIONAL, SUMS, measure_label
from figures.outliers import MONTHS, WATCHED
from figures.periods import Month
from figures.tally import sum_reported
from records.errors import Finding
from records.models import Edition, Submission
from records.submissions.lines import (
    AFTER_GROUPS,
    APART_GROUPS,
    MAIN_GROUPS,
    ColumnGroup,
    GridLine,
    column_heads,
    has_column,
)

from .forms import EntryForm


@dataclass(frozen=True)
class CellPlace:
    """A cell or row of the entry page: its name and where it stands there."""

    name: str
    anchor: str


_APART = tuple(name for group in APART_GROUPS for name in group.measures)


@dataclass
class GridCell:
    """One cell. `kind`: input, number, mark (a number that can be ticked), na (not served), sum."""

    kind: str
    measure: str
    label: str
    place: str = ""  # the label with that of its row
    text: str = ""
    name: str = ""
    id: str = ""
    fault: str = ""
    last: str = ""
    year_ago: str = ""
    first: bool = False
    carried: bool = False
    warned: bool = False
    marked: bool = False

    @property
    def classes(self) -> str:
        """The state in classes of the style sheet; a fault outweighs the others."""
        if self.fault:
            return " is-err"
        return (" is-warn" if self.warned or self.marked else "") + (" is-carried" if self.carried else "")


@dataclass
class GridRow:
    """A line with its cells; `balance`: ok, off, na (not all reported) or err, with its words."""

    line: GridLine
    index: int
    values: Mapping[str, int | None]
    cells: list[GridCell] = field(default_factory=list)
    after: list[GridCell] = field(default_factory=list)
    moved: list[GridCell] = field(default_factory=list)
    balance: str = "na"
    balance_text: str = "chưa đủ"
    explained: str = ""


def blank_cells(line: GridLine, day: date) -> list[CellPlace]:
    """The cells of a row that serve and hold no number; of what is optional a blank means none."""
    return [
        CellPlace(measure_label(name, day), line.anchor(name))
        for name in MEASURES
        if name in line.served and name not in OPTIONAL and line.values[name] is None
    ]


@dataclass(frozen=True)
class Grid:
    """Everything that the template loops over."""

    groups: tuple[tuple[ColumnGroup, tuple[str, ...]], ...]
    groups_after: tuple[tuple[ColumnGroup, tuple[str, ...]], ...]
    rows: list[GridRow]
    totals: list[GridCell]
    totals_after: list[GridCell]
    balance: str
    balance_text: str
    last_month: str
    year_ago: str
    moved_heads: list[str]
    moved_asked: bool
    moved_in_use: bool
    blanks: int


@dataclass(frozen=True)
class _GridStyle:
    """How the cells are to be drawn."""

    mode: str
    day: date
    month: Month
    form: EntryForm | None
    propose: bool
    marked: Collection[str]
    warned: Collection[tuple[str, str | None]]


def build_grid(
    lines: Sequence[GridLine],
    *,
    mode: str,
    day: date,
    month: Month,
    form: EntryForm | None = None,
    propose: bool = False,
    marked: Collection[str] = (),
    findings: Iterable[Finding] = (),
) -> Grid:
    """mode: input, number or mark. day: the last day of the month, for the names of the online levels.

    form: a bound form, whose typed texts and faults are shown. propose: what the month before left open stands in
    blank openings. marked: names of cells that were sent back.
    """
    warned = {(_finding_place(finding), finding.measure) for finding in findings if finding.measure}
    look = _GridStyle(mode, day, month, form, propose, frozenset(marked), warned)
    after = [group for group in AFTER_GROUPS if has_column(lines, group.measures)]
    rows = [_row(line, index, look, after) for index, line in enumerate(lines)]
    state, words = _overall_balance(rows)
    return Grid(
        groups=column_heads(day, MAIN_GROUPS),
        groups_after=column_heads(day, after),
        rows=rows,
        totals=_totals(rows, MAIN_GROUPS, day),
        totals_after=_totals(rows, after, day),
        balance=state,
        balance_text=words,
        last_month=month.previous().label,
        year_ago=month.same_last_year().label,
        moved_heads=[head for _, names in column_heads(day, APART_GROUPS) for head in names],
        moved_asked=has_column(lines, _APART),
        moved_in_use=any(row.values.get(name) is not None for row in rows for name in _APART),
        blanks=sum(
            row.values.get(name) is None for row in rows for name in row.line.served.difference(OPTIONAL)
        ),
    )


def _overall_balance(rows: Sequence[GridRow]) -> tuple[str, str]:
    """The balance of all rows together: how many do not close, or that some are not whole."""
    off = sum(row.balance in ("off", "err") for row in rows)
    if off:
        return "off", f"{off} dòng"
    return ("na", "chưa đủ") if any(row.balance == "na" for row in rows) else ("ok", "khớp")


def _finding_place(finding: Finding) -> str:
    return f"{finding.field}/{finding.procedure}" if finding.procedure else finding.field


def _row(line: GridLine, index: int, look: _GridStyle, after: Sequence[ColumnGroup]) -> GridRow:
    values = dict(line.values)
    if look.form is not None and look.form.is_bound:
        values |= look.form.rows().get(line.key, {})
    elif look.propose and values["opening"] is None and "opening" in line.served:
        values["opening"] = line.proposed
    row = GridRow(line, index, values)
    row.cells = [cell for group in MAIN_GROUPS for cell in _cells(row, group, look)]
    row.after = [cell for group in after for cell in _cells(row, group, look)]
    row.moved = [_cell(row, name, look) for name in _APART]
    _balance(row)
    return row


def _cells(row: GridRow, group: ColumnGroup, look: _GridStyle) -> list[GridCell]:
    cells = [_cell(row, name, look) for name in group.measures]
    if group.whole:
        whole = group.whole
        cells.append(
            GridCell(
                "sum",
                whole,
                f"Tổng {LABELS[whole].lower()}",
                text=format_count(sum_reported(row.values.get(name) for name in SUMS[whole])),
                last=_last_month(row.line, look.month.previous(), SUMS[whole]),
                year_ago=_last_month(row.line, look.month.same_last_year(), SUMS[whole]),
                warned=(row.line.code, whole) in look.warned,
            )
        )
    cells[0].first = True
    return cells


def _cell(row: GridRow, measure: str, look: _GridStyle) -> GridCell:
    line = row.line
    label = measure_label(measure, look.day)
    value = row.values.get(measure)
    if measure not in line.served and value is None:
        return GridCell("na", measure, label)
    name = line.name(measure)
    text = format_count(value) if value is not None else "" if look.mode == "input" else format_count(None)
    fault = ""
    if look.form is not None and look.form.is_bound and name in look.form.fields:
        fault = " ".join(look.form.errors.get(name, []))
        text = look.form.data.get(name, text) if fault else text
    return GridCell(
        look.mode,
        measure,
        label,
        place=f"{line.label}: {label}",
        text=text,
        name=name,
        id=line.anchor(measure),
        fault=fault,
        last=_last_month(line, look.month.previous(), (measure,)),
        year_ago=_last_month(line, look.month.same_last_year(), (measure,)),
        carried=measure == "opening" and value is not None and value == line.proposed,
        warned=(line.code, measure) in look.warned,
        marked=name in look.marked,
    )


def _last_month(line: GridLine, month: Month, measures: Iterable[str]) -> str:
    values = line.past.get(month.number)
    number = sum_reported(values[name] for name in measures) if values else None
    return "" if number is None else format_count(number)


def _balance(row: GridRow) -> None:
    faulty = any(cell.fault for cell in (*row.cells, *row.after, *row.moved))
    gap = count_rules.balance_difference(row.values, row.line.served)
    if faulty:
        row.balance, row.balance_text = "err", "có lỗi"
    elif gap is not None:
        row.balance = "off" if gap else "ok"
        row.balance_text = f"lệch {'+' if gap > 0 else '−'}{format_count(abs(gap))}" if gap else "khớp"
        row.explained = count_rules.balance_text(row.values)


def _totals(rows: Sequence[GridRow], groups: Sequence[ColumnGroup], day: date) -> list[GridCell]:
    """Sums of the columns; a star where a row left the cell blank."""
    cells = []
    for group in groups:
        names = [(name, (name,)) for name in group.measures]
        if group.whole:
            names.append((group.whole, SUMS[group.whole]))
        for position, (name, parts) in enumerate(names):
            served = [(row, part) for row in rows for part in parts if part in row.line.served]
            text = format_count(sum_reported(row.values.get(part) for row in rows for part in parts))
            starred = any(row.values.get(part) is None for row, part in served)
            label = measure_label(name, day)
            cells.append(
                GridCell("sum", name, label, text=text + ("*" if starred else ""), first=position == 0)
            )
    return cells


def client_data(
    found: Submission, edition: Edition, lines: Iterable[GridLine], reader: User
) -> dict[str, Any]:
    """Ready for JSON: addresses, the revision that the page shows, and of each row what its rules need."""
    month = Month.from_number(found.month)
    return {
        "submission": found.pk,
        "user": reader.pk,
        "revision": edition.revision,
        "urls": {
            "cells": reverse("records:cells", args=[found.pk]),
            "check": reverse("records:check", args=[found.pk]),
            "login": resolve_url(settings.LOGIN_URL),
        },
        "rows": [_client_row(line, month) for line in lines],
    }


def _client_row(line: GridLine, month: Month) -> dict[str, Any]:
    """`history`: the sums of the twelve months before, the latest last; null where a month reported none."""
    before = [line.past.get(month.plus(-back).number, {}) for back in range(MONTHS, 0, -1)]
    return {
        "code": line.code,
        "label": line.label,
        "served": [name for name in MEASURES if name in line.served],
        "proposed": line.proposed,
        "reason": line.reason,
        "history": {
            whole: [sum_reported(values.get(part) for part in SUMS[whole]) for values in before]
            for whole in WATCHED
        },
        "last": {name: line.last(month).get(name) for name in MEASURES},
    }
