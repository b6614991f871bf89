"""The data of official forms, read and checked: every fault is told with its place. The shape is in docs/forms.md."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from figures.forms import DOSSIERS, FIRST, INDICATORS, Column, Form, Identity, Mapped
from figures.measures import MEASURES

PARTS = ("numerator", "denominator")


class FormError(ValueError):
    """The data of a form cannot be used; the message in Vietnamese names the place."""


def form_of(data: Any) -> Form:
    """Read and check the data of a form. Raises FormError."""
    if not isinstance(data, dict):
        raise FormError("Biểu phải là một đối tượng có tên các mục.")
    of = _choice(data, "of", (DOSSIERS, INDICATORS))
    columns = tuple(_column(one, of) for one in _list(data, "columns"))
    _check_columns(columns)
    known = {column.number for column in columns}
    made = Form(
        key=_key(data),
        code=_text(data, "code"),
        title=_text(data, "title"),
        basis=_text(data, "basis"),
        of=of,
        counted_in=_text(data, "counted_in"),
        name_head=_text(data, "name_head"),
        columns=columns,
        identities=tuple(_identity(one, known) for one in _list(data, "identities", needed=False)),
        lacking=_text(data, "lacking", needed=False),
        within=tuple(_mapped(one, of) for one in _list(data, "within", needed=False)),
        outside=tuple(_mapped(one, of) for one in _list(data, "outside", needed=False)),
        valid_from=_day(data, "valid_from"),
        valid_until=_day(data, "valid_until"),
        replaces=_text(data, "replaces", needed=False),
    )
    if made.valid_from and made.valid_until and made.valid_until < made.valid_from:
        raise FormError("valid_until: ngày hết áp dụng phải từ ngày bắt đầu trở đi.")
    return made


def _key(data: Mapping[str, Any]) -> str:
    """It stands in addresses and names of files."""
    key = _text(data, "key")
    if not re.fullmatch("[a-z0-9]+(?:-[a-z0-9]+)*", key, re.ASCII) or len(key) > 40:
        raise FormError("key: chỉ dùng chữ thường không dấu, chữ số và dấu gạch nối, không quá 40 ký tự.")
    return key


def _check_columns(columns: Sequence[Column]) -> None:
    numbers = [column.number for column in columns]
    if not columns or numbers != list(range(FIRST, FIRST + len(columns))):
        raise FormError(f"columns: số thứ tự các cột phải liên tục từ {FIRST}.")
    used: set[str] = set()
    for column in columns:
        for source in column.sources:
            if source in used:
                raise FormError(f"columns, cột ({column.number}): “{source}” đã có ở cột khác.")
            used.add(source)
        _check_adds(column, {one.number: one for one in columns})


def _check_adds(column: Column, columns: Mapping[int, Column]) -> None:
    """Every column that it is made of is there, and none leads back to it."""
    reached, ahead = set(), [column.number]
    while ahead:
        for part in columns[ahead.pop()].adds:
            if abs(part) not in columns:
                raise FormError(f"columns, cột ({column.number}): không có cột ({abs(part)}).")
            if abs(part) == column.number:
                raise FormError(f"columns, cột ({column.number}): công thức quay vòng.")
            if abs(part) not in reached:
                reached.add(abs(part))
                ahead.append(abs(part))


def _column(data: Any, of: str) -> Column:
    if not isinstance(data, dict):
        raise FormError("columns: mỗi cột phải là một đối tượng.")
    number = data.get("number")
    where = f"columns, cột ({number})"
    if not _whole(number):
        raise FormError(f"{where}: number phải là số nguyên.")
    sources, adds = data.get("sources", []), data.get("adds", [])
    if not isinstance(sources, list) or not isinstance(adds, list) or bool(sources) == bool(adds):
        raise FormError(f"{where}: phải có đúng một trong hai danh sách sources, adds.")
    if not all(map(_whole, adds)):
        raise FormError(f"{where}: adds phải là số thứ tự các cột.")
    for source in sources:
        _check_source(source, of, where)
    group = _text(data, "group", needed=False, where=where)
    return Column(number, _text(data, "head", where=where), group, tuple(sources), tuple(adds))


def _check_source(source: Any, of: str, where: str) -> None:
    if of == DOSSIERS and source not in MEASURES:
        raise FormError(f"{where}: không có chỉ số “{source}”; dùng {', '.join(MEASURES)}.")
    code, _, part = str(source).rpartition(".")
    if of == INDICATORS and (not code or part not in PARTS):
        raise FormError(
            f"{where}: “{source}” phải có dạng mã-chỉ-tiêu.numerator hoặc mã-chỉ-tiêu.denominator."
        )


def _identity(data: Any, known: set[int]) -> Identity:
    sides = [data.get(side) if isinstance(data, dict) else None for side in ("left", "right")]
    for side in sides:
        if not isinstance(side, list) or not side or not all(map(_whole, side)) or not set(side) <= known:
            raise FormError("identities: left và right phải là số thứ tự các cột có trong biểu.")
    return Identity(tuple(sides[0]), tuple(sides[1]))


def _mapped(data: Any, of: str) -> Mapped:
    if not isinstance(data, dict):
        raise FormError("within, outside: mỗi dòng phải là một đối tượng.")
    source = _text(data, "source", where="within, outside")
    _check_source(source, of, "within, outside")
    return Mapped(source, _text(data, "words", where=f"within, outside, {source}"))


def _text(data: Mapping[str, Any], name: str, *, needed: bool = True, where: str = "") -> str:
    text = data.get(name, "")
    place = f"{where}, {name}" if where else name
    if not isinstance(text, str) or len(text) > 500:
        raise FormError(f"{place}: phải là chữ, không quá 500 ký tự.")
    if needed and not text.strip():
        raise FormError(f"{place}: thiếu.")
    return text.strip()


def _choice(data: Mapping[str, Any], name: str, choices: Sequence[str]) -> str:
    text = _text(data, name)
    if text not in choices:
        raise FormError(f"{name}: chỉ dùng {', '.join(choices)}.")
    return text


def _list(data: Mapping[str, Any], name: str, *, needed: bool = True) -> list[Any]:
    found = data.get(name, [])
    if not isinstance(found, list) or needed and not found:
        raise FormError(f"{name}: phải là một danh sách{' không rỗng' if needed else ''}.")
    return found


def _day(data: Mapping[str, Any], name: str) -> date | None:
    text = _text(data, name, needed=False)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise FormError(f"{name}: “{text}” không phải ngày dạng 2026-01-10.") from error


def _whole(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
