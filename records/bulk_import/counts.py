"""`import_counts`: checks a file of monthly counts and writes all of it or nothing (codes of faults: docs/codes.md)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.db import IntegrityError, transaction

from accounts.models import User
from core import database
from figures.measures import MEASURES
from figures.periods import Calendar, Month
from ledger import log
from records import storage
from records.approval.actions import push_approvals
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.models import Edition, GroupSum, MissingReport
from records.submissions.actions import row_label
from records.submissions.editability import FROM_FILE, apply_closing_times
from records.submissions.edition_log import log_edition, saved_detail
from spreadsheets.cells import BULK_LIMITS, FileFault, FileFaults, ReadLimits
from spreadsheets.table_reader import read_table
from units.models import Unit

from .reader import COLUMNS, NEEDED, NO_VALUES, CountLine, CountReader
from .unit_months import StoredCount, UnitMonth, unit_months
from .validation import APPROVED, SENT, Validator
from .writer import ImportActors, UnitMonthWriter, count_lines


@dataclass
class ImportReport:
    """Rows written and unchanged, or the faults for which nothing was written, each with its file. `wrong` and `warned`
    also count faults beyond those listed. `earlier`: rows written by a previous run that was stopped.
    """

    written: int = 0
    unchanged: int = 0
    earlier: int = 0
    errors: list[tuple[str, FileFault]] = field(default_factory=list)
    warnings: list[tuple[str, FileFault]] = field(default_factory=list)
    wrong: int = 0
    warned: int = 0

    @classmethod
    def of(cls, name: str, errors: FileFaults, warnings: FileFaults) -> "ImportReport":
        """The faults of the file `name`, in file order."""
        return cls(
            errors=[(name, fault) for fault in errors.listed()],
            warnings=[(name, fault) for fault in warnings.listed()],
            wrong=errors.total,
            warned=warnings.total,
        )

    def add(self, other: "ImportReport") -> None:
        """Add the report of another file."""
        self.written += other.written
        self.unchanged += other.unchanged
        self.earlier += other.earlier
        self.errors += other.errors
        self.warnings += other.warnings
        self.wrong += other.wrong
        self.warned += other.warned

    def as_dict(self) -> dict[str, Any]:
        """`{"written", "unchanged", "errors", "warnings"}`; each fault with file, row, column, code, message.
        "earlier" only where it is not 0.
        """
        return {
            "written": self.written,
            "unchanged": self.unchanged,
            **({"earlier": self.earlier} if self.earlier else {}),
            "errors": [fault.as_dict(name) for name, fault in self.errors],
            "warnings": [fault.as_dict(name) for name, fault in self.warnings],
        }


_MAX_TRIES = 5


def import_counts(
    source: str | Path | bytes | BinaryIO,
    filename: str,
    *,
    at: datetime,
    by: User | None = None,
    becomes: str = SENT,
    dry_run: bool = False,
    when: Callable[[Unit, Month], datetime] | None = None,
    limits: ReadLimits = BULK_LIMITS,
    days: Calendar | None = None,
) -> ImportReport:
    """Read one file and write all of it, or nothing when it has a fault.

    `becomes` is what its months are afterwards: DRAFT, SENT (waiting for approval) or APPROVED; then the file itself
    is logged as the writer and `by` as the approver, else `by` is the writer. `when` dates each unit-month
    (default: `at`). With `dry_run` everything is checked and nothing written.
    """
    catalogue = Catalogue(days or stored_calendar())
    table = read_table(source, filename, limits=limits)
    faults = FileFaults(table.header_faults(NEEDED, COLUMNS))
    lines = list(CountReader(catalogue, table.columns).lines(table, faults))
    name = Path(filename).name
    if faults.full:
        return ImportReport.of(name, faults, FileFaults())
    report = validate_and_write(
        name, lines, faults, catalogue, import_actors(name, at, by, becomes, when), at, dry_run
    )
    if report.written >= storage.ANALYZE_FROM_ROWS and not dry_run:
        database.analyze_tables(GroupSum, MissingReport)
    return report


def validate_and_write(
    name: str,
    lines: list[CountLine],
    faults: FileFaults,
    catalogue: Catalogue,
    acting: ImportActors,
    at: datetime,
    dry_run: bool,
    also: Callable[[], None] = lambda: None,
) -> ImportReport:
    """Check lines of whole unit-months; without faults write them and call `also` in the same transaction."""
    for tries_left in reversed(range(_MAX_TRIES)):
        try:
            with transaction.atomic():
                report = _validate_and_write_once(name, lines, faults, catalogue, acting, at, dry_run)
                if not report.errors and not dry_run:
                    also()
                return report
        except IntegrityError:
            # Somebody else opened one of the months since it was read: try again.
            if not tries_left:
                raise
    raise AssertionError("a last try returns or raises")


def _validate_and_write_once(
    name: str,
    lines: list[CountLine],
    faults: FileFaults,
    catalogue: Catalogue,
    acting: ImportActors,
    at: datetime,
    dry_run: bool,
) -> ImportReport:
    targets = unit_months(lines, at)
    validator = Validator(catalogue, acting.becomes, acting.approver)
    validator.validate(targets)
    report = ImportReport.of(name, FileFaults([*faults, *validator.errors]), validator.warnings)
    if report.errors:
        return report
    report.written, report.unchanged = count_lines(targets)
    if not dry_run:
        writer = UnitMonthWriter(catalogue, acting)
        touched = writer.write(targets)
        if acting.becomes == APPROVED:
            push_approvals(_editions(touched), at=at)
        _log_corrections(touched, acting, name, at, catalogue)
        _log(touched, acting, name, at, report)
        apply_closing_times(writer.opened)
    return report


def _editions(touched: list[UnitMonth]) -> list[Edition]:
    """Their editions, with submission and unit set, which saves queries."""
    for target in touched:
        target.submission.unit = target.first.unit
        target.edition.submission = target.submission
    return [target.edition for target in touched]


def import_actors(
    name: str,
    at: datetime,
    by: User | None,
    becomes: str,
    when: Callable[[Unit, Month], datetime] | None = None,
    about: dict[str, Any] | None = None,
) -> ImportActors:
    """Who is the writer and who the approver of a file; see `import_counts` and `ImportActors`."""
    as_file = becomes == APPROVED or by is None
    return ImportActors(
        becomes,
        writer=None if as_file else by,
        writer_name=f"{Edition.FROM_FILE}{name}"[:200] if as_file else str(by),
        approver=by,
        approver_name=log.SYSTEM if by is None else str(by),
        when=when or (lambda unit, month: at),
        about=about or {},
    )


def _log(
    touched: list[UnitMonth], acting: ImportActors, name: str, at: datetime, report: ImportReport
) -> None:
    """One entry for the file as writer; one for the approver."""
    if not touched:
        return
    numbers = sorted(target.submission.pk for target in touched)
    detail: dict[str, Any] = {
        "file": name,
        **acting.about,
        "becomes": acting.becomes,
        "written": report.written,
        "warnings": report.warned,
        "submissions": numbers,
        "content": _content(touched),
    }
    log.append("counts.import", by=acting.writer, subject=f"file:{name}"[:200], detail=detail, at=at)
    if acting.becomes == APPROVED:
        detail = {"file": name, **acting.about, "submissions": numbers}
        log.append("counts.approve", by=acting.approver, subject=f"file:{name}"[:200], detail=detail, at=at)


def _log_corrections(
    touched: list[UnitMonth], acting: ImportActors, name: str, at: datetime, catalogue: Catalogue
) -> None:
    """Log each changed cell of months that had rows before, as the entry page does. First values are not logged: the
    rows hold them until the first logged change.
    """
    for target in touched:
        if not (target.stored and target.changed):
            continue
        cells = {
            row_label(line.key, catalogue): _changes(target.stored.get(line.key), line)
            for line in target.changed
        }
        detail = saved_detail(target.edition, FROM_FILE, target.saved_by, cells)
        log_edition("save", target.edition, by=acting.writer, at=at, detail={"file": name, **detail})


def _changes(stored: StoredCount | None, line: CountLine) -> dict[str, list]:
    before, reason = (stored.values, stored.reason) if stored else (NO_VALUES, "")
    changes: dict[str, list] = {
        measure: [old, new]
        for measure, old, new in zip(MEASURES, before, line.values, strict=True)
        if old != new
    }
    if line.reason not in (None, reason):
        changes["reason"] = [reason, line.reason]
    return changes


def _content(touched: list[UnitMonth]) -> str:
    """SHA-256 over the written lines, so that the log proves which figures came from the file."""
    digest = hashlib.sha256()
    for target in touched:
        for line in target.changed:
            digest.update(repr((line.unit.pk, line.month, line.key, line.values)).encode())
    return digest.hexdigest()
