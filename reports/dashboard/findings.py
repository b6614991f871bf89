"""Headings that state a finding in at most twelve words."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from django.utils.text import capfirst

from figures import formatting
from figures.completeness import Completeness
from figures.rates import Share
from figures.summary import Figures, Summary
from reports.charts.svg import RateScale
from reports.review_text import sentences
from reports.tables.ordering import TableEntry

MANY = 3  # units: fewer are not worth a ranking in words


def channel_finding(summary: Summary) -> str:
    """Which way most dossiers come in: "Cấp huyện chủ yếu trực tuyến, cấp xã chủ yếu trực tiếp"."""
    known = [(tier, way, one) for tier, one in summary.tiers if (way := _main_way(one))]
    if not known or len(known) > 2:
        return "Hồ sơ tiếp nhận theo hình thức"
    told = []
    for way, found in groupby(known, key=lambda each: each[1]):
        group = list(found)
        mark = sentences.incomplete_mark(*(one.completeness for _, _, one in group))
        told.append(f"{_listed([formatting.tier_name(tier) for tier, _, _ in group])} chủ yếu {way}{mark}")
    return _sentence(told)


def on_time_finding(scale: RateScale, completeness: Mapping[str, Completeness]) -> str:
    """Who reaches the target: "Đúng hạn: cấp xã đạt, cấp huyện chưa đạt"; without a target only the name.

    `completeness` of each dot, by its name: a claim that rests on missing reports is marked.
    """
    reached = [dot.name for dot in scale.dots if dot.reached is True]
    short = [dot.name for dot in scale.dots if dot.reached is False]
    marks = [sentences.incomplete_mark(*(completeness[name] for name in names)) for names in (reached, short)]
    if not reached and not short:
        return "Giải quyết trước và đúng hạn"
    if reached and short:
        told = [f"{_listed(reached).lower()} đạt{marks[0]}", f"{_listed(short).lower()} chưa đạt{marks[1]}"]
        return f"Đúng hạn: {', '.join(told)}"
    who = "các cấp đều " if len(reached or short) > 1 else ""
    return f"Đúng hạn: {who}{'đạt' if reached else 'chưa đạt'} chỉ tiêu{''.join(marks)}"


def trend_finding(name: str, ends: Iterable[tuple[str, Share, str, str]]) -> str:
    """Where the lines stand: (tier, its last known share, the month, its mark); "" where nothing is known."""
    told = [
        (month, f"{tier.lower()} {formatting.format_percent(share.percent)}{mark}")
        for tier, share, month, mark in ends
        if share.percent
    ]
    if not told:
        return ""
    months = {month for month, _ in told}
    if len(months) == 1:
        return f"{name} {months.pop()}: {', '.join(text for _, text in told)}"
    return f"{name}: {', '.join(f'{text} ({month})' for month, text in told)}"


def ranking_finding(section: str, entries: Sequence[TableEntry], mean: Share) -> str:
    """Who leads in a section ("Cấp xã", or "" where there is but one), and how many are below the overall mark.

    "" for a few units or a mark with blanks in it; marked where some of the section's reports are missing. Estimates
    are not ranked, which is said: each of their cells is rounded by itself.
    """
    placed = [entry for entry in entries if entry.ranked and entry.figures.shares["online"].percent]
    ranked = [entry for entry in placed if not entry.figures.estimated]
    if len(ranked) < MANY or mean.percent is None or mean.partial:
        return ""
    best = max(ranked, key=lambda entry: _exact(entry.figures.shares["online"]))
    below = sum(_below(entry.figures.shares["online"], mean) for entry in ranked)
    mark = formatting.format_percent(mean.percent)
    told = f"{best.row.name} cao nhất; {below}/{len(ranked)} đơn vị dưới mức chung {mark}"
    if guessed := len(placed) - len(ranked):
        told = f"{told}, không xếp {formatting.format_count(guessed)} đơn vị có số ước tính"
    told = f"{section}: {told}" if section else capfirst(told)
    return told + sentences.incomplete_mark(*(entry.figures.completeness for entry in entries))


def _main_way(one: Figures) -> str:
    for key, way in (("online", "trực tuyến"), ("direct", "trực tiếp")):
        share = one.shares[key]
        if share.percent and not share.partial and share.numerator * 2 > share.denominator:
            return way
    return ""


def _exact(share: Share) -> int:
    return share.numerator * 10**12 // share.denominator


def _below(share: Share, mean: Share) -> bool:
    return share.numerator * mean.denominator < mean.numerator * share.denominator


def _listed(names: Sequence[str]) -> str:
    return " và ".join(names)


def _sentence(parts: Sequence[str]) -> str:
    return capfirst(", ".join(part.lower() for part in parts))
