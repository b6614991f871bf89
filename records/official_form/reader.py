"""Which official form is in force on a day (data files, docs/forms.md), and the lines of one read from an
XLSX, written by this system or by hand.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from core.text import canonical_text, fold
from figures.count_input import CountInputError, parse_count
from figures.formatting import TIER_NAMES, format_day_range
from figures.official_forms import FormError, OfficialForm, read_form
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
from spreadsheets.child_process import read_lines
from units.models import Unit

# Annex of a review, and what a unit sends in as a file.
DOSSIER_FORM = "ii-06a"
MAX_FILE_BYTES = 256 * 1024


@dataclass(frozen=True)
class OfficialForms:
    """All forms that can be used, and what is wrong with the files that cannot: (name of the file, words)."""

    all: tuple[OfficialForm, ...]
    faults: tuple[tuple[str, str], ...]

    def in_force(self, day: date) -> list[OfficialForm]:
        """Those that are used on a day, by code: valid, and not replaced by another one that is."""
        valid = [form for form in self.all if form.valid_on(day)]
        replaced = {form.replaces for form in valid}
        return sorted((form for form in valid if form.key not in replaced), key=lambda form: form.code)

    def on(self, key: str, day: date) -> OfficialForm | None:
        """The form of a key, or what has taken its place by a day; None where there is no such form."""
        found = next((form for form in self.all if form.key == key), None)
        while found is not None and (follows := self._successor(found, day)) is not None:
            found = follows
        return found

    def _successor(self, form: OfficialForm, day: date) -> OfficialForm | None:
        later = (one for one in self.all if one.replaces == form.key and one.valid_from is not None)
        return next((one for one in later if one.valid_from <= day), None)


def official_forms() -> OfficialForms:
    """All forms. A file that cannot be used is left out and told; it stops no other."""
    found: dict[str, OfficialForm] = {}
    faults: list[tuple[str, str]] = []
    for path in _files():
        try:
            stat = path.stat()
            form = _read(path, stat.st_mtime_ns, stat.st_size)
            _fits(form, found)
            found[form.key] = form
        except (FormError, OSError) as error:
            faults.append((path.name, str(error)))
    return OfficialForms(tuple(found.values()), tuple(faults))


def _files() -> Iterator[Path]:
    """Ours first, each folder by name."""
    for folder in settings.FORM_DIRS:
        yield from sorted(Path(folder).glob("*.json"))


@lru_cache(maxsize=200)
def _read(path: Path, changed: int, size: int) -> OfficialForm:
    """`changed` and `size` are part of what is remembered: a file that was changed is read anew."""
    if size > MAX_FILE_BYTES:
        raise FormError(f"Tệp lớn hơn {MAX_FILE_BYTES // 1024} KB.")
    try:
        return read_form(json.loads(path.read_text(encoding="utf-8-sig")))
    except json.JSONDecodeError as error:
        raise FormError(f"Dòng {error.lineno}, cột {error.colno}: không phải JSON.") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise FormError("Không đọc được: tệp phải là JSON, bảng mã UTF-8.") from error


def _fits(form: OfficialForm, known: dict[str, OfficialForm]) -> None:
    """A key is one form's, and what replaces another one says from when."""
    if form.key in known:
        raise FormError(f"key: “{form.key}” đã là của biểu {known[form.key].code}.")
    if form.replaces and form.replaces not in known:
        raise FormError(f"replaces: không có biểu “{form.replaces}” (đọc trước biểu này theo tên tệp).")
    if form.replaces and form.valid_from is None:
        raise FormError("valid_from: biểu thay thế phải có ngày bắt đầu áp dụng.")
    if any(one.replaces == form.replaces for one in known.values() if form.replaces):
        raise FormError(f"replaces: biểu “{form.replaces}” đã có biểu khác thay thế.")


_DAYS = re.compile(r"từ\D*(\d{1,2}/\d{1,2}/\d{4})\D+(\d{1,2}/\d{1,2}/\d{4})", re.IGNORECASE | re.ASCII)
_MONTH = re.compile(r"tháng\s*(\d{1,2})\s*[/-]\s*(\d{4})", re.IGNORECASE)
_TOTALS = frozenset(map(fold, ("Tổng cộng", "Tổng số", "Cộng", "Tổng", *TIER_NAMES.values())))
MARK, NAME = 1, 2


