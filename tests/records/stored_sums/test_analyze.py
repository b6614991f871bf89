"""After many rows were written at once the planner is told of their tables; after few it is not."""

import pytest
from django.core.management import call_command

from core import database
from figures.periods import Month
from ledger import backup
from records import storage
from records.models import CaseCount, CaseRow, DossierCount, Edition, GroupSum, MissingReport, Submission
from tests.records.bulk_import.test_parts import CODES, FIELDS, line_of, written
from tests.records.cases.exports import as_csv, rows

REPORTS = (Submission, Edition, DossierCount)
SUMS = (GroupSum, MissingReport)


@pytest.fixture
def told(monkeypatch) -> list[tuple]:
    found: list[tuple] = []
    monkeypatch.setattr(database, "analyze_tables", lambda *tables: found.append(tables))
    return found


@pytest.fixture(params=[True, False], ids=["many", "few"])
def many(request, monkeypatch) -> bool:
    """Whether four rows are many here, or five hundred as ever."""
    if request.param:
        monkeypatch.setattr(storage, "ANALYZE_FROM_ROWS", 4)
    return request.param


@pytest.fixture
def file(tmp_path, cast, fields):
    return written(
        tmp_path / "thang.csv", [line_of(unit, Month(2022, 5), field) for field in FIELDS for unit in CODES]
    )


def test_importing_counts(told, many, file):
    call_command("import_counts", file, "--dry-run")
    told.clear()
    call_command("import_counts", file)
    assert told == ([REPORTS, SUMS] if many else [])


def test_importing_counts_in_parts(told, many, file):
    call_command("import_counts", file, "--in-parts")
    # A check writes, and takes back, what the planner was told of.
    assert told[-1:] == ([(*REPORTS, *SUMS)] if many else [])


def test_importing_dossiers(told, many, cast, fields, tmp_path):
    path = tmp_path / "ho-so.csv"
    path.write_bytes(as_csv(rows(50)))
    call_command("import_cases", path, "--unit", "13441", "--period", "2022-M07")
    assert told == ([(CaseRow, CaseCount)] if many else [])


def test_restoring(told, monkeypatch, tmp_path, transactional_db, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    call_command("backup", tmp_path / "copy")
    backup.restore(tmp_path / "copy", backup.check_backup(tmp_path / "copy"))
    assert told == [()]
