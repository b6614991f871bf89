"""Under which field, procedure and online channel a dossier counts, by the catalogue of its day."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.db.models import Q

from core.text import canonical_text
from figures.periods import Month
from records.catalogue.queries import Catalogue, UnitFields
from records.models import OnlineLevel, ProcedureScope
from units.models import Unit

from .column_filter import PROCEDURE_CODE
from .roles import FIELD, PROCEDURE, ROLES, folded_text

_MAX_PLACES = 10_000
_CHANNELS = {OnlineLevel.PARTIAL: "online_partial", OnlineLevel.FULL: "online_full"}
CaseKey = tuple[int, int | None]  # field, procedure


class WrongCell(Exception):
    """A cell that cannot be taken; `role` is that of its column."""

    def __init__(self, role: str, code: str, message: str) -> None:
        super().__init__(message)
        self.role, self.code = role, code


class PlaceTexts(NamedTuple):
    """What the cells of a row call its procedure and its field."""

    procedure: str
    field: str


class Classifier:
    """Keys of dossiers in the months of a file, all in memory. `words`: folded name of a field → code, as a person
    mapped it; `asks_field`: whether the file has a column of fields.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        unit: Unit,
        months: Sequence[Month],
        words: dict[str, str],
        asks_field: bool,
    ) -> None:
        self.spans = [catalogue.days.span(month) for month in months]
        self._expected = [catalogue.expected(unit, month) for month in months]
        self._catalogue, self._words, self._asks_field = catalogue, words, asks_field
        self._by_name = _by_name(catalogue)
        self._known: dict[tuple[PlaceTexts, int, int], CaseKey | WrongCell] = {}

    def key(self, texts: PlaceTexts, came: date, went: date | None) -> CaseKey:
        """Of a dossier received and ended on these days. Raises WrongCell where a month that counts it has no place for
        it, or another one than the next month.
        """
        first, end = self._counting(came, went)
        found = self._known.get((texts, first, end))
        if found is None:
            try:
                found = self._in_all(texts, self._expected[first:end])
            except WrongCell as wrong:
                found = wrong
            if len(self._known) > _MAX_PLACES:
                self._known.clear()
            self._known[texts, first, end] = found
        if isinstance(found, WrongCell):
            raise found
        return found

    def _counting(self, came: date, went: date | None) -> tuple[int, int]:
        """The months that count it, as a slice; the last one where none does."""
        last = len(self.spans)
        first = next((at for at, span in enumerate(self.spans) if came <= span.end), last)
        end = last
        if went is not None:
            end = next((at for at, span in enumerate(self.spans) if went < span.start), last)
        return (first, end) if first < end else (last - 1, last)

    def _in_all(self, texts: PlaceTexts, months: Sequence[UnitFields]) -> CaseKey:
        keys = {self._in(texts, expected) for expected in months}
        if len(keys) > 1:
            message = (
                "Hồ sơ thuộc các tháng mà đơn vị báo cáo theo lĩnh vực khác nhau; hãy nạp riêng từng tháng."
            )
            raise WrongCell(FIELD if self._asks_field else PROCEDURE, "not_served", message)
        return keys.pop()

    def _in(self, texts: PlaceTexts, expected: UnitFields) -> CaseKey:
        """A unit that reports undivided has everything in `chung`."""
        found = self._procedure(texts.procedure)
        undivided = self._catalogue.undivided
        if undivided in expected:
            return undivided, found[1] if found else None
        key = found or self._field(*texts)
        if key[0] not in expected:
            name = self._catalogue.fields[key[0]].name
            role = PROCEDURE if key[1] else FIELD
            raise WrongCell(role, "not_served", f"Đơn vị không báo cáo lĩnh vực {name}.")
        return key

    def _procedure(self, text: str) -> CaseKey | None:
        """A procedure by its code within the text or by its name; or the field that is named there."""
        code = PROCEDURE_CODE.search(text)
        return self._by_name.get(code.group() if code else _same(text)) if text else None

    def _field(self, procedure: str, field: str) -> CaseKey:
        if field:
            told = self._words.get(folded_text(field)) or field
            found = self._by_name.get(_same(told))
            if found and found[1] is None:
                return found
            raise WrongCell(FIELD, "unknown_field", f"Danh mục không có lĩnh vực “{field[:60]}”.")
        if procedure:
            # Not quoted: such texts name people now and then, and faults are kept.
            raise WrongCell(PROCEDURE, "unknown_procedure", "Danh mục không có thủ tục này.")
        role = FIELD if self._asks_field else PROCEDURE
        raise WrongCell(role, "missing", f"Thiếu {ROLES[role].lower()}.")


class OnlineLevels:
    """The channels in which procedures are received online by a unit, day by day. What is received from `first` to
    `last` is counted by channel; what came before is an opening.
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
        """The channel of what was received on a day, by the latest row that is valid there; None where none tells. A
        day outside of those that are counted has the nearest: a list is not refused for what no number holds.
        """
        rows = self._rows.get(procedure or 0, ())
        valid = [channel for start, end, channel in rows if start <= day <= end]
        if valid:
            return valid[-1]
        if not rows or self._first <= day <= self._last:
            return None
        return rows[0 if day < self._first else -1][2]


def _same(text: str) -> str:
    return canonical_text(text).lower()


def _by_name(catalogue: Catalogue) -> dict[str, CaseKey]:
    """Fields and procedures by code and by name; a procedure's name wins over a field's."""
    found: dict[str, CaseKey] = {}
    for number, one in catalogue.fields.items():
        found |= dict.fromkeys((_same(one.code), _same(one.name)), (number, None))
    for number, one in catalogue.procedures.items():
        found |= dict.fromkeys((_same(one.code), _same(one.name)), (one.field_id, number))
    return found
