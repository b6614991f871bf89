"""Parses phrases: text with figures in it and the conditions under which it is used."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import InvalidOperation

from .bound_text import KEY
from .typed_numbers import number_value

# ``{now.commune.received}`` quotes a fact; ``*`` in a key is the tier or
# indicator that the phrase is said of, ``{*}`` its name and ``{đơn vị tính}`` what an indicator counts; ``{đơn
# vị}``, ``{kỳ}``, ``{cùng kỳ}``, ``{kỳ tới}``, ``{mức độ}`` are words of the review. ``[…]`` is left out where
# a figure in it is unknown, ``[now.*.resolved_late > 0 ? …]`` where its condition does not hold. A phrase that
# quotes an unknown figure outside of brackets is not said: no figure, no claim.
#
# Conditions: ``key có``, ``key không có`` and comparisons (> >= < <= = !=) of a key with a number or another
# key, joined by ``và``. A comparison with something unknown does not hold. Written wrongly, a phrase is refused
# with the place.

STAR = "*"
# Words of the review that a phrase may name.
REVIEW_WORDS = ("đơn vị", "kỳ", "cùng kỳ", "kỳ tới", "mức độ", "đơn vị tính")
_KEY = re.compile(KEY.replace("[", "[*", 1))
_COMPARED = re.compile(r"(?P<left>\S+)\s*(?P<sign>>=|<=|!=|≥|≤|≠|=|>|<)\s*(?P<right>\S+)")
_KNOWN = re.compile(r"(?P<key>\S+)\s+(?P<no>không\s+)?có")
# The space after the question mark is no part of the text.
_ASKED = re.compile(r"([^\[\]{}?]*)\? ?")
_SIGNS = {"≥": ">=", "≤": "<=", "≠": "!="}
NUMBER = re.compile(r"-?\d[\d.,]*")


class PhraseError(ValueError):
    """What is wrong with a phrase, in Vietnamese, and where: `at` is the first wrong character, from 0."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(f"Ký tự {at + 1}: {message}")
        self.at = at


@dataclass(frozen=True)
class Clause:
    """A comparison, or with sign "có" or "không có" whether a figure is known."""

    left: str
    sign: str
    right: str = ""


@dataclass(frozen=True)
class LiteralText:
    """Words as they are."""

    text: str


@dataclass(frozen=True)
class FactReference:
    """A figure, the name of what the phrase is said of (STAR), or a word of the review."""

    key: str


@dataclass(frozen=True)
class OptionalPart:
    """A part that is left out where its conditions do not hold or a figure in it is unknown."""

    parts: tuple["PhrasePart", ...]
    conditions: tuple[Clause, ...] = ()


PhrasePart = LiteralText | FactReference | OptionalPart


def parse_phrase(text: str) -> tuple[PhrasePart, ...]:
    """The parts of a text. Raises PhraseError."""
    parts, at = _parse(text, 0, None)
    if at < len(text):
        raise PhraseError("dấu “]” không có dấu “[” ở trước.", at)
    return parts


def parse_conditions(text: str, offset: int = 0) -> tuple[Clause, ...]:
    """The clauses of a condition; none of an empty one. Raises PhraseError; `offset` is added to its place."""
    if not text.strip():
        return ()
    found, at = [], 0
    for part in re.split(r"(\s+và\s+|\n)", text):
        if part.strip() and part.strip() != "và":
            found.append(_clause(part, offset + at))
        at += len(part)
    return tuple(found)


def check_phrase(text: str, is_name: Callable[[str], bool]) -> tuple[PhrasePart, ...]:
    """Parse a text whose every figure must have a name that can be one. Raises PhraseError with the place."""
    parts = parse_phrase(text)
    _check(phrase_keys(parts), text, is_name)
    return parts


def check_conditions(text: str, is_name: Callable[[str], bool]) -> tuple[Clause, ...]:
    """The same of a condition."""
    clauses = parse_conditions(text)
    _check(condition_keys(clauses), text, is_name)
    return clauses


