"""Finds the official form in force on a day (data files, docs/forms.md), and reads its lines from an XLSX."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from core.text import canonical_text, fold, parse_digits
from figures.count_input import CountInputError, parse_count
from figures.form_definitions import FormError, OfficialForm, read_form
from figures.formatting import TIER_NAMES, format_day_range
from figures.summary import Dates
from spreadsheets.cells import (
    WEB_LIMITS,
    Cell,
    FileFault,
    FileFaults,
    FlawedCell,
    UnreadableFile,
    column_letters,
)
from spreadsheets.sandboxed_reader import read_lines
from units.models import Unit

# The form annexed to a review, which units also upload.
DOSSIER_FORM = "ii-06a"
MAX_FILE_BYTES = 256 * 1024


@dataclass(frozen=True)
class OfficialForms:
    """The valid forms, and (file name, message) of invalid files."""

    all: tuple[OfficialForm, ...]
    faults: tuple[tuple[str, str], ...]

    def in_force(self, day: date) -> list[OfficialForm]:
        """The forms in force on a day and not replaced by another one in force, by code."""
        valid = [form for form in self.all if form.valid_on(day)]
        replaced = {form.replaces for form in valid}
        return sorted((form for form in valid if form.key not in replaced), key=lambda form: form.code)

    def on(self, key: str, day: date) -> OfficialForm | None:
        """The form with a key, or the one that had replaced it by a day; None where there is no such form."""
        form = next((form for form in self.all if form.key == key), None)
        while form is not None and (successor := self._successor(form, day)) is not None:
            form = successor
        return form

    def _successor(self, form: OfficialForm, day: date) -> OfficialForm | None:
        later = (other for other in self.all if other.replaces == form.key and other.valid_from is not None)
        return next((other for other in later if other.valid_from <= day), None)


def official_forms() -> OfficialForms:
    """All forms. An invalid file goes to `faults` and does not affect the others."""
    forms: dict[str, OfficialForm] = {}
    faults: list[tuple[str, str]] = []
    for path in _files():
        try:
            stat = path.stat()
            form = _read(path, stat.st_mtime_ns, stat.st_size)
            _check_form(form, forms)
            forms[form.key] = form
        except (FormError, OSError) as error:
            faults.append((path.name, str(error)))
    return OfficialForms(tuple(forms.values()), tuple(faults))


def _files() -> Iterator[Path]:
    """Files of the product first, each folder by name."""
    for folder in settings.FORM_DIRS:
        yield from sorted(Path(folder).glob("*.json"))


@lru_cache(maxsize=200)
def _read(path: Path, changed: int, size: int) -> OfficialForm:
    """`changed` and `size` are part of the cache key, so that a changed file is read again."""
    if size > MAX_FILE_BYTES:
        raise FormError(f"Tệp lớn hơn {MAX_FILE_BYTES // 1024} KB.")
    try:
        return read_form(json.loads(path.read_text(encoding="utf-8-sig")))
    except json.JSONDecodeError as error:
        raise FormError(f"Dòng {error.lineno}, cột {error.colno}: không phải JSON.") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise FormError("Không đọc được: tệp phải là JSON, bảng mã UTF-8.") from error


def _check_form(form: OfficialForm, forms: dict[str, OfficialForm]) -> None:
    """Check that the key is unique and a replacement has a known predecessor and a first day. Errors: FormError."""
    if form.key in forms:
        raise FormError(f"key: “{form.key}” đã là của biểu {forms[form.key].code}.")
    if form.replaces and form.replaces not in forms:
        raise FormError(f"replaces: không có biểu “{form.replaces}” (đọc trước biểu này theo tên tệp).")
    if form.replaces and form.valid_from is None:
        raise FormError("valid_from: biểu thay thế phải có ngày bắt đầu áp dụng.")
    if any(other.replaces == form.replaces for other in forms.values() if form.replaces):
        raise FormError(f"replaces: biểu “{form.replaces}” đã có biểu khác thay thế.")


_DAYS = re.compile(r"từ\D*(\d{1,2}/\d{1,2}/\d{4})\D+(\d{1,2}/\d{1,2}/\d{4})", re.IGNORECASE | re.ASCII)
_MONTH = re.compile(r"tháng\s*(\d{1,2})\s*[/-]\s*(\d{4})", re.IGNORECASE)
_TOTALS = frozenset(map(fold, ("Tổng cộng", "Tổng số", "Cộng", "Tổng", *TIER_NAMES.values())))
MARK, NAME = 1, 2


@dataclass(frozen=True)
class OfficialLine:
    """A line of figures: cells by column number; `unread`: columns whose cells are no counts (reported as faults)."""

    number: int
    name: str
    cells: Mapping[int, int | None]
    unread: frozenset[int]
    letters: Mapping[int, str]

    def fault(self, column: int, code: str, message: str) -> FileFault:
        letter = self.letters.get(column, "")
        return FileFault(
            self.number, f"({column})", code, message, f"{letter}{self.number}" if letter else ""
        )


@dataclass
class OfficialSheet:
    lines: list[OfficialLine] = field(default_factory=list)
    totals: list[OfficialLine] = field(default_factory=list)
    faults: FileFaults = field(default_factory=FileFaults)
    notes: list[str] = field(default_factory=list)
    unreadable: bool = False

    @staticmethod
    def field_of(line: OfficialLine, field_ids: Mapping[str, int]) -> int | None:
        """The id of the field that a line names by name or code, ignoring case and blanks."""
        plain_name = _plain(line.name)
        return next((pk for name, pk in field_ids.items() if _plain(name) == plain_name), None)


def read_official_sheet(content: bytes, form: OfficialForm, unit: Unit, period: Dates) -> OfficialSheet:
    """Read the first visible sheet; an unreadable file has faults and no lines."""
    sheet = OfficialSheet()
    try:
        if not content.startswith(b"PK"):
            raise UnreadableFile(
                "not_xlsx", "Tệp không phải .xlsx. Hãy lưu lại bằng Excel, kiểu “Excel Workbook”."
            )
        rows = list(read_lines(content, WEB_LIMITS)[0])
    except UnreadableFile as refused:
        sheet.faults.append(refused.fault)
        sheet.unreadable = True
        return sheet
    at, places = _numbers(rows, form)
    if not places:
        message = f"Không thấy dòng đánh số cột (1), (2), (3)… ({form.numbers[-1]}) của biểu {form.code}."
        sheet.faults.append(FileFault(1, "", "not_the_form", message))
        return sheet
    head = rows[0][0] if rows else 1
    _head([row for row in rows if row[0] < at], unit, period, sheet)
    _body([row for row in rows if row[0] > at], places, form, sheet)
    if not sheet.lines and not sheet.faults:
        sheet.faults.append(FileFault(head, "", "empty_file", "Biểu không có dòng lĩnh vực nào."))
    return sheet


def _plain(text: str) -> str:
    return canonical_text(" ".join(text.split())).casefold()


def _numbers(rows: Sequence[tuple[int, list[Cell]]], form: OfficialForm) -> tuple[int, dict[int, int]]:
    """The row of column numbers and the place of each column; (0, {}) where there is none."""
    for number, cells in rows:
        places: dict[int, int] = {}
        for place, cell in enumerate(cells):
            column = parse_digits(cell.strip("() "), 2) if isinstance(cell, str) else -1
            if column >= 0:
                places.setdefault(column, place)
        if all(column in places for column in form.numbers):
            return number, places
    return 0, {}


def _head(rows: Sequence[tuple[int, list[Cell]]], unit: Unit, period: Dates, sheet: OfficialSheet) -> None:
    """Check unit and period, as far as the head of the form names them."""
    unit_named = period_named = False
    for number, cells in rows:
        for place, cell in enumerate(cells):
            if not isinstance(cell, str):
                continue
            where = f"{column_letters(place)}{number}"
            label, _, rest = cell.partition(":")
            if fold(label).endswith("don vi bao cao") and rest.strip(" .…"):
                unit_named = True
                # Whole words: “xã Thanh Hà” is not “xã Thanh Hải”.
                if not re.search(rf"(?<!\w){re.escape(fold(unit.name))}(?!\w)", fold(rest)):
                    message = (
                        f"Biểu của đơn vị khác: ghi “{rest.strip()[:80]}”, báo cáo này là của {unit.name}."
                    )
                    sheet.faults.append(FileFault(number, "", "other_unit", message, where))
            wrong = _other_period(cell, period)
            if wrong is not None:
                period_named = True
                if wrong:
                    sheet.faults.append(FileFault(number, "", "other_month", wrong, where))
    missing = [
        word for word, there in (("đơn vị báo cáo", unit_named), ("kỳ báo cáo", period_named)) if not there
    ]
    if missing:
        sheet.notes.append(f"Tệp không ghi {' và '.join(missing)}: hãy xem kỹ có đúng biểu của báo cáo này.")


def _other_period(text: str, period: Dates) -> str | None:
    """None where a text names no period; "" where it names this one; else the message of the fault."""
    bounds = (period.start, period.end)
    if match := _DAYS.search(text):
        try:
            days = tuple(datetime.strptime(group, "%d/%m/%Y").date() for group in match.groups())
        except ValueError:
            return f"“{match.group()[:60]}” không phải ngày."
        return (
            ""
            if days == bounds
            else f"Biểu của kỳ khác ({format_day_range(*days)}), báo cáo này {format_day_range(*bounds)}."
        )
    if (match := _MONTH.search(text)) and fold(text).startswith("ky bao cao"):
        named = f"tháng {int(match[1])}/{match[2]}"
        return "" if named == period.label else f"Biểu của {named}, báo cáo này là {period.label}."
    return None


def _body(
    rows: Sequence[tuple[int, list[Cell]]],
    places: Mapping[int, int],
    form: OfficialForm,
    sheet: OfficialSheet,
) -> None:
    letters = {column: column_letters(place) for column, place in places.items()}
    last = 0
    for number, cells in rows:
        if number <= last:  # merged cells come last, as rows again
            _merged(number, cells, sheet)
            continue
        by_column = {column: cells[place] if place < len(cells) else None for column, place in places.items()}
        name = (
            by_column[NAME]
            if isinstance(by_column[NAME], str)
            else by_column[MARK]
            if isinstance(by_column[MARK], str)
            else ""
        )
        mark = by_column[MARK] if isinstance(by_column[MARK], str) else ""
        figures = {column: cell for column, cell in by_column.items() if column > NAME}
        is_line = mark.strip(". ").isdigit()
        if not is_line and all(_is_empty(cell, name) for cell in figures.values()):
            continue
        last = number
        total = not is_line and (fold(name) in _TOTALS or len(mark.strip(". ")) == 1)
        line = _line(number, name, figures, letters, form, sheet.faults, total=total)
        (sheet.totals if total else sheet.lines).append(line)


def _is_empty(cell: Cell, name: str) -> bool:
    """Whether a cell is blank or a merged one below the table."""
    return cell is None or isinstance(cell, FlawedCell) and cell.code == "merged_cell" and not name


def _line(
    number: int,
    name: str,
    figures: Mapping[int, Cell],
    letters: Mapping[int, str],
    form: OfficialForm,
    faults: FileFaults,
    *,
    total: bool,
) -> OfficialLine:
    cells: dict[int, int | None] = {}
    unread: set[int] = set()
    made = {column.number for column in form.columns if column.adds}
    for column, cell in figures.items():
        if column not in form.numbers:
            continue
        cells[column] = None
        if isinstance(cell, FlawedCell):
            unread.add(column)
            # The total of a formula without a cached result can be added up from its parts.
            if cell.code != "formula" or not (total or column in made):
                faults.append(
                    FileFault(number, f"({column})", cell.code, cell.message, f"{letters[column]}{number}")
                )
            continue
        try:
            cells[column] = parse_count(cell or "")
        except CountInputError as error:
            unread.add(column)
            faults.append(
                FileFault(number, f"({column})", error.code, str(error), f"{letters[column]}{number}")
            )
    return OfficialLine(number, name, cells, frozenset(unread), letters)


def _merged(number: int, cells: Sequence[Cell], sheet: OfficialSheet) -> None:
    """Report merged cells in lines, which could hide a number; elsewhere they do not matter."""
    if any(line.number == number for line in (*sheet.lines, *sheet.totals)):
        place, flaw = next((place, cell) for place, cell in enumerate(cells) if isinstance(cell, FlawedCell))
        sheet.faults.append(
            FileFault(number, "", flaw.code, flaw.message, f"{column_letters(place)}{number}")
        )
