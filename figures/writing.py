"""How numbers, shares and dates are written in Vietnamese, and how typed counts are read.

Written: 14.700 · 87,4% · 100% · 14/6/2022 · — for what nobody reported. Read: "1.240" is one thousand two hundred
and forty, and "12,5" is a mistake and not 12.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

DASH = "—"
MINUS = "\N{MINUS SIGN}"
LARGEST_COUNT = 999_999_999

TIER_NAMES: Mapping[str, str] = MappingProxyType(
    {"country": "Cả nước", "province": "Cấp tỉnh", "district": "Cấp huyện", "commune": "Cấp xã"}
)

_DIGITS = re.compile(r"[0-9]+")
# Groups of three with one and the same separator: a dot or a space of any width.
_GROUPED = re.compile(r"[1-9][0-9]{0,2}([. \u00a0\u2009\u202f])[0-9]{3}(?:\1[0-9]{3})*")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_EXAMPLE = "Chỉ nhập số nguyên từ 0, ví dụ 12 hoặc 1.240."
_FAULTS = (
    (re.compile(r"[-−–][0-9][0-9.,\s]*"), "negative", "là số âm; số hồ sơ không thể nhỏ hơn 0."),
    (re.compile(r"[0-9.,\s]+%"), "not_a_number", "là tỷ lệ phần trăm, không phải số hồ sơ."),
    (re.compile(r"[0-9]+[.,][0-9]+"), "not_whole", "không phải số hồ sơ."),
    (re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}(?:[ T].*)?"), "not_a_number", "là ngày tháng."),
    (re.compile(r"#.*"), "not_a_number", "là lỗi của bảng tính."),
    (re.compile(r"=.*"), "not_a_number", "là công thức chưa có kết quả."),
)


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


def day_range(first: date, last: date) -> str:
    """``từ 15/12/2021 đến 14/6/2022``."""
    return f"từ {day(first)} đến {day(last)}"


def tier_name(tier: str) -> str:
    """``Cấp huyện``; the code itself for a tier that this table does not know, since tiers are data."""
    return TIER_NAMES.get(tier, tier)


def parse_count(text: str) -> int | None:
    """Read a count as people type it; None for a blank, which is "not reported" and never 0.

    "1240", "1.240" and "1 240" are 1240. Everything else is refused with what is wrong: decimals, signs,
    percentages, dates, digits of other scripts, more than nine digits. Raises CountError.
    """
    typed = text.translate(_INVISIBLE).strip()
    if not typed:
        return None
    if len(typed) > 40:
        raise CountError("too_large", f"“{quoted(typed)}” quá dài. {_EXAMPLE}")
    if grouped := _GROUPED.fullmatch(typed):
        typed = typed.replace(grouped[1], "")
    if not _DIGITS.fullmatch(typed):
        raise _fault(typed)
    if len(typed) > len(str(LARGEST_COUNT)):
        raise CountError("too_large", f"“{quoted(typed)}” quá lớn: tối đa {count(LARGEST_COUNT)} hồ sơ.")
    return int(typed)


def quoted(text: str, width: int = 24) -> str:
    """What was typed, cut short and without control characters, to be quoted back to whoever typed it."""
    short = "".join(c if c.isprintable() else " " for c in text[:width])
    return short + "…" if len(text) > width else short


def _fault(typed: str) -> CountError:
    shown = f"“{quoted(typed)}”"
    for pattern, code, told in _FAULTS:
        if pattern.fullmatch(typed):
            return CountError(code, f"{shown} {told} {_EXAMPLE}")
    if any(unicodedata.category(c) == "Nd" and not c.isascii() for c in typed):
        return CountError("not_a_number", f"{shown} dùng chữ số lạ; chỉ dùng chữ số 0–9. {_EXAMPLE}")
    return CountError("not_a_number", f"{shown} không phải số hồ sơ. {_EXAMPLE}")
