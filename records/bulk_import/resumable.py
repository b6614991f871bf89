"""`import_counts --in-parts`: up to a million rows in bounded memory; a stopped import continues where it
was.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from django.db import IntegrityError

from accounts.models import User
from core import database
from records import storage
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.models import DossierCount, Edition, GroupSum, ImportProgress, MissingReport, Submission
from spreadsheets.cells import BULK_LIMITS, FileFaults, ReadLimits
from spreadsheets.table_reader import InputTable, read_table

from .counts import ImportReport, import_actors, validate_and_write
from .reader import COLUMNS, NEEDED, CountLine, CountReader
from .unit_months import MAX_NAMED_UNITS, MonthKey
from .validation import SENT

# Rows of one part.
ROWS_PER_PART = 9_000
# What is told of the way: what is being done ("read", "check", "write"), rows so far, rows in all (0: not known yet).
TellProgress = Callable[[str, int, int], None]


class ImportedElsewhere(Exception):
    """Another process imports the same file at the same time."""

    def __init__(self) -> None:
        super().__init__("Tệp này đang được một tiến trình khác nhập.")


class FilePart(NamedTuple):
    """Lines of so many whole unit-months."""

    lines: list[CountLine]
    months: int


StorePart = Callable[[FilePart], ImportReport]


def import_in_parts(
    path: Path,
    *,
    at: datetime,
    by: User | None = None,
    becomes: str = SENT,
    dry_run: bool = False,
    limits: ReadLimits = BULK_LIMITS,
    rows: int = ROWS_PER_PART,
    tell: TellProgress = lambda act, done, total: None,
) -> ImportReport:
    """As `counts.import_counts`, but a file that is stopped stays written as far as it came, in whole unit-months; the
    same file again is continued there. What is wrong with it is found before anything is written; what the database
    refuses meanwhile (a month that was approved since) ends it at that part. Errors: Overtaken.
    """
    file = _ImportFile(path, Catalogue(stored_calendar()), limits, rows, tell)
    refused = file.refused()
    if refused:
        return ImportReport.of(path.name, refused, FileFaults())
    file.look_through()
    sha256 = _digest(path)
    acting = import_actors(path.name, at, by, becomes, about={"sha256": sha256})
    store = partial(
        validate_and_write, path.name, faults=FileFaults(), catalogue=file.catalogue, acting=acting, at=at
    )
    known = ImportProgress.objects.filter(sha256=sha256, becomes=becomes).first()
    if known is None or dry_run:
        checked = file.through("check", lambda part: store(lines=part.lines, dry_run=True), known)
        if checked.errors or dry_run:
            return checked
        known = _progress_of(sha256, becomes, path.name, at)
    report = file.through("write", partial(_write_part, store, known), known)
    if report.written >= storage.ANALYZE_FROM_ROWS:
        # A check looked at rows that were taken back again.
        database.analyze_tables(Submission, Edition, DossierCount, GroupSum, MissingReport)
    if not report.errors:
        known.delete()
    return report


def _progress_of(sha256: str, becomes: str, name: str, at: datetime) -> ImportProgress:
    try:
        return ImportProgress.objects.create(sha256=sha256, becomes=becomes, name=name[:200], begun_at=at)
    except IntegrityError as begun:
        raise ImportedElsewhere from begun


def _write_part(store: Callable[..., ImportReport], known: ImportProgress, part: FilePart) -> ImportReport:
    """The part is stored and counted in one transaction, or neither."""
    done, rows = known.done + part.months, known.rows + len(part.lines)

    def count() -> None:
        mine = ImportProgress.objects.filter(pk=known.pk, done=known.done)
        if not mine.update(done=done, rows=rows):
            raise ImportedElsewhere

    report = store(lines=part.lines, dry_run=False, also=count)
    if not report.errors:
        known.done, known.rows = done, rows
    return report


class _ImportFile:
    """A file that is read from its beginning several times, and never held whole."""

    def __init__(
        self, path: Path, catalogue: Catalogue, limits: ReadLimits, rows: int, tell: TellProgress
    ) -> None:
        self.path, self.catalogue, self.limits, self.rows, self.tell = path, catalogue, limits, rows, tell
        # The row that completes each unit-month, and the number of rows.
        self.last: dict[MonthKey, int] = {}
        self.total = 0

    def _table(self) -> InputTable:
        return read_table(self.path, self.path.name, limits=self.limits)

    def refused(self) -> FileFaults:
        """What is wrong with the file as such or with its header."""
        return FileFaults(self._table().header_faults(NEEDED, COLUMNS))

    def look_through(self) -> None:
        """Learn where each unit-month ends: its rows may stand anywhere."""
        table = self._table()
        reader = CountReader(self.catalogue, table.columns)
        for row in table.rows:
            key = reader.unit_month(row)
            if key is not None:
                self.last[key] = row.number
            self.total += 1
            if self.total % self.rows == 0:
                self.tell("read", self.total, 0)

    def through(self, act: str, store: StorePart, known: ImportProgress | None) -> ImportReport:
        """Hand over part by part what is not known to be done; ends at the first part that is refused while writing."""
        table = self._table()
        reader = CountReader(self.catalogue, table.columns)
        wrong, odd = FileFaults(), FileFaults()
        report = ImportReport(earlier=known.rows if known else 0)
        at = report.earlier
        lines = reader.lines(table, wrong)
        for part in file_parts(lines, self.last, known.done if known else 0, self.rows, reader.forget):
            # A row that cannot be read keeps everything behind it from being written.
            one = ImportReport() if wrong and act == "write" else store(part)
            wrong += (fault for _, fault in one.errors)
            odd += (fault for _, fault in one.warnings)
            report.written, report.unchanged = report.written + one.written, report.unchanged + one.unchanged
            if wrong and (act == "write" or wrong.full):
                break
            at += len(part.lines)
            self.tell(act, at, self.total)
        if wrong and act == "check":
            report = ImportReport(earlier=report.earlier)
        report.add(ImportReport.of(self.path.name, wrong, odd))
        return report


def file_parts(
    lines: Iterable[CountLine],
    last: Mapping[MonthKey, int],
    skipped: int,
    rows: int,
    forget: Callable[[MonthKey], None] = lambda key: None,
) -> Iterator[FilePart]:
    """Lines in whole unit-months, in the order in which the file completes them (`last`: the row that does), about so
    many rows at a time and never of more units than a query names. The first unit-months are `skipped`.
    """
    waiting: dict[MonthKey, list[CountLine]] = defaultdict(list)
    ready: list[CountLine] = []
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
        if len(ready) >= rows or len(units) >= MAX_NAMED_UNITS:
            yield FilePart(ready, complete - skipped - taken)
            taken, ready, units = complete - skipped, [], set()
    # Where a last row could not be read, its unit-month stays incomplete: the file is refused.
    ready += (line for several in waiting.values() for line in several)
    if ready:
        yield FilePart(ready, max(complete - skipped, 0) - taken + len(waiting))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
