"""import_counts --in-parts: whole unit-months, interrupted anywhere (also by kill -9) and continued."""

import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from figures.measures import MEASURES
from figures.periods import Month
from ledger import log
from ledger.models import Entry
from records.bulk_import.reader import CountLine
from records.bulk_import.resumable import FilePart, ImportedElsewhere, file_parts, import_in_parts
from records.bulk_import.validation import APPROVED, DRAFT
from records.models import DossierCount, Edition, ImportProgress, State
from records.stored_sums import recount
from spreadsheets.table_reader import TableRow
from tests.records.conftest import AT, balanced, entered
from tests.records.submissions.test_parallel import apart

ROOT = Path(__file__).resolve().parents[3]
MONTHS = [Month(2021, 7).plus(later) for later in range(12)]
CODES = ("13441", "13450")
FIELDS = ("ho-tich", "chung-thuc")


def line_of(unit: str, month: Month, field: str, **values) -> str:
    cells = {**balanced(40, online=5, postal=None if field == "chung-thuc" else 0), **values}
    numbers = ("" if cells.get(name) is None else str(cells[name]) for name in MEASURES)
    return ",".join([unit, str(month), field, *numbers])


def written(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join([",".join(["unit", "month", "field", *MEASURES]), *rows]), encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path) -> Path:
    """Twelve months of two communes, sorted by field, so that every unit-month stays open to the end."""
    rows = [line_of(unit, month, field) for field in FIELDS for month in MONTHS for unit in CODES]
    return written(tmp_path / "nam.csv", rows)


class Stopped(BaseException):
    """Stands for Ctrl-C."""


def stopping(after: int):
    """A progress callback that raises `Stopped` after `after` written parts."""
    parts: list[int] = []

    def tell(act: str, rows: int, total: int) -> None:
        parts.extend([rows] if act == "write" else [])
        if len(parts) == after:
            raise Stopped

    return tell


def lines_of(keys: list[tuple[int, int]]) -> Iterator[CountLine]:
    """One line per row for the given (month, unit)."""
    for number, (month, unit) in enumerate(keys, 2):
        yield CountLine(TableRow(number, {}), type("Unit", (), {"pk": unit})(), month, number, None, (), None)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), max_size=40), st.integers(1, 9), st.data())
def test_parts_are_whole_unit_months_in_a_fixed_order(keys, rows, data):
    last = {key: number for number, key in enumerate(keys, 2)}
    parts = list(file_parts(lines_of(keys), last, 0, rows))
    assert sorted(line.row.number for part in parts for line in part.lines) == list(range(2, len(keys) + 2))
    order = []
    for part in parts:
        here = list(dict.fromkeys((line.month, line.unit.pk) for line in part.lines))
        assert part.months == len(here) and not set(here) & set(order)
        order += here
    skipped = data.draw(st.integers(0, len(order)))
    rest: list[FilePart] = list(file_parts(lines_of(keys), last, skipped, 3))
    left = list(dict.fromkeys((line.month, line.unit.pk) for part in rest for line in part.lines))
    assert left == order[skipped:] and sum(part.months for part in rest) == len(left)


@pytest.mark.django_db
def test_stopped_after_each_part_and_continued(cast, fields, file):
    runs = 0
    while True:
        runs += 1
        try:
            report = import_in_parts(file, at=AT, becomes=APPROVED, rows=7, on_progress=stopping(1))
        except Stopped:
            # Every stored unit-month has all its fields.
            assert {edition.counts.count() for edition in Edition.objects.all()} == {2}
            assert ImportProgress.objects.get().rows == DossierCount.objects.count()
            continue
        break
    assert runs > 5 and report.errors == [] and (report.earlier, report.written) == (48, 0)
    assert Edition.objects.filter(state=State.APPROVED).count() == 24 and DossierCount.objects.count() == 48
    assert not ImportProgress.objects.exists() and list(recount.sum_differences()) == []
    files = Entry.objects.filter(action="counts.import")
    assert sum(entry.detail["written"] for entry in files) == 48
    assert len({entry.detail["sha256"] for entry in files}) == 1


@pytest.mark.django_db
def test_again_after_the_end_changes_nothing(cast, fields, file):
    import_in_parts(file, at=AT, becomes=APPROVED, rows=7)
    before = Entry.objects.count()
    report = import_in_parts(file, at=AT, becomes=APPROVED, rows=7)
    assert (report.written, report.unchanged, report.earlier, report.errors) == (0, 48, 0, [])
    assert Entry.objects.count() == before


@pytest.mark.django_db
def test_what_was_done_is_left_alone(cast, fields, file):
    """A month corrected after its part was written is not overwritten by the rest of the file."""
    with pytest.raises(Stopped):
        import_in_parts(file, at=AT, becomes=DRAFT, rows=7, on_progress=stopping(2))
    first = Edition.objects.select_related("submission").order_by("submission__month", "pk").first()
    rows = {(fields.ho_tich.pk, None): balanced(7)}
    entered(first.submission.unit, Month.from_number(first.submission.month), rows, cast.clerk, "draft")
    import_in_parts(file, at=AT, becomes=DRAFT, rows=7)
    assert first.counts.get(field=fields.ho_tich).received_direct == 7
    assert Edition.objects.filter(state=State.DRAFT).count() == 24


