"""ANALYZE runs after many rows were written at once, not after few."""

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
def analyzed(monkeypatch) -> list[tuple]:
    tables: list[tuple] = []
    monkeypatch.setattr(database, "analyze_tables", lambda *models: tables.append(models))
    return tables


@pytest.fixture(params=[True, False], ids=["many", "few"])
def many(request, monkeypatch) -> bool:
    """Whether four rows count as many, instead of five hundred."""
    if request.param:
        monkeypatch.setattr(storage, "ANALYZE_FROM_ROWS", 4)
    return request.param


@pytest.fixture
def file(tmp_path, cast, fields):
    return written(
        tmp_path / "thang.csv", [line_of(unit, Month(2022, 5), field) for field in FIELDS for unit in CODES]
    )


def test_importing_counts(analyzed, many, file):
    call_command("import_counts", file, "--dry-run")
    analyzed.clear()
    call_command("import_counts", file)
    assert analyzed == ([REPORTS, SUMS] if many else [])


def test_importing_counts_in_parts(analyzed, many, file):
    call_command("import_counts", file, "--in-parts")
    # The check writes and rolls back the same tables.
    assert analyzed[-1:] == ([(*REPORTS, *SUMS)] if many else [])


def test_importing_dossiers(analyzed, many, cast, fields, tmp_path):
    path = tmp_path / "ho-so.csv"
    path.write_bytes(as_csv(rows(50)))
    call_command("import_cases", path, "--unit", "13441", "--period", "2022-M07")
    assert analyzed == ([(CaseRow, CaseCount)] if many else [])


def test_restoring(analyzed, monkeypatch, tmp_path, transactional_db, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    call_command("backup", tmp_path / "copy")
    backup.restore(tmp_path / "copy", backup.check_backup(tmp_path / "copy"))
    assert analyzed == [()]
