"""Compares an uploaded form with the one that the system fills, line by line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from core.text import fold
from figures.official_forms import NumberedColumn
from records.official_form.reader import OfficialLine, read_official_sheet
from spreadsheets.cells import FileFaults
from units.models import Unit

from .filled_form import FilledForm

# Of a district or a province nothing is read in: its figures are those of its units. What is told is where a
# file differs from them.

Key = tuple[str, str]  # of the tier, "" above all, and of the line itself


@dataclass(frozen=True)
class CellDifference:
    """A cell: `stored` by the system, `given` by the file; `cell` its address there."""

    line: str
    column: NumberedColumn
    cell: str
    stored: int | None
    given: int | None


@dataclass
class FormComparison:
    """`missing`: lines of the system that the file lacks; `unknown`: lines of the file that the system lacks."""

    differences: list[CellDifference] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    faults: FileFaults = field(default_factory=FileFaults)
    notes: list[str] = field(default_factory=list)
    lines: int = 0
    unreadable: bool = False

    @property
    def equal(self) -> bool:
        """Whether the file holds the same figures."""
        return not (self.differences or self.missing or self.unknown or self.faults)


def compare_form(content: bytes, filled: FilledForm, unit: Unit) -> FormComparison:
    """Hold a file against a form; what cannot be read goes to `faults`, by its cell. Nothing in the file raises."""
    sheet = read_official_sheet(content, filled.form, unit, filled.period)
    found = FormComparison(faults=sheet.faults, notes=sheet.notes, unreadable=sheet.unreadable)
    if sheet.unreadable or not (sheet.lines or sheet.totals):
        return found
    totals = {line.number for line in sheet.totals}
    listed = sorted((*sheet.lines, *sheet.totals), key=attrgetter("number"))
    given = dict(_keyed((line.name, line.number in totals, line) for line in listed))
    stored = dict(_keyed((row.name, row.is_total, row) for row in filled.rows))
    found.lines = len(given)
    found.missing = [row.name for key, row in stored.items() if key not in given]
    found.unknown = [f"{line.name} (dòng {line.number})" for key, line in given.items() if key not in stored]
    for key, line in given.items():
        if key in stored:
            found.differences += _differing(line, stored[key].cells, filled)
    return found


def _keyed(rows: Iterable[tuple[str, bool, object]]) -> Iterator[tuple[Key, object]]:
    """Each line under the tier that it stands below: fields of two tiers have the same names."""
    tier = ""
    for name, is_total, row in rows:
        plain = fold(" ".join(name.split()))
        if is_total:
            tier = plain
        yield ("", plain) if is_total else (tier, plain), row


def _differing(
    line: OfficialLine, stored: tuple[int | None, ...], filled: FilledForm
) -> Iterator[CellDifference]:
    for column, mine in zip(filled.form.columns, stored, strict=True):
        given = line.cells[column.number]
        # What cannot be read is told as a fault, or is a total that its parts tell.
        if column.number not in line.unread and given != mine:
            cell = f"{line.letters[column.number]}{line.number}"
            yield CellDifference(line.name, column, cell, mine, given)
