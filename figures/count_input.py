"""Parses a typed count: "1.240" is 1240, a blank is not 0, and anything else is refused with a reason."""

import re
import unicodedata
from typing import Any

from .formatting import QUOTED, format_count, shorten
from .rule_catalogue import LARGEST_COUNT, rule_message

_DIGITS = re.compile(r"[0-9]+")
# What may stand between groups of three: a dot, or a space of any width.
_GAPS = ". \u00a0\u2007\u2009\u202f\u3000"
# Invisible characters that are pasted from other programs; core.text removes the same from files.
INVISIBLE = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
# Stripped from both ends: all Unicode spaces.
SPACES = "".join(filter(str.isspace, map(chr, range(0x3001))))
LONGEST = 40
# Used by Python and the browser (count_rules.rules_as_data): no \s, \d or bare dot, which differ between them.
# Groups of three with one and the same separator.
GROUPED = f"[1-9][0-9]{{0,2}}([{_GAPS}])[0-9]{{3}}(?:\\1[0-9]{{3}})*"
# Patterns of other input, each with the code of its rule and the key of its reason; the first match wins.
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


class CountInputError(ValueError):
    """Typed text that is not a count: ``code`` for programs, Vietnamese ``message`` for the user."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def parse_count(text: str) -> int | None:
    """Parse a typed count: "1240", "1.240" and "1 240" are 1240; None for a blank ("not reported", never 0).

    Raises CountInputError for decimals, signs, percentages, dates, digits of other scripts, more than nine digits.
    """
    typed = unicodedata.normalize("NFC", text.translate(_UNSEEN)).strip()
    if not typed:
        return None
    if len(typed) > LONGEST:
        raise _too_large(typed, "long")
    plain = typed.replace(grouped[1], "") if (grouped := _GROUPED.fullmatch(typed)) else typed
    if not _DIGITS.fullmatch(plain):
        raise _fault(typed)
    if len(plain) > len(str(LARGEST_COUNT)):
        raise _too_large(typed, "large")
    return int(plain)


def count_input_rules() -> dict[str, Any]:
    """The rules of `parse_count` as data for the browser."""
    return {
        "invisible": INVISIBLE,
        "spaces": SPACES,
        "longest": LONGEST,
        "grouped": GROUPED,
        "unread": UNREAD,
        "quoted": QUOTED,
    }


def _too_large(typed: str, why: str) -> CountInputError:
    return _refused("too_large", typed, why, most=format_count(LARGEST_COUNT))


def _fault(typed: str) -> CountInputError:
    for pattern, code, why in _UNREAD:
        if pattern.fullmatch(typed):
            return _refused(code, typed, why)
    strange = any(unicodedata.category(c) == "Nd" and not c.isascii() for c in typed)
    return _refused("not_a_number", typed, "digits" if strange else "text")


def _refused(code: str, typed: str, why: str, **values: str) -> CountInputError:
    return CountInputError(code, rule_message(code, why, typed=shorten(typed), **values))
