"""Normalises typed and imported text, so that text that looks the same is equal (acceptance S24)."""

import re
import unicodedata
from fractions import Fraction

_SPACES = dict.fromkeys(map(ord, "\u00a0\u2007\u202f\u3000\t\r\n"), " ")
# Characters not allowed in text files; NUL in input is refused, not removed.
CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127])
# Spreadsheets take text that starts so for a formula; exports prefix it with ' (acceptance S25).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
_CONTROLS = {sign: None for sign in CONTROLS if sign}
_INVISIBLE = dict.fromkeys(
    map(
        ord,
        "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    )
)


def fold(text: str) -> str:
    """Lower case without diacritics (đ → d), for searching: "Thanh Lâm" → "thanh lam"."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


_STRAY = _SPACES | _INVISIBLE | _CONTROLS

# "Hoà" and "Hòa" are the same word: moves the mark of a final oa, oe, uy to its first letter (not in "quý").
_OLD = {
    first + second: marked + plain
    for first, plain, rows in (
        ("o", "a", ("àò", "áó", "ảỏ", "ãõ", "ạọ")),
        ("o", "e", ("èò", "éó", "ẻỏ", "ẽõ", "ẹọ")),
    )
    for second, marked in rows
} | {"u" + second: marked + "y" for second, marked in ("ỳù", "ýú", "ỷủ", "ỹũ", "ỵụ")}
_FINAL = re.compile(r"(?<![qQ])(" + "|".join(_OLD) + r")(?!\w)", re.IGNORECASE)


def clean_text(text: str) -> str:
    """NFC on one line, stripped, with plain spaces and without zero-width, direction and control characters."""
    if text.isascii() and text.isprintable():
        return text.replace("\t", " ").strip()
    return unicodedata.normalize("NFC", text.translate(_STRAY)).strip()


def ascii_name(text: str, longest: int | None = None) -> str:
    """Part of a file name of plain letters: nothing in it can break a header (acceptance S28)."""
    return _UNSAFE.sub("-", text)[:longest]


def parse_digits(text: str, longest: int) -> int:
    """The number of at most `longest` plain digits; -1 for any other text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= longest else -1


def parse_fraction(text: str) -> Fraction:
    """`1`, a decimal with a dot or a comma, a fraction such as 1/3, or a percentage such as 60%; of at most 20
    characters and without exponent, which could mean a million digits. Errors: ValueError.
    """
    text = text.replace(" ", "").replace(",", ".")
    number = text.removesuffix("%")
    whole = 1 if number == text else 100
    if len(text) > 20 or not set(number) <= set("-0123456789./") or (whole == 100 and "/" in number):
        raise ValueError(text)
    try:
        return Fraction(number) / whole
    except ZeroDivisionError as error:
        raise ValueError(text) from error


def canonical_text(text: str) -> str:
    """`clean_text` with tone marks in one place: equal texts name the same thing."""
    text = clean_text(text)
    if text.isascii():
        return text
    return _FINAL.sub(_moved_tone_mark, text)


def _moved_tone_mark(match: re.Match) -> str:
    text = match.group()
    moved = _OLD[text.lower()]
    return "".join(new.upper() if old.isupper() else new for old, new in zip(text, moved, strict=True))
