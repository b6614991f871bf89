"""Compares the sheets of an uploaded form with what is stored: changes, clashes, faults and warnings."""

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
from records.change_history import CellChange, CellChanges, changes_since
from records.errors import ActionRefused, Finding
from records.models import DossierCount, Submission
from records.storage import measures_of_row, set_measures
from records.submissions.checks import check_edition
from records.submissions.editability import must_be_expected, must_be_open, must_have_ended
from records.submissions.lines import REASON_LENGTH, REASON_TOO_LONG, GridLine
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
from .reader import SheetCell, UploadedSheet, UploadedWorkbook, read_workbook

# Stands in the marked copy for a cell that cannot be shown. A blank would remove the stored number.
_UNSHOWN = "?"


@dataclass(frozen=True)
class ChangedCell:
    """A cell that the file changes; `name`: that of its input on the page."""

    key: RowKey
    measure: str
    name: str
    place: str
    cell: str
    before: int | str | None
    after: int | str | None


@dataclass(frozen=True)
class CellClash:
    """A cell changed by the file and, since the form was downloaded, by somebody else."""

    changed: ChangedCell
    by: str
    at: datetime | None


@dataclass
class SheetComparison:
    """One sheet. `texts`: as uploaded, by (row code, column name). `others`: number of cells that only others changed
    since the form was downloaded.
    """

    sheet: UploadedSheet
    month: WorkingEdition
    lines: Sequence[GridLine]
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    remarks: list[CellRemark] = field(default_factory=list)
    changes: list[ChangedCell] = field(default_factory=list)
    clashes: list[CellClash] = field(default_factory=list)
    others: int = 0

    @property
    def blocked(self) -> bool:
        """Whether this sheet has the file refused."""
        return any(remark.blocks for remark in self.remarks)

    def rows(self) -> dict[RowKey, dict[str, int | None]]:
        """The counts to store, for save_counts."""
        by_row: dict[RowKey, dict[str, int | None]] = {}
        for change in self.changes:
            cells = by_row.setdefault(change.key, {})
            if change.measure != REASON:
                cells[change.measure] = change.after
        return by_row

    def reasons(self) -> dict[RowKey, str]:
        """The reasons that the file changes."""
        return {change.key: change.after for change in self.changes if change.measure == REASON}


class CellReader:
    """Reads each input cell; faults go to the remarks, differences from what is stored to the changes."""

    def __init__(self, comparison: SheetComparison, end: date) -> None:
        self.comparison, self.end = comparison, end
        self.names = [
            column.name for column in form_columns(comparison.lines, end) if column.kind not in (SUM, BALANCE)
        ]

    def read(self) -> None:
        sheet = self.comparison.sheet
        for name in self.names:
            if name not in sheet.names:
                self._fault(
                    "", None, "missing_column", f"Biểu thiếu cột “{self._label(name)}”. Hãy tải biểu mới."
                )
        codes = {line.code for line in self.comparison.lines}
        for code, number in sheet.codes.items():
            if code not in codes:
                self._fault(f"A{number}", None, "outside_form", "Dòng này không có trong biểu. Hãy xóa dòng.")
        for line in self.comparison.lines:
            if line.code not in sheet.codes:
                self._fault("", None, "missing_row", f"Biểu thiếu dòng “{line.label}”. Hãy tải biểu mới.")
                continue
            for name in self.names:
                if name in sheet.names:
                    (self._reason if name == REASON else self._count)(
                        line, name, sheet.cell_at(line.code, name)
                    )

    def _count(self, line: GridLine, measure: str, uploaded: SheetCell) -> None:
        text, fault = typed_text(uploaded.cell)
        before, value = line.values[measure], None
        if text == NOT_SERVED and measure not in line.served:
            text = ""
        if fault is None:
            value, broken = count_rules.read_cell(measure, text, line.served)
            if broken and value is not None and value == before:
                # It was stored before, so that it does not block other changes, as on the page.
                broken = None
            fault = (broken.code, broken.message) if broken else None
        if text or before is not None or measure in line.served:
            self.comparison.texts[line.code, measure] = text or (_UNSHOWN if fault else "")
        if fault:
            self._fault(uploaded.address, line, *fault, name=measure)
        elif value != before:
            self._change(line, measure, uploaded, before, value)

    def _reason(self, line: GridLine, name: str, uploaded: SheetCell) -> None:
        text, fault = typed_text(uploaded.cell)
        if isinstance(uploaded.cell, FlawedCell) and fault is None:
            fault = uploaded.cell.code, uploaded.cell.message
        self.comparison.texts[line.code, name] = text or (_UNSHOWN if fault else "")
        if not fault and text == clean_text(line.reason):
            return
        if not fault and len(text) > REASON_LENGTH:
            fault = "too_long", REASON_TOO_LONG["max_length"]
        if fault:
            self._fault(uploaded.address, line, *fault, name=name)
        else:
            self._change(line, name, uploaded, line.reason, text)

    def _change(self, line: GridLine, name: str, uploaded: SheetCell, before: Any, after: Any) -> None:
        place = f"{line.label}: {self._label(name)}"
        self.comparison.changes.append(
            ChangedCell(line.key, name, line.name(name), place, uploaded.address, before, after)
        )

    def _fault(self, cell: str, line: GridLine | None, code: str, message: str, name: str = "") -> None:
        place = f"{line.label}: {self._label(name)}" if line else ""
        key = (line.code, name) if line else None
        self.comparison.remarks.append(
            CellRemark(self.comparison.sheet.name, cell, place, code, message, True, key)
        )

    def _label(self, name: str) -> str:
        return "Lý do, ghi chú" if name == REASON else measure_label(name, self.end)


