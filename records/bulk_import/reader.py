"""Reads rows of a counts file as numbers, with every fault of a cell or row.

The rules of figures/ run over many rows at once: only suspects get the full check.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.text import canonical_text
from figures.count_input import CountInputError, parse_count
from figures.measures import CLOSING, COMES_IN, GOES_OUT, MEASURES, OPTIONAL, SUMS, WHOLES
from figures.outliers import FEWEST, LEAST_DEVIATION, LIMIT, MONTHS, SMALLEST_GAP, WATCHED
from figures.periods import Month, PeriodError
from records.catalogue import Catalogue
from records.models import Field, Procedure
from spreadsheets.cells import FileFaults
from spreadsheets.table_reader import InputTable, TableRow
from units.models import Unit
from units.tree.queries import CodeIndex, split_code

MeasureValues = tuple[int | None, ...]
PLACE_OF_MEASURE = {name: place for place, name in enumerate(MEASURES)}
NO_VALUES: MeasureValues = (None,) * len(MEASURES)
_NO_BLANKS = (0,) * len(WHOLES)
# All that belongs to a whole stands before this place.
_AFTER_WHOLES = 1 + max(PLACE_OF_MEASURE[name] for parts in WHOLES.values() for name in parts)
_CLOSING = tuple(PLACE_OF_MEASURE[name] for name in CLOSING)
# The limits of figures.outliers as whole numbers: above and below the line.
_OF_LEVEL, _LEVEL = (LIMIT * LEAST_DEVIATION).as_integer_ratio()
_OF_DEVIATION, _DEVIATION = LIMIT.as_integer_ratio()


class ServedRules:
    """What a set of served measures asks of a row."""

    def __init__(self, served: frozenset[str]) -> None:
        self.names = served
        self.unserved = tuple(PLACE_OF_MEASURE[name] for name in MEASURES if name not in served)
        asked = served.difference(OPTIONAL)
        self.asked_in = tuple(PLACE_OF_MEASURE[name] for name in COMES_IN if name in asked)
        self.asked_out = tuple(PLACE_OF_MEASURE[name] for name in GOES_OUT if name in asked)
        self.comes_in = tuple(PLACE_OF_MEASURE[name] for name in COMES_IN)
        self.goes_out = tuple(PLACE_OF_MEASURE[name] for name in GOES_OUT)
        self.wholes = tuple(
            tuple(PLACE_OF_MEASURE[name] for name in parts if name in served) for parts in WHOLES.values()
        )

    def clean(self, values: MeasureValues) -> bool:
        """Whether figures.count_rules.check_row finds nothing in a row of counts that were read as such."""
        for place in self.unserved:
            if values[place] is not None:
                return False
        for place in self.asked_in:
            if values[place] is None:
                return True
        gap = 0
        for place in self.comes_in:
            gap += values[place] or 0
        for place in self.goes_out:
            gap -= values[place] or 0
        for place in self.asked_out:
            if values[place] is None:
                return gap >= 0
        return gap == 0

    def blanks(self, values: MeasureValues) -> tuple[int, ...]:
        """1 for each whole of which a served part is blank, in the order of WHOLES."""
        if None not in values[:_AFTER_WHOLES]:
            return _NO_BLANKS
        return tuple([1 if None in [values[place] for place in parts] else 0 for parts in self.wholes])


@cache
def served_rules(names: frozenset[str]) -> ServedRules:
    """One `Served` for each set of measures."""
    return ServedRules(names)


def closing_count(values: MeasureValues) -> int | None:
    """What is still open at the end of the month; None while a part of it is unknown."""
    total = 0
    for place in _CLOSING:
        value = values[place]
        if value is None:
            return None
        total += value
    return total


PLACES_OF_SUM = {whole: tuple(PLACE_OF_MEASURE[name] for name in SUMS[whole]) for whole in WATCHED}


def sum_at(values: MeasureValues, places: tuple[int, ...]) -> int | None:
    """The sum of the reported parts; None when none is."""
    known = [values[place] for place in places if values[place] is not None]
    return sum(known) if known else None


def is_outlier(value: int, past: list[int]) -> bool:
    """Whether figures.outliers alarms, of a past without blanks; in whole numbers."""
    if len(past) < FEWEST:
        return False
    ordered = sorted(past[-MONTHS:])
    half = len(ordered) // 2
    twice = ordered[half] * 2 if len(ordered) % 2 else ordered[half - 1] + ordered[half]
    gap = abs(2 * value - twice)
    if gap < 2 * SMALLEST_GAP or gap * _LEVEL <= twice * _OF_LEVEL:
        return False
    # The median deviation is four times itself here, the gap twice.
    apart = sorted([abs(2 * number - twice) for number in ordered])
    deviation = apart[half] * 2 if len(apart) % 2 else apart[half - 1] + apart[half]
    if gap * 2 * _DEVIATION <= _OF_DEVIATION * deviation:
        return False
    # What was reached twice before is this unit's way.
    return ordered[-2] < value if 2 * value > twice else ordered[1] > value


NEEDED = ("unit", "month")
KEYS = ("unit", "month", "field", "procedure")
COLUMNS = (*KEYS, *MEASURES, "reason")
MAX_TEXT_LENGTH = 10_000
# LARGEST_COUNT of figures.formatting has nine digits: shorter plain digits need no closer look.
_PLAIN_DIGITS = 9

Values = tuple[int | None, ...]
_NONE: frozenset[str] = frozenset()


@dataclass(slots=True)
class CountLine:
    """One row whose unit, month and place are known; `values` in the order of MEASURES, `reason` None where the file
    has no such column. `unread` names the measures whose cells cannot be read (they have been blamed).
    """

    row: TableRow
    unit: Unit
    month: int
    field: int
    procedure: int | None
    values: Values
    reason: str | None
    unread: frozenset[str] = frozenset()

    @property
    def key(self) -> tuple[int, int | None]:
        return self.field, self.procedure


class CountReader:
    """Reads lines against the units and the catalogue, both in memory: no query per row."""

    def __init__(self, catalogue: Catalogue, columns: tuple[str, ...]) -> None:
        self.catalogue = catalogue
        self.codes = CodeIndex()
        self.fields: dict[str, Field] = {
            canonical_text(field.code): field for field in catalogue.fields.values()
        }
        self.procedures: dict[str, Procedure] = {
            canonical_text(procedure.code): procedure for procedure in catalogue.procedures.values()
        }
        self.measures = [name if name in columns else None for name in MEASURES]
        self.has_reason = "reason" in columns
        self._absent = frozenset(name for name in NEEDED if name not in columns)
        self._units: dict[tuple[str, int], Unit | str | None] = {}
        self._months: dict[str, Month | str] = {}
        self._seen: dict[tuple[int, int], dict[tuple[int, int | None], int]] = {}

    def lines(self, table: InputTable, faults: FileFaults) -> Iterator[CountLine]:
        """Lines whose place is known; what is wrong goes to `faults`, and when that is full nothing more is kept."""
        for row in table.rows:
            line = self._line(row, faults)
            if line is not None and not faults.full:
                yield line

    def unit_month(self, row: TableRow) -> tuple[int, int] | None:
        """Month (YYYYMM) and number of the unit of a row; None where they cannot be told. Nothing is blamed."""
        nowhere = FileFaults()
        month = self._month(row, self._absent, nowhere)
        unit = self._unit(row, month, self._absent, nowhere)
        return None if month is None or unit is None else (month.number, unit.pk)

    def forget(self, unit_month: tuple[int, int]) -> None:
        """Rows of this unit-month (as above) that are read already: no more of them come."""
        self._seen.pop(unit_month, None)

    def _line(self, row: TableRow, faults: FileFaults) -> CountLine | None:
        flawed = self._absent
        if row.faults:
            faults += row.faults
            if row.empty:
                return None
            flawed = flawed | {fault.column for fault in row.faults}
        found = len(faults)
        month = self._month(row, flawed, faults)
        unit = self._unit(row, month, flawed, faults)
        place = self._place(row, flawed, faults)
        values = self._values(row, faults)
        unread = _NONE
        if row.faults or len(faults) > found:
            unread = flawed.union(fault.column for fault in faults[found:]).intersection(MEASURES)
        reason = (row.cells.get("reason") or "") if self.has_reason else None
        if reason and len(reason) > MAX_TEXT_LENGTH:
            faults.append(row.fault("reason", "too_long", f"Lý do dài hơn {MAX_TEXT_LENGTH} ký tự."))
        if unit is None or month is None or place is None:
            return None
        seen = self._seen.setdefault((month.number, unit.pk), {})
        first = seen.setdefault(place, row.number)
        if first != row.number:
            faults.append(row.fault("", "repeated_row", f"Dòng này lặp lại dòng {first}."))
        # Its texts are not kept: a file may have a million rows.
        place_of_row = TableRow(row.number, {}, (), row.letters)
        return CountLine(place_of_row, unit, month.number, *place, values, reason, unread)

    def _month(self, row: TableRow, flawed: frozenset[str], faults: FileFaults) -> Month | None:
        text = row.cells.get("month") or ""
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

    def _unit(
        self, row: TableRow, month: Month | None, flawed: frozenset[str], faults: FileFaults
    ) -> Unit | None:
        text = row.cells.get("unit") or ""
        key = (text, month.number if month else 0)
        found = self._units.get(key, "")
        if found == "":
            found = self._units[key] = self._resolve(text, month)
        if isinstance(found, str) and "unit" not in flawed:
            code, message = found.split("|", 1)
            faults.append(row.fault("unit", code, message))
        return found if isinstance(found, Unit) else None

    def _resolve(self, text: str, month: Month | None) -> Unit | str | None:
        """The unit, or "code|message"; None where only the month could tell."""
        if not text:
            return "missing|Thiếu mã đơn vị."
        unknown = f"unknown_unit|Không có đơn vị nào mang mã “{text[:40]}”."
        try:
            code, day = split_code(text)
            if month is None:
                known = self.codes.holders(code) if day is None else self.codes.resolve(text, day)
                return None if known else unknown
            span = self.catalogue.days.span(month)
            unit = self.codes.resolve(text, span.end)
        except ValueError as error:
            return f"bad_date|{error}"
        if unit is None:
            return unknown
        if unit.owes(span.start, span.end):
            return unit
        if unit.active_from > span.end or unit.is_over(span.start):
            return f"not_expected|{unit.name} không hoạt động trong {month.label}."
        return (
            f"not_expected|{unit.name} không tự báo cáo {month.label}: số liệu do các đơn vị trực thuộc gửi."
        )

    def _place(
        self, row: TableRow, flawed: frozenset[str], faults: FileFaults
    ) -> tuple[int, int | None] | None:
        """Numbers of field and procedure; a procedure without a field stands in its own."""
        named, code = row.cells.get("field"), row.cells.get("procedure")
        procedure = self.procedures.get(canonical_text(code)) if code else None
        field = self.fields.get(canonical_text(named)) if named else None
        lost = False
        if code and procedure is None:
            lost = True
            if "procedure" not in flawed:
                message = f"Danh mục không có thủ tục “{code[:40]}”."
                faults.append(row.fault("procedure", "unknown_procedure", message))
        if named and field is None:
            lost = True
            if "field" not in flawed:
                message = f"Danh mục không có lĩnh vực “{named[:40]}”."
                faults.append(row.fault("field", "unknown_field", message))
        if lost or "field" in flawed or "procedure" in flawed:
            return None
        if procedure is None:
            return (field.pk if field else self.catalogue.undivided), None
        if field is not None and procedure.field_id != field.pk:
            message = f"Thủ tục {procedure.code} không thuộc lĩnh vực {field.code}."
            faults.append(row.fault("procedure", "unknown_procedure", message))
            return None
        return procedure.field_id, procedure.pk

    def _values(self, row: TableRow, faults: FileFaults) -> Values:
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
                except CountInputError as error:
                    found.append(None)
                    faults.append(row.fault(name, error.code, str(error)))
        return tuple(found)
