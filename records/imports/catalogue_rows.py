"""Rows of a catalogue file, with everything that is wrong with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from figures.measures import CHANNELS
from records.models import Field, OnlineLevel, Procedure
from units.dates import parse_day
from units.faults import Fault, Faults
from units.models import Tier, Unit
from units.queries import Codes
from units.tabular import Row, Table
from units.words import canonical

NEEDED = ("field", "field_name", "procedure", "procedure_name", "tier", "valid_from")
OPTIONAL = ("online_level", "posted", "valid_until", "units", "channels")
_IDENTITY = frozenset(("field", "procedure", "tier", "valid_from", "units"))
_LONGEST_CODE = 64
# Called with column, code and message of what is wrong in the row at hand.
Wrong = Callable[[str, str, str], None]
_POSTED = {"yes": True, "no": False, "": None}


@dataclass(frozen=True)
class Entry:
    """One row; `flawed` names the columns that cannot be read (they have been blamed)."""

    row: Row
    field: str
    field_name: str
    procedure: str
    procedure_name: str
    tier: str
    online_level: str
    posted: bool | None
    start: date | None  # None only where it cannot be read
    end: date | None
    units: tuple[int, ...]
    channels: str
    flawed: frozenset[str]


def read_entries(table: Table, errors: Faults) -> list[Entry]:
    codes = Codes()
    absent = frozenset(name for name in NEEDED if name not in table.columns)
    found = []
    for row in table.rows:
        errors += row.faults
        if not row.empty and not errors.full:
            found.append(_entry(row, absent, codes, errors))
    return found


def _entry(row: Row, absent: frozenset[str], codes: Codes, errors: Faults) -> Entry:
    """The row as far as it can be read; each column is blamed once."""
    cells = {name: (row.cells.get(name) or "") for name in (*NEEDED, *OPTIONAL)}
    flawed = {fault.column for fault in row.faults} | absent

    def wrong(column: str, code: str, message: str) -> None:
        if column not in flawed:
            errors.append(row.fault(column, code, message))
            blamed.add(column)

    blamed: set[str] = set()
    field, procedure = canonical(cells["field"]), canonical(cells["procedure"])
    _names(cells, field, procedure, wrong)
    _choice(cells["tier"], Tier.values, "tier", "cấp", wrong)
    _choice(cells["online_level"], OnlineLevel.values, "online_level", "mức độ trực tuyến", wrong)
    _choice(cells["posted"], ("yes", "no"), "posted", "giá trị", wrong)
    channels = cells["channels"].split()
    for channel in channels:
        _choice(channel, CHANNELS, "channels", "hình thức", wrong)
    start, end = _dates(cells, wrong)
    units = _units(cells["units"], codes, start, wrong)
    return Entry(
        row,
        field,
        cells["field_name"],
        procedure,
        cells["procedure_name"],
        cells["tier"],
        cells["online_level"],
        _POSTED.get(cells["posted"]),
        start,
        end,
        units,
        " ".join(channel for channel in CHANNELS if channel in channels),
        frozenset(flawed | blamed),
    )


def _names(cells: dict[str, str], field: str, procedure: str, wrong: Wrong) -> None:
    """Codes and names that can be kept."""
    for column, code in (("field", field), ("procedure", procedure)):
        if len(code) > _LONGEST_CODE or " " in code:
            wrong(column, "bad_code", "Mã không quá 64 ký tự và không có dấu cách.")
    if not field:
        wrong("field", "missing", "Thiếu mã lĩnh vực.")
    for column, longest in (("field_name", 200), ("procedure_name", 500)):
        if len(cells[column]) > longest:
            wrong(column, "too_long", f"Tên dài hơn {longest} ký tự.")


def _dates(cells: dict[str, str], wrong: Wrong) -> tuple[date | None, date | None]:
    """First and last day; a row needs its first."""
    start, end = (_day(cells[name], name, wrong) for name in ("valid_from", "valid_until"))
    if not cells["valid_from"]:
        wrong("valid_from", "missing", "Thiếu ngày bắt đầu áp dụng.")
    if start is not None and end is not None and end < start:
        wrong("valid_until", "dates", "Ngày hết áp dụng phải từ ngày bắt đầu trở đi.")
    return start, end


def _choice(text: str, known: Sequence[str], column: str, what: str, wrong: Wrong) -> None:
    if text and text not in known:
        wrong(column, f"unknown_{column}", f"Không có {what} “{text[:40]}”: dùng {', '.join(known)}.")


def _day(text: str, column: str, wrong: Wrong) -> date | None:
    try:
        return parse_day(text) if text else None
    except ValueError as error:
        wrong(column, "bad_date", str(error))
        return None


def _units(text: str, codes: Codes, on: date | None, wrong: Wrong) -> tuple[int, ...]:
    """Units by their codes on the first day of the row (CODE@day for the holder on another day). Of an unknown first
    day it is only said when nobody ever holds the code.
    """
    found = set()
    for code in text.split():
        try:
            unit: Unit | None = codes.resolve(code, on or date.max)
        except ValueError as error:
            wrong("units", "bad_date", str(error))
            continue
        if unit is None:
            wrong("units", "unknown_unit", f"Không có đơn vị nào mang mã “{code[:40]}”.")
        else:
            found.add(unit.pk)
    return tuple(sorted(found))


def conflicts(entries: list[Entry]) -> list[Fault]:
    """Repeated rows, and a code or name that means two things within the file or against the database."""
    faults = []
    seen: dict[tuple, int] = {}
    field_of = dict(Procedure.objects.values_list("code", "field__code"))
    named = set(Field.objects.values_list("code", flat=True))
    for entry in entries:
        key = (entry.field, entry.procedure, entry.tier, entry.start, entry.units)
        first = seen.setdefault(key, entry.row.number)
        if first != entry.row.number and not entry.flawed & _IDENTITY:
            faults.append(entry.row.fault("", "repeated_row", f"Dòng này lặp lại dòng {first}."))
        if entry.field not in named and not entry.field_name and not entry.flawed & {"field", "field_name"}:
            faults.append(entry.row.fault("field_name", "missing", "Lĩnh vực mới phải có tên."))
        named.add(entry.field)
        if not entry.procedure:
            continue
        if (
            entry.procedure not in field_of
            and not entry.procedure_name
            and not entry.flawed & {"procedure", "procedure_name"}
        ):
            faults.append(entry.row.fault("procedure_name", "missing", "Thủ tục mới phải có tên."))
        if entry.flawed & {"field", "procedure"}:
            continue
        if field_of.setdefault(entry.procedure, entry.field) != entry.field:
            message = f"Thủ tục {entry.procedure} đã thuộc lĩnh vực {field_of[entry.procedure]}."
            faults.append(entry.row.fault("field", "differs", message))
    return faults
