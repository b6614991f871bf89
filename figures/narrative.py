"""Sentences drafted from a Summary, in the words of such reports. Vietnamese."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from figures.completeness import Completeness, Missing
from figures.rates import BY_KEY, Share
from figures.rounding import points
from figures.summary import Figures, Summary
from figures.writing import count, day, decimal_vi, percent_vi, tier_name

# No figures, no claim: a sentence that would rest on nothing, or on a whole with blanks in it, is left out
# (""). What is drafted here is a proposal; an editor may rewrite it, and the numbers in it are those that the
# tables print.

MOST_NAMES = 5
LACKING = " (chưa đủ)"


def counted(include: str, as_of: date | None = None) -> str:
    """Which figures were taken: "Chỉ số liệu đã duyệt", "Gồm cả chưa duyệt", or as they counted on a day."""
    if as_of is not None:
        return f"Số liệu như đã duyệt đến hết ngày {day(as_of)}"
    return "Gồm cả chưa duyệt" if include == "submitted" else "Chỉ số liệu đã duyệt"


def basis(units_of: date | None) -> str:
    """By which units figures are told: "theo đơn vị khi báo cáo" or "theo đơn vị hiện nay (1/7/2025)"."""
    return "theo đơn vị khi báo cáo" if units_of is None else f"theo đơn vị hiện nay ({day(units_of)})"


ESTIMATED = "Có số ước tính: chia theo tỷ lệ của đơn vị đã chia tách, tổng giữ nguyên số đã báo cáo."


def headline(summary: Summary) -> str:
    """The finding, in at most twelve words: "Tỷ lệ hồ sơ trực tuyến: cấp huyện 51,7%, cấp xã 12,6%".

    One or two tiers are named; of more, the total is told. A share of a whole with blanks in it claims nothing.
    What rests on fewer reports than expected is marked.
    """
    found = [(tier, one) for tier, one in summary.tiers if _sound(one.shares["online"])]
    name = BY_KEY["online"].name
    if 1 <= len(found) <= 2:
        told = ", ".join(
            f"{tier_name(tier).lower()} {percent_vi(one.share('online').percent)}{lacking(one.completeness)}"
            for tier, one in found
        )
        return f"{name}: {told}"
    total = summary.total.shares["online"]
    if not (found and _sound(total)):
        return ""
    return f"{name} chung: {percent_vi(total.percent)}{lacking(summary.total.completeness)}"


def lacking(*completeness: Completeness) -> str:
    """The mark of a claim that rests on fewer reports than expected: " (chưa đủ)", else ""."""
    return "" if all(one.complete for one in completeness) else LACKING


def moved(new: str | None, old: str | None) -> str:
    """``tăng 6,3 điểm phần trăm``, ``giảm …`` or ``không đổi`` between two printed rates."""
    gap = points(new, old)
    if gap is None:
        return ""
    if not gap.strip("-0."):
        return "không đổi"
    return f"{'giảm' if gap.startswith('-') else 'tăng'} {decimal_vi(gap.lstrip('-'))} điểm phần trăm"


def reached(rate: str | None, target: str | None) -> bool | None:
    """Whether a printed rate reaches its target; None where one of them is not known."""
    gap = points(rate, target)
    return None if gap is None else not gap.startswith("-")


def against_target(rate: str | None, target: str | None) -> str:
    """A printed rate against its target: ``Thấp hơn chỉ tiêu 0,4 điểm phần trăm``, ``Đạt chỉ tiêu``."""
    gap = points(rate, target)
    if gap is None:
        return ""
    if not gap.strip("-0."):
        return "Đạt chỉ tiêu"
    side = "Vượt" if reached(rate, target) else "Thấp hơn"
    return f"{side} chỉ tiêu {decimal_vi(gap.lstrip('-'))} điểm phần trăm"


def completeness_sentence(
    completeness: Completeness, one_month: bool = False, names: Mapping[str, str] | None = None
) -> str:
    """How much of what was expected is there, and who is missing, at most five by name; else how many.

    ``names`` gives the names of units whose Missing carries none; what has no name stands under its code.
    """
    if not completeness.expected:
        return ""
    text = completeness.text(one_month)
    if completeness.complete:
        return f"Số liệu tổng hợp từ đủ {text}."
    start = f"Số liệu tổng hợp từ {text}" if completeness.reported else f"Chưa có báo cáo nào ({text})"
    missing = missing_names(completeness, names or {}, one_month)
    if missing:
        return f"{start}; còn thiếu: {missing}."
    if not completeness.reported:
        return f"{start}."
    lacking = count(completeness.expected - completeness.reported)
    return f"{start}; còn thiếu {lacking} {'đơn vị' if one_month else 'báo cáo'}."


def rounding_note(one: Figures) -> str:
    """A footnote where the printed channel shares do not total exactly 100; "" where they do or lack a part."""
    shares = [one.shares[key] for key in ("direct", "online", "postal")]
    if any(share.partial for share in shares) or all(share.percent is None for share in shares):
        return ""
    total = sum(Decimal(share.percent) for share in shares if share.percent is not None)
    return "" if total == 100 else f"Tổng các tỷ lệ là {decimal_vi(f'{total:f}')}% do làm tròn."


def missing_names(completeness: Completeness, names: Mapping[str, str], one_month: bool) -> str:
    """Who has not reported: the first `MOST_NAMES` by name, each with its month or how many; `names` is by code."""
    units = list(completeness.by_unit().values())
    told = [_named(ones, names, one_month) for ones in units[:MOST_NAMES]]
    more = len(units) - len(told)
    return ", ".join(told) + (f" và {more} đơn vị khác" if more > 0 else "")


def _named(ones: list[Missing], names: Mapping[str, str], one_month: bool) -> str:
    name = ones[0].name or names.get(ones[0].unit, ones[0].unit)
    if one_month:
        return name
    return f"{name} ({ones[0].month.label})" if len(ones) == 1 else f"{name} ({len(ones)} tháng)"


def _sound(share: Share) -> bool:
    return share.percent is not None and not share.partial
