"""Collects the months that a workbook shows, and serves the file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse

from figures.formatting import format_day, format_day_range
from figures.periods import Month
from records.calendar.queries import DueDates
from records.catalogue.queries import Catalogue
from records.submissions.history_window import opens_from_predecessors
from records.submissions.lines import GridLine, grid_lines
from records.submissions.working_editions import WorkingEdition, working_editions
from units.models import Unit

from .layout import FormMonth
from .workbook import form_workbook

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(frozen=True)
class UnitForm:
    """A unit's month with the rows that its page has."""

    month: WorkingEdition
    lines: list[GridLine]
    form: FormMonth


def unit_forms(units: Sequence[Unit], month: Month, catalogue: Catalogue) -> list[UnitForm]:
    """The forms of a month, opened or not; a fixed number of queries."""
    return [
        _unit_form(one, month, catalogue) for one in working_editions(units, month, DueDates(catalogue.days))
    ]


def _unit_form(one: WorkingEdition, month: Month, catalogue: Catalogue) -> UnitForm:
    lines = grid_lines(one.edition, catalogue, rows=one.rows, past=one.past)
    span, unit = catalogue.days.span(month), one.submission.unit
    told = f"Kỳ {format_day_range(span.start, span.end)}; hạn gửi {format_day(one.submission.due_on)}"
    edition = one.edition
    taken = opens_from_predecessors(unit, span, one.past)
    form = FormMonth(
        unit=unit.pk,
        code=unit.code,
        name=unit.name,
        month=month,
        edition=edition.number,
        revision=edition.revision,
        lines=lines,
        end=span.end,
        told=told,
        before="cuối kỳ các đơn vị cũ" if taken else month.previous().label,
    )
    return UnitForm(one, lines, form)


def workbook_response(forms: Sequence[UnitForm], code: str, month: Month) -> HttpResponse:
    """The workbook to download, under a name of plain letters (acceptance S28)."""
    return xlsx_response(form_workbook([one.form for one in forms]), f"bieu-nhap-{code}-{month}")


def xlsx_response(content: bytes, name: str) -> HttpResponse:
    """A workbook to be saved by its reader."""
    answer = HttpResponse(content, content_type=XLSX_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{_UNSAFE.sub("-", name)[:100]}.xlsx"'
    return answer
