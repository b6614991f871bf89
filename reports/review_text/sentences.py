"""Vietnamese sentences drafted from a Summary, for the dashboard and reviews."""

from collections.abc import Mapping
from decimal import Decimal

from figures.completeness import Completeness, MissingMonth
from figures.formatting import INCOMPLETE, format_count, format_decimal, format_percent, tier_name
from figures.rates import BY_KEY, Share
from figures.rounding import point_difference
from figures.summary import Figures, Summary

# A sentence without figures, or on a total with missing cells, is left out (""). Editors may rewrite these drafts;
# the numbers are those that the tables print.

MOST_NAMES = 5


def headline(summary: Summary) -> str:
    """The finding, in at most twelve words: "Tỷ lệ hồ sơ trực tuyến: cấp huyện 51,7%, cấp xã 12,6%".

    One or two tiers are named, else the total. Shares with missing parts are left out; a share from fewer reports
    than expected is marked.
    """
    tiers = [(tier, figures) for tier, figures in summary.tiers if _sound(figures.shares["online"])]
    name = BY_KEY["online"].name
    if 1 <= len(tiers) <= 2:
        percents = ", ".join(
            f"{tier_name(tier).lower()} {format_percent(figures.share('online').percent)}"
            f"{incomplete_mark(figures.completeness)}"
            for tier, figures in tiers
        )
        return f"{name}: {percents}"
    total = summary.total.shares["online"]
    if not (tiers and _sound(total)):
        return ""
    return f"{name} chung: {format_percent(total.percent)}{incomplete_mark(summary.total.completeness)}"


def incomplete_mark(*completeness: Completeness) -> str:
    """The mark of a claim that rests on fewer reports than expected: " (chưa đủ)", else ""."""
    return "" if all(part.complete for part in completeness) else INCOMPLETE


def points_change(new: str | None, old: str | None) -> str:
    """``tăng 6,3 điểm phần trăm``, ``giảm …`` or ``không đổi`` between two printed rates."""
    gap = point_difference(new, old)
    if gap is None:
        return ""
    if not gap.strip("-0."):
        return "không đổi"
    return f"{'giảm' if gap.startswith('-') else 'tăng'} {format_decimal(gap.lstrip('-'))} điểm phần trăm"


def reached(rate: str | None, target: str | None) -> bool | None:
    """Whether a printed rate reaches its target; None where one of them is not known."""
    gap = point_difference(rate, target)
    return None if gap is None else not gap.startswith("-")


def target_gap(rate: str | None, target: str | None) -> str:
    """A printed rate against its target: ``Thấp hơn chỉ tiêu 0,4 điểm phần trăm``, ``Đạt chỉ tiêu``."""
    gap = point_difference(rate, target)
    if gap is None:
        return ""
    if not gap.strip("-0."):
        return "Đạt chỉ tiêu"
    side = "Vượt" if reached(rate, target) else "Thấp hơn"
    return f"{side} chỉ tiêu {format_decimal(gap.lstrip('-'))} điểm phần trăm"


def completeness_sentence(
    completeness: Completeness, one_month: bool = False, names: Mapping[str, str] | None = None
) -> str:
    """How many expected reports are there and which units are missing, at most five by name.

    ``names``: unit code → name, for a MissingMonth without a name; else the code is shown.
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
    missing_count = format_count(completeness.expected - completeness.reported)
    return f"{start}; còn thiếu {missing_count} {'đơn vị' if one_month else 'báo cáo'}."


def rounding_note(figures: Figures) -> str:
    """A footnote where the printed channel shares do not total exactly 100; "" where they do or lack a part."""
    shares = [figures.shares[key] for key in ("direct", "online", "postal")]
    if any(share.partial for share in shares) or all(share.percent is None for share in shares):
        return ""
    total = sum(Decimal(share.percent) for share in shares if share.percent is not None)
    return "" if total == 100 else f"Tổng các tỷ lệ là {format_decimal(f'{total:f}')}% do làm tròn."


def missing_names(completeness: Completeness, names: Mapping[str, str], one_month: bool) -> str:
    """Who has not reported: the first `MOST_NAMES` by name, each with its month or how many; `names` is by code."""
    units = list(completeness.by_unit().values())
    named = [_named(months, names, one_month) for months in units[:MOST_NAMES]]
    more = len(units) - len(named)
    return ", ".join(named) + (f" và {more} đơn vị khác" if more > 0 else "")


def _named(months: list[MissingMonth], names: Mapping[str, str], one_month: bool) -> str:
    name = months[0].name or names.get(months[0].unit, months[0].unit)
    if one_month:
        return name
    return f"{name} ({months[0].month.label})" if len(months) == 1 else f"{name} ({len(months)} tháng)"


def _sound(share: Share) -> bool:
    return share.percent is not None and not share.partial