def typed_text(cell: Cell) -> tuple[str, tuple[str, str] | None]:
    """(text as somebody would type what the cell shows, fault where it shows nothing)."""
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
    """`lines`: the rows of the page; `end`: the last day of the month. Reads the log if somebody saved meanwhile."""
    comparison = SheetComparison(sheet, month, lines)
    comparison.remarks += [
        CellRemark(sheet.name, fault.cell, "", fault.code, fault.message, True) for fault in sheet.faults
    ]
    if sheet.sign.layout != form_fingerprint(lines, end):
        comparison.remarks.append(CellRemark(sheet.name, "", "", "old_form", _CHANGED_FORM, True))
        return comparison
    try:
        must_be_open(month.edition, at)
        must_be_expected(month.submission, catalogue.days)
    except ActionRefused as refusal:
        comparison.remarks.append(CellRemark(sheet.name, "", "", refusal.code, refusal.message, True))
        return comparison
    CellReader(comparison, end).read()
    _merge_other_saves(comparison)
    _apply_rules(comparison, catalogue)
    return comparison


def _merge_other_saves(comparison: SheetComparison) -> None:
    """Drop changes of cells that only others changed since the form was downloaded; cells that both changed clash.
    Before the first save, openings equal to the proposed ones are no change.
    """
    edition, sign = comparison.month.edition, comparison.sheet.sign
    if sign.revision != edition.revision or sign.edition != edition.number:
        theirs = changes_since(comparison.month.submission, sign.revision, edition.revision)
        mine = [change for change in comparison.changes if not _untouched(change, theirs)]
        comparison.others = len(comparison.changes) - len(mine)
        comparison.clashes = list(_clashes(mine, theirs, comparison.month))
        comparison.changes = mine
    elif edition.revision == 0:
        proposed = {line.key: line.proposed for line in comparison.lines}
        if all(
            change.measure == "opening" and change.after == proposed[change.key]
            for change in comparison.changes
        ):
            comparison.changes = []


def _untouched(changed: ChangedCell, theirs: CellChanges | None) -> bool:
    """Whether the file still has the value from its download."""
    change = theirs.get(changed.name) if theirs is not None else None
    return change is not None and _sheet_text(change.before) == changed.after


def _sheet_text(value: int | str | None) -> int | str | None:
    """A stored value as a sheet has it."""
    return clean_text(value) if isinstance(value, str) else value


def _clashes(
    mine: Sequence[ChangedCell], theirs: CellChanges | None, month: WorkingEdition
) -> Iterator[CellClash]:
    for changed in mine:
        change: CellChange | None = theirs.get(changed.name) if theirs is not None else None
        if change is not None:
            yield CellClash(changed, change.by, change.at)
        elif theirs is None:
            yield CellClash(changed, month.edition.saved_by, month.edition.saved_at)


