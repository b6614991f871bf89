"""Compares an official form with what a month stores: changes, and every fault by its cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from figures import count_rules
from figures.form_definitions import NumberedColumn, OfficialForm, identity_difference
from figures.formatting import format_count
from figures.measures import MEASURES, measure_label
from figures.periods import Month, Period
from figures.summary import Dates
from figures.tally import sum_reported
from records.catalogue import Catalogue, RowKey, served_in_row
from records.errors import ActionRefused
from records.models import DossierCount, Edition
from records.storage import measures_of_row
from records.submissions.actions import save_counts
from records.submissions.checks import counts_of_edition
from records.submissions.editability import FROM_FILE
from spreadsheets.cells import FileFaults

from .reader import OfficialLine, OfficialSheet, read_official_sheet

MeasureValues = Mapping[str, int | None]


@dataclass(frozen=True)
class OfficialChange:
    """A column of figures of one field that the file changes."""

    field: str
    column: NumberedColumn
    before: int | None
    after: int | None


@dataclass
class OfficialFormPreview:
    """What a file would write (`rows`) and change, and its faults (`unreadable`: of the whole file).

    `spread_notes`: sentences about columns without detail, by the measure that receives them; `notes`: remarks that do
    not block.
    """

    rows: dict[RowKey, dict[str, int | None]] = field(default_factory=dict)
    changes: list[OfficialChange] = field(default_factory=list)
    faults: FileFaults = field(default_factory=FileFaults)
    spread_notes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lines: int = 0
    refused: ActionRefused | None = None
    unreadable: bool = False

    @property
    def usable(self) -> bool:
        """Whether it may be written and changes anything."""
        return bool(self.changes) and not self.faults and self.refused is None


def compare_official_form(
    content: bytes, form: OfficialForm, edition: Edition, catalogue: Catalogue, *, by: Any, at: datetime
) -> OfficialFormPreview:
    """Compare a file with an edition and try to save it. Nothing is written; no content of the file raises."""
    submission = edition.submission
    month = Month.from_number(submission.month)
    period = Dates.of(Period.of_month(month), catalogue.days)
    sheet = read_official_sheet(content, form, submission.unit, period)
    preview = OfficialFormPreview(faults=sheet.faults, notes=sheet.notes, unreadable=sheet.unreadable)
    if sheet.faults and not sheet.lines:
        return preview
    _OfficialComparer(form, edition, catalogue, preview, period.end).compare(sheet)
    if preview.usable:
        try:
            with transaction.atomic():
                save_counts(edition, preview.rows, by=by, revision=edition.revision, at=at, way=FROM_FILE)
                transaction.set_rollback(True)
        except ActionRefused as refused:
            preview.refused = refused
    return preview


class _OfficialComparer:
    """Compares the lines of a sheet with the rows of an edition."""

    def __init__(
        self,
        form: OfficialForm,
        edition: Edition,
        catalogue: Catalogue,
        preview: OfficialFormPreview,
        day: date,
    ) -> None:
        self.form, self.catalogue, self.preview, self.day = form, catalogue, preview, day
        submission = edition.submission
        self.unit = submission.unit
        self.expected = catalogue.expected(submission.unit, Month.from_number(submission.month))
        self.stored: dict[int, list[DossierCount]] = {}
        for row in counts_of_edition(edition):
            if row.answered:
                self.stored.setdefault(row.field_id, []).append(row)
        self.field_ids = {entry.name: pk for pk, entry in catalogue.fields.items()} | {
            entry.code: pk for pk, entry in catalogue.fields.items()
        }
        self.taken: set[tuple[int, str]] = set()

    def compare(self, sheet: OfficialSheet) -> None:
        line_numbers: dict[int, int] = {}
        for line in sheet.lines:
            number = sheet.field_of(line, self.field_ids)
            if number is None:
                self._fault(line, "unknown_field", f"Danh mục không có lĩnh vực “{line.name[:80]}”.")
            elif number in line_numbers:
                self._fault(line, "repeated_row", f"Dòng này lặp lại dòng {line_numbers[number]}.")
            else:
                line_numbers[number] = line.number
                self._line(line, number)
        self._totals(sheet)
        self.preview.lines = len(line_numbers)
        self.preview.spread_notes = [
            f"Cột ({number}) ghi vào “{measure_label(name, self.day)}”; phần chi tiết còn lại của cột ghi 0."
            for number, name in sorted(self.taken)
        ]

    def _line(self, line: OfficialLine, number: int) -> None:
        rows = self.stored.get(number, [])
        before = {name: sum_reported(measures_of_row(row)[name] for row in rows) for name in MEASURES}
        cells = dict(zip(self.form.places, self.form.cells(before), strict=True))
        changed = [
            column
            for column in self.form.columns
            if column.sources
            and column.number not in line.unread
            and line.cells[column.number] != cells[column.number]
        ]
        if not changed and not self._misadded(line, cells):
            return
        self._identities(line, before)
        if not changed:
            return
        served = served_in_row(self.expected, self.catalogue, (number, None))
        if not served:
            name = self.catalogue.fields[number].name
            self._fault(
                line, "not_served", f"{self.unit.name} không báo cáo lĩnh vực “{name}” trong tháng này."
            )
        elif any(row.procedure_id for row in rows):
            message = (
                "Lĩnh vực này đang nhập theo thủ tục: hãy sửa ở bảng nhập, biểu chỉ có số của cả lĩnh vực."
            )
            self._fault(line, "mixed_level", message)
        else:
            self._change(line, number, changed, before, cells, served)

    def _change(
        self,
        line: OfficialLine,
        number: int,
        changed: Sequence[NumberedColumn],
        before: MeasureValues,
        cells: Mapping[int, int | None],
        served: frozenset[str],
    ) -> None:
        after: dict[str, int | None] = dict(before)
        for column in changed:
            value = line.cells[column.number]
            spread = measures_of_column(column, value, served)
            for name, part in spread.items():
                if fault := count_rules.check_cell(name, part, served):
                    self._fault(line, fault.code, fault.message, column.number)
            after |= spread
            takes = next((name for name, part in spread.items() if part), "")
            # No sentence where the other measures are 0 already.
            if takes and any(before[name] != 0 for name in spread if name != takes):
                self.taken.add((column.number, takes))
            name = self.catalogue.fields[number].name
            self.preview.changes.append(OfficialChange(name, column, cells[column.number], value))
        self.preview.rows[number, None] = after

    def _misadded(self, line: OfficialLine, cells: Mapping[int, int | None]) -> bool:
        """Whether a total of an unchanged line differs from its stored parts."""
        return any(
            column.adds
            and column.number not in line.unread
            and line.cells[column.number] not in (None, cells[column.number])
            for column in self.form.columns
        )

    def _identities(self, line: OfficialLine, stored: MeasureValues) -> None:
        """Check totals against their parts, then the identities of the form; faults are at the total's cell. Stored
        transfers, which the form has no column for, may explain a difference.
        """
        if any(column.sources and column.number in line.unread for column in self.form.columns):
            return
        for column in self.form.columns:
            value = line.cells[column.number]
            if not column.adds or value is None:
                continue
            parts_sum = self.form.cells(self._as_sources(line))[self.form.places[column.number]]
            if value != parts_sum:
                message = (
                    f"Cột ({column.number}) ghi {format_count(value)}, "
                    f"mà các cột thành phần cộng lại là {format_count(parts_sum)}."
                )
                self._fault(line, "identity", message, column.number)
        for identity, gap in self.form.gaps(self.form.cells(self._as_sources(line))):
            if gap == self.form.moved(identity, stored):
                self.preview.notes.append(
                    f"Dòng {line.number}: {identity_difference(identity, gap, moved=True)}"
                )
                continue
            message = f"{identity.words} không khớp: lệch {format_count(gap)}."
            self._fault(line, "identity", message, identity.left[0])

    def _as_sources(self, line: OfficialLine) -> dict[str, int | None]:
        """The cells of a line by the first source of each column."""
        return {
            column.sources[0]: line.cells[column.number] for column in self.form.columns if column.sources
        }

    def _totals(self, sheet: OfficialSheet) -> None:
        """Each total must be the sum of the lines; totals are not stored."""
        if self.preview.faults:
            return
        for total in sheet.totals:
            for column in self.form.columns:
                value = total.cells[column.number]
                if value is None or column.number in total.unread:
                    continue
                lines_sum = sum_reported(line.cells[column.number] for line in sheet.lines)
                if column.sources and value != (lines_sum or 0):
                    message = f"Dòng tổng ghi {format_count(value)}, mà các dòng cộng lại là {format_count(lines_sum)}."
                    self._fault(total, "identity", message, column.number)

    def _fault(self, line: OfficialLine, code: str, message: str, column: int = 2) -> None:
        self.preview.faults.append(line.fault(column, code, message))


def measures_of_column(
    column: NumberedColumn, value: int | None, served: frozenset[str]
) -> dict[str, int | None]:
    """Values for the measures of a column: the first served one receives all, the other served ones become 0. A blank
    makes all blank.
    """
    if value is None:
        return dict.fromkeys(column.sources)
    served_names = [name for name in column.sources if name in served]
    takes = served_names[0] if served_names else column.sources[0]
    # A zero where no measure is served counts as blank.
    if not served_names and value == 0:
        return dict.fromkeys(column.sources)
    return {
        name: value if name == takes else (0 if name in served_names else None) for name in column.sources
    }
