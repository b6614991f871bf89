"""Downloads of the tables of a page as CSV, XLSX or JSON: the address of the page with `?tai=csv`."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.timezone import localtime

from core.text import CONTROLS, FORMULA_STARTS, ascii_name
from core.web import attachment

ROWS_AT_ONCE = 1_000

KINDS = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
BOM = "\ufeff"
# Rows per sent chunk: single rows are slow to send.
_AT_ONCE = 200


class PrintedRate(NamedTuple):
    """A share as printed ("87,4%"), and its percentage as text with a dot ("87.4") or None."""

    shown: str
    percent: str | None


Cell = str | int | date | datetime | PrintedRate | None


@dataclass(frozen=True)
class TableColumn:
    """`key`: the name in JSON. `of` reads the cell from the item of a row: a path of attributes or methods, a key of a
    mapping, or a function; by default the same as `key`. `total`: summed under the table. `share`: the keys of
    numerator and denominator of a rate; `parts`: the keys of the columns that it sums; both become formulas in a sheet.
    """

    key: str
    title: str
    of: str | Callable[[Any], Cell] = ""
    total: bool = False
    share: tuple[str, str] | None = None
    parts: tuple[str, ...] = ()
    width: float = 16


def table_rows(columns: Iterable[TableColumn], items: Iterable[Any]) -> Iterator[tuple[Cell, ...]]:
    """A row for each item, with the cell that each column reads from it."""
    readers = [_reader(column.of or column.key) for column in columns]
    return (tuple(read(item) for read in readers) for item in items)


def _reader(of: str | Callable[[Any], Cell]) -> Callable[[Any], Cell]:
    if callable(of):
        return of
    read = attrgetter(of)

    def cell(item: Any) -> Cell:
        value = item[of] if isinstance(item, Mapping) else read(item)
        return value() if callable(value) else value

    return cell


@dataclass(frozen=True)
class TableFile:
    """A table: rows in the order of the columns, read once. `sources`: labels and texts on where its figures come from.
    `at`: time of creation (aware). `percent` (figures.rounding): formats the share of two totals, if there is one.
    """

    name: str
    title: str
    columns: Sequence[TableColumn]
    rows: Iterable[Sequence[Cell]]
    at: datetime
    sources: Sequence[tuple[str, str]] = field(default_factory=tuple)
    percent: Callable[[int, int, int], str | None] | None = None

    @property
    def all_sources(self) -> list[tuple[str, str]]:
        """`sources` with the title before, the demo notice and the time of creation after."""
        at = localtime(self.at)
        demo = [("Lưu ý", "số liệu minh họa")] if settings.DEMO else []
        return [("Bảng", self.title), *self.sources, *demo, ("Lập lúc", f"{at:%H:%M} ngày {_day(at)}")]


def requested_file(
    request: HttpRequest, tables: Mapping[str, Callable[[], TableFile]]
) -> HttpResponseBase | None:
    """The file that the address requests, of the tables of a page by name ("" is the main one); None if it requests the
    page. Errors: BadRequest for an unknown kind or table.
    """
    kind = request.GET.get("tai", "")
    if request.method not in ("GET", "HEAD") or not kind:
        return None
    table = tables.get(request.GET.get("bang", ""))
    if kind not in KINDS or table is None:
        raise BadRequest("tai")
    return file_response(kind, table())


def file_response(kind: str, table: TableFile) -> HttpResponseBase:
    """The file, streamed; a workbook is first written to disk."""
    if kind == "xlsx":
        from spreadsheets.xlsx_writer import write_workbook

        response: HttpResponseBase = FileResponse(write_workbook(table), content_type=KINDS[kind])
    else:
        write = _csv if kind == "csv" else _json
        response = StreamingHttpResponse(_together(write(table)), content_type=KINDS[kind])
    name = ascii_name(table.name, 80).strip("-.") or "bang"
    return attachment(response, f"{name}.{kind}")


def escape_formula(text: str) -> str:
    """Text that spreadsheets do not take for a formula, without control characters (acceptance S25)."""
    text = text.translate(CONTROLS)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _together(parts: Iterable[str]) -> Iterator[str]:
    buffer: list[str] = []
    for part in parts:
        buffer.append(part)
        if len(buffer) >= _AT_ONCE:
            yield "".join(buffer)
            buffer.clear()
    yield "".join(buffer)


class _CsvLine:
    """A file object for csv.writer that returns each line."""

    def write(self, text: str) -> str:
        """The text."""
        return text


def csv_lines(rows: Iterable[Sequence[str | int]]) -> Iterator[str]:
    """The lines of a CSV file, with a byte order mark so that spreadsheets read Vietnamese letters."""
    writer = csv.writer(_CsvLine(), lineterminator="\r\n")
    yield BOM
    yield from map(writer.writerow, rows)


def _csv(table: TableFile) -> Iterator[str]:
    head = [column.title for column in table.columns]
    return csv_lines(chain([head], ([_plain(cell) for cell in row] for row in table.rows)))


def _plain(cell: Cell) -> str | int:
    match cell:
        case None:
            return ""
        case PrintedRate(shown=shown):
            return shown
        case str():
            return escape_formula(cell)
        case datetime():
            at = localtime(cell)
            return f"{at:%H:%M} {_day(at)}"
        case date():
            return _day(cell)
    return cell


def _day(day: date) -> str:
    """5/2/2022, without leading zeros."""
    return f"{day.day}/{day.month}/{day.year}"


def _json(table: TableFile) -> Iterator[str]:
    """`{"title", "source", "columns": [{"key", "title"}], "rows": [{key: value}]}`: days and moments as ISO 8601, a
    rate as its percentage.
    """
    keys = [column.key for column in table.columns]
    head = {
        "title": table.title,
        "source": dict(table.all_sources),
        "columns": [{"key": column.key, "title": column.title} for column in table.columns],
    }
    yield _dumped(head)[:-1] + ', "rows": ['
    sign = "\n"
    for row in table.rows:
        yield sign + _dumped(dict(zip(keys, map(_bare, row), strict=True)))
        sign = ",\n"
    yield "\n]}\n"


def _dumped(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


def _bare(cell: Cell) -> str | int | None:
    match cell:
        case PrintedRate(percent=percent):
            return percent
        case str():
            return cell.translate(CONTROLS)
        case datetime():
            return localtime(cell).isoformat(timespec="seconds")
        case date():
            return cell.isoformat()
    return cell