def _apply_rules(comparison: SheetComparison, catalogue: Catalogue) -> None:
    """Add remarks of the rules about the rows as they would be. What blocks only the sending of a month does not block
    the upload.
    """
    wrong = {remark.key[0] for remark in comparison.remarks if remark.blocks and remark.key}
    broken = any(remark.blocks for remark in comparison.remarks)
    rows = list(_future_rows(comparison, catalogue))
    by_code = {line.code: line for line in comparison.lines}
    for finding in check_edition(comparison.month.edition, catalogue, rows=rows, past=comparison.month.past):
        code = f"{finding.field}/{finding.procedure}" if finding.procedure else finding.field
        if code in wrong or (broken and not code):
            continue
        comparison.remarks.append(_remark(finding, code, by_code.get(code), comparison.sheet))


def _remark(finding: Finding, code: str, line: GridLine | None, sheet: UploadedSheet) -> CellRemark:
    blocks = finding.blocks and not RULES[finding.code].draft
    if line is None:
        return CellRemark(sheet.name, "", "Toàn báo cáo", finding.code, finding.message, blocks)
    # A remark on a whole row goes to its balance.
    name = finding.measure if finding.measure in sheet.names else BALANCE
    cell = sheet.address(code, name)
    return CellRemark(sheet.name, cell, line.label, finding.code, finding.message, blocks, (code, name))


def _future_rows(comparison: SheetComparison, catalogue: Catalogue) -> Iterator[DossierCount]:
    """The rows of the edition as they would be, unsaved."""
    month = comparison.month
    stored = {(row.field_id, row.procedure_id): row for row in month.rows}
    changes, reasons = comparison.rows(), comparison.reasons()
    expected = catalogue.expected(month.submission.unit, Month.from_number(month.submission.month))
    for key in dict.fromkeys((*stored, *changes)):
        row = stored.get(key)
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
    """Both values of a clash, in words."""
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
    """`refused`: why the whole file is refused. `skipped`: (name, reason) of ignored sheets."""

    refused: list[CellRemark] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    checked: list[SheetComparison] = field(default_factory=list)
    forms: list[UnitForm] = field(default_factory=list)

    @property
    def remarks(self) -> list[CellRemark]:
        return [*self.refused, *(remark for comparison in self.checked for remark in comparison.remarks)]

    @property
    def blocked(self) -> bool:
        return any(remark.blocks for remark in self.remarks)

    @property
    def changed(self) -> list[SheetComparison]:
        return [comparison for comparison in self.checked if comparison.changes]

    @property
    def seen(self) -> str:
        """The revisions that the preview shows; where they have changed on saving, it is shown again."""
        months = [comparison.month for comparison in self.checked]
        return ",".join(f"{month.submission.pk}:{month.edition.revision}" for month in months)

    def filled(self) -> list[FilledMonth]:
        return [FilledMonth(sheet.month, sheet.rows(), sheet.reasons()) for sheet in self.changed]

    def copies(self) -> dict[int, UploadedCopy]:
        """The uploaded forms with their remarks, by id of the unit."""
        return {
            sheet.month.submission.unit_id: UploadedCopy(sheet.texts, sheet.remarks) for sheet in self.checked
        }


def preview_upload(request: HttpRequest, content: bytes, submission: Submission | None) -> UploadPreview:
    """`submission`: the month whose page received the file; None: every unit for which the user enters figures."""
    workbook = read_workbook(content)
    preview = UploadPreview([_refused("", fault.code, str(fault.message)) for fault in workbook.refused])
    preview.skipped = [(name, "không phải biểu tải từ hệ thống") for name in workbook.others]
    sheets = (
        _sheet_of_month(workbook, submission, preview)
        if submission
        else _sheets_of_reader(workbook, request, preview)
    )
    sheets = _without_repeats(sheets, preview)
    if not sheets:
        if not preview.refused:
            preview.refused.append(_refused("", "no_form", NO_FORM))
        return preview
    _compare_sheets(request, sheets, preview)
    if submission is None:
        # With several units clashes cannot be resolved cell by cell: they block the file.
        for comparison in preview.checked:
            name = comparison.sheet.name
            comparison.remarks += [
                CellRemark(name, clash.changed.cell, clash.changed.place, "stale", clash_words(clash), True)
                for clash in comparison.clashes
            ]
    return preview


