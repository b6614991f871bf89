"""E3: a case list of a million rows read, checked, stored and counted, beside DuckDB reading and grouping the same.

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
# Whatever the file: rows go through by thousands.
MOST_MB = 64
FORM = "%d/%m/%Y %H:%M"
# What the monthly counts are grouped from, in the words of DuckDB: the same columns, parsed and grouped once.
GROUPED = """SELECT "Lĩnh vực", "Hình thức tiếp nhận", "Trạng thái",
  strptime("Ngày tiếp nhận", '%d/%m/%Y %H:%M') < TIMESTAMP '{start}' AS carried,
  strptime("Ngày trả kết quả", '%d/%m/%Y %H:%M') > strptime("Ngày hẹn trả", '%d/%m/%Y %H:%M') AS late,
  count(*) FROM read_csv('{path}', header = true, all_varchar = true) GROUP BY ALL"""


def rows(district: tuple, folder: Path, number: int) -> Iterator[Result]:
    """Time of both, and the memory of this process beside what it held before."""
    connection, _, _ = district
    with use(connection), override_settings(MEDIA_ROOT=folder / "media"):
        path, unit = _file(folder, number), Unit.objects.filter(reports=True).order_by("pk").first()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ours = timed(lambda: _import(path, unit))
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        reference = timed(lambda: _grouped(path))
    scale = f"{number:,} rows, {path.stat().st_size / 1024 / 1024:.0f} MB"
    title = f"E3 case list in, checked and stored ÷ DuckDB reading and grouping, {vendor()}"
    yield Result(title, scale, ours, reference, unit="s")
    title = f"E3 memory that the process takes for it, more than before, {vendor()}"
    yield Result(title, scale, grown, MOST_MB, unit="MB", goal=1.0)


def _file(folder: Path, number: int) -> Path:
    """Dossiers of the month and the one before, as a one-stop system exports them."""
    chance, path = random.Random(5), folder / "case-list.csv"
    names = list(Field.objects.exclude(code=Field.UNDIVIDED).values_list("name", flat=True))
    first = datetime(MONTH.year, MONTH.month, 1) - timedelta(days=40)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADS)
        for place in range(1, number + 1):
            came = first + timedelta(minutes=chance.randrange(60 * 24 * 54))
            due = came + timedelta(days=chance.randrange(1, 12))
            over = chance.random() < 0.6
            ended = came + timedelta(minutes=chance.randrange(60 * 24 * 14))
            writer.writerow(
                [
                    place, f"H42-{came:%y%m%d}-{place:07}", *PERSON, chance.choice(names), came.strftime(FORM),
                    chance.choice(CHANNELS), due.strftime(FORM), ended.strftime(FORM) if over else "",
                    "Trực tiếp" if over else "", "Đã trả kết quả" if over else "Đang xử lý",
                ]
            )  # fmt: skip
    return path


def _import(path: Path, unit: Unit) -> None:
    """The whole way: sifted, mapped by the guess, read as a job."""
    staged = actions.new_staging_path()
    with path.open("rb") as source:
        sifted = column_filter.filter_columns(source, staged, BULK_LIMITS)
    guess = mapping.guess_mapping(sifted.columns).as_dict()
    told = {"by": None, "at": AT}
    file = actions.keep_case_upload(unit, path.name, (MONTH, MONTH), staged, sifted, guess, **told)
    file = actions.request_reading(file, guess, (MONTH, MONTH), **told)
    jobs.begin(file, AT)
    jobs.carry_out(job.CASE_JOB, file)
    done = CaseFile.objects.get(pk=file.pk)
    if done.state != "done":
        raise RuntimeError(f"the generated list is refused: {done.words} {done.faults[:3]}")


def _grouped(path: Path) -> None:
    import duckdb

    start = stored_calendar().span(MONTH).start
    duckdb.connect().execute(GROUPED.format(path=path, start=start)).fetchall()
