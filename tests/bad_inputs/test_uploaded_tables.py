"""Uploaded tables are read by a program of its own within limits, also where the gate before it lets everything pass
(acceptance S22)."""

import io
import os
import resource
import zipfile
from pathlib import Path

import pytest

from spreadsheets import sandboxed_reader
from spreadsheets.cells import WEB_LIMITS, UnreadableFile
from spreadsheets.sandboxed_reader import read_sheets
from spreadsheets.table_reader import open_lines
from tests.records.cases.clerk import uploaded
from tests.records.conftest import as_ as as_
from tests.records.conftest import july as july
from tests.records.conftest import people as people
from tests.records.excel_form.book import brought, form_of
from tests.records.official_form_upload.test_upload import upload as official

from .files import BOMBS, REFUSED_FILES, SHEET, STRINGS, SWOLLEN, sheet, swollen, with_part

ROOT = Path(__file__).resolve().parents[2]
# The program with every limit of its gate out of the way; those of its memory and time stay, a fifth of the time.
UNGUARDED = f"""
import runpy, sys
sys.path.append({str(ROOT)!r})
import core.sandbox
import spreadsheets.cells, spreadsheets.xlsx_reader, spreadsheets.xlsx_sheet, spreadsheets.xlsx_sheet
spreadsheets.xlsx_reader._check_package = spreadsheets.xlsx_reader._check_head_sizes = lambda *_: None
spreadsheets.xlsx_sheet._ELEMENTS = spreadsheets.xlsx_sheet.LONGEST_TEXT = spreadsheets.xlsx_sheet.LONGEST_TEXT = 10**15
spreadsheets.xlsx_sheet._DEEPEST = spreadsheets.xlsx_sheet._MERGES = 10**15
spreadsheets.cells.ReadLimits = lambda *given: spreadsheets.cells.BULK_LIMITS.__class__(*[10**15] * 6)
bind = core.sandbox.limit_this_process
core.sandbox.limit_this_process = lambda *, seconds, **more: bind(seconds=seconds // 5, **more)
runpy.run_path({str(sandboxed_reader.PROGRAM)!r}, run_name="__main__")
"""
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 12)
) + b"]><sst><si><t>&a11;</t></si></sst>"  # fmt: skip


# Reads nothing: tells what it may take, and what it knows of its surroundings.
TELLING = f"""
import os, resource, runpy, sys
sys.path.append({str(ROOT)!r})
import spreadsheets.xlsx_reader

class Told:
    def __init__(self, *_):
        self.sheets = [type("Sheet", (), {{"name": "x"}})]

    def lines(self, _):
        for of in "AS CPU FSIZE CORE".split():
            yield 1, [str(resource.getrlimit(getattr(resource, "RLIMIT_" + of))[0])]
        yield 1, [str([name for name in os.environ if name != "LC_CTYPE"])]

spreadsheets.xlsx_reader.XlsxBook = Told
runpy.run_path({str(sandboxed_reader.PROGRAM)!r}, run_name="__main__")
"""


@pytest.fixture
def unguarded(monkeypatch, tmp_path) -> None:
    program = tmp_path / "unguarded.py"
    program.write_text(UNGUARDED)
    monkeypatch.setattr(sandboxed_reader, "PROGRAM", program)


def bursting(form: bytes) -> list[tuple[str, bytes]]:
    """Bombs at the sizes of acceptance S21: small in the zip, hundreds of megabytes unpacked."""
    named = {name: (start, unit) for name, start, unit in SWOLLEN}
    return [
        ("rows of 263 MB", swollen(*named["rows"], size=263_000_000)),
        ("a text of 419 MB", swollen(*named["text"], size=419_000_000)),
        ("a false size", with_false_size(swollen(*named["text"], size=419_000_000))),
        ("entities", with_part(form, "xl/sharedStrings.xml", ENTITIES)),
        ("A1:XFD1048576", with_part(form, "xl/worksheets/sheet1.xml", SHEET % b'<dimension ref="A1:XFD1048576"/>')),
    ]  # fmt: skip


def with_false_size(content: bytes) -> bytes:
    """The directory says that the sheet is of 7 bytes."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        size = package.getinfo("xl/worksheets/sheet1.xml").file_size
    return content.replace(size.to_bytes(4, "little"), (7).to_bytes(4, "little"))


def peak() -> float:
    """MB that this process has taken at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_bombs_end_the_program_and_not_the_server(unguarded, as_, july, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    clerk, this = as_("clerk"), os.getpid()
    form = form_of(clerk, july)
    bombs, before = bursting(form), peak()
    for name, content in bombs:
        assert brought(clerk, content, july).status_code == 400, name
    for name, content in bombs[:2]:
        assert official(clerk, july, content).status_code == 400, name
        assert uploaded(clerk, july, content, "ho-so.xlsx").status_code == 400, name
    assert os.getpid() == this and peak() - before < 40
    assert brought(clerk, form, july).status_code == 302, "the next upload is read"


def test_the_program_is_bound_as_the_acceptance_says(monkeypatch, tmp_path):
    bound = tmp_path / "bound.py"
    bound.write_text(TELLING)
    monkeypatch.setattr(sandboxed_reader, "PROGRAM", bound)
    rows = [cells for _, lines in read_sheets(b"PK", WEB_LIMITS) for _, cells in lines]
    assert rows == [["536870912"], ["10"], ["26214400"], ["0"], ["[]"]]


@pytest.mark.parametrize("content", [
    "đơn vị;tháng\n13441;2022-M07\n;\n'=1+1;x\n".encode(),
    "unit\tmonth\n13441\t2022-M07\n".encode("utf-16"),
    sheet(["unit", "month"], ["13441", 44726.5], [None, True], change=lambda one: one.merge_cells("A2:B3")),
    *(content for content, _ in REFUSED_FILES),
    *(with_part(sheet(["a"]), part, data) for part, data, _ in BOMBS),
])  # fmt: skip
def test_the_program_hands_back_what_is_read_in_this_process(content):
    assert rows_or_fault(sandboxed_reader.read_lines, content) == rows_or_fault(open_lines, content)


def rows_or_fault(opened, content: bytes) -> list:
    """Rows that hold anything, or the fault for which they end."""
    faults = []
    try:
        lines, letters = opened(io.BytesIO(content), WEB_LIMITS)
        faults.append(letters)
        faults += [(number, cells) for number, cells in lines if any(cells)]
    except UnreadableFile as refused:
        faults.append(refused.fault)
    return faults


def test_a_text_that_every_cell_shares_is_not_written_out_for_each():
    texts = STRINGS % (b"<si><t>" + b"a" * 30_000 + b"</t></si>")
    rows = b"".join(b'<row r="%d">%s</row>' % (at, b'<c t="s"><v>0</v></c>' * 50) for at in range(1, 3_000))
    content = with_part(
        with_part(sheet(["a"]), "xl/sharedStrings.xml", texts), "xl/worksheets/sheet1.xml", SHEET % rows
    )
    with pytest.raises(UnreadableFile) as refused:
        sandboxed_reader.read_lines(content, WEB_LIMITS)
    assert refused.value.fault.code == "unreadable"
