"""The blocks of the dashboard as words, bars, scales and charts, under headings that state a finding."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.utils.text import capfirst

from core import web
from figures import formatting
from figures.completeness import Completeness
from figures.measures import measure_label
from figures.periods import Month, Period
from figures.rates import BY_KEY, SHARES, Rate, Share
from figures.rounding import point_difference, rounded_percent
from figures.summary import Figures, Summary
from reports import charts
from reports.charts import Chart, ChartPoint, ChartSeries, RateScale, chart_data
from reports.review_text import sentences
from reports.tables.columns import TableEntry, added_words

from .params import PageState
from .queries import PastFigures, rate_targets

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


NOTHING = ChartPoint(None)
PARTS = (("direct", "Trực tiếp"), ("online", "Trực tuyến"), ("postal", "BCCI"))


def online_by_month(
    months: Sequence[Month], tiers: Sequence[tuple[str, Sequence[Figures | None]]], names: Sequence[str]
) -> Chart:
    """The share received online, month by month: a line per tier, a gap where nobody reported."""
    shown = [(tier, known) for tier, known in tiers if tier in names]
    series = tuple(
        ChartSeries(formatting.tier_name(tier), tuple(map(_monthly, known))) for tier, known in shown
    )
    ends = [(formatting.tier_name(tier), *end) for tier, known in shown if (end := _end(months, known))]
    return Chart(
        "online",
        "lines",
        trend_finding("Trực tuyến", ends),
        tuple(f"T{month.month}/{month.year % 100:02d}" for month in months),
        series,
    )


def channel_comparison(summary: Summary, before: Summary) -> Chart:
    """How dossiers came in, tier by tier, this period and the same period last year: bars that total 100."""
    rows = []
    for tier, one in summary.tiers:
        rows.append((f"{formatting.tier_name(tier)} {_short(summary)}", one, summary))
        earlier = before.tier(tier)
        if earlier is not None and earlier.shares["direct"].denominator:
            rows.append((f"{formatting.tier_name(tier)} {_short(before)}", earlier, before))
    series = tuple(
        ChartSeries(name, tuple(_point(one.shares[key], one, whole) for _, one, whole in rows))
        for key, name in PARTS
    )
    return Chart("channels", "bars", _told(summary, before), tuple(label for label, _, _ in rows), series)


def _point(share: Share, one: Figures, whole: Summary) -> ChartPoint:
    completeness = one.completeness
    return ChartPoint.of(
        share, complete=completeness.complete, completeness=completeness.text(whole.period.one_month)
    )


def _monthly(one: Figures | None) -> ChartPoint:
    if one is None:
        return NOTHING
    return ChartPoint.of(
        one.shares["online"], complete=one.completeness.complete, completeness=one.completeness.text(True)
    )


def _end(months: Sequence[Month], known: Sequence[Figures | None]) -> tuple[Share, str, str] | None:
    for month, one in zip(reversed(months), reversed(known), strict=True):
        if one is not None and one.shares["online"].percent is not None:
            return one.shares["online"], month.label, sentences.incomplete_mark(one.completeness)
    return None


def _short(summary: Summary) -> str:
    """A period as it fits beside a bar: T6/2022, Q2/2022, H1 is 6 tháng đầu 2022."""
    period = Period.parse(summary.period.code)
    match period.kind:
        case "half":
            return f"6T {'đầu' if period.first.month == 1 else 'cuối'} {period.first.year}"
        case "month":
            return f"T{period.first.month}/{period.first.year}"
        case "year":
            return str(period.first.year)
    return period.label


def _told(summary: Summary, before: Summary) -> str:
    told = []
    for tier, one in summary.tiers:
        earlier = before.tier(tier)
        new, old = one.shares["online"].percent, earlier.shares["online"].percent if earlier else None
        if new is not None and old is not None:
            mark = sentences.incomplete_mark(one.completeness, earlier.completeness)
            told.append(f"{formatting.tier_name(tier).lower()} {_from_to(new, old)}{mark}")
    return f"Trực tuyến so với cùng kỳ: {', '.join(told)}" if told and len(told) <= 2 else ""


def _from_to(new: str, old: str) -> str:
    """From one printed share to another."""
    if Decimal(new) == Decimal(old):
        return f"vẫn là {formatting.format_percent(new)}"
    way = "lên" if Decimal(new) > Decimal(old) else "còn"
    return f"từ {formatting.format_percent(old)} {way} {formatting.format_percent(new)}"


# What the arrow says to who does not see it.
WORDS = {"up": "tăng", "down": "giảm", "flat": "không đổi"}
PERCENT = re.compile(r"(\d[\d.,]*%)")


def _headline(asked: PageState, summary: Summary, field_name: str) -> str:
    """The finding; of one unit under its own name and not that of its tier. No finding: unit and period."""
    online, found = summary.total.shares["online"], sentences.headline(summary)
    if found and not asked.query.unit.has_children:
        found = f"{BY_KEY['online'].name}: {summary.unit_name} {formatting.format_percent(online.percent)}"
        found += sentences.incomplete_mark(summary.total.completeness)
    if not found:
        found = f"{capfirst(summary.unit_name)}, {summary.period.label}"
    return f"{field_name}: {found[:1].lower()}{found[1:]}" if field_name else found


def answer_block(
    asked: PageState, summary: Summary, now: Summary, before: Summary | None, field_name: str
) -> dict[str, Any]:
    """`now` and `before` are what is compared: the same units in both."""
    found = _headline(asked, summary, field_name)
    dates = formatting.format_day_range(summary.period.start, summary.period.end)
    lead = [
        f"{capfirst(summary.unit_name)}, {summary.period.label} ({dates}).",
        sentences.completeness_sentence(summary.total.completeness, summary.period.one_month),
        _counted(asked),
        "Có tính cơ quan ngoài Ủy ban nhân dân." if asked.query.external else "",
    ]
    return {
        "headline": [(words, bool(PERCENT.fullmatch(words))) for words in PERCENT.split(found) if words],
        "lead": " ".join(filter(None, lead)),
        "tiers": [(formatting.tier_name(tier), one) for tier, one in summary.tiers]
        if len(summary.tiers) > 1
        else [],
        "counted_in": "đơn vị" if summary.period.one_month else "báo cáo tháng",
        "basis_words": f"Mức độ đầy đủ: {summary.completeness_text}; {summary.period.label}.",
        "grown": _grown(now, before),
        "moved": {key: _moved(key, now, before) for key in ("online", "on_time")},
    }


def _counted(asked: PageState) -> str:
    if asked.query.as_of is not None:
        return f"{formatting.included_label(asked.query.include, asked.query.as_of)}."
    return (
        "Gồm cả số liệu chưa duyệt." if asked.query.include == "submitted" else "Chỉ tính số liệu đã duyệt."
    )


def _grown(summary: Summary, before: Summary | None) -> dict[str, str] | None:
    """How many more or fewer dossiers than last year, in percent of last year's."""
    new, old = summary.total.counts["received"], before.total.counts["received"] if before else None
    if new is None or not old:
        return None
    shape = "up" if new > old else "down" if new < old else "flat"
    mark = sentences.incomplete_mark(summary.total.completeness, before.total.completeness)
    return {
        "shape": shape,
        "word": WORDS[shape],
        "text": formatting.format_percent(rounded_percent(abs(new - old), old)) + mark,
    }


