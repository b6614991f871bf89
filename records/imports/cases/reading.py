"""Staged rows as dossiers, with everything that is wrong with a single one by its row and column."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from figures.cases import OPEN, RESOLVED, Case, CaseError, end_of, start_of
from figures.moments import FIRST_YEAR, LAST_YEAR, read_moment
from figures.periods import Month
from records.queries.catalogue import Catalogue
from units.faults import Faults
from units.models import Unit

from .mapping import Mapping
from .placing import Key, Levels, Places, Texts, WrongCell
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
    folded,
)
from .sifting import FLAW, Column, fault_of, flaw_in

LONGEST_CODE = 100


class Line(NamedTuple):
    """One dossier of a file."""

    row: int
    code: str
    key: Key
    case: Case


class Reader:
    """Reads against the catalogue and the mapping, both in memory: no query per row."""

    def __init__(
        self,
        columns: Sequence[Column],
        mapping: Mapping,
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
            role: {folded(word): target for word, target in mapping.words.get(role, {}).items()}
            for role in (*TARGETS, FIELD)
        }
        self._known: dict[tuple[str, str], str] = {}
        self._places = Places(catalogue, unit, months, self.targets[FIELD], FIELD in self.at)
        self._levels = Levels(unit, self._places.spans[0].start, self._places.spans[-1].end)

    def lines(self, rows: Iterable[list[str]], faults: Faults) -> Iterator[Line]:
        """Dossiers; what is wrong goes to `faults`, the first fault of a row only."""
        for cells in rows:
            number = int(cells[0])
            try:
                yield self._line(number, cells)
            except WrongCell as wrong:
                column = self.columns.get(wrong.role)
                faults.append(fault_of(number, column, wrong.code, str(wrong), ROLES[wrong.role]))

    def _line(self, number: int, cells: list[str]) -> Line:
        code = self._text(CODE, cells)
        if not code or len(code) > LONGEST_CODE:
            kind = "too_long" if code else "missing"
            raise WrongCell(CODE, kind, "Mã hồ sơ quá dài." if code else "Thiếu mã hồ sơ.")
        received = self._moment(RECEIVED, cells)
        if received is None:
            raise WrongCell(RECEIVED, "missing", "Thiếu ngày tiếp nhận.")
        due, ended = self._moment(DUE, cells), self._moment(ENDED, cells)
        if due is None and not self.mapping.undue:
            raise WrongCell(DUE, "missing", "Thiếu ngày hẹn trả.")
        state = self._state(cells, ended)
        texts = Texts(self._text(PROCEDURE, cells), self._text(FIELD, cells))
        came = _day(received)
        key = self._places.key(texts, came, ended and _day(ended))
        channel = self._channel(cells, key, came)
        returned_by = self._returned_by(cells) if state == RESOLVED else ""
        try:
            case = Case(
                _at(received, start_of), channel, state, _at(due, end_of), _at(ended, start_of), returned_by
            )
        except CaseError as error:
            raise WrongCell(error.column, error.code, str(error)) from error
        return Line(number, code, key, case)

    def _text(self, role: str, cells: list[str]) -> str:
        at = self.at.get(role)
        text = cells[at] if at is not None else ""
        if text.startswith(FLAW):
            raise WrongCell(role, *flaw_in(text))
        return text

    def _moment(self, role: str, cells: list[str]) -> datetime | date | None:
        text = self._text(role, cells)
        if not text:
            return None
        moment = read_moment(text)
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
            target = self.targets[role].get(folded(text), "")
            if target not in TARGETS[role]:
                what = ROLES[role].lower()
                message = f"Chưa ghép nghĩa của “{text[:40]}”." if text else f"Thiếu {what}."
                raise WrongCell(role, "unknown_word" if text else "missing", message)
            self._known[role, text] = target
        return target

    def _channel(self, cells: list[str], key: Key, came: date) -> str:
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


def fields_of(catalogue: Catalogue, unit: Unit, months: Iterable[Month]) -> dict[str, str]:
    """The fields that a unit reports in any of some months, code → name; none where it reports undivided."""
    numbers = dict.fromkeys(number for month in months for number in catalogue.expected(unit, month))
    numbers.pop(catalogue.undivided, None)
    return {catalogue.fields[number].code: catalogue.fields[number].name for number in numbers}


def _day(moment: datetime | date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _at(moment: datetime | date | None, of_day) -> datetime | None:
    if moment is None or isinstance(moment, datetime):
        return moment
    return of_day(moment)
