"""Months as the Excel form shows them, and the files that are made of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse

from figures.periods import Month
from figures.writing import day, day_range
from records.forms.lines import Line
from records.outlets.form_book import workbook
from records.outlets.form_layout import FormMonth
from records.queries.at_hand import AtHand, at_hand
from records.queries.calendar import DueDates
from records.queries.catalogue import Catalogue
from records.queries.taken_over import took_over
from units.models import Unit

from .lines import lines_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(frozen=True)
class UnitForm:
    """A unit's month with the rows that its page has."""

    month: AtHand
    lines: list[Line]
    form: FormMonth


def forms_of(units: Sequence[Unit], month: Month, catalogue: Catalogue) -> list[UnitForm]:
    """The forms of a month, opened or not; a fixed number of queries."""
    return [_form(one, month, catalogue) for one in at_hand(units, month, DueDates(catalogue.days))]


def _form(one: AtHand, month: Month, catalogue: Catalogue) -> UnitForm:
    lines = lines_of(one.edition, catalogue, rows=one.rows, past=one.past)
    span, unit = catalogue.days.span(month), one.submission.unit
    told = f"Kỳ {day_range(span.start, span.end)}; hạn gửi {day(one.submission.due_on)}"
    edition = one.edition
    taken = took_over(unit, span, one.past)
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


def form_file(forms: Sequence[UnitForm], code: str, month: Month) -> HttpResponse:
    """The workbook to download, under a name of plain letters (acceptance S28)."""
    return attached(workbook([one.form for one in forms]), f"bieu-nhap-{code}-{month}")


def attached(content: bytes, name: str) -> HttpResponse:
    """A workbook to be saved by its reader."""
    answer = HttpResponse(content, content_type=XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="{_UNSAFE.sub("-", name)[:100]}.xlsx"'
    return answer
