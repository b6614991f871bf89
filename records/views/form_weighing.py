"""What an uploaded workbook comes to: which of its sheets are the reader's to store, and what they would change."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.http import HttpRequest

from cchc_dashboard import clock
from figures.periods import Month
from records.actions import Filled, Refused, must_have_ended
from records.imports.form_cells import Checked
from records.imports.form_checking import check_form, clash_words
from records.imports.form_reading import Read, Sheet, read_forms
from records.models import Submission
from records.outlets.form_layout import Copy, Remark
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from units import access
from units.access import Right
from units.models import Unit

from .form_months import UnitForm, forms_of

NO_FORM = "Tệp không có biểu nào tải từ hệ thống này. Hãy tải biểu Excel, điền vào chính tệp đó rồi nạp lại."


@dataclass
class Weighed:
    """`refused`: why the file is not taken at all. `skipped`: names of sheets that were left alone, with why."""

    refused: list[Remark] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    checked: list[Checked] = field(default_factory=list)
    forms: list[UnitForm] = field(default_factory=list)

    @property
    def remarks(self) -> list[Remark]:
        return [*self.refused, *(remark for one in self.checked for remark in one.remarks)]

    @property
    def blocked(self) -> bool:
        return any(one.blocks for one in self.remarks)

    @property
    def changed(self) -> list[Checked]:
        return [one for one in self.checked if one.changes]

    @property
    def seen(self) -> str:
        """Changes with what is stored of the months: what was looked at is what is stored, or it is looked at anew."""
        return ",".join(f"{one.month.submission.pk}:{one.month.edition.revision}" for one in self.checked)

    def filled(self) -> list[Filled]:
        """What is to be stored."""
        return [Filled(one.month, one.rows(), one.reasons()) for one in self.changed]

    def copies(self) -> dict[int, Copy]:
        """The forms as they came, with the remarks, by number of the unit."""
        return {one.month.submission.unit_id: Copy(one.texts, one.remarks) for one in self.checked}


def weigh(request: HttpRequest, content: bytes, found: Submission | None) -> Weighed:
    """`found`: the month whose page the file was given to; without it, every unit that the reader enters for."""
    read = read_forms(content)
    weighed = Weighed(refused=[_refused("", one.code, str(one.message)) for one in read.refused])
    weighed.skipped = [(name, "không phải biểu tải từ hệ thống") for name in read.others]
    sheets = _of_month(read, found, weighed) if found else _own(read, request, weighed)
    sheets = _once(sheets, weighed)
    if not sheets:
        if not weighed.refused:
            weighed.refused.append(_refused("", "no_form", NO_FORM))
        return weighed
    _check(request, sheets, weighed)
    if found is None:
        # Of several units nobody chooses cell by cell: both values are told, and the form is taken anew.
        for one in weighed.checked:
            one.remarks += [
                Remark(
                    one.sheet.name, clash.changed.cell, clash.changed.place, "stale", clash_words(clash), True
                )
                for clash in one.clashes
            ]
    return weighed


def _refused(sheet: str, code: str, message: str) -> Remark:
    return Remark(sheet, "", "", code, message, True)


def _of_month(read: Read, found: Submission, weighed: Weighed) -> list[Sheet]:
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


def _own(read: Read, request: HttpRequest, weighed: Weighed) -> list[Sheet]:
    """Sheets of units that the reader enters for, of months that have ended; the others are named and left alone, in
    the same words whether there is such a unit or not.
    """
    units = Unit.objects.in_bulk({sheet.sign.unit for sheet in read.sheets})
    days, mine = calendar(), []
    for sheet in read.sheets:
        unit = units.get(sheet.sign.unit)
        if unit is None or not access.allowed(request.user, Right.ENTER, unit, request.day):
            told = f"đơn vị mã {sheet.sign.code}: bạn không nhập số liệu của đơn vị này"
            weighed.skipped.append((sheet.name, told))
            continue
        try:
            must_have_ended(sheet.sign.month, days, request.day)
        except Refused as early:
            weighed.refused.append(_refused(sheet.name, early.code, early.message))
        else:
            mine.append(sheet)
    if read.sheets and not mine and not weighed.refused:
        told = "Tệp không có biểu của đơn vị nào mà bạn nhập số liệu."
        weighed.refused.append(_refused("", "other_unit", told))
    return mine


def _once(sheets: Iterable[Sheet], weighed: Weighed) -> list[Sheet]:
    found: dict[tuple[int, int], Sheet] = {}
    for sheet in sheets:
        first = found.setdefault((sheet.sign.unit, sheet.sign.month.number), sheet)
        if first is not sheet:
            told = f"Trang tính này và trang tính “{first.name}” là biểu của cùng một báo cáo. Hãy xóa một trang."
            weighed.refused.append(_refused(sheet.name, "repeated_sheet", told))
    return list(found.values())


def _check(request: HttpRequest, sheets: Iterable[Sheet], weighed: Weighed) -> None:
    catalogue, at = Catalogue(calendar()), clock.now()
    by_month: dict[Month, list[Sheet]] = defaultdict(list)
    for sheet in sheets:
        by_month[sheet.sign.month].append(sheet)
    for month, listed in by_month.items():
        units = Unit.objects.in_bulk([sheet.sign.unit for sheet in listed])
        forms = forms_of([units[sheet.sign.unit] for sheet in listed], month, catalogue)
        end = catalogue.days.span(month).end
        for sheet, one in zip(listed, forms, strict=True):
            weighed.checked.append(
                check_form(sheet, one.month, one.lines, catalogue=catalogue, end=end, at=at)
            )
        weighed.forms += forms
