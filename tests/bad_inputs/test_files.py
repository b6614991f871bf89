"""Files that must not be read, through the reader and through import_counts (acceptance S21)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from records.bulk_import.counts import import_counts
from records.models import Edition
from spreadsheets.cells import WEB_LIMITS
from tests.records.conftest import AT

from .files import BOMBS, REFUSED_FILES, SWOLLEN, sheet, with_part

ROOT = Path(__file__).resolve().parents[2]
# Runs in a process of its own to measure its memory. Prints name, code, share of the package that was unpacked before
# the refusal, and MB above the start.
MEASURE = """
import json, resource, zipfile
from io import BytesIO
from tests.bad_inputs.files import SWOLLEN, swollen
from spreadsheets.cells import WEB_LIMITS, UnreadableFile
from spreadsheets.table_reader import read_table
from spreadsheets.xlsx_reader import XlsxBook

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def as_table(content):
    table = read_table(content, "x.xlsx", limits=WEB_LIMITS)
    return table.faults + [fault for row in table.rows for fault in row.faults]

def as_book(content):
    try:
        book = XlsxBook(BytesIO(content), WEB_LIMITS)
        return [None for sheet in book.sheets for row in book.lines(sheet)][:0]
    except UnreadableFile as refused:
        return [refused.fault]

class Counted(zipfile.ZipExtFile):
    unpacked = 0

    def read(self, size=-1):
        content = super().read(size)
        Counted.unpacked += len(content)
        return content

zipfile.ZipExtFile = Counted
files = [(name, swollen(start, unit)) for name, start, unit in SWOLLEN]
before, results = peak(), []
for name, content in files:
    whole = sum(part.file_size for part in zipfile.ZipFile(BytesIO(content)).infolist())
    for way in (as_table, as_book):
        Counted.unpacked = 0
        faults = way(content)
        code = faults[-1].code if faults else ""
        results.append((name, code, Counted.unpacked / whole, peak() - before))
print(json.dumps(results))
"""


@pytest.mark.parametrize(("content", "code"), REFUSED_FILES)
def test_files_that_are_no_tables(cast, content, code):
    report = import_counts(content, "so-lieu.csv", at=AT)
    assert code in [fault.code for _, fault in report.errors]
    assert all(fault.row >= 1 for _, fault in report.errors)


@pytest.mark.parametrize(("part", "data", "code"), BOMBS)
def test_bombs_are_refused_by_an_import(cast, fields, part, data, code):
    content = with_part(
        sheet(["unit", "month", "field", "opening"], ["13441", "2022-M06", "ho-tich", 1]), part, data
    )
    report = import_counts(content, "so-lieu.xlsx", at=AT, limits=WEB_LIMITS)
    assert report.errors and report.written == 0
    assert not Edition.objects.exists()


def test_swollen_files_are_refused_at_their_beginning():
    answer = subprocess.run(
        [sys.executable, "-c", MEASURE], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True
    )
    results = json.loads(answer.stdout)
    assert len(results) == 2 * len(SWOLLEN)
    for name, code, unpacked, megabytes in results:
        assert code, f"{name} is read"
        assert 0 < unpacked < 0.05, (name, code, unpacked)
        assert megabytes < 40, (name, code, megabytes)
