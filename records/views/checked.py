"""The rows of a month as they will be sent: against last month, with what is blank, wrong or odd in each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from figures.counts import added
from figures.measures import LABELS, MEASURES, OPTIONAL, SUMS, measure_label
from figures.periods import Month
from records.forms.lines import Line
from records.queries.checks import Finding
from records.queries.past import Past

# What a month is compared by: name of the sum, its head in the table.
COMPARED = tuple((name, LABELS[name]) for name in ("received", "resolved", "pending"))


@dataclass(frozen=True)
class Compared:
    """One number of this month and of the last."""

    head: str
    now: int | None
    before: int | None

    @property
    def change(self) -> int | None:
        return None if self.now is None or self.before is None else self.now - self.before


@dataclass(frozen=True)
class Place:
    """A cell or row of the entry page: its name and where it stands there."""

    name: str
    anchor: str


@dataclass
class Checked:
    """A row as it will be sent: its numbers, what is blank, what is wrong, what is odd, and the reason given."""

    line: Line
    place: Place
    compared: list[Compared]
    blanks: list[Place]
    errors: list[tuple[Place, str]] = field(default_factory=list)
    warnings: list[tuple[Place, str]] = field(default_factory=list)
    reason: str = ""
    must_explain: bool = False

    @property
    def asks(self) -> bool:
        """Whether there is something to give a reason for."""
        return bool(self.warnings or self.reason)


def checked(
    lines: list[Line], findings: Iterable[Finding], month: Month, day: date
) -> tuple[list[Checked], list[Finding]]:
    """Every row with its findings, and the errors of the report as a whole. A warning about the whole report is
    explained in its first row: reasons belong to rows.
    """
    rows = {line.code: _row(line, index, month, day) for index, line in enumerate(lines)}
    general = []
    for one in findings:
        code = f"{one.field}/{one.procedure}" if one.procedure else one.field
        row = rows.get(code)
        if row is None and one.blocks:
            general.append(one)
            continue
        place = Place("Toàn báo cáo", "bang") if row is None else _place(row, one, day)
        row = row or next(iter(rows.values()))
        (row.errors if one.blocks else row.warnings).append((place, one.message))
        row.must_explain |= one.code == "continuity"
    return list(rows.values()), general


def _row(line: Line, index: int, month: Month, day: date) -> Checked:
    return Checked(
        line,
        Place(line.label, f"dong-{index}"),
        _compared(line.values, line.last(month)),
        blanks_of(line, day),
    )


def blanks_of(line: Line, day: date) -> list[Place]:
    """The cells of a row that serve and hold no number; of what is optional a blank means none."""
    return [
        Place(measure_label(name, day), line.anchor(name))
        for name in MEASURES
        if name in line.served and name not in OPTIONAL and line.values[name] is None
    ]


def _place(row: Checked, finding: Finding, day: date) -> Place:
    """The cell that a finding is about; of a sum its first cell, of the row as a whole the row."""
    if finding.measure is None:
        return row.place
    parts = [name for name in SUMS.get(finding.measure, (finding.measure,)) if name in row.line.served]
    anchor = row.line.anchor(parts[0] if parts else finding.measure)
    return Place(f"{row.line.label}, {measure_label(finding.measure, day)}", anchor)


def _compared(now: Mapping[str, int | None], before: Mapping[str, int | None]) -> list[Compared]:
    return [
        Compared(
            head, added(now.get(part) for part in SUMS[name]), added(before.get(part) for part in SUMS[name])
        )
        for name, head in COMPARED
    ]


def totals(rows: list[Checked], past: Past, month: Month) -> list[Compared]:
    """Of all rows, and of everything that last month counted, whatever its rows were."""
    last = month.previous().number
    before = [months[last] for months in past.values() if last in months]
    return [
        Compared(
            head,
            added(row.compared[place].now for row in rows),
            added(values[part] for values in before for part in SUMS[name]),
        )
        for place, (name, head) in enumerate(COMPARED)
    ]
