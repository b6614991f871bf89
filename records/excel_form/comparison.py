"""Compares the sheets of an uploaded form with what is stored: which ones the reader may save, changes,
clashes, and what is wrong or odd.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest

from core import clock
from core.text import clean_text
from core.web import Right
from figures import count_rules
from figures.formatting import format_count
from figures.measures import measure_label
from figures.periods import Month
from figures.rule_catalogue import RULES
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue, RowKey, served_in_row
from records.errors import ActionRefused, Finding
from records.history import CellChange, CellChanges, changes_since
from records.models import DossierCount, Submission
from records.storage import measures_of_row, set_measures
from records.submissions.checks import check_edition
from records.submissions.lines import REASON_LENGTH, REASON_TOO_LONG, GridLine
from records.submissions.locks import must_be_expected, must_be_open, must_have_ended
from records.submissions.month_status import WorkingEdition
from records.submissions.uploads import FilledMonth
from spreadsheets.cells import Cell, FlawedCell
from units.access.queries import is_allowed
from units.models import Unit

from .layout import (
    BALANCE,
    NOT_SERVED,
    REASON,
    SUM,
    CellRemark,
    UnitForm,
    UploadedCopy,
    form_columns,
    form_fingerprint,
    unit_forms,
)
from .reader import FoundCell, UploadedSheet, UploadedWorkbook, read_workbook

# What an uploaded cell shows in its marked copy where nothing of it can be shown: no blank, which would be a number
# that is taken back.
_UNSHOWN = "?"


@dataclass(frozen=True)
class ChangedCell:
    """A cell that the file changes; `name` as the form of the page names it."""

    key: RowKey
    measure: str
    name: str
    place: str
    cell: str
    before: int | str | None
    after: int | str | None


@dataclass(frozen=True)
class CellClash:
    """A cell that somebody else changed since the form was downloaded, and the file too."""

    changed: ChangedCell
    by: str
    at: datetime | None


@dataclass
class SheetComparison:
    """One sheet. `texts` by (row code, column name), as they came. `kept`: how many cells only others changed since the
    form was downloaded; they stay as they are.
    """

    sheet: UploadedSheet
    month: WorkingEdition
    lines: Sequence[GridLine]
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    remarks: list[CellRemark] = field(default_factory=list)
    changes: list[ChangedCell] = field(default_factory=list)
    clashes: list[CellClash] = field(default_factory=list)
    kept: int = 0

    @property
    def blocked(self) -> bool:
        """Whether the file is refused for this sheet."""
        return any(remark.blocks for remark in self.remarks)

    def rows(self) -> dict[RowKey, dict[str, int | None]]:
        """What is to be stored, as the actions take it."""
        found: dict[RowKey, dict[str, int | None]] = {}
        for change in self.changes:
            cells = found.setdefault(change.key, {})
            if change.measure != REASON:
                cells[change.measure] = change.after
        return found

    def reasons(self) -> dict[RowKey, str]:
        """The reasons that the file changes."""
        return {change.key: change.after for change in self.changes if change.measure == REASON}


class CellReader:
    """Reads each cell to fill in; what is wrong goes to the remarks, what differs from the stored to the changes."""

    def __init__(self, found: SheetComparison, end: date) -> None:
        self.found, self.end = found, end
        self.names = [
            form_column.name
            for form_column in form_columns(found.lines, end)
            if form_column.kind not in (SUM, BALANCE)
        ]

    def read(self) -> None:
        sheet = self.found.sheet
        for name in self.names:
            if name not in sheet.names:
                self._say(
                    "", None, "missing_column", f"Biểu thiếu cột “{self._label(name)}”. Hãy tải biểu mới."
                )
        known = {line.code for line in self.found.lines}
        for code, number in sheet.codes.items():
            if code not in known:
                self._say(f"A{number}", None, "outside_form", "Dòng này không có trong biểu. Hãy xóa dòng.")
        for line in self.found.lines:
            if line.code not in sheet.codes:
                self._say("", None, "missing_row", f"Biểu thiếu dòng “{line.label}”. Hãy tải biểu mới.")
                continue
            for name in self.names:
                if name in sheet.names:
                    (self._reason if name == REASON else self._count)(
                        line, name, sheet.found(line.code, name)
                    )

    def _count(self, line: GridLine, measure: str, found: FoundCell) -> None:
        text, fault = typed_text(found.cell)
        before, value = line.values[measure], None
        if text == NOT_SERVED and measure not in line.served:
            text = ""
        if fault is None:
            value, broken = count_rules.read_cell(measure, text, line.served)
            if broken and value is not None and value == before:
                # Stood there before: it keeps no other number from being stored, as on the page.
                broken = None
            fault = (broken.code, broken.message) if broken else None
        if text or before is not None or measure in line.served:
            self.found.texts[line.code, measure] = text or (_UNSHOWN if fault else "")
        if fault:
            self._say(found.address, line, *fault, name=measure)
        elif value != before:
            self._change(line, measure, found, before, value)

    def _reason(self, line: GridLine, name: str, found: FoundCell) -> None:
        text, fault = typed_text(found.cell)
        if isinstance(found.cell, FlawedCell) and fault is None:
            fault = found.cell.code, found.cell.message
        self.found.texts[line.code, name] = text or (_UNSHOWN if fault else "")
        if not fault and text == clean_text(line.reason):
            return
        if not fault and len(text) > REASON_LENGTH:
            fault = "too_long", REASON_TOO_LONG["max_length"]
        if fault:
            self._say(found.address, line, *fault, name=name)
        else:
            self._change(line, name, found, line.reason, text)

    def _change(self, line: GridLine, name: str, found: FoundCell, before: Any, after: Any) -> None:
        place = f"{line.label}: {self._label(name)}"
        self.found.changes.append(
            ChangedCell(line.key, name, line.name(name), place, found.address, before, after)
        )

    def _say(self, cell: str, line: GridLine | None, code: str, message: str, name: str = "") -> None:
        place = f"{line.label}: {self._label(name)}" if line else ""
        key = (line.code, name) if line else None
        self.found.remarks.append(CellRemark(self.found.sheet.name, cell, place, code, message, True, key))

    def _label(self, name: str) -> str:
        return "Lý do, ghi chú" if name == REASON else measure_label(name, self.end)


def typed_text(cell: Cell) -> tuple[str, tuple[str, str] | None]:
    """A cell as somebody would type what it shows, for the rules to read; and its fault where it shows nothing."""
    if not isinstance(cell, FlawedCell):
        return cell or "", None
    text = cell.shown
    if cell.code == "fraction":
        text = (cell.text or "").replace(".", ",")
    elif cell.code == "percent" and cell.text:
        text = f"{(Decimal(cell.text) * 100).normalize():f}%".replace(".", ",")
    elif cell.code == "date":
        text = cell.text or ""
    return text, None if text else (cell.code, cell.message)


_CHANGED_FORM = (
    "Danh mục lĩnh vực, nhóm cột hoặc các dòng của báo cáo đã đổi từ khi tải biểu này. "
    "Hãy tải biểu mới rồi chép số sang."
)


def compare_sheet(
    sheet: UploadedSheet,
    month: WorkingEdition,
    lines: Sequence[GridLine],
    *,
    catalogue: Catalogue,
    end: date,
    at: datetime,
) -> SheetComparison:
    """`lines`: the rows of the page. end: the last day of the month. Reads the log where somebody saved meanwhile."""
    found = SheetComparison(sheet, month, lines)
    found.remarks += [
        CellRemark(sheet.name, fault.cell, "", fault.code, fault.message, True) for fault in sheet.faults
    ]
    if sheet.sign.layout != form_fingerprint(lines, end):
        found.remarks.append(CellRemark(sheet.name, "", "", "old_form", _CHANGED_FORM, True))
        return found
    try:
        must_be_open(month.edition, at)
        must_be_expected(month.submission, catalogue.days)
    except ActionRefused as refusal:
        found.remarks.append(CellRemark(sheet.name, "", "", refusal.code, refusal.message, True))
        return found
    CellReader(found, end).read()
    _merge_other_savings(found)
    _apply_rules(found, catalogue)
    return found


def _merge_other_savings(found: SheetComparison) -> None:
    """What others saved since the form was downloaded stays where the file does not touch it; where it does, both are
    told. Before the first saving, openings that only repeat what is proposed are no change.
    """
    edition, sign = found.month.edition, found.sheet.sign
    if sign.revision != edition.revision or sign.edition != edition.number:
        theirs = changes_since(found.month.submission, sign.revision, edition.revision)
        mine = [change for change in found.changes if not _untouched(change, theirs)]
        found.kept = len(found.changes) - len(mine)
        found.clashes = list(_clashes(mine, theirs, found.month))
        found.changes = mine
    elif edition.revision == 0:
        proposed = {line.key: line.proposed for line in found.lines}
        if all(
            change.measure == "opening" and change.after == proposed[change.key] for change in found.changes
        ):
            found.changes = []


def _untouched(one: ChangedCell, theirs: CellChanges | None) -> bool:
    """Whether the file holds what was stored when it was made."""
    change = theirs.get(one.name) if theirs is not None else None
    return change is not None and _sheet_text(change.before) == one.after


def _sheet_text(value: int | str | None) -> int | str | None:
    """A stored reason as a sheet holds it."""
    return clean_text(value) if isinstance(value, str) else value


def _clashes(
    mine: Sequence[ChangedCell], theirs: CellChanges | None, month: WorkingEdition
) -> Iterator[CellClash]:
    for one in mine:
        change: CellChange | None = theirs.get(one.name) if theirs is not None else None
        if change is not None:
            yield CellClash(one, change.by, change.at)
        elif theirs is None:
            yield CellClash(one, month.edition.saved_by, month.edition.saved_at)


def _apply_rules(found: SheetComparison, catalogue: Catalogue) -> None:
    """What the rules say to the rows as they would be: what keeps them from being sent does not keep a draft from being
    saved, and is told all the same.
    """
    wrong = {remark.key[0] for remark in found.remarks if remark.blocks and remark.key}
    broken = any(remark.blocks for remark in found.remarks)
    rows = list(_future_rows(found, catalogue))
    by_code = {line.code: line for line in found.lines}
    for one in check_edition(found.month.edition, catalogue, rows=rows, past=found.month.past):
        code = f"{one.field}/{one.procedure}" if one.procedure else one.field
        if code in wrong or (broken and not code):
            continue
        found.remarks.append(_remark(one, code, by_code.get(code), found.sheet))


def _remark(one: Finding, code: str, line: GridLine | None, sheet: UploadedSheet) -> CellRemark:
    blocks = one.blocks and not RULES[one.code].draft
    if line is None:
        return CellRemark(sheet.name, "", "Toàn báo cáo", one.code, one.message, blocks)
    # Of a row as a whole: where its balance stands.
    name = one.measure if one.measure in sheet.names else BALANCE
    cell = sheet.address(code, name)
    return CellRemark(sheet.name, cell, line.label, one.code, one.message, blocks, (code, name))


def _future_rows(found: SheetComparison, catalogue: Catalogue) -> Iterator[DossierCount]:
    """The rows of the edition as they would be; not stored."""
    month = found.month
    kept = {(row.field_id, row.procedure_id): row for row in month.rows}
    changes, reasons = found.rows(), found.reasons()
    expected = catalogue.expected(month.submission.unit, Month.from_number(month.submission.month))
    for key in dict.fromkeys((*kept, *changes)):
        row = kept.get(key)
        made = DossierCount(
            edition=month.edition,
            field=catalogue.fields[key[0]],
            procedure=catalogue.procedures[key[1]] if key[1] else None,
            reason=reasons.get(key, row.reason if row else ""),
        )
        values: Mapping[str, int | None] = measures_of_row(row) if row else {}
        set_measures(made, {**values, **changes.get(key, {})}, served_in_row(expected, catalogue, key))
        yield made


def clash_words(clash: CellClash) -> str:
    """Both values of a clash, for whoever mends the file."""
    mine, theirs = (_value_words(value) for value in (clash.changed.after, clash.changed.before))
    return f"{clash.by or 'Người khác'} đã lưu {theirs} sau khi tải biểu; trong tệp là {mine}."


def _value_words(value: int | str | None) -> str:
    return (
        f"“{value}”"
        if isinstance(value, str) and value
        else format_count(value if isinstance(value, int) else None)
    )


NO_FORM = "Tệp không có biểu nào tải từ hệ thống này. Hãy tải biểu Excel, điền vào chính tệp đó rồi nạp lại."


@dataclass
class UploadPreview:
    """`refused`: why the file is not taken at all. `skipped`: names of sheets that were left alone, with why."""

    refused: list[CellRemark] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    checked: list[SheetComparison] = field(default_factory=list)
    forms: list[UnitForm] = field(default_factory=list)

    @property
    def remarks(self) -> list[CellRemark]:
        return [*self.refused, *(remark for one in self.checked for remark in one.remarks)]

    @property
    def blocked(self) -> bool:
        return any(remark.blocks for remark in self.remarks)

    @property
    def changed(self) -> list[SheetComparison]:
        return [one for one in self.checked if one.changes]

    @property
    def seen(self) -> str:
        """Changes with what is stored of the months: what was looked at is what is stored, or it is looked at anew."""
        return ",".join(f"{one.month.submission.pk}:{one.month.edition.revision}" for one in self.checked)

    def filled(self) -> list[FilledMonth]:
        """What is to be stored."""
        return [FilledMonth(one.month, one.rows(), one.reasons()) for one in self.changed]

    def copies(self) -> dict[int, UploadedCopy]:
        """The forms as they came, with the remarks, by number of the unit."""
        return {one.month.submission.unit_id: UploadedCopy(one.texts, one.remarks) for one in self.checked}


def preview_upload(request: HttpRequest, content: bytes, found: Submission | None) -> UploadPreview:
    """`found`: the month whose page the file was given to; without it, every unit that the reader enters for."""
    read = read_workbook(content)
    weighed = UploadPreview(refused=[_refused("", one.code, str(one.message)) for one in read.refused])
    weighed.skipped = [(name, "không phải biểu tải từ hệ thống") for name in read.others]
    sheets = _sheet_of_month(read, found, weighed) if found else _sheets_of_reader(read, request, weighed)
    sheets = _without_repeats(sheets, weighed)
    if not sheets:
        if not weighed.refused:
            weighed.refused.append(_refused("", "no_form", NO_FORM))
        return weighed
    _compare_sheets(request, sheets, weighed)
    if found is None:
        # Of several units nobody chooses cell by cell: both values are told, and the form is taken anew.
        for one in weighed.checked:
            one.remarks += [
                CellRemark(
                    one.sheet.name, clash.changed.cell, clash.changed.place, "stale", clash_words(clash), True
                )
                for clash in one.clashes
            ]
    return weighed


def _refused(sheet: str, code: str, message: str) -> CellRemark:
    return CellRemark(sheet, "", "", code, message, True)


def _sheet_of_month(read: UploadedWorkbook, found: Submission, weighed: UploadPreview) -> list[UploadedSheet]:
    """The sheet of the page's own unit and month; where there is none, what the others are."""
    month = Month.from_number(found.month)
    mine, others = [], []
    for sheet in read.sheets:
        own = (sheet.sign.unit, sheet.sign.month) == (found.unit_id, month)
        (mine if own else others).append(sheet)
    for sheet in others:
        sign = sheet.sign
        if mine:
            weighed.skipped.append((sheet.name, f"biểu của đơn vị mã {sign.code}, {sign.month.label}"))
        elif sign.unit != found.unit_id:
            told = f"Biểu này là của đơn vị mã {sign.code}, {sign.month.label}; trang này là của {found.unit.name}."
            weighed.refused.append(_refused(sheet.name, "other_unit", told))
        else:
            told = f"Biểu này là của {sign.month.label}; trang này là của {month.label}. "
            told += "Hãy nạp ở báo cáo của tháng đó."
            weighed.refused.append(_refused(sheet.name, "other_month", told))
    return mine


