"""Reads rows of a counts file as numbers, with every fault of a cell or row.

Fast versions of the rules of figures/: only rows that fail them get the full check.
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
# All parts of wholes stand before this place.
_AFTER_WHOLES = 1 + max(PLACE_OF_MEASURE[name] for parts in WHOLES.values() for name in parts)
_CLOSING = tuple(PLACE_OF_MEASURE[name] for name in CLOSING)
# The limits of figures.outliers as numerator and denominator.
_LEVEL_NUMERATOR, _LEVEL_DENOMINATOR = (LIMIT * LEAST_DEVIATION).as_integer_ratio()
_DEVIATION_NUMERATOR, _DEVIATION_DENOMINATOR = LIMIT.as_integer_ratio()


class ServedRules:
    """Places of a set of served measures, for checks of a row."""

    def __init__(self, served: frozenset[str]) -> None:
        self.names = served
        self.unserved = tuple(PLACE_OF_MEASURE[name] for name in MEASURES if name not in served)
        required = served.difference(OPTIONAL)
        self.required_in = tuple(PLACE_OF_MEASURE[name] for name in COMES_IN if name in required)
        self.required_out = tuple(PLACE_OF_MEASURE[name] for name in GOES_OUT if name in required)
        self.comes_in = tuple(PLACE_OF_MEASURE[name] for name in COMES_IN)
        self.goes_out = tuple(PLACE_OF_MEASURE[name] for name in GOES_OUT)
        self.wholes = tuple(
            tuple(PLACE_OF_MEASURE[name] for name in parts if name in served) for parts in WHOLES.values()
        )

    def clean(self, values: MeasureValues) -> bool:
        """Whether figures.count_rules.check_row finds nothing in a row of readable counts."""
        for place in self.unserved:
            if values[place] is not None:
                return False
        for place in self.required_in:
            if values[place] is None:
                return True
        gap = 0
        for place in self.comes_in:
            gap += values[place] or 0
        for place in self.goes_out:
            gap -= values[place] or 0
        for place in self.required_out:
            if values[place] is None:
                return gap >= 0
        return gap == 0

    def blanks(self, values: MeasureValues) -> tuple[int, ...]:
        """1 for each whole with a blank served part, else 0, in the order of WHOLES."""
        if None not in values[:_AFTER_WHOLES]:
            return _NO_BLANKS
        return tuple([1 if None in [values[place] for place in parts] else 0 for parts in self.wholes])


@cache
def served_rules(names: frozenset[str]) -> ServedRules:
    """One `ServedRules` for each set of measures."""
    return ServedRules(names)


def closing_count(values: MeasureValues) -> int | None:
    """What is still open at the end of the month; None while a part is blank."""
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
    reported = [values[place] for place in places if values[place] is not None]
    return sum(reported) if reported else None


def is_outlier(value: int, history: list[int]) -> bool:
    """Whether figures.outliers warns, for a history without blanks; in whole numbers, which is faster."""
    if len(history) < FEWEST:
        return False
    ordered = sorted(history[-MONTHS:])
    half = len(ordered) // 2
    twice = ordered[half] * 2 if len(ordered) % 2 else ordered[half - 1] + ordered[half]
    gap = abs(2 * value - twice)
    if gap < 2 * SMALLEST_GAP or gap * _LEVEL_DENOMINATOR <= twice * _LEVEL_NUMERATOR:
        return False
    # Here `deviation` is four times the median deviation, `gap` twice the gap.
    apart = sorted([abs(2 * number - twice) for number in ordered])
    deviation = apart[half] * 2 if len(apart) % 2 else apart[half - 1] + apart[half]
    if gap * 2 * _DEVIATION_DENOMINATOR <= _DEVIATION_NUMERATOR * deviation:
        return False
    # A value that was reached twice before is normal for the unit.
    return ordered[-2] < value if 2 * value > twice else ordered[1] > value


NEEDED = ("unit", "month")
KEYS = ("unit", "month", "field", "procedure")
COLUMNS = (*KEYS, *MEASURES, "reason")
MAX_TEXT_LENGTH = 10_000
# LARGEST_COUNT of figures.rule_catalogue has nine digits: plain digits up to that need no check.
_PLAIN_DIGITS = 9

Values = tuple[int | None, ...]
_NONE: frozenset[str] = frozenset()


@dataclass(slots=True)
class CountLine:
    """One row whose unit, month and place are resolved; `values` in the order of MEASURES, `reason` None where the file
    has no such column. `unread` names the measures whose cells cannot be read (their faults are reported).
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
        self._first_rows: dict[tuple[int, int], dict[tuple[int, int | None], int]] = {}

    def lines(self, table: InputTable, faults: FileFaults) -> Iterator[CountLine]:
        """Lines whose place is resolved. Faults go to `faults`; once that is full no more lines come."""
        for row in table.rows:
            line = self._line(row, faults)
            if line is not None and not faults.full:
                yield line

    def unit_month(self, row: TableRow) -> tuple[int, int] | None:
        """Month (YYYYMM) and id of the unit of a row; None where they cannot be read. Reports no faults."""
        ignored = FileFaults()
        month = self._month(row, self._absent, ignored)
        unit = self._unit(row, month, self._absent, ignored)
        return None if month is None or unit is None else (month.number, unit.pk)

    def forget(self, unit_month: tuple[int, int]) -> None:
        """Free what is remembered of a unit-month whose rows have all been read."""
        self._first_rows.pop(unit_month, None)

    def _line(self, row: TableRow, faults: FileFaults) -> CountLine | None:
        flawed = self._absent
        if row.faults:
            faults += row.faults
            if row.empty:
                return None
            flawed = flawed | {fault.column for fault in row.faults}
        fault_count = len(faults)
        month = self._month(row, flawed, faults)
        unit = self._unit(row, month, flawed, faults)
        place = self._place(row, flawed, faults)
        values = self._values(row, faults)
        unread = _NONE
        if row.faults or len(faults) > fault_count:
            unread = flawed.union(fault.column for fault in faults[fault_count:]).intersection(MEASURES)
        reason = (row.cells.get("reason") or "") if self.has_reason else None
        if reason and len(reason) > MAX_TEXT_LENGTH:
            faults.append(row.fault("reason", "too_long", f"Lý do dài hơn {MAX_TEXT_LENGTH} ký tự."))
        if unit is None or month is None or place is None:
            return None
        first_rows = self._first_rows.setdefault((month.number, unit.pk), {})
        first = first_rows.setdefault(place, row.number)
        if first != row.number:
            faults.append(row.fault("", "repeated_row", f"Dòng này lặp lại dòng {first}."))
        # Without its texts: a file may have a million rows.
        place_of_row = TableRow(row.number, {}, (), row.letters)
        return CountLine(place_of_row, unit, month.number, *place, values, reason, unread)

    def _month(self, row: TableRow, flawed: frozenset[str], faults: FileFaults) -> Month | None:
        text = row.cells.get("month") or ""
        parsed = self._months.get(text)
        if parsed is None:
            try:
                parsed = Month.parse(text)
            except PeriodError as error:
                parsed = str(error)
            self._months[text] = parsed
        if isinstance(parsed, Month):
            return parsed
        if "month" not in flawed:
            faults.append(
                row.fault(
                    "month",
                    "unknown_month" if text else "missing",
                    parsed if text else "Thiếu tháng báo cáo.",
                )
            )
        return None

    def _unit(
        self, row: TableRow, month: Month | None, flawed: frozenset[str], faults: FileFaults
    ) -> Unit | None:
        text = row.cells.get("unit") or ""
        key = (text, month.number if month else 0)
        resolved = self._units.get(key, "")
        if resolved == "":
            resolved = self._units[key] = self._resolve(text, month)
        if isinstance(resolved, str) and "unit" not in flawed:
            code, message = resolved.split("|", 1)
            faults.append(row.fault("unit", code, message))
        return resolved if isinstance(resolved, Unit) else None

    def _resolve(self, text: str, month: Month | None) -> Unit | str | None:
        """The unit, or "code|message"; None where it depends on the month, which cannot be read."""
        if not text:
            return "missing|Thiếu mã đơn vị."
        unknown = f"unknown_unit|Không có đơn vị nào mang mã “{text[:40]}”."
        try:
            code, day = split_code(text)
            if month is None:
                holder = self.codes.holders(code) if day is None else self.codes.resolve(text, day)
                return None if holder else unknown
            span = self.catalogue.days.span(month)
            unit = self.codes.resolve(text, span.end)
        except ValueError as error:
            return f"bad_date|{error}"
        if unit is None:
            return unknown
        if unit.expected_to_report(span.start, span.end):
            return unit
        if unit.active_from > span.end or unit.is_over(span.start):
            return f"not_expected|{unit.name} không hoạt động trong {month.label}."
        return (
            f"not_expected|{unit.name} không tự báo cáo {month.label}: số liệu do các đơn vị trực thuộc gửi."
        )

    def _place(
        self, row: TableRow, flawed: frozenset[str], faults: FileFaults
    ) -> tuple[int, int | None] | None:
        """Ids of field and procedure; the field may be left out where the procedure gives it."""
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
        values: list[Any] = []
        for name in self.measures:
            text = cells[name] if name else None
            if text is None:
                values.append(None)
            # Most cells are plain digits, and there are hundreds of thousands of them.
            elif text.isdigit() and text.isascii() and len(text) <= _PLAIN_DIGITS:
                values.append(int(text))
            else:
                try:
                    values.append(parse_count(text))
                except CountInputError as error:
                    values.append(None)
                    faults.append(row.fault(name, error.code, str(error)))
        return tuple(values)
