"""`import_counts`: checks a whole file of monthly counts, then writes all of it or nothing."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.db import IntegrityError, transaction

from accounts.models import User
from core.db import analyze
from figures.measures import MEASURES
from figures.periods import Calendar, Month
from ledger import log
from records.approval.actions import push_approvals
from records.calendar.queries import stored_calendar
from records.catalogue.queries import Catalogue
from records.models import Edition, GroupSum, MissingReport
from records.storage import writes
from records.submissions.actions import row_label
from records.submissions.guards import FROM_FILE, log_edition, saved_detail
from records.submissions.locks import apply_closing_times
from spreadsheets.cells import BULK_LIMITS, FileFaults, ReadLimits
from spreadsheets.table_reader import read_table
from units.models import Unit

from .fast_rules import NO_VALUES
from .reader import COLUMNS, NEEDED, CountLine, CountReader
from .report import ImportReport
from .unit_months import StoredCount, UnitMonth, unit_months
from .validation import APPROVED, SENT, Validator
from .writer import ImportActors, UnitMonthWriter, count_lines

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
    """Read one file and write it when nothing is wrong with it.

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
    if report.written >= writes.ANALYZE_FROM_ROWS and not dry_run:
        analyze.analyze_tables(GroupSum, MissingReport)
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
    """Judge lines of whole unit-months and write them when nothing is wrong, in one transaction with what has to be
    done `also`.
    """
    for tries_left in reversed(range(_MAX_TRIES)):
        try:
            with transaction.atomic():
                report = _validate_and_write_once(name, lines, faults, catalogue, acting, at, dry_run)
                if not report.errors and not dry_run:
                    also()
                return report
        except IntegrityError:
            # Somebody else opened one of the months between our reading and our writing: read anew.
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
    judge = Validator(catalogue, acting.becomes, acting.approver)
    judge.judge(targets)
    report = ImportReport.of(name, FileFaults([*faults, *judge.errors]), judge.warnings)
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
    """Theirs, each with its submission and unit at hand."""
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
    """Who is the writer and who the approver of a file; see `import_counts` and `Acting`."""
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
    """Each changed cell of a month that held rows before, as when it is changed on its page. What a file writes first
    into a month is what its rows hold before the first change that is logged.
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


def _changes(kept: StoredCount | None, line: CountLine) -> dict[str, list]:
    before, reason = (kept.values, kept.reason) if kept else (NO_VALUES, "")
    changes: dict[str, list] = {
        measure: [old, new]
        for measure, old, new in zip(MEASURES, before, line.values, strict=True)
        if old != new
    }
    if line.reason not in (None, reason):
        changes["reason"] = [reason, line.reason]
    return changes


def _content(touched: list[UnitMonth]) -> str:
    """SHA-256 over what was written, so that the log can tell which figures came from the file."""
    digest = hashlib.sha256()
    for target in touched:
        for line in target.changed:
            digest.update(repr((line.unit.pk, line.month, line.key, line.values)).encode())
    return digest.hexdigest()
