"""Which sheets of an uploaded workbook the reader may save, and what they would change."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.http import HttpRequest

from core import clock
from core.web.rights import Right
from figures.periods import Month
from records.calendar.queries import stored_calendar
from records.catalogue.queries import Catalogue
from records.errors import ActionRefused
from records.models import Submission
from records.submissions.guards import must_have_ended
from records.submissions.uploads import FilledMonth
from units.access.queries import is_allowed
from units.models import Unit

from .comparison import SheetComparison, clash_words, compare_sheet
from .files import UnitForm, unit_forms
from .layout import CellRemark, UploadedCopy
from .reader import UploadedSheet, UploadedWorkbook, read_workbook

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
        return any(one.blocks for one in self.remarks)

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
