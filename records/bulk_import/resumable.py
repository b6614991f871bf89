"""`import_counts --in-parts`: up to a million rows in bounded memory; a stopped import can be continued."""

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

ROWS_PER_PART = 9_000
# Called with the step ("read", "check", "write"), rows so far and rows in all (0 while not counted).
StepProgress = Callable[[str, int, int], None]


class ImportedElsewhere(Exception):
    """Another process imports the same file at the same time."""

    def __init__(self) -> None:
        super().__init__("Tệp này đang được một tiến trình khác nhập.")


class FilePart(NamedTuple):
    """Lines of `months` whole unit-months."""

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
    on_progress: StepProgress = lambda act, count, total: None,
) -> ImportReport:
    """As `counts.import_counts`, but a stopped import leaves whole unit-months written, and importing the same file
    again continues there. The whole file is checked before anything is written; a month that was approved meanwhile
    stops the import at that part. Errors: ImportedElsewhere.
    """
    file = _ImportFile(path, Catalogue(stored_calendar()), limits, rows, on_progress)
    refused = file.refused()
    if refused:
        return ImportReport.of(path.name, refused, FileFaults())
    file.find_last_rows()
    sha256 = _digest(path)
    acting = import_actors(path.name, at, by, becomes, about={"sha256": sha256})
    store = partial(
        validate_and_write, path.name, faults=FileFaults(), catalogue=file.catalogue, acting=acting, at=at
    )
    progress = ImportProgress.objects.filter(sha256=sha256, becomes=becomes).first()
    if progress is None or dry_run:
        checked = file.process("check", lambda part: store(lines=part.lines, dry_run=True), progress)
        if checked.errors or dry_run:
            return checked
        progress = _progress_of(sha256, becomes, path.name, at)
    report = file.process("write", partial(_write_part, store, progress), progress)
    if report.written >= storage.ANALYZE_FROM_ROWS:
        # During the checks statistics may have been gathered over rows that were then rolled back.
        database.analyze_tables(Submission, Edition, DossierCount, GroupSum, MissingReport)
    if not report.errors:
        progress.delete()
    return report


def _progress_of(sha256: str, becomes: str, name: str, at: datetime) -> ImportProgress:
    try:
        return ImportProgress.objects.create(sha256=sha256, becomes=becomes, name=name[:200], begun_at=at)
    except IntegrityError as begun:
        raise ImportedElsewhere from begun


def _write_part(store: Callable[..., ImportReport], progress: ImportProgress, part: FilePart) -> ImportReport:
    """Store the part and its progress in one transaction."""
    done, rows = progress.done + part.months, progress.rows + len(part.lines)

    def count() -> None:
        mine = ImportProgress.objects.filter(pk=progress.pk, done=progress.done)
        if not mine.update(done=done, rows=rows):
            raise ImportedElsewhere

    report = store(lines=part.lines, dry_run=False, also=count)
    if not report.errors:
        progress.done, progress.rows = done, rows
    return report


class _ImportFile:
    """A file that is read several times and never loaded whole."""

    def __init__(
        self, path: Path, catalogue: Catalogue, limits: ReadLimits, rows: int, on_progress: StepProgress
    ) -> None:
        self.path, self.catalogue, self.limits = path, catalogue, limits
        self.rows, self.on_progress = rows, on_progress
        # The last row of each unit-month.
        self.last: dict[MonthKey, int] = {}
        self.total = 0

    def _table(self) -> InputTable:
        return read_table(self.path, self.path.name, limits=self.limits)

    def refused(self) -> FileFaults:
        """Faults of the file as a whole or of its header."""
        return FileFaults(self._table().header_faults(NEEDED, COLUMNS))

    def find_last_rows(self) -> None:
        """Find where each unit-month ends: its rows may stand anywhere."""
        table = self._table()
        reader = CountReader(self.catalogue, table.columns)
        for row in table.rows:
            key = reader.unit_month(row)
            if key is not None:
                self.last[key] = row.number
            self.total += 1
            if self.total % self.rows == 0:
                self.on_progress("read", self.total, 0)

    def process(self, act: str, store: StorePart, progress: ImportProgress | None) -> ImportReport:
        """Pass each part that is not written yet to `store`; when writing, stop at the first part with a fault."""
        table = self._table()
        reader = CountReader(self.catalogue, table.columns)
        wrong, odd = FileFaults(), FileFaults()
        report = ImportReport(earlier=progress.rows if progress else 0)
        at = report.earlier
        lines = reader.lines(table, wrong)
        for part in file_parts(lines, self.last, progress.done if progress else 0, self.rows, reader.forget):
            # Nothing is written after a row that cannot be read.
            part_report = ImportReport() if wrong and act == "write" else store(part)
            wrong += (fault for _, fault in part_report.errors)
            odd += (fault for _, fault in part_report.warnings)
            report.written += part_report.written
            report.unchanged += part_report.unchanged
            if wrong and (act == "write" or wrong.full):
                break
            at += len(part.lines)
            self.on_progress(act, at, self.total)
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
    """Lines in whole unit-months, in the order of their last rows (`last`), about `rows` at a time and never of more
    units than MAX_NAMED_UNITS. The first `skipped` unit-months are left out.
    """
    waiting: dict[MonthKey, list[CountLine]] = defaultdict(list)
    ready: list[CountLine] = []
    units: set[int] = set()
    complete = yielded = 0
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
            yield FilePart(ready, complete - skipped - yielded)
            yielded, ready, units = complete - skipped, [], set()
    # A unit-month whose last row cannot be read stays here; the file is refused anyway.
    ready += (line for several in waiting.values() for line in several)
    if ready:
        yield FilePart(ready, max(complete - skipped, 0) - yielded + len(waiting))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
