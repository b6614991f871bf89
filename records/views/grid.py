"""The grid as the page shows it: cells with their text, state and past; sums, balance and totals of the rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from figures import rules
from figures.counts import added
from figures.measures import LABELS, OPTIONAL, SUMS, measure_label
from figures.periods import Month
from figures.writing import count
from records.columns import AFTER_GROUPS, APART_GROUPS, MAIN_GROUPS, Group, asked, heads
from records.forms.grid import EntryForm
from records.forms.lines import Line
from records.queries.checks import Finding

_APART = tuple(name for group in APART_GROUPS for name in group.measures)


@dataclass
class Cell:
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
class Row:
    """A line with its cells; `balance`: ok, off, na (not all reported) or err, with its words."""

    line: Line
    index: int
    values: Mapping[str, int | None]
    cells: list[Cell] = field(default_factory=list)
    after: list[Cell] = field(default_factory=list)
    moved: list[Cell] = field(default_factory=list)
    balance: str = "na"
    balance_text: str = "chưa đủ"
    explained: str = ""


@dataclass(frozen=True)
class Grid:
    """Everything that the template loops over."""

    groups: tuple[tuple[Group, tuple[str, ...]], ...]
    groups_after: tuple[tuple[Group, tuple[str, ...]], ...]
    rows: list[Row]
    totals: list[Cell]
    totals_after: list[Cell]
    balance: str
    balance_text: str
    last_month: str
    year_ago: str
    moved_heads: list[str]
    moved_asked: bool
    moved_in_use: bool
    blanks: int


@dataclass(frozen=True)
class _Look:
    """How the cells are to be drawn."""

    mode: str
    day: date
    month: Month
    form: EntryForm | None
    propose: bool
    marked: Collection[str]
    warned: Collection[tuple[str, str | None]]


def build(
    lines: Sequence[Line],
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
    warned = {(_code(one), one.measure) for one in findings if one.measure}
    look = _Look(mode, day, month, form, propose, frozenset(marked), warned)
    after = [group for group in AFTER_GROUPS if asked(lines, group.measures)]
    rows = [_row(line, index, look, after) for index, line in enumerate(lines)]
    state, words = _overall(rows)
    return Grid(
        groups=heads(day, MAIN_GROUPS),
        groups_after=heads(day, after),
        rows=rows,
        totals=_totals(rows, MAIN_GROUPS, day),
        totals_after=_totals(rows, after, day),
        balance=state,
        balance_text=words,
        last_month=month.previous().label,
        year_ago=month.same_last_year().label,
        moved_heads=[head for _, names in heads(day, APART_GROUPS) for head in names],
        moved_asked=asked(lines, _APART),
        moved_in_use=any(row.values.get(name) is not None for row in rows for name in _APART),
        blanks=sum(
            row.values.get(name) is None for row in rows for name in row.line.served.difference(OPTIONAL)
        ),
    )


def _overall(rows: Sequence[Row]) -> tuple[str, str]:
    """The balance of all rows together: how many do not close, or that some are not whole."""
    off = sum(row.balance in ("off", "err") for row in rows)
    if off:
        return "off", f"{off} dòng"
    return ("na", "chưa đủ") if any(row.balance == "na" for row in rows) else ("ok", "khớp")


def _code(finding: Finding) -> str:
    return f"{finding.field}/{finding.procedure}" if finding.procedure else finding.field


def _row(line: Line, index: int, look: _Look, after: Sequence[Group]) -> Row:
    values = dict(line.values)
    if look.form is not None and look.form.is_bound:
        values |= look.form.rows().get(line.key, {})
    elif look.propose and values["opening"] is None and "opening" in line.served:
        values["opening"] = line.proposed
    row = Row(line, index, values)
    row.cells = [cell for group in MAIN_GROUPS for cell in _cells(row, group, look)]
    row.after = [cell for group in after for cell in _cells(row, group, look)]
    row.moved = [_cell(row, name, look) for name in _APART]
    _balance(row)
    return row


def _cells(row: Row, group: Group, look: _Look) -> list[Cell]:
    cells = [_cell(row, name, look) for name in group.measures]
    if group.whole:
        whole = group.whole
        cells.append(
            Cell(
                "sum",
                whole,
                f"Tổng {LABELS[whole].lower()}",
                text=count(added(row.values.get(name) for name in SUMS[whole])),
                last=_past(row.line, look.month.previous(), SUMS[whole]),
                year_ago=_past(row.line, look.month.same_last_year(), SUMS[whole]),
                warned=(row.line.code, whole) in look.warned,
            )
        )
    cells[0].first = True
    return cells


def _cell(row: Row, measure: str, look: _Look) -> Cell:
    line = row.line
    label = measure_label(measure, look.day)
    value = row.values.get(measure)
    if measure not in line.served and value is None:
        return Cell("na", measure, label)
    name = line.name(measure)
    text = count(value) if value is not None else "" if look.mode == "input" else count(None)
    fault = ""
    if look.form is not None and look.form.is_bound and name in look.form.fields:
        fault = " ".join(look.form.errors.get(name, []))
        text = look.form.data.get(name, text) if fault else text
    return Cell(
        look.mode,
        measure,
        label,
        place=f"{line.label}: {label}",
        text=text,
        name=name,
        id=line.anchor(measure),
        fault=fault,
        last=_past(line, look.month.previous(), (measure,)),
        year_ago=_past(line, look.month.same_last_year(), (measure,)),
        carried=measure == "opening" and value is not None and value == line.proposed,
        warned=(line.code, measure) in look.warned,
        marked=name in look.marked,
    )


def _past(line: Line, month: Month, measures: Iterable[str]) -> str:
    values = line.past.get(month.number)
    number = added(values[name] for name in measures) if values else None
    return "" if number is None else count(number)


def _balance(row: Row) -> None:
    faulty = any(cell.fault for cell in (*row.cells, *row.after, *row.moved))
    gap = rules.difference(row.values, row.line.served)
    if faulty:
        row.balance, row.balance_text = "err", "có lỗi"
    elif gap is not None:
        row.balance = "off" if gap else "ok"
        row.balance_text = f"lệch {'+' if gap > 0 else '−'}{count(abs(gap))}" if gap else "khớp"
        row.explained = rules.balance_text(row.values)


def _totals(rows: Sequence[Row], groups: Sequence[Group], day: date) -> list[Cell]:
    """Sums of the columns; a star where a row left the cell blank."""
    cells = []
    for group in groups:
        names = [(name, (name,)) for name in group.measures]
        if group.whole:
            names.append((group.whole, SUMS[group.whole]))
        for position, (name, parts) in enumerate(names):
            served = [(row, part) for row in rows for part in parts if part in row.line.served]
            text = count(added(row.values.get(part) for row in rows for part in parts))
            starred = any(row.values.get(part) is None for row, part in served)
            label = measure_label(name, day)
            cells.append(Cell("sum", name, label, text=text + ("*" if starred else ""), first=position == 0))
    return cells