def _check(names: Iterable[str], text: str, is_name: Callable[[str], bool]) -> None:
    for key in names:
        if not is_name(key):
            found = re.search(rf"(?<![\w.*:@-]){re.escape(key)}(?![\w*:@-])", text)
            raise PhraseError(f"không có số liệu nào tên “{key[:60]}”.", found.start() if found else 0)


def phrase_keys(parts: tuple[PhrasePart, ...]) -> list[str]:
    """The figures that a text quotes or asks about, each once, in order."""
    found: list[str] = []
    for part in parts:
        if isinstance(part, FactReference) and part.key not in (STAR, *REVIEW_WORDS):
            found.append(part.key)
        elif isinstance(part, OptionalPart):
            found += [*condition_keys(part.conditions), *phrase_keys(part.parts)]
    return list(dict.fromkeys(found))


def condition_keys(clauses: tuple[Clause, ...]) -> list[str]:
    """The figures that conditions ask about."""
    sides = [side for one in clauses for side in (one.left, one.right)]
    return [side for side in sides if side and not NUMBER.fullmatch(side)]


def _parse(text: str, at: int, opened: int | None) -> tuple[tuple[PhrasePart, ...], int]:
    """The parts from a place to the end or, inside a bracket that `opened` at a place, to its end."""
    parts: list[PhrasePart] = []
    start = at
    while at < len(text):
        sign = text[at]
        if sign in "{}[]" and text[start:at]:
            parts.append(LiteralText(text[start:at]))
        if sign == "{":
            key, at = _quoted(text, at)
            parts.append(FactReference(key))
        elif sign == "[":
            part, at = _optional(text, at)
            parts.append(part)
        elif sign == "]":
            return tuple(parts), at
        elif sign == "}":
            raise PhraseError("dấu “}” không có dấu “{” ở trước.", at)
        else:
            at += 1
            continue
        start = at
    if opened is not None:
        raise PhraseError("dấu “[” chưa có dấu “]” đóng lại.", opened)
    if text[start:]:
        parts.append(LiteralText(text[start:]))
    return tuple(parts), at


def _quoted(text: str, at: int) -> tuple[str, int]:
    end = text.find("}", at)
    if end < 0:
        raise PhraseError("dấu “{” chưa có dấu “}” đóng lại.", at)
    key = text[at + 1 : end].strip()
    if key not in (STAR, *REVIEW_WORDS) and not _KEY.fullmatch(key):
        raise PhraseError(f"“{key[:60]}” không phải tên số liệu.", at + 1)
    return key, end + 1


def _optional(text: str, at: int) -> tuple[OptionalPart, int]:
    """A bracket; what stands before its first "?" is a condition where it looks like one."""
    asked = _ASKED.match(text, at + 1)
    clauses = parse_conditions(asked[1], at + 1) if asked else ()
    parts, end = _parse(text, asked.end() if asked else at + 1, at)
    if not parts:
        raise PhraseError("trong ngoặc vuông không có gì.", at)
    return OptionalPart(parts, clauses), end + 1


def _clause(text: str, at: int) -> Clause:
    at += len(text) - len(text.lstrip())
    bare = text.strip()
    if found := _KNOWN.fullmatch(bare):
        return Clause(_side(found["key"], at), "không có" if found["no"] else "có")
    if found := _COMPARED.fullmatch(bare):
        right = _right(found["right"], at + found.start("right"))
        return Clause(_side(found["left"], at), _SIGNS.get(found["sign"], found["sign"]), right)
    raise PhraseError(f"“{bare[:60]}” không phải điều kiện. Viết như “now.total.received > 0”.", at)


def _right(text: str, at: int) -> str:
    """A number, or another figure."""
    if not NUMBER.fullmatch(text):
        return _side(text, at)
    try:
        number_value(text)
    except InvalidOperation:
        raise PhraseError(f"“{text[:60]}” không phải số.", at) from None
    return text


def _side(key: str, at: int) -> str:
    if not _KEY.fullmatch(key):
        raise PhraseError(f"“{key[:60]}” không phải tên số liệu.", at)
    return key