def _moved(key: str, summary: Summary, before: Summary | None) -> dict[str, str] | None:
    """The difference of two printed rates, in points."""
    if before is None:
        return None
    new, old = summary.total.share(key), before.total.share(key)
    gap = point_difference(new.percent, old.percent)
    if gap is None:
        return None
    partial = new.partial or old.partial
    mark = formatting.INCOMPLETE if partial else ""
    mark = mark or sentences.incomplete_mark(summary.total.completeness, before.total.completeness)
    shape = "flat" if not gap.strip("-0.") else "down" if gap.startswith("-") else "up"
    return {
        "shape": shape,
        "word": WORDS[shape],
        "text": f"{formatting.format_decimal(gap.lstrip('-'))} điểm{mark}",
    }


def rate_label(rate: Rate, end: date) -> dict[str, str]:
    """A rate in words, with the names that the online levels had at the end of the period."""
    return {
        "name": rate.name,
        "words": f"{added_words(rate.numerator, end)} ÷ {added_words(rate.under, end)}",
        "definition": rate.definition,
    }


Goals = dict[str, dict[str, str]]


def targets_by_tier(asked: PageState, end: date) -> Goals:
    """The targets of a unit: by rate and tier (tier "" is all tiers), percent as text with a dot."""
    found: Goals = {}
    for rate_target in rate_targets(asked.query.unit, end):
        found.setdefault(rate_target["rate"], {})[rate_target["tier"]] = rate_target["percent"]
    return found