@dataclass(frozen=True)
class OfficialLine:
    """A line of figures: its cells by the number of their column; `unread` are those that are no count (blamed)."""

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
    def field_of(line: OfficialLine, known: Mapping[str, int]) -> int | None:
        """The number of the field that a line names, by name or code, whatever its capitals and blanks."""
        wanted = _plain(line.name)
        return next((number for name, number in known.items() if _plain(name) == wanted), None)


def read_official_sheet(content: bytes, form: OfficialForm, unit: Unit, period: Dates) -> OfficialSheet:
    """The first visible sheet. What is wrong goes to `faults`; a file that cannot be read has no lines."""
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
        told = f"Không thấy dòng đánh số cột (1), (2), (3)… ({form.numbers[-1]}) của biểu {form.code}."
        sheet.faults.append(FileFault(1, "", "not_the_form", told))
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
    """The row of column numbers, and the place of each column; (0, {}) where there is none."""
    for number, cells in rows:
        places: dict[int, int] = {}
        for place, cell in enumerate(cells):
            text = cell.strip("() ") if isinstance(cell, str) else ""
            if text.isascii() and text.isdigit() and len(text) < 3:
                places.setdefault(int(text), place)
        if all(column in places for column in form.numbers):
            return number, places
    return 0, {}


def _head(rows: Sequence[tuple[int, list[Cell]]], unit: Unit, period: Dates, sheet: OfficialSheet) -> None:
    """Whose form it is and of which period, as far as the head says so."""
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
                    told = f"Biểu của đơn vị khác: ghi “{rest.strip()[:80]}”, báo cáo này là của {unit.name}."
                    sheet.faults.append(FileFault(number, "", "other_unit", told, where))
            wrong = _other_period(cell, period)
            if wrong is not None:
                period_named = True
                if wrong:
                    sheet.faults.append(FileFault(number, "", "other_month", wrong, where))
    lacking = [
        word for word, there in (("đơn vị báo cáo", unit_named), ("kỳ báo cáo", period_named)) if not there
    ]
    if lacking:
        sheet.notes.append(f"Tệp không ghi {' và '.join(lacking)}: hãy xem kỹ có đúng biểu của báo cáo này.")


def _other_period(text: str, period: Dates) -> str | None:
    """None where a text names no days and no month; "" where it names ours; else the words of the fault."""
    bounds = (period.start, period.end)
    if found := _DAYS.search(text):
        try:
            days = tuple(datetime.strptime(group, "%d/%m/%Y").date() for group in found.groups())
        except ValueError:
            return f"“{found.group()[:60]}” không phải ngày."
        return (
            ""
            if days == bounds
            else f"Biểu của kỳ khác ({format_day_range(*days)}), báo cáo này {format_day_range(*bounds)}."
        )
    if (found := _MONTH.search(text)) and fold(text).startswith("ky bao cao"):
        named = f"tháng {int(found[1])}/{found[2]}"
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
        if number <= last:  # merges are told at the end, as rows again
            _merged(number, cells, sheet)
            continue
        given = {column: cells[place] if place < len(cells) else None for column, place in places.items()}
        name = (
            given[NAME]
            if isinstance(given[NAME], str)
            else given[MARK]
            if isinstance(given[MARK], str)
            else ""
        )
        mark = given[MARK] if isinstance(given[MARK], str) else ""
        figures = {column: cell for column, cell in given.items() if column > NAME}
        is_line = mark.strip(". ").isdigit()
        if not is_line and all(_is_empty(cell, name) for cell in figures.values()):
            continue
        last = number
        total = not is_line and (fold(name) in _TOTALS or len(mark.strip(". ")) == 1)
        line = _line(number, name, figures, letters, form, sheet.faults, total=total)
        (sheet.totals if total else sheet.lines).append(line)


def _is_empty(cell: Cell, name: str) -> bool:
    """A blank, or cells merged under the table."""
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
            # A formula of a total without its result says nothing that its parts do not say.
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
    """Cells merged with one of a line could hide a number; those of the head and under the table do not matter."""
    if any(line.number == number for line in (*sheet.lines, *sheet.totals)):
        place, flaw = next((place, cell) for place, cell in enumerate(cells) if isinstance(cell, FlawedCell))
        sheet.faults.append(
            FileFault(number, "", flaw.code, flaw.message, f"{column_letters(place)}{number}")
        )