@pytest.mark.django_db
def test_a_fault_anywhere_keeps_everything_out(cast, fields, tmp_path):
    rows = [line_of(unit, month, "ho-tich") for month in MONTHS for unit in CODES]
    for bad in (
        line_of("13441", MONTHS[-1], "chung-thuc", opening=900),
        line_of("99999", MONTHS[0], "ho-tich"),
    ):
        path = written(tmp_path / "sai.csv", [*rows, bad])
        report = import_in_parts(path, at=AT, rows=4)
        assert [(fault.row, bool(fault.message)) for _, fault in report.errors] == [(26, True)]
        assert report.written == 0
    repeated = written(tmp_path / "lap.csv", [*rows, rows[0]])
    assert [fault.code for _, fault in import_in_parts(repeated, at=AT, rows=4).errors] == ["repeated_row"]
    headless = tmp_path / "trong.csv"
    headless.write_text("unit,so\n", encoding="utf-8")
    assert {fault.code for _, fault in import_in_parts(headless, at=AT).errors} == {
        "missing_column",
        "unknown_column",
    }
    assert not Edition.objects.exists() and not ImportProgress.objects.exists()


@pytest.mark.django_db
def test_a_month_approved_meanwhile_ends_it_there(cast, fields, file):
    with pytest.raises(Stopped):
        import_in_parts(file, at=AT, rows=7, on_progress=stopping(1))
    rows = {(fields.ho_tich.pk, None): balanced(7), (fields.chung_thuc.pk, None): balanced(7, postal=None)}
    entered(cast.beta, MONTHS[-1], rows, cast.clerk, "approved", cast.reviewer)
    report = import_in_parts(file, at=AT, rows=7)
    assert {fault.code for _, fault in report.errors} == {"locked"}
    progress = ImportProgress.objects.get()
    assert 7 < progress.rows < 48 and progress.rows == report.earlier + report.written
    assert (
        Edition.objects.get(submission__unit=cast.beta, submission__month=MONTHS[-1].number).received_direct
        == 14
    )


@pytest.mark.django_db
def test_two_imports_at_once_are_refused(cast, fields, file):
    def other(act: str, rows: int, total: int) -> None:
        if act == "write":
            ImportProgress.objects.update(done=24)

    with pytest.raises(ImportedElsewhere):
        import_in_parts(file, at=AT, rows=7, on_progress=other)


@pytest.mark.django_db
def test_the_command_shows_its_progress(cast, fields, file, monkeypatch):
    out, err = StringIO(), StringIO()
    call_command("import_counts", str(file), "--in-parts", "--dry-run", stdout=out, stderr=err)
    assert "Sẽ ghi 48 dòng" in out.getvalue() and not Edition.objects.exists()
    call_command("import_counts", str(file), "--in-parts", "--approve", stdout=out, stderr=err)
    assert "Đã kiểm tra 48/48 dòng\nĐã ghi 48/48 dòng\n" in err.getvalue()

    def interrupted(*args, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("records.management.commands.import_counts.import_in_parts", interrupted)
    with pytest.raises(CommandError, match="chạy lại cùng lệnh để ghi tiếp") as stopped:
        call_command("import_counts", str(file), "--in-parts", stdout=out, stderr=err)
    assert stopped.value.returncode == 1


DRIVER = """
import sys, django
django.setup()
from datetime import UTC, datetime
from pathlib import Path
from records.bulk_import.resumable import import_in_parts
tell = lambda act, rows, total: print(act, rows, flush=True)
at = datetime(2022, 6, 15, tzinfo=UTC)
report = import_in_parts(Path(sys.argv[1]), at=at, becomes="approved", rows=6, on_progress=tell)
print("end", report.earlier + report.written, len(report.errors), flush=True)
"""


def killed_after(command: list[str], environment: dict[str, str], parts_written: int) -> bool:
    """Run, kill -9 after `parts_written` parts; returns whether the import ended before that."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment)
    parts = 0
    for line in process.stdout:
        parts += line.startswith("write")
        if line.startswith("end") or parts == parts_written:
            process.kill()
            process.communicate()
            return line.split() == ["end", "48", "0"]
    raise AssertionError(f"the import ended by itself: {process.wait()}")


def test_kill_9_in_between(cast, fields, file, shared_database):
    """Each run is killed after its first or second part; stored months are always complete, and so is the end."""
    place = str(connection.settings_dict["NAME"])
    address = f"sqlite:///{place}"
    if connection.vendor == "postgresql":
        address = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{place}"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "cchc_dashboard.settings", "DATABASE_URL": address}
    command = [sys.executable, "-c", DRIVER, str(file)]
    runs = 0
    while not killed_after(command, environment, 1 + runs % 2):
        runs += 1
        assert apart(lambda: {edition.counts.count() for edition in Edition.objects.all()}) <= {2}
    assert runs > 3
    assert apart(lambda: Edition.objects.filter(state=State.APPROVED).count()) == 24
    assert not apart(ImportProgress.objects.exists) and apart(lambda: list(recount.sum_differences())) == []
    files = apart(lambda: list(Entry.objects.filter(action="counts.import")))
    assert sum(entry.detail["written"] for entry in files) == 48
    assert apart(lambda: log.verify()) == []
