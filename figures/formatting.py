"""Formats numbers, shares and dates in Vietnamese: 14.700 · 87,4% · 14/6/2022 · — for not reported."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

DASH = "—"
MINUS = "\N{MINUS SIGN}"
INCOMPLETE = " (chưa đủ)"

TIER_NAMES: Mapping[str, str] = MappingProxyType(
    {"country": "Cả nước", "province": "Cấp tỉnh", "district": "Cấp huyện", "commune": "Cấp xã"}
)


def included_label(include: str, as_of: date | None = None) -> str:
    """Which figures are included: "Chỉ số liệu đã duyệt", "Gồm cả chưa duyệt", or those approved by a day."""
    if as_of is not None:
        return f"Số liệu như đã duyệt đến hết ngày {format_day(as_of)}"
    return "Gồm cả chưa duyệt" if include == "submitted" else "Chỉ số liệu đã duyệt"


def basis_label(units_of: date | None) -> str:
    """The units that figures are grouped by: "theo đơn vị khi báo cáo" or "theo đơn vị hiện nay (1/7/2025)"."""
    return "theo đơn vị khi báo cáo" if units_of is None else f"theo đơn vị hiện nay ({format_day(units_of)})"


ESTIMATED = "Có số ước tính: chia theo tỷ lệ của đơn vị đã chia tách, tổng giữ nguyên số đã báo cáo."
QUOTED = 24


def format_count(number: int | None) -> str:
    """``14.700``; a dash if not reported."""
    if number is None:
        return DASH
    return f"{number:,}".replace(",", ".").replace("-", MINUS)


def format_signed(number: int | None) -> str:
    """A difference of counts with its sign: ``+12``, ``−3``, ``0``."""
    return ("+" if number and number > 0 else "") + format_count(number)


def format_percent(percent: str | None) -> str:
    """A share as text with a dot becomes ``87,4%``; exactly all is ``100%`` and none ``0%``."""
    if percent is None:
        return DASH
    whole, _, rest = percent.partition(".")
    if whole in ("0", "100") and not rest.strip("0"):
        return f"{whole}%"
    return f"{format_decimal(percent)}%"


def format_points(points: str | None) -> str:
    """A difference in percentage points with its sign: ``+6,3``, ``−0,4``, ``0,0``."""
    if points is None:
        return DASH
    positive = not points.startswith("-") and points.strip("0.") != ""
    return ("+" if positive else "") + format_decimal(points)


def format_decimal(text: str) -> str:
    """A decimal number as text with a dot becomes one with a comma and grouped thousands."""
    whole, _, rest = text.partition(".")
    sign, whole = (MINUS, whole[1:]) if whole.startswith("-") else ("", whole)
    return sign + format_count(int(whole)) + (f",{rest}" if rest else "")


def format_day(value: date | None) -> str:
    """``14/6/2022``, ``05/8/2022``, ``01/02/2022``; a dash for no day.

    Days below 10 and months 1 and 2 have a leading 0, as decree 30/2020/NĐ-CP prescribes.
    """
    if value is None:
        return DASH
    month = f"{value.month:02d}" if value.month < 3 else f"{value.month}"
    return f"{value.day:02d}/{month}/{value.year}"


def format_moment(value: datetime) -> str:
    """``17:00 ngày 16/8/2022``, or ``23:59:59 ngày 16/8/2022``. The caller converts the time zone."""
    return f"{value:%H:%M}{f':{value.second:02d}' if value.second else ''} ngày {format_day(value.date())}"


def format_day_range(first: date, last: date) -> str:
    """``từ 15/12/2021 đến 14/6/2022``."""
    return f"từ {format_day(first)} đến {format_day(last)}"


def tier_name(tier: str) -> str:
    """``Cấp huyện``; the code itself for an unknown tier, since tiers are data."""
    return TIER_NAMES.get(tier, tier)


def lower_first(text: str) -> str:
    """For use inside a sentence: "Cấp xã" → "cấp xã"; an abbreviation keeps its capitals: "UBND" → "UBND"."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def shorten(text: str, width: int = QUOTED) -> str:
    """Typed text to be quoted in a message: truncated, without control characters."""
    short = "".join(c if c.isprintable() else " " for c in text[:width])
    return short + "…" if len(text) > width else short
