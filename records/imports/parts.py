"""`import_counts --in-parts`: a file of up to a million rows in bounded memory, stopped at any moment and continued.

The whole file is checked before its first row is written. Then its unit-months are written part by part, each part in
one transaction with how far the file has come (docs/decisions/0020).
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from django.db import IntegrityError

from ledger import planner
from records import bulk
from records.models import DossierCount, Edition, GroupSum, ImportProgress, MissingReport, Submission
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from units.cells import BULK, Limits
from units.faults import Faults
from units.models import User
from units.tabular import Table, read_table

from .counts import SENT, acting_of, stored
from .months import NAMED_UNITS, MonthKey
from .reading import COLUMNS, NEEDED, Line, Reader
from .report import Report

# Rows of one part.
ROWS = 9_000
# What is told of the way: what is being done ("read", "check", "write"), rows so far, rows in all (0: not known yet).
Tell = Callable[[str, int, int], None]


class Overtaken(Exception):
    """Another process imports the same file at the same time."""

    def __init__(self) -> None:
        super().__init__("Tệp này đang được một tiến trình khác nhập.")


class Part(NamedTuple):
    """Lines of so many whole unit-months."""

    lines: list[Line]
    months: int


Store = Callable[[Part], Report]


def import_in_parts(
    path: Path,
    *,
    at: datetime,
    by: User | None = None,
    becomes: str = SENT,
    dry_run: bool = False,
    limits: Limits = BULK,
    rows: int = ROWS,
    tell: Tell = lambda act, done, total: None,
) -> Report:
    """As `counts.import_counts`, but a file that is stopped stays written as far as it came, in whole unit-months; the
    same file again is continued there. What is wrong with it is found before anything is written; what the database
    refuses meanwhile (a month that was approved since) ends it at that part. Errors: Overtaken.
    """
    file = _File(path, Catalogue(calendar()), limits, rows, tell)
    refused = file.refused()
    if refused:
        return Report.of(path.name, refused, Faults())
    file.look_through()
    sha256 = _digest(path)
    acting = acting_of(path.name, at, by, becomes, about={"sha256": sha256})
    store = partial(stored, path.name, faults=Faults(), catalogue=file.catalogue, acting=acting, at=at)
    known = ImportProgress.objects.filter(sha256=sha256, becomes=becomes).first()
    if known is None or dry_run:
        checked = file.through("check", lambda part: store(lines=part.lines, dry_run=True), known)
        if checked.errors or dry_run:
            return checked
        known = _begun(sha256, becomes, path.name, at)
    report = file.through("write", partial(_written, store, known), known)
    if report.written >= bulk.MANY:
        # A check looked at rows that were taken back again.
        planner.tell(Submission, Edition, DossierCount, GroupSum, MissingReport)
    if not report.errors:
        known.delete()
    return report


def _begun(sha256: str, becomes: str, name: str, at: datetime) -> ImportProgress:
    try:
        return ImportProgress.objects.create(sha256=sha256, becomes=becomes, name=name[:200], begun_at=at)
    except IntegrityError as begun:
        raise Overtaken from begun


def _written(store: Callable[..., Report], known: ImportProgress, part: Part) -> Report:
    """The part is stored and counted in one transaction, or neither."""
    done, rows = known.done + part.months, known.rows + len(part.lines)

    def count() -> None:
        mine = ImportProgress.objects.filter(pk=known.pk, done=known.done)
        if not mine.update(done=done, rows=rows):
            raise Overtaken

    report = store(lines=part.lines, dry_run=False, also=count)
    if not report.errors:
        known.done, known.rows = done, rows
    return report


class _File:
    """A file that is read from its beginning several times, and never held whole."""

    def __init__(self, path: Path, catalogue: Catalogue, limits: Limits, rows: int, tell: Tell) -> None:
        self.path, self.catalogue, self.limits, self.rows, self.tell = path, catalogue, limits, rows, tell
        # The row that completes each unit-month, and the number of rows.
        self.last: dict[MonthKey, int] = {}
        self.total = 0

    def _table(self) -> Table:
        return read_table(self.path, self.path.name, limits=self.limits)

    def refused(self) -> Faults:
        """What is wrong with the file as such or with its header."""
        return Faults(self._table().header_faults(NEEDED, COLUMNS))

    def look_through(self) -> None:
        """Learn where each unit-month ends: its rows may stand anywhere."""
        table = self._table()
        reader = Reader(self.catalogue, table.columns)
        for row in table.rows:
            key = reader.unit_month(row)
            if key is not None:
                self.last[key] = row.number
            self.total += 1
            if self.total % self.rows == 0:
                self.tell("read", self.total, 0)

    def through(self, act: str, store: Store, known: ImportProgress | None) -> Report:
        """Hand over part by part what is not known to be done; ends at the first part that is refused while writing."""
        table = self._table()
        reader = Reader(self.catalogue, table.columns)
        wrong, odd = Faults(), Faults()
        report = Report(earlier=known.rows if known else 0)
        at = report.earlier
        lines = reader.lines(table, wrong)
        for part in parts(lines, self.last, known.done if known else 0, self.rows, reader.forget):
            # A row that cannot be read keeps everything behind it from being written.
            one = Report() if wrong and act == "write" else store(part)
            wrong += (fault for _, fault in one.errors)
            odd += (fault for _, fault in one.warnings)
            report.written, report.unchanged = report.written + one.written, report.unchanged + one.unchanged
            if wrong and (act == "write" or wrong.full):
                break
            at += len(part.lines)
            self.tell(act, at, self.total)
        if wrong and act == "check":
            report = Report(earlier=report.earlier)
        report.add(Report.of(self.path.name, wrong, odd))
        return report


def parts(
    lines: Iterable[Line],
    last: Mapping[MonthKey, int],
    skipped: int,
    rows: int,
    forget: Callable[[MonthKey], None] = lambda key: None,
) -> Iterator[Part]:
    """Lines in whole unit-months, in the order in which the file completes them (`last`: the row that does), about so
    many rows at a time and never of more units than a query names. The first unit-months are `skipped`.
    """
    waiting: dict[MonthKey, list[Line]] = defaultdict(list)
    ready: list[Line] = []
    units: set[int] = set()
    complete = taken = 0
    for line in lines:
        key = line.month, line.unit.pk
        waiting[key].append(line)
        if line.row.number != last[key]:
            continue
        whole = waiting.pop(key)
        forget(key)
        complete += 1
        if complete <= skipped:
            continue
        ready += whole
        units.add(line.unit.pk)
        if len(ready) >= rows or len(units) >= NAMED_UNITS:
            yield Part(ready, complete - skipped - taken)
            taken, ready, units = complete - skipped, [], set()
    # Where a last row could not be read, its unit-month stays incomplete: the file is refused.
    ready += (line for several in waiting.values() for line in several)
    if ready:
        yield Part(ready, max(complete - skipped, 0) - taken + len(waiting))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
