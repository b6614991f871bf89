"""CSV of what is seen: UTF-8 with a byte order mark, so that spreadsheets read the Vietnamese letters."""

from collections.abc import Iterator

from figures import writing
from reports.outlets.flat import COUNTS, RATES, Flat, FlatRow, remark
from units.tablefile import csv_lines, harmless


def csv_bytes(flat: Flat) -> bytes:
    """The whole file; every row carries its period and completeness, since rows travel without their head."""
    head = [*flat.titles, "Kỳ", "Từ ngày", "Đến ngày", "Phạm vi"]
    rows = [list(_row(flat, row)) for row in (*flat.rows, flat.total)]
    return "".join(csv_lines([head, *rows])).encode()


def _row(flat: Flat, row: FlatRow) -> Iterator[str | int]:
    period, figures = flat.summary.period, row.figures
    yield from (harmless(text) for text in (row.name, row.key, row.section))
    for name in COUNTS:
        number = figures.counts[name]
        yield "" if number is None else number
    for rate in RATES:
        yield writing.percent_vi(figures.share(rate.key).percent)
    if flat.changes:
        before = row.change.before if row.change else None
        yield writing.percent_vi(before.percent) if before else ""
        # Without "+", which begins a formula.
        yield writing.points_vi(row.change.points).lstrip("+") if row.change else ""
    yield figures.completeness.reported
    yield figures.completeness.expected
    yield remark(row)
    yield period.code
    yield writing.day(period.start)
    yield writing.day(period.end)
    yield harmless(flat.scope)
