"""Staged rows as dossiers, with everything that is wrong with a single one by its row and column."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from figures.cases import OPEN, RESOLVED, Case, CaseError, end_of, start_of
from figures.moments import FIRST_YEAR, LAST_YEAR, read_moment
from figures.periods import Month
from records.models import OnlineLevel, ProcedureScope
from records.queries.catalogue import Catalogue
from units.models import Unit
from units.tabular import Faults
from units.words import canonical

from .mapping import Mapping
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
from .sifting import FLAW, PROCEDURE_CODE, Column, fault_of, flaw_in

LONGEST_CODE = 100
_MOST_PLACES = 10_000
Key = tuple[int, int | None]  # field, procedure


class Line(NamedTuple):
    """One dossier of a file."""

    row: int
    code: str
    key: Key
    case: Case


class WrongCell(Exception):
    """A cell that cannot be taken; `role` is that of its column."""

    def __init__(self, role: str, code: str, message: str) -> None:
        super().__init__(message)
        self.role, self.code = role, code


class Reader:
    """Reads against the catalogue and the mapping, both in memory: no query per row."""

    def __init__(
        self, columns: Sequence[Column], mapping: Mapping, catalogue: Catalogue, unit: Unit, month: Month
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
        self._places: dict[tuple[str, str], Key | WrongCell] = {}
        self._catalogue = catalogue
        self._expected = catalogue.expected(unit, month)
        self._levels = _levels(unit)
        self._by_name = _by_name(catalogue)

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
        key = self._key(cells)
        channel = self._channel(cells, key)
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

    def _channel(self, cells: list[str], key: Key) -> str:
        channel = self._target(CHANNEL, cells)
        if channel != ONLINE:
            return channel
        level = self._levels.get(key[1] or 0)
        if level is None:
            message = (
                "Chưa rõ thủ tục trực tuyến một phần hay toàn trình; chọn nghĩa cụ thể cho hình thức này."
            )
            raise WrongCell(CHANNEL, "unknown_level", message)
        return level

    def _returned_by(self, cells: list[str]) -> str:
        return self._target(RETURNED_BY, cells) if RETURNED_BY in self.at else ""

    def _key(self, cells: list[str]) -> Key:
        texts = self._text(PROCEDURE, cells), self._text(FIELD, cells)
        found = self._places.get(texts)
        if found is None:
            try:
                found = self._place(*texts)
            except WrongCell as wrong:
                found = wrong
            if len(self._places) > _MOST_PLACES:
                self._places.clear()
            self._places[texts] = found
        if isinstance(found, WrongCell):
            raise found
        return found

    def _place(self, procedure: str, field: str) -> Key:
        """Where a dossier is counted; a unit that reports undivided has everything in `chung`."""
        found = self._procedure(procedure)
        undivided = self._catalogue.undivided
        if undivided in self._expected:
            return undivided, found[1] if found else None
        key = found or self._field(procedure, field)
        if key[0] not in self._expected:
            name = self._catalogue.fields[key[0]].name
            role = PROCEDURE if key[1] else FIELD
            raise WrongCell(role, "not_served", f"Đơn vị không báo cáo lĩnh vực {name}.")
        return key

    def _procedure(self, text: str) -> Key | None:
        """A procedure by its code within the text or by its name; or the field that is named there."""
        code = PROCEDURE_CODE.search(text)
        return self._by_name.get(code.group() if code else _same(text)) if text else None

    def _field(self, procedure: str, field: str) -> Key:
        if field:
            told = self.targets[FIELD].get(folded(field)) or field
            found = self._by_name.get(_same(told))
            if found and found[1] is None:
                return found
            raise WrongCell(FIELD, "unknown_field", f"Danh mục không có lĩnh vực “{field[:60]}”.")
        if procedure:
            # Not quoted: such texts name people now and then, and faults are kept.
            raise WrongCell(PROCEDURE, "unknown_procedure", "Danh mục không có thủ tục này.")
        role = FIELD if FIELD in self.at else PROCEDURE
        raise WrongCell(role, "missing", f"Thiếu {ROLES[role].lower()}.")


def fields_of(catalogue: Catalogue, unit: Unit, month: Month) -> dict[str, str]:
    """The fields that a unit reports in a month, code → name; none where it reports undivided."""
    expected = catalogue.expected(unit, month)
    if catalogue.undivided in expected:
        return {}
    return {catalogue.fields[number].code: catalogue.fields[number].name for number in expected}


def _at(moment: datetime | date | None, of_day) -> datetime | None:
    if moment is None or isinstance(moment, datetime):
        return moment
    return of_day(moment)


def _same(text: str) -> str:
    return canonical(text).lower()


def _by_name(catalogue: Catalogue) -> dict[str, Key]:
    """Fields and procedures by code and by name; a procedure's name wins over a field's."""
    found: dict[str, Key] = {}
    for number, one in catalogue.fields.items():
        found |= dict.fromkeys((_same(one.code), _same(one.name)), (number, None))
    for number, one in catalogue.procedures.items():
        found |= dict.fromkeys((_same(one.code), _same(one.name)), (one.field_id, number))
    return found


def _levels(unit: Unit) -> dict[int, str]:
    """Procedure → the channel in which it is received online by units of this tier."""
    channels = {OnlineLevel.PARTIAL: "online_partial", OnlineLevel.FULL: "online_full"}
    scopes = ProcedureScope.objects.filter(tier__in=("", unit.tier), online_level__in=channels)
    listed = scopes.order_by("valid_from").values_list("procedure_id", "online_level")
    return {procedure: channels[OnlineLevel(level)] for procedure, level in listed}