def _refused(sheet: str, code: str, message: str) -> CellRemark:
    return CellRemark(sheet, "", "", code, message, True)


def _sheet_of_month(
    workbook: UploadedWorkbook, submission: Submission, preview: UploadPreview
) -> list[UploadedSheet]:
    """The sheets of the page's unit and month; others are skipped, or refused where there is none."""
    month = Month.from_number(submission.month)
    mine, others = [], []
    for sheet in workbook.sheets:
        own = (sheet.sign.unit, sheet.sign.month) == (submission.unit_id, month)
        (mine if own else others).append(sheet)
    for sheet in others:
        sign = sheet.sign
        if mine:
            preview.skipped.append((sheet.name, f"biểu của đơn vị mã {sign.code}, {sign.month.label}"))
        elif sign.unit != submission.unit_id:
            message = (
                f"Biểu này là của đơn vị mã {sign.code}, {sign.month.label}; "
                f"trang này là của {submission.unit.name}."
            )
            preview.refused.append(_refused(sheet.name, "other_unit", message))
        else:
            message = f"Biểu này là của {sign.month.label}; trang này là của {month.label}. "
            message += "Hãy nạp ở báo cáo của tháng đó."
            preview.refused.append(_refused(sheet.name, "other_month", message))
    return mine


def _sheets_of_reader(
    workbook: UploadedWorkbook, request: HttpRequest, preview: UploadPreview
) -> list[UploadedSheet]:
    """Sheets of units for which the user enters figures, of months that have ended. Others are skipped, with the same
    words whether the unit exists or not.
    """
    units = Unit.objects.in_bulk({sheet.sign.unit for sheet in workbook.sheets})
    days, mine = stored_calendar(), []
    for sheet in workbook.sheets:
        unit = units.get(sheet.sign.unit)
        if unit is None or not is_allowed(request.user, Right.ENTER, unit, request.day):
            message = f"đơn vị mã {sheet.sign.code}: bạn không nhập số liệu của đơn vị này"
            preview.skipped.append((sheet.name, message))
            continue
        try:
            must_have_ended(sheet.sign.month, days, request.day)
        except ActionRefused as early:
            preview.refused.append(_refused(sheet.name, early.code, early.message))
        else:
            mine.append(sheet)
    if workbook.sheets and not mine and not preview.refused:
        message = "Tệp không có biểu của đơn vị nào mà bạn nhập số liệu."
        preview.refused.append(_refused("", "other_unit", message))
    return mine


def _without_repeats(sheets: Iterable[UploadedSheet], preview: UploadPreview) -> list[UploadedSheet]:
    first_sheets: dict[tuple[int, int], UploadedSheet] = {}
    for sheet in sheets:
        first = first_sheets.setdefault((sheet.sign.unit, sheet.sign.month.number), sheet)
        if first is not sheet:
            message = f"Trang tính này và trang tính “{first.name}” là biểu của cùng một báo cáo. Hãy xóa một trang."
            preview.refused.append(_refused(sheet.name, "repeated_sheet", message))
    return list(first_sheets.values())


def _compare_sheets(request: HttpRequest, sheets: Iterable[UploadedSheet], preview: UploadPreview) -> None:
    catalogue, at = Catalogue(stored_calendar()), clock.now()
    by_month: dict[Month, list[UploadedSheet]] = defaultdict(list)
    for sheet in sheets:
        by_month[sheet.sign.month].append(sheet)
    for month, listed in by_month.items():
        units = Unit.objects.in_bulk([sheet.sign.unit for sheet in listed])
        forms = unit_forms([units[sheet.sign.unit] for sheet in listed], month, catalogue)
        end = catalogue.days.span(month).end
        for sheet, form in zip(listed, forms, strict=True):
            preview.checked.append(
                compare_sheet(sheet, form.month, form.lines, catalogue=catalogue, end=end, at=at)
            )
        preview.forms += forms
