"""Rows of a counts file as numbers, with everything that is wrong with a single cell or row by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from figures.measures import MEASURES
from figures.periods import Month, PeriodError
from figures.writing import CountError, parse_count
from records.models import Field, Procedure
from records.queries.catalogue import Catalogue
from units.models import Unit
from units.queries import Codes
from units.tabular import Fault, Row, Table
from units.words import canonical

KEYS = ("unit", "month", "field", "procedure")
COLUMNS = (*KEYS, *MEASURES, "reason")
LONGEST_TEXT = 10_000
# LARGEST_COUNT of figures.writing has nine digits: shorter plain digits need no closer look.
_PLAIN_DIGITS = 9

Values = tuple[int | None, ...]


@dataclass(slots=True)
class Line:
    """One readable row; `values` in the order of MEASURES, `reason` None where the file has no such column."""

    row: Row
    unit: Unit
    month: int
    field: int
    procedure: int | None
    values: Values
    reason: str | None

    @property
    def key(self) -> tuple[int, int | None]:
        return self.field, self.procedure


def header_faults(table: Table) -> list[Fault]:
    """What is wrong with the file as a whole or with its header."""
    faults = list(table.faults)
    if faults:
        return faults
    faults += [
        Fault(1, name, "missing_column", f"Thiếu cột {name}.")
        for name in ("unit", "month")
        if name not in table.columns
    ]
    return faults + [
        Fault(1, name, "unknown_column", f"Không có cột nào tên là “{name[:40]}”.")
        for name in table.columns
        if name not in COLUMNS
    ]


class Reader:
    """Reads lines against the units and the catalogue, both in memory: no query per row."""

    def __init__(self, catalogue: Catalogue, columns: tuple[str, ...]) -> None:
        self.catalogue = catalogue
        self.codes = Codes()
        self.fields: dict[str, Field] = {canonical(one.code): one for one in catalogue.fields.values()}
        self.procedures: dict[str, Procedure] = {
            canonical(one.code): one for one in catalogue.procedures.values()
        }
        self.measures = [name if name in columns else None for name in MEASURES]
        self.has_reason = "reason" in columns
        self._units: dict[tuple[str, int], Unit | str] = {}
        self._months: dict[str, Month | str] = {}
        self._seen: dict[tuple[int, int, int, int | None], int] = {}

    def lines(self, table: Table, faults: list[Fault]) -> Iterator[Line]:
        """Readable lines; what is wrong goes to `faults`."""
        for row in table.rows:
            line = self._line(row, faults)
            if line is not None:
                yield line

    def _line(self, row: Row, faults: list[Fault]) -> Line | None:
        before = len(faults)
        faults += row.faults
        cells = row.cells
        if not cells or (row.faults and not any(cells.values())):
            return None
        flawed = {fault.column for fault in row.faults}
        month = self._month(row, flawed, faults)
        unit = None if month is None else self._unit(row, month, flawed, faults)
        place = self._place(row, flawed, faults)
        values = self._values(row, faults)
        reason = (cells.get("reason") or "") if self.has_reason else None
        if reason and len(reason) > LONGEST_TEXT:
            faults.append(row.fault("reason", "too_long", f"Lý do dài hơn {LONGEST_TEXT} ký tự."))
        if len(faults) > before or unit is None or month is None or place is None:
            return None
        first = self._seen.setdefault((unit.pk, month.number, *place), row.number)
        if first != row.number:
            faults.append(row.fault("", "repeated_row", f"Dòng này lặp lại dòng {first}."))
            return None
        return Line(row, unit, month.number, *place, values, reason)

    def _month(self, row: Row, flawed: set[str], faults: list[Fault]) -> Month | None:
        text = row.cells["month"] or ""
        found = self._months.get(text)
        if found is None:
            try:
                found = Month.parse(text)
            except PeriodError as error:
                found = str(error)
            self._months[text] = found
        if isinstance(found, Month):
            return found
        if "month" not in flawed:
            faults.append(
                row.fault(
                    "month", "unknown_month" if text else "missing", found if text else "Thiếu tháng báo cáo."
                )
            )
        return None

    def _unit(self, row: Row, month: Month, flawed: set[str], faults: list[Fault]) -> Unit | None:
        text = row.cells["unit"] or ""
        key = (text, month.number)
        found = self._units.get(key)
        if found is None:
            found = self._units[key] = self._resolve(text, month)
        if isinstance(found, Unit):
            return found
        if "unit" not in flawed:
            code, message = found.split("|", 1)
            faults.append(row.fault("unit", code, message))
        return None

    def _resolve(self, text: str, month: Month) -> Unit | str:
        """The unit, or "code|message"."""
        if not text:
            return "missing|Thiếu mã đơn vị."
        span = self.catalogue.days.span(month)
        try:
            unit = self.codes.resolve(text, span.end)
        except ValueError as error:
            return f"bad_date|{error}"
        if unit is None:
            return f"unknown_unit|Không có đơn vị nào mang mã “{text[:40]}”."
        if not unit.reports:
            return f"not_expected|{unit.name} không tự báo cáo: số liệu do các đơn vị trực thuộc gửi."
        if unit.active_from > span.end or unit.is_over(span.start):
            return f"not_expected|{unit.name} không hoạt động trong {month.label}."
        return unit

    def _place(self, row: Row, flawed: set[str], faults: list[Fault]) -> tuple[int, int | None] | None:
        """Numbers of field and procedure; a procedure without a field stands in its own."""
        named, code = row.cells.get("field"), row.cells.get("procedure")
        procedure = self.procedures.get(canonical(code)) if code else None
        field = self.fields.get(canonical(named)) if named else None
        if code and procedure is None and "procedure" not in flawed:
            faults.append(
                row.fault("procedure", "unknown_procedure", f"Danh mục không có thủ tục “{code[:40]}”.")
            )
            return None
        if named and field is None and "field" not in flawed:
            faults.append(row.fault("field", "unknown_field", f"Danh mục không có lĩnh vực “{named[:40]}”."))
            return None
        if procedure is None:
            return (field.pk if field else self.catalogue.undivided), None
        if field is not None and procedure.field_id != field.pk:
            message = f"Thủ tục {procedure.code} không thuộc lĩnh vực {field.code}."
            faults.append(row.fault("procedure", "unknown_procedure", message))
            return None
        return procedure.field_id, procedure.pk

    def _values(self, row: Row, faults: list[Fault]) -> Values:
        cells = row.cells
        found: list[Any] = []
        for name in self.measures:
            text = cells[name] if name else None
            if text is None:
                found.append(None)
            # Most cells are plain digits, and there are hundreds of thousands of them.
            elif text.isdigit() and text.isascii() and len(text) <= _PLAIN_DIGITS:
                found.append(int(text))
            else:
                try:
                    found.append(parse_count(text))
                except CountError as error:
                    found.append(None)
                    faults.append(row.fault(name, error.code, str(error)))
        return tuple(found)
