"""Builds the grid for the page and its script: cells with text, state and past values; sums, balance, totals."""

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
    """A cell or row of the entry page: its label and the id of its element."""

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
        """CSS classes of the state; a fault takes precedence."""
        if self.fault:
            return " is-err"
        return (" is-warn" if self.warned or self.marked else "") + (" is-carried" if self.carried else "")


@dataclass
class GridRow:
    """A line with its cells; `balance`: ok, off, na (not all reported) or err; `balance_text` says it in words."""

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
    """The served cells of a row without a value; optional ones are left out, as blank means none there."""
    return [
        CellPlace(measure_label(name, day), line.anchor(name))
        for name in MEASURES
        if name in line.served and name not in OPTIONAL and line.values[name] is None
    ]


@dataclass(frozen=True)
class Grid:
    """The grid for the template."""

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
    moved_served: bool
    moved_in_use: bool
    blanks: int


@dataclass(frozen=True)
class _GridStyle:
    """Options of `build_grid` for its cells."""

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

    form: a bound form, whose typed texts and faults are shown. propose: fill blank openings with the closing of the
    month before. marked: names of cells that the reviewer marked.
    """
    warned = {(_finding_place(finding), finding.measure) for finding in findings if finding.measure}
    style = _GridStyle(mode, day, month, form, propose, frozenset(marked), warned)
    after = [group for group in AFTER_GROUPS if has_column(lines, group.measures)]
    rows = [_row(line, index, style, after) for index, line in enumerate(lines)]
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
        moved_served=has_column(lines, _APART),
        moved_in_use=any(row.values.get(name) is not None for row in rows for name in _APART),
        blanks=sum(
            row.values.get(name) is None for row in rows for name in row.line.served.difference(OPTIONAL)
        ),
    )


def _overall_balance(rows: Sequence[GridRow]) -> tuple[str, str]:
    """State and text of all rows together: how many do not balance, or that some are incomplete."""
    off = sum(row.balance in ("off", "err") for row in rows)
    if off:
        return "off", f"{off} dòng"
    return ("na", "chưa đủ") if any(row.balance == "na" for row in rows) else ("ok", "khớp")


def _finding_place(finding: Finding) -> str:
    return f"{finding.field}/{finding.procedure}" if finding.procedure else finding.field


def _row(line: GridLine, index: int, style: _GridStyle, after: Sequence[ColumnGroup]) -> GridRow:
    values = dict(line.values)
    if style.form is not None and style.form.is_bound:
        values |= style.form.rows().get(line.key, {})
    elif style.propose and values["opening"] is None and "opening" in line.served:
        values["opening"] = line.proposed
    row = GridRow(line, index, values)
    row.cells = [cell for group in MAIN_GROUPS for cell in _cells(row, group, style)]
    row.after = [cell for group in after for cell in _cells(row, group, style)]
    row.moved = [_cell(row, name, style) for name in _APART]
    _balance(row)
    return row


def _cells(row: GridRow, group: ColumnGroup, style: _GridStyle) -> list[GridCell]:
    cells = [_cell(row, name, style) for name in group.measures]
    if group.whole:
        whole = group.whole
        cells.append(
            GridCell(
                "sum",
                whole,
                f"Tổng {LABELS[whole].lower()}",
                text=format_count(sum_reported(row.values.get(name) for name in SUMS[whole])),
                last=_last_month(row.line, style.month.previous(), SUMS[whole]),
                year_ago=_last_month(row.line, style.month.same_last_year(), SUMS[whole]),
                warned=(row.line.code, whole) in style.warned,
            )
        )
    cells[0].first = True
    return cells


def _cell(row: GridRow, measure: str, style: _GridStyle) -> GridCell:
    line = row.line
    label = measure_label(measure, style.day)
    value = row.values.get(measure)
    if measure not in line.served and value is None:
        return GridCell("na", measure, label)
    name = line.name(measure)
    text = format_count(value) if value is not None else "" if style.mode == "input" else format_count(None)
    fault = ""
    if style.form is not None and style.form.is_bound and name in style.form.fields:
        fault = " ".join(style.form.errors.get(name, []))
        text = style.form.data.get(name, text) if fault else text
    return GridCell(
        style.mode,
        measure,
        label,
        place=f"{line.label}: {label}",
        text=text,
        name=name,
        id=line.anchor(measure),
        fault=fault,
        last=_last_month(line, style.month.previous(), (measure,)),
        year_ago=_last_month(line, style.month.same_last_year(), (measure,)),
        carried=measure == "opening" and value is not None and value == line.proposed,
        warned=(line.code, measure) in style.warned,
        marked=name in style.marked,
    )


def _last_month(line: GridLine, month: Month, measures: Iterable[str]) -> str:
    values = line.past.get(month.number)
    count = sum_reported(values[name] for name in measures) if values else None
    return "" if count is None else format_count(count)


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
    """Sums of the columns, with a star where a row left the cell blank."""
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
    submission: Submission, edition: Edition, lines: Iterable[GridLine], reader: User
) -> dict[str, Any]:
    """Data for the page's script: URLs, the revision on the page, and for each row what its rules need."""
    month = Month.from_number(submission.month)
    return {
        "submission": submission.pk,
        "user": reader.pk,
        "revision": edition.revision,
        "urls": {
            "cells": reverse("records:cells", args=[submission.pk]),
            "check": reverse("records:check", args=[submission.pk]),
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
