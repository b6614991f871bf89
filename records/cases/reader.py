"""Reads staged rows as dossiers, with faults by row and column, and finds field, procedure and channel of each by the
catalogue of its day.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import NamedTuple

from django.db.models import Q

from core.text import canonical_text
from figures.cases import (
    FIRST_YEAR,
    LAST_YEAR,
    OPEN,
    RESOLVED,
    CaseError,
    DossierCase,
    end_of_day,
    parse_timestamp,
    start_of_day,
)
from figures.periods import Month
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue, UnitFields
from records.models import CaseFile, OnlineLevel, ProcedureScope
from spreadsheets.cells import FileFault, FileFaults
from units.models import Unit

from . import actions
from .column_filter import (
    CHANNEL,
    CODE,
    DUE,
    ENDED,
    FIELD,
    FLAW_MARK,
    ONLINE,
    PROCEDURE,
    PROCEDURE_CODE,
    RECEIVED,
    RETURNED_BY,
    ROLES,
    STATE,
    TARGETS,
    CaseColumn,
    flaw_in,
    folded_text,
    staged_fault,
    staged_rows,
)
from .mapping import ColumnMapping

_MAX_PLACES = 10_000
_CHANNELS = {OnlineLevel.PARTIAL: "online_partial", OnlineLevel.FULL: "online_full"}
CaseKey = tuple[int, int | None]  # field, procedure


class WrongCell(Exception):
    """A cell that cannot be read; `role`: that of its column."""

    def __init__(self, role: str, code: str, message: str) -> None:
        super().__init__(message)
        self.role, self.code = role, code


class PlaceTexts(NamedTuple):
    """The texts for procedure and field in a row."""

    procedure: str
    field: str


class Classifier:
    """Finds the row key of dossiers in the months of a file, all in memory. `words`: mapped folded word → code of a
    field; `has_field`: whether the file has a field column.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        unit: Unit,
        months: Sequence[Month],
        words: dict[str, str],
        has_field: bool,
    ) -> None:
        self.spans = [catalogue.days.span(month) for month in months]
        self._expected = [catalogue.expected(unit, month) for month in months]
        self._catalogue, self._words, self._has_field = catalogue, words, has_field
        self._by_name = _by_name(catalogue)
        self._cache: dict[tuple[PlaceTexts, int, int], CaseKey | WrongCell] = {}

    def key(self, texts: PlaceTexts, came: date, went: date | None) -> CaseKey:
        """The key of a dossier received (`came`) and ended (`went`) on these days. Errors: WrongCell where a month that
        counts it does not report its field, or where such months report it under different keys.
        """
        first, end = self._counting(came, went)
        outcome = self._cache.get((texts, first, end))
        if outcome is None:
            try:
                outcome = self._key_in_months(texts, self._expected[first:end])
            except WrongCell as wrong:
                outcome = wrong
            if len(self._cache) > _MAX_PLACES:
                self._cache.clear()
            self._cache[texts, first, end] = outcome
        if isinstance(outcome, WrongCell):
            raise outcome
        return outcome

    def _counting(self, came: date, went: date | None) -> tuple[int, int]:
        """The months that count a dossier, as a slice; the last month where none does."""
        last = len(self.spans)
        first = next((at for at, span in enumerate(self.spans) if came <= span.end), last)
        end = last
        if went is not None:
            end = next((at for at, span in enumerate(self.spans) if went < span.start), last)
        return (first, end) if first < end else (last - 1, last)

    def _key_in_months(self, texts: PlaceTexts, months: Sequence[UnitFields]) -> CaseKey:
        keys = {self._key_in_month(texts, expected) for expected in months}
        if len(keys) > 1:
            message = (
                "Hồ sơ thuộc các tháng mà đơn vị báo cáo theo lĩnh vực khác nhau; hãy nạp riêng từng tháng."
            )
            raise WrongCell(FIELD if self._has_field else PROCEDURE, "not_served", message)
        return keys.pop()

    def _key_in_month(self, texts: PlaceTexts, expected: UnitFields) -> CaseKey:
        """The key for one month; a unit that reports undivided has everything in `chung`."""
        procedure_key = self._procedure(texts.procedure)
        undivided = self._catalogue.undivided
        if undivided in expected:
            return undivided, procedure_key[1] if procedure_key else None
        key = procedure_key or self._field(*texts)
        if key[0] not in expected:
            name = self._catalogue.fields[key[0]].name
            role = PROCEDURE if key[1] else FIELD
            raise WrongCell(role, "not_served", f"Đơn vị không báo cáo lĩnh vực {name}.")
        return key

    def _procedure(self, text: str) -> CaseKey | None:
        """A procedure by the code within the text or by its name; or a field that the text names."""
        code = PROCEDURE_CODE.search(text)
        return self._by_name.get(code.group() if code else _comparable(text)) if text else None

    def _field(self, procedure: str, field: str) -> CaseKey:
        if field:
            name = self._words.get(folded_text(field)) or field
            key = self._by_name.get(_comparable(name))
            if key and key[1] is None:
                return key
            raise WrongCell(FIELD, "unknown_field", f"Danh mục không có lĩnh vực “{field[:60]}”.")
        if procedure:
            # Not quoted: such texts sometimes name people, and faults are stored.
            raise WrongCell(PROCEDURE, "unknown_procedure", "Danh mục không có thủ tục này.")
        role = FIELD if self._has_field else PROCEDURE
        raise WrongCell(role, "missing", f"Thiếu {ROLES[role].lower()}.")


