"""How numbers, shares and dates are written in Vietnamese, and how typed counts are read.

Written: 14.700 · 87,4% · 100% · 14/6/2022 · — for what nobody reported. Read: "1.240" is one thousand two hundred
and forty, and "12,5" is a mistake and not 12.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from figures.rulebook import LARGEST_COUNT, say

DASH = "—"
MINUS = "\N{MINUS SIGN}"

TIER_NAMES: Mapping[str, str] = MappingProxyType(
    {"country": "Cả nước", "province": "Cấp tỉnh", "district": "Cấp huyện", "commune": "Cấp xã"}
)

_DIGITS = re.compile(r"[0-9]+")
# What may stand between groups of three: a dot, or a space of any width.
_GAPS = ". \u00a0\u2007\u2009\u202f\u3000"
# Signs that nobody sees and that come along from other programs, as units.words takes them out of files.
INVISIBLE = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
# What is stripped from both ends: all that Unicode counts as space.
SPACES = "".join(filter(str.isspace, map(chr, range(0x3001))))
LONGEST = 40
QUOTED = 24
# Read by Python and by the browser alike (rules.as_data): no \s, \d or bare dot, which they take differently.
# Groups of three with one and the same separator.
GROUPED = f"[1-9][0-9]{{0,2}}([{_GAPS}])[0-9]{{3}}(?:\\1[0-9]{{3}})*"
# What is no count, with the code of its rule and the word that says why; the first that fits.
UNREAD = (
    (f"[-−–][0-9][0-9,{_GAPS}]*", "negative", ""),
    (f"[0-9,{_GAPS}]+%", "not_a_number", "percent"),
    ("[0-9]+[.,][0-9]+", "not_whole", ""),
    (r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}(?:[ T][\s\S]*)?", "not_a_number", "date"),
    (r"#[\s\S]*", "not_a_number", "cell_error"),
    (r"=[\s\S]*", "not_a_number", "formula"),
)
_GROUPED = re.compile(GROUPED)
_UNREAD = tuple((re.compile(pattern), code, why) for pattern, code, why in UNREAD)
_UNSEEN = dict.fromkeys(map(ord, INVISIBLE))


class CountError(ValueError):
    """A typed text that is no count: ``code`` for programs, ``message`` in Vietnamese for whoever typed it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def count(number: int | None) -> str:
    """``14.700``; a dash for what nobody reported."""
    if number is None:
        return DASH
    return f"{number:,}".replace(",", ".").replace("-", MINUS)


def signed(number: int | None) -> str:
    """A difference of counts with its sign: ``+12``, ``−3``, ``0``."""
    return ("+" if number and number > 0 else "") + count(number)


def percent_vi(percent: str | None) -> str:
    """A share as text with a dot becomes ``87,4%``; exactly all is ``100%`` and none ``0%``."""
    if percent is None:
        return DASH
    whole, _, rest = percent.partition(".")
    if whole in ("0", "100") and not rest.strip("0"):
        return f"{whole}%"
    return f"{decimal_vi(percent)}%"


def points_vi(points: str | None) -> str:
    """A difference in percentage points with its sign: ``+6,3``, ``−0,4``, ``0,0``."""
    if points is None:
        return DASH
    positive = not points.startswith("-") and points.strip("0.") != ""
    return ("+" if positive else "") + decimal_vi(points)


def decimal_vi(text: str) -> str:
    """A decimal number as text with a dot becomes one with a comma and grouped thousands."""
    whole, _, rest = text.partition(".")
    sign, whole = (MINUS, whole[1:]) if whole.startswith("-") else ("", whole)
    return sign + count(int(whole)) + (f",{rest}" if rest else "")


def day(value: date | None) -> str:
    """``14/6/2022``, ``05/8/2022``, ``01/02/2022``; a dash for no day.

    Days below 10 and months 1 and 2 carry a leading 0, as decree 30/2020/NĐ-CP writes dates: nobody can then put
    a digit in front.
    """
    if value is None:
        return DASH
    month = f"{value.month:02d}" if value.month < 3 else f"{value.month}"
    return f"{value.day:02d}/{month}/{value.year}"


def moment(value: datetime) -> str:
    """``17:00 ngày 16/8/2022``, with seconds where there are any: ``23:59:59 ngày 16/8/2022``.

    Written as it stands: the caller puts it into the zone of its reader.
    """
    return f"{value:%H:%M}{f':{value.second:02d}' if value.second else ''} ngày {day(value.date())}"


def day_range(first: date, last: date) -> str:
    """``từ 15/12/2021 đến 14/6/2022``."""
    return f"từ {day(first)} đến {day(last)}"


def tier_name(tier: str) -> str:
    """``Cấp huyện``; the code itself for a tier that this table does not know, since tiers are data."""
    return TIER_NAMES.get(tier, tier)


def lower(text: str) -> str:
    """A beginning inside a sentence; an abbreviation keeps its capitals: "Cấp xã" → "cấp xã", "UBND" → "UBND"."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def parse_count(text: str) -> int | None:
    """Read a count as people type it; None for a blank, which is "not reported" and never 0.

    "1240", "1.240" and "1 240" are 1240. Everything else is refused with what is wrong: decimals, signs,
    percentages, dates, digits of other scripts, more than nine digits. Raises CountError.
    """
    typed = unicodedata.normalize("NFC", text.translate(_UNSEEN)).strip()
    if not typed:
        return None
    if len(typed) > LONGEST:
        raise _too_large(typed, "long")
    plain = typed.replace(found[1], "") if (found := _GROUPED.fullmatch(typed)) else typed
    if not _DIGITS.fullmatch(plain):
        raise _fault(typed)
    if len(plain) > len(str(LARGEST_COUNT)):
        raise _too_large(typed, "large")
    return int(plain)


def quoted(text: str, width: int = QUOTED) -> str:
    """What was typed, cut short and without control characters, to be quoted back to whoever typed it."""
    short = "".join(c if c.isprintable() else " " for c in text[:width])
    return short + "…" if len(text) > width else short


def as_data() -> dict[str, Any]:
    """How `parse_count` reads, as data for the browser."""
    return {
        "invisible": INVISIBLE,
        "spaces": SPACES,
        "longest": LONGEST,
        "grouped": GROUPED,
        "unread": UNREAD,
        "quoted": QUOTED,
    }


def _too_large(typed: str, why: str) -> CountError:
    return _refused("too_large", typed, why, most=count(LARGEST_COUNT))


def _fault(typed: str) -> CountError:
    for pattern, code, why in _UNREAD:
        if pattern.fullmatch(typed):
            return _refused(code, typed, why)
    strange = any(unicodedata.category(c) == "Nd" and not c.isascii() for c in typed)
    return _refused("not_a_number", typed, "digits" if strange else "text")


def _refused(code: str, typed: str, why: str, **values: str) -> CountError:
    return CountError(code, say(code, why, typed=quoted(typed), **values))
