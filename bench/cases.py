"""E3: a case list of a million rows read, validated, stored and counted, compared with DuckDB reading and grouping it.

Only with scripts/bench --peers, which installs DuckDB apart from the product.
"""

import csv
import random
import resource
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.test import override_settings

from figures.periods import Month
from ledger import jobs
from records.calendar.queries import stored_calendar
from records.cases import actions, column_filter, job, mapping
from records.models import CaseFile, Field
from spreadsheets.cells import BULK_LIMITS
from units.models import Unit

from .databases import use, vendor
from .measurement import Result, timed

AT = datetime(2026, 2, 20, tzinfo=UTC)
MONTH = Month(2025, 12)
HEADS = (
    "STT", "Số hồ sơ", "Họ và tên người nộp", "Số điện thoại", "Địa chỉ", "Lĩnh vực", "Ngày tiếp nhận",
    "Hình thức tiếp nhận", "Ngày hẹn trả", "Ngày trả kết quả", "Hình thức trả kết quả", "Trạng thái",
)  # fmt: skip
PERSON = ("Nguyễn Thị Hoa", "0912345678", "Thôn Vân Lâm, xã Thanh Hà")
CHANNELS = ("Trực tiếp", "Trực tuyến toàn trình", "Trực tuyến một phần")
# Independent of the file's size: rows are processed in batches of thousands.
MOST_MB = 64
FORM = "%d/%m/%Y %H:%M"
# The grouping behind the monthly counts, in DuckDB's SQL: the same columns, parsed and grouped once.
GROUPED = """SELECT "Lĩnh vực", "Hình thức tiếp nhận", "Trạng thái",
  strptime("Ngày tiếp nhận", '%d/%m/%Y %H:%M') < TIMESTAMP '{start}' AS carried,
  strptime("Ngày trả kết quả", '%d/%m/%Y %H:%M') > strptime("Ngày hẹn trả", '%d/%m/%Y %H:%M') AS late,
  count(*) FROM read_csv('{path}', header = true, all_varchar = true) GROUP BY ALL"""


def rows(district: tuple, folder: Path, number: int) -> Iterator[Result]:
    """Time of both, and the memory growth of this process."""
    connection, _, _ = district
    with use(connection), override_settings(MEDIA_ROOT=folder / "media"):
        path, unit = _file(folder, number), Unit.objects.filter(reports=True).order_by("pk").first()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ours = timed(lambda: _import(path, unit))
        growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        reference = timed(lambda: _group_in_duckdb(path))
    scale = f"{number:,} rows, {path.stat().st_size / 1024 / 1024:.0f} MB"
    title = f"E3 case list in, checked and stored ÷ DuckDB reading and grouping, {vendor()}"
    yield Result(title, scale, ours, reference, unit="s")
    title = f"E3 memory that the process takes for it, more than before, {vendor()}"
    yield Result(title, scale, growth, MOST_MB, unit="MB", goal=1.0)


def _file(folder: Path, number: int) -> Path:
    """Dossiers of this month and the previous one, as a one-stop system exports them."""
    rng, path = random.Random(5), folder / "case-list.csv"
    names = list(Field.objects.exclude(code=Field.UNDIVIDED).values_list("name", flat=True))
    first = datetime(MONTH.year, MONTH.month, 1) - timedelta(days=40)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADS)
        for place in range(1, number + 1):
            received = first + timedelta(minutes=rng.randrange(60 * 24 * 54))
            due = received + timedelta(days=rng.randrange(1, 12))
            resolved = rng.random() < 0.6
            returned = received + timedelta(minutes=rng.randrange(60 * 24 * 14))
            writer.writerow(
                [
                    place, f"H42-{received:%y%m%d}-{place:07}", *PERSON, rng.choice(names), received.strftime(FORM),
                    rng.choice(CHANNELS), due.strftime(FORM), returned.strftime(FORM) if resolved else "",
                    "Trực tiếp" if resolved else "", "Đã trả kết quả" if resolved else "Đang xử lý",
                ]
            )  # fmt: skip
    return path


def _import(path: Path, unit: Unit) -> None:
    """The complete import: drop personal columns, map columns by the guess, read as a job."""
    staged = actions.new_staging_path()
    with path.open("rb") as source:
        filtered = column_filter.filter_columns(source, staged, BULK_LIMITS)
    guess = mapping.guess_mapping(filtered.columns).as_dict()
    by_at = {"by": None, "at": AT}
    file = actions.keep_case_upload(unit, path.name, (MONTH, MONTH), staged, filtered, guess, **by_at)
    file = actions.request_reading(file, guess, (MONTH, MONTH), **by_at)
    jobs.begin(file, AT)
    jobs.carry_out(job.CASE_JOB, file)
    stored = CaseFile.objects.get(pk=file.pk)
    if stored.state != "done":
        raise RuntimeError(f"the generated list is refused: {stored.words} {stored.faults[:3]}")


def _group_in_duckdb(path: Path) -> None:
    import duckdb

    start = stored_calendar().span(MONTH).start
    duckdb.connect().execute(GROUPED.format(path=path, start=start)).fetchall()