def online_target_lines(summary: Summary, goals: Goals) -> str:
    """Each tier's share of online dossiers against its target, in words; nothing where none is set."""
    told = []
    for tier, one in summary.tiers:
        goal = goals.get("online", {}).get(tier, goals.get("online", {}).get(""))
        verdict = sentences.target_gap(one.shares["online"].percent, goal)
        if goal and verdict:
            verdict = verdict[:1].lower() + verdict[1:] + sentences.incomplete_mark(one.completeness)
            told.append(f"{formatting.tier_name(tier).lower()} {formatting.format_percent(goal)} ({verdict})")
    return f"Chỉ tiêu trực tuyến: {'; '.join(told)}." if told else ""


def on_time_block(summary: Summary, before: Summary | None, every: Goals) -> dict[str, Any]:
    goals = every.get("on_time", {})
    rows = [
        (
            formatting.tier_name(tier),
            one.rates["on_time"],
            earlier.rates["on_time"] if (earlier := before.tier(tier) if before else None) else None,
            goals.get(tier, goals.get("")),
        )
        for tier, one in summary.tiers
    ]
    if len(rows) != 1:
        # All together has a target where every tier has the same one.
        shared = goals.get("") or (goals[next(iter(goals))] if len(set(goals.values())) == 1 else None)
        past = before.total.rates["on_time"] if before else None
        rows.append(("Tất cả", summary.total.rates["on_time"], past, shared))
    scale = charts.rate_scale(rows)
    return {
        "scale": scale,
        "on_time_finding": on_time_finding(
            charts.RateScale(scale.dots[: len(summary.tiers)], scale.start, scale.ticks),
            {formatting.tier_name(tier): one.completeness for tier, one in summary.tiers},
        ),
        "has_target": any(dot.goal for dot in scale.dots),
    }


def chart_with_basis(asked: PageState, chart: Chart) -> Chart:
    """The chart whose sentence also says by which units or as of which day, where that is not the usual one."""
    if asked.query.today is not None:
        return replace(chart, told=f"{chart.told}, {formatting.basis_label(asked.query.today)}".lstrip(", "))
    if asked.query.as_of is None:
        return chart
    return replace(
        chart,
        told=f"{chart.told}. {formatting.included_label(asked.query.include, asked.query.as_of)}".lstrip(
            ". "
        ),
    )


def chart_blocks(
    asked: PageState,
    summary: Summary,
    past: PastFigures,
    now: Summary,
    before: Summary | None,
    goals: Goals,
) -> dict[str, Any]:
    one_month = summary.period.one_month
    trend = online_by_month(past.months, past.tiers, [tier for tier, _ in summary.tiers])
    compare = channel_comparison(now, past.against.before if past.against else past.before)
    return {
        "bars": charts.share_bars(summary.tiers, summary.total, "Tất cả", one_month=one_month),
        "shares_finding": channel_finding(summary),
        "online_goals": online_target_lines(summary, goals),
        "share_lines": web.plain_rows(_share_lines(summary, now, before), words=(1, 6)),
        "rounding": sentences.rounding_note(summary.total),
        "trend": trend,
        "trend_rows": trend.rows([month.label for month in past.months]),
        "trend_data": chart_data(chart_with_basis(asked, trend)),
        "compare": compare,
        "compare_data": chart_data(chart_with_basis(asked, compare)),
        "compare_rows": compare.rows(),
    }


def _share_lines(summary: Summary, now: Summary, before: Summary | None) -> Iterator[tuple[str, ...]]:
    """Rows of the table of shares: tier, channel, count, share, last year's, change in points, completeness."""
    every = [
        (formatting.tier_name(tier), one, now.tier(tier) or one, before.tier(tier) if before else None)
        for tier, one in summary.tiers
    ]
    if len(every) != 1:
        every.append(("Tất cả", summary.total, now.total, before.total if before else None))
    for tier, one, same, earlier in every:
        for key in (share.key for share in SHARES):
            share, old = one.shares[key], earlier.shares[key].percent if earlier else None
            yield (
                tier,
                _channel_name(key, summary.period.end),
                formatting.format_count(share.numerator),
                formatting.format_percent(share.percent) + (formatting.INCOMPLETE if share.partial else ""),
                formatting.format_percent(old),
                formatting.format_points(point_difference(same.shares[key].percent, old)),
                one.completeness.text(summary.period.one_month),
            )


def _channel_name(key: str, end: date) -> str:
    names = {"direct": "Trực tiếp", "online": "Trực tuyến", "postal": "Bưu chính công ích"}
    return names.get(key) or f"– {measure_label(f'received_{key}', end).removeprefix('Tiếp nhận ')}"
