"""The one writer of tables that leave a page: its address with `?tai=csv`, `xlsx` or `json` is its table as a file.

    if file := file_of(request, {"": lambda: TableFile("don-vi", "Đơn vị", COLUMNS, rows, clock.now())}):
        return file

The view that draws the page makes the file, so rights and filters are the same; a file holds all rows, whatever the
page shows at once, and is written row by row. `?bang=` names one of several tables of a page.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.timezone import localtime

from .words import CONTROLS, FORMULA_STARTS

KINDS = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
BOM = "\ufeff"
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
# So many rows are put together before they are sent: a small row by itself costs more than its text.
_AT_ONCE = 200


class Rate(NamedTuple):
    """A share as it is printed ("87,4%"), and its percentage as text with a dot ("87.4"), None where there is none."""

    shown: str
    percent: str | None


Cell = str | int | date | datetime | Rate | None


@dataclass(frozen=True)
class Column:
    """`key` is its name in JSON; `total`: its counts are added up under the table; `share` names the keys of the two
    columns that a rate is divided from, `parts` those of the columns that its counts are the sums of, so that a sheet
    divides and adds up itself.
    """

    key: str
    title: str
    total: bool = False
    share: tuple[str, str] | None = None
    parts: tuple[str, ...] = ()
    width: float = 16


@dataclass(frozen=True)
class TableFile:
    """A table: rows in the order of the columns, read once. `sources` say what it rests on; `at` is when (aware)."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    at: datetime
    sources: Sequence[tuple[str, str]] = field(default_factory=tuple)

    @property
    def told(self) -> list[tuple[str, str]]:
        """All that a reader must know of it, the making last."""
        made = localtime(self.at)
        demo = [("Lưu ý", "số liệu minh họa")] if settings.DEMO else []
        return [("Bảng", self.title), *self.sources, *demo, ("Lập lúc", f"{made:%H:%M} ngày {_day(made)}")]


def file_of(request: HttpRequest, tables: Mapping[str, Callable[[], TableFile]]) -> HttpResponseBase | None:
    """The file that the address asks for, of a page's tables by their names ("" is its only or main one); None where it
    asks for the page. Errors: BadRequest for a kind or table that there is not.
    """
    kind = request.GET.get("tai", "")
    if request.method not in ("GET", "HEAD") or not kind:
        return None
    table = tables.get(request.GET.get("bang", ""))
    if kind not in KINDS or table is None:
        raise BadRequest("tai")
    return answer(kind, table())


def answer(kind: str, table: TableFile) -> HttpResponseBase:
    """The file, sent as it is written; a workbook is put together on disk first."""
    if kind == "xlsx":
        from .tablesheet import workbook as write_workbook

        response: HttpResponseBase = FileResponse(write_workbook(table), content_type=KINDS[kind])
    else:
        write = _csv if kind == "csv" else _json
        response = StreamingHttpResponse(_together(write(table)), content_type=KINDS[kind])
    name = _UNSAFE.sub("-", table.name)[:80].strip("-.") or "bang"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula, without control characters (acceptance S25)."""
    text = text.translate(CONTROLS)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _together(parts: Iterable[str]) -> Iterator[str]:
    held: list[str] = []
    for part in parts:
        held.append(part)
        if len(held) >= _AT_ONCE:
            yield "".join(held)
            held.clear()
    yield "".join(held)


class _Line:
    """What csv writes to: it hands back the line."""

    def write(self, text: str) -> str:
        """The text itself."""
        return text


def _csv(table: TableFile) -> Iterator[str]:
    """With a byte order mark, so that spreadsheets read the Vietnamese letters."""
    writer = csv.writer(_Line(), lineterminator="\r\n")
    yield BOM
    yield writer.writerow([column.title for column in table.columns])
    for row in table.rows:
        yield writer.writerow([_plain(cell) for cell in row])


def _plain(cell: Cell) -> str | int:
    match cell:
        case None:
            return ""
        case Rate(shown=shown):
            return shown
        case str():
            return harmless(cell)
        case datetime():
            at = localtime(cell)
            return f"{at:%H:%M} {_day(at)}"
        case date():
            return _day(cell)
    return cell


def _day(day: date) -> str:
    """As the pages write it: 5/2/2022."""
    return f"{day.day}/{day.month}/{day.year}"


def _json(table: TableFile) -> Iterator[str]:
    """`{"title", "source", "columns": [{"key", "title"}], "rows": [{key: value}]}`: days and moments as ISO 8601, a
    rate as its percentage.
    """
    keys = [column.key for column in table.columns]
    head = {
        "title": table.title,
        "source": dict(table.told),
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
        case Rate(percent=percent):
            return percent
        case str():
            return cell.translate(CONTROLS)
        case datetime():
            return localtime(cell).isoformat(timespec="seconds")
        case date():
            return cell.isoformat()
    return cell