class OnlineLevels:
    """The online channels of procedures at a unit, by day. Dossiers received from `first` to `last` are counted by
    channel; earlier ones only as opening.
    """

    def __init__(self, unit: Unit, first: date, last: date) -> None:
        self._first, self._last = first, last
        self._rows: dict[int, list[tuple[date, date, str]]] = defaultdict(list)
        scopes = ProcedureScope.objects.filter(
            Q(units=None) | Q(units=unit), tier__in=("", unit.tier), online_level__in=_CHANNELS
        )
        columns = ("procedure_id", "valid_from", "valid_until", "online_level")
        for procedure, start, end, level in scopes.order_by("valid_from", "pk").values_list(*columns):
            self._rows[procedure].append((start, end or date.max, _CHANNELS[OnlineLevel(level)]))

    def on(self, procedure: int | None, day: date) -> str | None:
        """The channel on a day by the latest row that is valid then; None where there is none. A day outside `first` to
        `last` gets the nearest channel, because it changes no count and must not refuse the file.
        """
        rows = self._rows.get(procedure or 0, ())
        valid = [channel for start, end, channel in rows if start <= day <= end]
        if valid:
            return valid[-1]
        if not rows or self._first <= day <= self._last:
            return None
        return rows[0 if day < self._first else -1][2]


def _comparable(text: str) -> str:
    return canonical_text(text).lower()


def _by_name(catalogue: Catalogue) -> dict[str, CaseKey]:
    """Fields and procedures by code and by name; a procedure's name wins over a field's."""
    keys: dict[str, CaseKey] = {}
    for number, field in catalogue.fields.items():
        keys |= dict.fromkeys((_comparable(field.code), _comparable(field.name)), (number, None))
    for number, procedure in catalogue.procedures.items():
        keys |= dict.fromkeys(
            (_comparable(procedure.code), _comparable(procedure.name)), (procedure.field_id, number)
        )
    return keys


MAX_CODE_LENGTH = 100


class CaseLine(NamedTuple):
    """A dossier of a file."""

    row: int
    code: str
    key: CaseKey
    case: DossierCase


