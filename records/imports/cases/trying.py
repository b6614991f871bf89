"""The first rows of a staged file, to be looked at before the whole is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from figures.periods import Month
from records.actions import case_files
from records.models import CaseFile
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from units.faults import Fault, Faults

from .mapping import Mapping
from .reading import Line, Reader
from .sifting import Column, flaw_in, staged_rows

SHOWN, TRIED = 5, 200


@dataclass(frozen=True)
class Tried:
    """What came of the first rows by a mapping."""

    rows: int
    lines: list[Line]
    faults: list[Fault]


def first_rows(file: CaseFile) -> list[list[str]]:
    """The first rows: number, then the cells; one that cannot be read shows why."""
    rows = islice(staged_rows(case_files.place_of(file)), SHOWN)
    return [[flaw[1] if (flaw := flaw_in(cell)) else cell for cell in row] for row in rows]


def tried(file: CaseFile, columns: Sequence[Column], mapping: Mapping) -> Tried:
    """The first rows read by a whole mapping."""
    faults = Faults()
    months = list(Month.range(Month.from_number(file.first_month), Month.from_number(file.last_month)))
    reader = Reader(columns, mapping, Catalogue(calendar()), file.unit, months)
    rows = list(islice(staged_rows(case_files.place_of(file)), TRIED))
    lines = list(reader.lines(rows, faults))
    return Tried(len(rows), lines, faults.told())
