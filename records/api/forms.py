"""Reads the counts of a month from JSON by the same rules as what people type."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from figures import count_rules
from figures.formatting import shorten
from figures.measures import MEASURES
from figures.periods import Month
from figures.rule_catalogue import RuleViolation, violation
from records.catalogue import Catalogue, RowKey, served_in_row
from records.submissions.checks import explain_switched_off
from records.submissions.lines import REASON_LENGTH, REASON_TOO_LONG
from units.models import Unit

MAX_ROWS = 5_000
_BODY, _ROW = {"revision", "rows", "send"}, {"field", "procedure", "counts", "reason"}
_LARGEST_REVISION = 2**31 - 1


class UnreadableBody(ValueError):
    """A body that is not of the described shape: `pointer` says where, the text what, in Vietnamese."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer


class JsonNumber(str):
    """A number as it was written: 1.240 must not become 1.24, nor 1240."""


@dataclass(frozen=True)
class CountsBody:
    """A body that can be read."""

    revision: int
    rows: list[dict[str, Any]]
    send: bool


def read_counts_body(body: bytes) -> CountsBody:
    """Errors: Unreadable."""
    given = _loaded(body)
    _members(given, _BODY, "")
    revision, rows, send = given.get("revision"), given.get("rows", []), given.get("send", False)
    plain = isinstance(revision, JsonNumber) and revision.isdigit() and len(revision) <= 10
    if not plain or int(revision) > _LARGEST_REVISION:
        raise UnreadableBody("/revision", "revision là số nguyên của lần đọc trước; tháng chưa mở thì là 0.")
    if not isinstance(send, bool):
        raise UnreadableBody("/send", "send là true hoặc false.")
    if not isinstance(rows, list) or len(rows) > MAX_ROWS:
        raise UnreadableBody("/rows", f"rows là danh sách, nhiều nhất {MAX_ROWS} dòng.")
    for number, row in enumerate(rows):
        _check_row(row, f"/rows/{number}")
    return CountsBody(int(revision), rows, send)


def _loaded(body: bytes) -> Any:
    try:
        text = body.decode("utf-8-sig")
        given = json.loads(
            text,
            parse_int=JsonNumber,
            parse_float=_finite,
            parse_constant=_refused,
            object_pairs_hook=_without_repeats,
        )
    except RecursionError as error:
        raise UnreadableBody("", "Nội dung lồng nhau quá sâu.") from error
    except UnreadableBody:
        raise
    except ValueError as error:
        raise UnreadableBody("", "Nội dung không phải JSON đúng quy cách, mã UTF-8.") from error
    for text in _texts(given):
        if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
            raise UnreadableBody("", "Nội dung có ký tự không lưu được.")
    return given


def _finite(text: str) -> JsonNumber:
    if math.isinf(float(text)):
        raise UnreadableBody("", f"Số {text[:20]} quá lớn.")
    return JsonNumber(text)


def _refused(name: str) -> None:
    raise UnreadableBody("", f"{name} không phải số.")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnreadableBody("", "Có tên lặp lại trong cùng một đối tượng.")
    return found


def _texts(given: Any) -> Iterator[str]:
    """Every name and text inside; the depth is bounded by what json reads."""
    waiting = [given]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one


def _members(given: Any, known: set[str], pointer: str) -> None:
    if not isinstance(given, dict):
        raise UnreadableBody(pointer, "Phải là một đối tượng JSON.")
    if unknown := sorted(set(given) - known):
        raise UnreadableBody(
            pointer, f"Không có mục “{shorten(unknown[0])}”. Dùng: {', '.join(sorted(known))}."
        )


def _check_row(row: Any, pointer: str) -> None:
    _members(row, _ROW, pointer)
    for name in ("field", "procedure", "reason"):
        if not (row.get(name) is None or _is_text(row[name])):
            raise UnreadableBody(f"{pointer}/{name}", "Phải là chữ.")
    counts = row.get("counts")
    if not isinstance(counts, dict):
        raise UnreadableBody(f"{pointer}/counts", "counts là một đối tượng: tên số liệu và số.")
    for name, value in counts.items():
        if isinstance(value, dict | list):
            raise UnreadableBody(
                f"{pointer}/counts/{pointer_name(name)}", "Phải là số nguyên, hoặc null khi chưa báo cáo."
            )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, JsonNumber)


