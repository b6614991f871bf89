"""Reads the counts of a month from JSON, by the rules of the entry form."""

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
    """A body of another shape than documented: `pointer` (RFC 6901) says where; the message is Vietnamese."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer


class JsonNumber(str):
    """The literal of a JSON number: 1.240 must become neither 1.24 nor 1240."""


@dataclass(frozen=True)
class CountsBody:
    """A parsed body."""

    revision: int
    rows: list[dict[str, Any]]
    send: bool


def read_counts_body(body: bytes) -> CountsBody:
    """Errors: UnreadableBody."""
    data = _parse_json(body)
    _check_members(data, _BODY, "")
    revision, rows, send = data.get("revision"), data.get("rows", []), data.get("send", False)
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


def _parse_json(body: bytes) -> Any:
    try:
        text = body.decode("utf-8-sig")
        data = json.loads(
            text,
            parse_int=JsonNumber,
            parse_float=_parse_float,
            parse_constant=_reject_constant,
            object_pairs_hook=_unique_members,
        )
    except RecursionError as error:
        raise UnreadableBody("", "Nội dung lồng nhau quá sâu.") from error
    except UnreadableBody:
        raise
    except ValueError as error:
        raise UnreadableBody("", "Nội dung không phải JSON đúng quy cách, mã UTF-8.") from error
    for text in _texts(data):
        if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
            raise UnreadableBody("", "Nội dung có ký tự không lưu được.")
    return data


def _parse_float(text: str) -> JsonNumber:
    if math.isinf(float(text)):
        raise UnreadableBody("", f"Số {text[:20]} quá lớn.")
    return JsonNumber(text)


def _reject_constant(name: str) -> None:
    raise UnreadableBody("", f"{name} không phải số.")


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise UnreadableBody("", "Có tên lặp lại trong cùng một đối tượng.")
    return members


def _texts(data: Any) -> Iterator[str]:
    """All names and texts inside."""
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value


def _check_members(data: Any, allowed: set[str], pointer: str) -> None:
    if not isinstance(data, dict):
        raise UnreadableBody(pointer, "Phải là một đối tượng JSON.")
    if unknown := sorted(set(data) - allowed):
        raise UnreadableBody(
            pointer, f"Không có mục “{shorten(unknown[0])}”. Dùng: {', '.join(sorted(allowed))}."
        )


def _check_row(row: Any, pointer: str) -> None:
    _check_members(row, _ROW, pointer)
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
    """The rows for the actions, and every fault with its pointer."""

    rows: dict[RowKey, dict[str, int | None]] = field(default_factory=dict)
    reasons: dict[RowKey, str] = field(default_factory=dict)
    faults: list[tuple[str, RuleViolation]] = field(default_factory=list)
    pointers: dict[tuple[str, str], str] = field(default_factory=dict)


class SentRowReader:
    """Reads the rows of one unit's month; a row replaces the stored one of its field or procedure."""

    def __init__(self, unit: Unit, month: Month, catalogue: Catalogue) -> None:
        self.expected = catalogue.expected(unit, month)
        self.catalogue, self.unit = catalogue, unit
        self.fields = {entry.code: pk for pk, entry in catalogue.fields.items()}
        self.procedures = {entry.code: pk for pk, entry in catalogue.procedures.items()}

    def read(self, rows: list[dict[str, Any]]) -> SentRows:
        """Read all rows and collect all faults."""
        sent = SentRows()
        for number, row in enumerate(rows):
            pointer = f"/rows/{number}"
            key = self._key(row, pointer, sent)
            if key is None:
                continue
            if key in sent.rows:
                sent.faults.append((pointer, _fault("repeated_row", "Dòng này lặp lại một dòng ở trên.")))
                continue
            sent.rows[key] = self._cells(row["counts"], key, pointer, sent)
            sent.pointers[self.catalogue.fields[key[0]].code, row.get("procedure") or ""] = pointer
            if (reason := row.get("reason")) is not None:
                sent.reasons[key] = reason
                if len(reason) > REASON_LENGTH:
                    sent.faults.append(
                        (f"{pointer}/reason", _fault("too_long", REASON_TOO_LONG["max_length"]))
                    )
        return sent

    def _key(self, row: Mapping[str, Any], pointer: str, sent: SentRows) -> RowKey | None:
        named, code = row.get("field"), row.get("procedure")
        procedure_id = self.procedures.get(code) if code else None
        if code and procedure_id is None:
            message = f"Danh mục không có thủ tục “{shorten(code)}”."
            sent.faults.append((f"{pointer}/procedure", _fault("unknown_procedure", message)))
            return None
        own = self.catalogue.procedures[procedure_id].field_id if procedure_id else self.catalogue.undivided
        field_id = self.fields.get(named) if named else own
        if field_id is None:
            message = f"Danh mục không có lĩnh vực “{shorten(named)}”."
            sent.faults.append((f"{pointer}/field", _fault("unknown_field", message)))
            return None
        if procedure_id and field_id != own:
            message = f"Thủ tục {code} không thuộc lĩnh vực {named}."
            sent.faults.append((f"{pointer}/procedure", _fault("unknown_procedure", message)))
            return None
        if not served_in_row(self.expected, self.catalogue, (field_id, procedure_id)):
            name = self.catalogue.fields[field_id].name
            message = f"{self.unit.name} không báo cáo lĩnh vực “{name}” trong tháng này theo danh mục."
            sent.faults.append((f"{pointer}/field", _fault("not_served", message)))
            return None
        return field_id, procedure_id

    def _cells(
        self, counts: Mapping[str, Any], key: RowKey, pointer: str, sent: SentRows
    ) -> dict[str, int | None]:
        served = served_in_row(self.expected, self.catalogue, key)
        values: dict[str, int | None] = dict.fromkeys(MEASURES)
        for name, value in counts.items():
            place = f"{pointer}/counts/{pointer_name(name)}"
            if name not in values:
                message = f"Không có số liệu “{shorten(name)}”."
                sent.faults.append((place, _fault("unknown_column", message)))
                continue
            values[name], fault = _cell(name, value, served)
            if fault:
                sent.faults.append((place, explain_switched_off(fault, self.expected.off)))
        return values


def _cell(name: str, typed: Any, served: frozenset[str]) -> tuple[int | None, RuleViolation | None]:
    """The value of a JSON number, or of a text as people type it."""
    if typed is None:
        return None, None
    text = str(typed).lower() if isinstance(typed, bool) else typed
    value, fault = count_rules.read_cell(name, text, served)
    # The text "1.240" is 1240; the JSON number 1.240 is 1.24.
    if fault is None and isinstance(typed, JsonNumber) and not typed.isdigit():
        return None, violation("not_whole", name, typed=shorten(typed))
    return value, fault


def _fault(code: str, message: str) -> RuleViolation:
    return RuleViolation(code, None, message, "error")