def _sheets_of_reader(
    read: UploadedWorkbook, request: HttpRequest, weighed: UploadPreview
) -> list[UploadedSheet]:
    """Sheets of units that the reader enters for, of months that have ended; the others are named and left alone, in
    the same words whether there is such a unit or not.
    """
    units = Unit.objects.in_bulk({sheet.sign.unit for sheet in read.sheets})
    days, mine = stored_calendar(), []
    for sheet in read.sheets:
        unit = units.get(sheet.sign.unit)
        if unit is None or not is_allowed(request.user, Right.ENTER, unit, request.day):
            told = f"đơn vị mã {sheet.sign.code}: bạn không nhập số liệu của đơn vị này"
            weighed.skipped.append((sheet.name, told))
            continue
        try:
            must_have_ended(sheet.sign.month, days, request.day)
        except ActionRefused as early:
            weighed.refused.append(_refused(sheet.name, early.code, early.message))
        else:
            mine.append(sheet)
    if read.sheets and not mine and not weighed.refused:
        told = "Tệp không có biểu của đơn vị nào mà bạn nhập số liệu."
        weighed.refused.append(_refused("", "other_unit", told))
    return mine


def _without_repeats(sheets: Iterable[UploadedSheet], weighed: UploadPreview) -> list[UploadedSheet]:
    found: dict[tuple[int, int], UploadedSheet] = {}
    for sheet in sheets:
        first = found.setdefault((sheet.sign.unit, sheet.sign.month.number), sheet)
        if first is not sheet:
            told = f"Trang tính này và trang tính “{first.name}” là biểu của cùng một báo cáo. Hãy xóa một trang."
            weighed.refused.append(_refused(sheet.name, "repeated_sheet", told))
    return list(found.values())


def _compare_sheets(request: HttpRequest, sheets: Iterable[UploadedSheet], weighed: UploadPreview) -> None:
    catalogue, at = Catalogue(stored_calendar()), clock.now()
    by_month: dict[Month, list[UploadedSheet]] = defaultdict(list)
    for sheet in sheets:
        by_month[sheet.sign.month].append(sheet)
    for month, listed in by_month.items():
        units = Unit.objects.in_bulk([sheet.sign.unit for sheet in listed])
        forms = unit_forms([units[sheet.sign.unit] for sheet in listed], month, catalogue)
        end = catalogue.days.span(month).end
        for sheet, one in zip(listed, forms, strict=True):
            weighed.checked.append(
                compare_sheet(sheet, one.month, one.lines, catalogue=catalogue, end=end, at=at)
            )
        weighed.forms += forms