def pointer_name(name: str) -> str:
    """A name within a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")[:100]


@dataclass
class SentRows:
    """What was sent, as the actions take it, and every fault with its pointer."""

    rows: dict[RowKey, dict[str, int | None]] = field(default_factory=dict)
    reasons: dict[RowKey, str] = field(default_factory=dict)
    faults: list[tuple[str, RuleViolation]] = field(default_factory=list)
    pointers: dict[tuple[str, str], str] = field(default_factory=dict)


class SentRowReader:
    """Reads the rows of one unit's month: a row replaces what is stored of that field or procedure."""

    def __init__(self, unit: Unit, month: Month, catalogue: Catalogue) -> None:
        self.expected = catalogue.expected(unit, month)
        self.catalogue, self.unit = catalogue, unit
        self.fields = {one.code: pk for pk, one in catalogue.fields.items()}
        self.procedures = {one.code: pk for pk, one in catalogue.procedures.items()}

    def read(self, given: list[dict[str, Any]]) -> SentRows:
        """Every row; no fault hides another."""
        found = SentRows()
        for number, row in enumerate(given):
            pointer = f"/rows/{number}"
            key = self._key(row, pointer, found)
            if key is None:
                continue
            if key in found.rows:
                found.faults.append((pointer, _fault("repeated_row", "Dòng này lặp lại một dòng ở trên.")))
                continue
            found.rows[key] = self._cells(row["counts"], key, pointer, found)
            found.pointers[self.catalogue.fields[key[0]].code, row.get("procedure") or ""] = pointer
            if (reason := row.get("reason")) is not None:
                found.reasons[key] = reason
                if len(reason) > REASON_LENGTH:
                    found.faults.append(
                        (f"{pointer}/reason", _fault("too_long", REASON_TOO_LONG["max_length"]))
                    )
        return found

    def _key(self, row: Mapping[str, Any], pointer: str, found: SentRows) -> RowKey | None:
        named, code = row.get("field"), row.get("procedure")
        number = self.procedures.get(code) if code else None
        if code and number is None:
            told = f"Danh mục không có thủ tục “{shorten(code)}”."
            found.faults.append((f"{pointer}/procedure", _fault("unknown_procedure", told)))
            return None
        own = self.catalogue.procedures[number].field_id if number else self.catalogue.undivided
        of = self.fields.get(named) if named else own
        if of is None:
            told = f"Danh mục không có lĩnh vực “{shorten(named)}”."
            found.faults.append((f"{pointer}/field", _fault("unknown_field", told)))
            return None
        if number and of != own:
            told = f"Thủ tục {code} không thuộc lĩnh vực {named}."
            found.faults.append((f"{pointer}/procedure", _fault("unknown_procedure", told)))
            return None
        if not served_in_row(self.expected, self.catalogue, (of, number)):
            name = self.catalogue.fields[of].name
            told = f"{self.unit.name} không báo cáo lĩnh vực “{name}” trong tháng này theo danh mục."
            found.faults.append((f"{pointer}/field", _fault("not_served", told)))
            return None
        return of, number

    def _cells(
        self, counts: Mapping[str, Any], key: RowKey, pointer: str, found: SentRows
    ) -> dict[str, int | None]:
        served = served_in_row(self.expected, self.catalogue, key)
        values: dict[str, int | None] = dict.fromkeys(MEASURES)
        for name, given in counts.items():
            place = f"{pointer}/counts/{pointer_name(name)}"
            if name not in values:
                told = f"Không có số liệu “{shorten(name)}”."
                found.faults.append((place, _fault("unknown_column", told)))
                continue
            values[name], fault = _cell(name, given, served)
            if fault:
                found.faults.append((place, explain_switched_off(fault, self.expected.off)))
        return values


def _cell(name: str, given: Any, served: frozenset[str]) -> tuple[int | None, RuleViolation | None]:
    """A number as JSON has it, or a text as people type it."""
    if given is None:
        return None, None
    text = str(given).lower() if isinstance(given, bool) else given
    value, fault = count_rules.read_cell(name, text, served)
    # As a text 1.240 is 1240; as a number of JSON it is 1,24.
    if fault is None and isinstance(given, JsonNumber) and not given.isdigit():
        return None, violation("not_whole", name, typed=shorten(given))
    return value, fault


def _fault(code: str, message: str) -> RuleViolation:
    return RuleViolation(code, None, message, "error")
