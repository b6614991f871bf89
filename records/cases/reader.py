"""Reads staged rows as dossiers with every fault by row and column, and previews the first rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import NamedTuple

from figures.cases import OPEN, RESOLVED, CaseError, DossierCase, end_of_day, start_of_day
from figures.periods import Month
from figures.timestamps import FIRST_YEAR, LAST_YEAR, parse_timestamp
from records.calendar.queries import stored_calendar
from records.catalogue.queries import Catalogue
from records.models import CaseFile
from spreadsheets.cells import FileFault, FileFaults
from units.models import Unit

from . import actions
from .classification import CaseKey, Classifier, OnlineLevels, PlaceTexts, WrongCell
from .column_filter import FLAW_MARK, CaseColumn, flaw_in, staged_fault, staged_rows
from .mapping import ColumnMapping
from .roles import (
    CHANNEL,
    CODE,
    DUE,
    ENDED,
    FIELD,
    ONLINE,
    PROCEDURE,
    RECEIVED,
    RETURNED_BY,
    ROLES,
    STATE,
    TARGETS,
    folded_text,
)

MAX_CODE_LENGTH = 100


class CaseLine(NamedTuple):
    """One dossier of a file."""

    row: int
    code: str
    key: CaseKey
    case: DossierCase


class CaseReader:
    """Reads against the catalogue and the mapping, both in memory: no query per row."""

    def __init__(
        self,
        columns: Sequence[CaseColumn],
        mapping: ColumnMapping,
        catalogue: Catalogue,
        unit: Unit,
        months: Sequence[Month],
    ) -> None:
        self.columns = {
            role: next(one for one in columns if one.head == head) for role, head in mapping.columns.items()
        }
        self.at = {role: column.at for role, column in self.columns.items()}
        self.mapping = mapping
        self.targets = {
            role: {folded_text(word): target for word, target in mapping.words.get(role, {}).items()}
            for role in (*TARGETS, FIELD)
        }
        self._known: dict[tuple[str, str], str] = {}
        self._places = Classifier(catalogue, unit, months, self.targets[FIELD], FIELD in self.at)
        self._levels = OnlineLevels(unit, self._places.spans[0].start, self._places.spans[-1].end)

    def lines(self, rows: Iterable[list[str]], faults: FileFaults) -> Iterator[CaseLine]:
        """Dossiers; what is wrong goes to `faults`, the first fault of a row only."""
        for cells in rows:
            number = int(cells[0])
            try:
                yield self._line(number, cells)
            except WrongCell as wrong:
                column = self.columns.get(wrong.role)
                faults.append(staged_fault(number, column, wrong.code, str(wrong), ROLES[wrong.role]))

    def _line(self, number: int, cells: list[str]) -> CaseLine:
        code = self._text(CODE, cells)
        if not code or len(code) > MAX_CODE_LENGTH:
            kind = "too_long" if code else "missing"
            raise WrongCell(CODE, kind, "Mã hồ sơ quá dài." if code else "Thiếu mã hồ sơ.")
        received = self._moment(RECEIVED, cells)
        if received is None:
            raise WrongCell(RECEIVED, "missing", "Thiếu ngày tiếp nhận.")
        due, ended = self._moment(DUE, cells), self._moment(ENDED, cells)
        if due is None and not self.mapping.undue:
            raise WrongCell(DUE, "missing", "Thiếu ngày hẹn trả.")
        state = self._state(cells, ended)
        texts = PlaceTexts(self._text(PROCEDURE, cells), self._text(FIELD, cells))
        came = _day_text(received)
        key = self._places.key(texts, came, ended and _day_text(ended))
        channel = self._channel(cells, key, came)
        returned_by = self._returned_by(cells) if state == RESOLVED else ""
        try:
            case = DossierCase(
                _moment_at(received, start_of_day),
                channel,
                state,
                _moment_at(due, end_of_day),
                _moment_at(ended, start_of_day),
                returned_by,
            )
        except CaseError as error:
            raise WrongCell(error.column, error.code, str(error)) from error
        return CaseLine(number, code, key, case)

    def _text(self, role: str, cells: list[str]) -> str:
        at = self.at.get(role)
        text = cells[at] if at is not None else ""
        if text.startswith(FLAW_MARK):
            raise WrongCell(role, *flaw_in(text))
        return text

    def _moment(self, role: str, cells: list[str]) -> datetime | date | None:
        text = self._text(role, cells)
        if not text:
            return None
        moment = parse_timestamp(text)
        if moment is None:
            message = f"“{text[:40]}” không phải ngày giờ. Viết như 14/06/2022 09:41 hoặc 2022-06-14."
            raise WrongCell(role, "bad_date", message)
        # 31/12/9999 is how systems write that nothing is due.
        if moment.year < FIRST_YEAR or moment.year > LAST_YEAR and role != DUE:
            years = f"từ {FIRST_YEAR} trở đi" if role == DUE else f"từ {FIRST_YEAR} đến {LAST_YEAR}"
            raise WrongCell(role, "bad_date", f"“{text[:40]}” không hợp lệ: năm phải {years}.")
        return moment

    def _state(self, cells: list[str], ended: datetime | date | None) -> str:
        """By the words of its column; without such a column a dossier that ended is resolved."""
        if STATE not in self.at:
            return OPEN if ended is None else RESOLVED
        return self._target(STATE, cells)

    def _target(self, role: str, cells: list[str]) -> str:
        text = self._text(role, cells)
        target = self._known.get((role, text))
        if target is None:
            target = self.targets[role].get(folded_text(text), "")
            if target not in TARGETS[role]:
                what = ROLES[role].lower()
                message = f"Chưa ghép nghĩa của “{text[:40]}”." if text else f"Thiếu {what}."
                raise WrongCell(role, "unknown_word" if text else "missing", message)
            self._known[role, text] = target
        return target

    def _channel(self, cells: list[str], key: CaseKey, came: date) -> str:
        channel = self._target(CHANNEL, cells)
        if channel != ONLINE:
            return channel
        level = self._levels.on(key[1], came)
        if level is None:
            message = (
                "Chưa rõ thủ tục trực tuyến một phần hay toàn trình; chọn nghĩa cụ thể cho hình thức này."
            )
            raise WrongCell(CHANNEL, "unknown_level", message)
        return level

    def _returned_by(self, cells: list[str]) -> str:
        return self._target(RETURNED_BY, cells) if RETURNED_BY in self.at else ""


def reported_fields(catalogue: Catalogue, unit: Unit, months: Iterable[Month]) -> dict[str, str]:
    """The fields that a unit reports in any of some months, code → name; none where it reports undivided."""
    numbers = dict.fromkeys(number for month in months for number in catalogue.expected(unit, month))
    numbers.pop(catalogue.undivided, None)
    return {catalogue.fields[number].code: catalogue.fields[number].name for number in numbers}


def _day_text(moment: datetime | date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _moment_at(moment: datetime | date | None, of_day) -> datetime | None:
    if moment is None or isinstance(moment, datetime):
        return moment
    return of_day(moment)


SHOWN_ROWS, PREVIEWED_ROWS = 5, 200


@dataclass(frozen=True)
class ReadingPreview:
    """What came of the first rows by a mapping."""

    rows: int
    lines: list[CaseLine]
    faults: list[FileFault]


def first_rows(file: CaseFile) -> list[list[str]]:
    """The first rows: number, then the cells; one that cannot be read shows why."""
    rows = islice(staged_rows(actions.staging_path(file)), SHOWN_ROWS)
    return [[flaw[1] if (flaw := flaw_in(cell)) else cell for cell in row] for row in rows]


def preview_rows(file: CaseFile, columns: Sequence[CaseColumn], mapping: ColumnMapping) -> ReadingPreview:
    """The first rows read by a whole mapping."""
    faults = FileFaults()
    months = list(Month.range(Month.from_number(file.first_month), Month.from_number(file.last_month)))
    reader = CaseReader(columns, mapping, Catalogue(stored_calendar()), file.unit, months)
    rows = list(islice(staged_rows(actions.staging_path(file)), PREVIEWED_ROWS))
    lines = list(reader.lines(rows, faults))
    return ReadingPreview(len(rows), lines, faults.told())