class CaseReader:
    """Reads rows by the catalogue and the mapping, both in memory: no query per row."""

    def __init__(
        self,
        columns: Sequence[CaseColumn],
        mapping: ColumnMapping,
        catalogue: Catalogue,
        unit: Unit,
        months: Sequence[Month],
    ) -> None:
        self.columns = {
            role: next(column for column in columns if column.head == head)
            for role, head in mapping.columns.items()
        }
        self.at = {role: column.at for role, column in self.columns.items()}
        self.mapping = mapping
        self.targets = {
            role: {folded_text(word): target for word, target in mapping.words.get(role, {}).items()}
            for role in (*TARGETS, FIELD)
        }
        self._target_cache: dict[tuple[str, str], str] = {}
        self._places = Classifier(catalogue, unit, months, self.targets[FIELD], FIELD in self.at)
        self._levels = OnlineLevels(unit, self._places.spans[0].start, self._places.spans[-1].end)

    def lines(self, rows: Iterable[list[str]], faults: FileFaults) -> Iterator[CaseLine]:
        """The dossiers; the first fault of a row goes to `faults`."""
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
        came = _day_of(received)
        key = self._places.key(texts, came, ended and _day_of(ended))
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
        # Some systems write 31/12/9999 where nothing is due.
        if moment.year < FIRST_YEAR or moment.year > LAST_YEAR and role != DUE:
            years = f"từ {FIRST_YEAR} trở đi" if role == DUE else f"từ {FIRST_YEAR} đến {LAST_YEAR}"
            raise WrongCell(role, "bad_date", f"“{text[:40]}” không hợp lệ: năm phải {years}.")
        return moment

    def _state(self, cells: list[str], ended: datetime | date | None) -> str:
        """From its column; without one a dossier that ended is resolved."""
        if STATE not in self.at:
            return OPEN if ended is None else RESOLVED
        return self._target(STATE, cells)

    def _target(self, role: str, cells: list[str]) -> str:
        text = self._text(role, cells)
        target = self._target_cache.get((role, text))
        if target is None:
            target = self.targets[role].get(folded_text(text), "")
            if target not in TARGETS[role]:
                what = ROLES[role].lower()
                message = f"Chưa ghép nghĩa của “{text[:40]}”." if text else f"Thiếu {what}."
                raise WrongCell(role, "unknown_word" if text else "missing", message)
            self._target_cache[role, text] = target
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
    """The fields that a unit reports in any of these months, code → name; none where it reports undivided."""
    ids = dict.fromkeys(pk for month in months for pk in catalogue.expected(unit, month))
    ids.pop(catalogue.undivided, None)
    return {catalogue.fields[pk].code: catalogue.fields[pk].name for pk in ids}


def _day_of(moment: datetime | date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _moment_at(moment: datetime | date | None, of_day) -> datetime | None:
    if moment is None or isinstance(moment, datetime):
        return moment
    return of_day(moment)


SHOWN_ROWS, PREVIEWED_ROWS = 5, 200


@dataclass(frozen=True)
class ReadingPreview:
    """The first rows of a file read by a mapping."""

    rows: int
    lines: list[CaseLine]
    faults: list[FileFault]


def first_rows(file: CaseFile) -> list[list[str]]:
    """The first rows: row number, then the cells; unreadable ones show their fault."""
    rows = islice(staged_rows(actions.staging_path(file)), SHOWN_ROWS)
    return [[flaw[1] if (flaw := flaw_in(cell)) else cell for cell in row] for row in rows]


def preview_rows(file: CaseFile, columns: Sequence[CaseColumn], mapping: ColumnMapping) -> ReadingPreview:
    """Read the first rows by a complete mapping."""
    faults = FileFaults()
    months = list(Month.range(Month.from_number(file.first_month), Month.from_number(file.last_month)))
    reader = CaseReader(columns, mapping, Catalogue(stored_calendar()), file.unit, months)
    rows = list(islice(staged_rows(actions.staging_path(file)), PREVIEWED_ROWS))
    lines = list(reader.lines(rows, faults))
    return ReadingPreview(len(rows), lines, faults.listed())
