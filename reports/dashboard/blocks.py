"""Builds the dashboard's blocks (text, bars, scales, charts); their headings state a finding."""

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

MANY = 3  # units; fewer get no ranking sentence


def channel_finding(summary: Summary) -> str:
    """The channel by which most dossiers come in: "Cấp huyện chủ yếu trực tuyến, cấp xã chủ yếu trực tiếp"."""
    tiers = [(tier, way, figures) for tier, figures in summary.tiers if (way := _main_way(figures))]
    if not tiers or len(tiers) > 2:
        return "Hồ sơ tiếp nhận theo hình thức"
    clauses = []
    for way, members in groupby(tiers, key=lambda each: each[1]):
        group = list(members)
        mark = sentences.incomplete_mark(*(figures.completeness for _, _, figures in group))
        clauses.append(f"{_listed([formatting.tier_name(tier) for tier, _, _ in group])} chủ yếu {way}{mark}")
    return _sentence(clauses)


def on_time_finding(scale: RateScale, completeness: Mapping[str, Completeness]) -> str:
    """Which tiers reach the target: "Đúng hạn: cấp xã đạt, cấp huyện chưa đạt"; only the rate's name without a target.

    `completeness` is keyed by the dot's name; a claim about incomplete figures is marked.
    """
    reached = [dot.name for dot in scale.dots if dot.reached is True]
    short = [dot.name for dot in scale.dots if dot.reached is False]
    marks = [sentences.incomplete_mark(*(completeness[name] for name in names)) for names in (reached, short)]
    if not reached and not short:
        return "Giải quyết trước và đúng hạn"
    if reached and short:
        clauses = [
            f"{_listed(reached).lower()} đạt{marks[0]}",
            f"{_listed(short).lower()} chưa đạt{marks[1]}",
        ]
        return f"Đúng hạn: {', '.join(clauses)}"
    who = "các cấp đều " if len(reached or short) > 1 else ""
    return f"Đúng hạn: {who}{'đạt' if reached else 'chưa đạt'} chỉ tiêu{''.join(marks)}"


def trend_finding(name: str, ends: Iterable[tuple[str, Share, str, str]]) -> str:
    """The latest share of each line; "" without any. `ends`: (tier, last known share, month, incomplete mark)."""
    parts = [
        (month, f"{tier.lower()} {formatting.format_percent(share.percent)}{mark}")
        for tier, share, month, mark in ends
        if share.percent
    ]
    if not parts:
        return ""
    months = {month for month, _ in parts}
    if len(months) == 1:
        return f"{name} {months.pop()}: {', '.join(text for _, text in parts)}"
    return f"{name}: {', '.join(f'{text} ({month})' for month, text in parts)}"


def ranking_finding(section: str, entries: Sequence[TableEntry], mean: Share) -> str:
    """The leading unit of a section ("Cấp xã"; "" if there is only one section), and how many are below the mean.

    "" for fewer than MANY units or a partial mean; marked where some of the section's reports are missing. The sentence
    says that estimates are not ranked: their cells are rounded one by one.
    """
    placed = [entry for entry in entries if entry.ranked and entry.figures.shares["online"].percent]
    ranked = [entry for entry in placed if not entry.figures.estimated]
    if len(ranked) < MANY or mean.percent is None or mean.partial:
        return ""
    best = max(ranked, key=lambda entry: _exact(entry.figures.shares["online"]))
    below = sum(_below(entry.figures.shares["online"], mean) for entry in ranked)
    mark = formatting.format_percent(mean.percent)
    claim = f"{best.row.name} cao nhất; {below}/{len(ranked)} đơn vị dưới mức chung {mark}"
    if guessed := len(placed) - len(ranked):
        claim = f"{claim}, không xếp {formatting.format_count(guessed)} đơn vị có số ước tính"
    claim = f"{section}: {claim}" if section else capfirst(claim)
    return claim + sentences.incomplete_mark(*(entry.figures.completeness for entry in entries))


def _main_way(figures: Figures) -> str:
    for key, way in (("online", "trực tuyến"), ("direct", "trực tiếp")):
        share = figures.shares[key]
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
    """The share received online by month: a line per tier, a gap where nobody reported."""
    shown = [(tier, monthly) for tier, monthly in tiers if tier in names]
    series = tuple(
        ChartSeries(formatting.tier_name(tier), tuple(map(_monthly, monthly))) for tier, monthly in shown
    )
    ends = [(formatting.tier_name(tier), *end) for tier, monthly in shown if (end := _end(months, monthly))]
    return Chart(
        "online",
        "lines",
        trend_finding("Trực tuyến", ends),
        tuple(f"T{month.month}/{month.year % 100:02d}" for month in months),
        series,
    )


def channel_comparison(summary: Summary, before: Summary) -> Chart:
    """Bars of 100%: dossiers by channel for each tier, this period and the same period last year."""
    rows = []
    for tier, figures in summary.tiers:
        rows.append((f"{formatting.tier_name(tier)} {_short(summary)}", figures, summary))
        earlier = before.tier(tier)
        if earlier is not None and earlier.shares["direct"].denominator:
            rows.append((f"{formatting.tier_name(tier)} {_short(before)}", earlier, before))
    series = tuple(
        ChartSeries(name, tuple(_point(figures.shares[key], figures, whole) for _, figures, whole in rows))
        for key, name in PARTS
    )
    return Chart(
        "channels",
        "bars",
        _online_change_finding(summary, before),
        tuple(label for label, _, _ in rows),
        series,
    )


def _point(share: Share, figures: Figures, whole: Summary) -> ChartPoint:
    completeness = figures.completeness
    return ChartPoint.of(
        share, complete=completeness.complete, completeness=completeness.text(whole.period.one_month)
    )


def _monthly(figures: Figures | None) -> ChartPoint:
    if figures is None:
        return NOTHING
    return ChartPoint.of(
        figures.shares["online"],
        complete=figures.completeness.complete,
        completeness=figures.completeness.text(True),
    )


def _end(months: Sequence[Month], monthly: Sequence[Figures | None]) -> tuple[Share, str, str] | None:
    for month, figures in zip(reversed(months), reversed(monthly), strict=True):
        if figures is not None and figures.shares["online"].percent is not None:
            return figures.shares["online"], month.label, sentences.incomplete_mark(figures.completeness)
    return None


def _short(summary: Summary) -> str:
    """The period's short label beside a bar: T6/2022, Q2/2022, 6T đầu 2022."""
    period = Period.parse(summary.period.code)
    match period.kind:
        case "half":
            return f"6T {'đầu' if period.first.month == 1 else 'cuối'} {period.first.year}"
        case "month":
            return f"T{period.first.month}/{period.first.year}"
        case "year":
            return str(period.first.year)
    return period.label


def _online_change_finding(summary: Summary, before: Summary) -> str:
    clauses = []
    for tier, figures in summary.tiers:
        earlier = before.tier(tier)
        new, old = figures.shares["online"].percent, earlier.shares["online"].percent if earlier else None
        if new is not None and old is not None:
            mark = sentences.incomplete_mark(figures.completeness, earlier.completeness)
            clauses.append(f"{formatting.tier_name(tier).lower()} {_from_to(new, old)}{mark}")
    return f"Trực tuyến so với cùng kỳ: {', '.join(clauses)}" if clauses and len(clauses) <= 2 else ""


def _from_to(new: str, old: str) -> str:
    if Decimal(new) == Decimal(old):
        return f"vẫn là {formatting.format_percent(new)}"
    way = "lên" if Decimal(new) > Decimal(old) else "còn"
    return f"từ {formatting.format_percent(old)} {way} {formatting.format_percent(new)}"


# Text alternatives of the arrows.
WORDS = {"up": "tăng", "down": "giảm", "flat": "không đổi"}
PERCENT = re.compile(r"(\d[\d.,]*%)")


def _headline(state: PageState, summary: Summary, field_name: str) -> str:
    """The finding, or unit and period without one. A unit without children is named itself, not its tier."""
    online, text = summary.total.shares["online"], sentences.headline(summary)
    if text and not state.query.unit.has_children:
        text = f"{BY_KEY['online'].name}: {summary.unit_name} {formatting.format_percent(online.percent)}"
        text += sentences.incomplete_mark(summary.total.completeness)
    if not text:
        text = f"{capfirst(summary.unit_name)}, {summary.period.label}"
    return f"{field_name}: {text[:1].lower()}{text[1:]}" if field_name else text


def answer_block(
    state: PageState, summary: Summary, now: Summary, before: Summary | None, field_name: str
) -> dict[str, Any]:
    """Context of the answer block. `now` and `before` are the compared figures: the same units in both."""
    headline = _headline(state, summary, field_name)
    dates = formatting.format_day_range(summary.period.start, summary.period.end)
    lead = [
        f"{capfirst(summary.unit_name)}, {summary.period.label} ({dates}).",
        sentences.completeness_sentence(summary.total.completeness, summary.period.one_month),
        _counted(state),
        "Có tính cơ quan ngoài Ủy ban nhân dân." if state.query.external else "",
    ]
    return {
        "headline": [(words, bool(PERCENT.fullmatch(words))) for words in PERCENT.split(headline) if words],
        "lead": " ".join(filter(None, lead)),
        "tiers": [(formatting.tier_name(tier), figures) for tier, figures in summary.tiers]
        if len(summary.tiers) > 1
        else [],
        "counted_in": "đơn vị" if summary.period.one_month else "báo cáo tháng",
        "basis_words": f"Mức độ đầy đủ: {summary.completeness_text}; {summary.period.label}.",
        "grown": _grown(now, before),
        "moved": {key: _moved(key, now, before) for key in ("online", "on_time")},
    }


def _counted(state: PageState) -> str:
    if state.query.as_of is not None:
        return f"{formatting.included_label(state.query.include, state.query.as_of)}."
    return (
        "Gồm cả số liệu chưa duyệt." if state.query.include == "submitted" else "Chỉ tính số liệu đã duyệt."
    )


def _grown(summary: Summary, before: Summary | None) -> dict[str, str] | None:
    """The change in received dossiers in percent of last year's."""
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
    """A rate's name, formula and definition; online levels have the names valid on `end`."""
    return {
        "name": rate.name,
        "words": f"{added_words(rate.numerator, end)} ÷ {added_words(rate.under, end)}",
        "definition": rate.definition,
    }


Goals = dict[str, dict[str, str]]


def targets_by_tier(state: PageState, end: date) -> Goals:
    """The unit's targets by rate, then tier ("" is all tiers); percent as text with a dot."""
    targets: Goals = {}
    for rate_target in rate_targets(state.query.unit, end):
        targets.setdefault(rate_target["rate"], {})[rate_target["tier"]] = rate_target["percent"]
    return targets


def online_target_lines(summary: Summary, goals: Goals) -> str:
    """A sentence that compares each tier's online share with its target; "" without targets."""
    verdicts = []
    for tier, figures in summary.tiers:
        goal = goals.get("online", {}).get(tier, goals.get("online", {}).get(""))
        verdict = sentences.target_gap(figures.shares["online"].percent, goal)
        if goal and verdict:
            verdict = verdict[:1].lower() + verdict[1:] + sentences.incomplete_mark(figures.completeness)
            verdicts.append(
                f"{formatting.tier_name(tier).lower()} {formatting.format_percent(goal)} ({verdict})"
            )
    return f"Chỉ tiêu trực tuyến: {'; '.join(verdicts)}." if verdicts else ""


def on_time_block(summary: Summary, before: Summary | None, every: Goals) -> dict[str, Any]:
    goals = every.get("on_time", {})
    rows = [
        (
            formatting.tier_name(tier),
            figures.rates["on_time"],
            earlier.rates["on_time"] if (earlier := before.tier(tier) if before else None) else None,
            goals.get(tier, goals.get("")),
        )
        for tier, figures in summary.tiers
    ]
    if len(rows) != 1:
        # The total has a target if all tiers share one.
        shared = goals.get("") or (goals[next(iter(goals))] if len(set(goals.values())) == 1 else None)
        past = before.total.rates["on_time"] if before else None
        rows.append(("Tất cả", summary.total.rates["on_time"], past, shared))
    scale = charts.rate_scale(rows)
    return {
        "scale": scale,
        "on_time_finding": on_time_finding(
            charts.RateScale(scale.dots[: len(summary.tiers)], scale.start, scale.ticks),
            {formatting.tier_name(tier): figures.completeness for tier, figures in summary.tiers},
        ),
        "has_target": any(dot.goal for dot in scale.dots),
    }


def chart_with_basis(state: PageState, chart: Chart) -> Chart:
    """The chart with its basis or as-of day added to its sentence, unless they are the defaults."""
    if state.query.today is not None:
        return replace(
            chart, sentence=f"{chart.sentence}, {formatting.basis_label(state.query.today)}".lstrip(", ")
        )
    if state.query.as_of is None:
        return chart
    return replace(
        chart,
        sentence=f"{chart.sentence}. {formatting.included_label(state.query.include, state.query.as_of)}".lstrip(
            ". "
        ),
    )


def chart_blocks(
    state: PageState,
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
        "trend_data": chart_data(chart_with_basis(state, trend)),
        "compare": compare,
        "compare_data": chart_data(chart_with_basis(state, compare)),
        "compare_rows": compare.rows(),
    }


def _share_lines(summary: Summary, now: Summary, before: Summary | None) -> Iterator[tuple[str, ...]]:
    """Rows of the share table: tier, channel, count, share, last year's, change in points, completeness."""
    every = [
        (
            formatting.tier_name(tier),
            figures,
            now.tier(tier) or figures,
            before.tier(tier) if before else None,
        )
        for tier, figures in summary.tiers
    ]
    if len(every) != 1:
        every.append(("Tất cả", summary.total, now.total, before.total if before else None))
    for tier, figures, same, earlier in every:
        for key in (share.key for share in SHARES):
            share, old = figures.shares[key], earlier.shares[key].percent if earlier else None
            yield (
                tier,
                _channel_name(key, summary.period.end),
                formatting.format_count(share.numerator),
                formatting.format_percent(share.percent) + (formatting.INCOMPLETE if share.partial else ""),
                formatting.format_percent(old),
                formatting.format_points(point_difference(same.shares[key].percent, old)),
                figures.completeness.text(summary.period.one_month),
            )


def _channel_name(key: str, end: date) -> str:
    names = {"direct": "Trực tiếp", "online": "Trực tuyến", "postal": "Bưu chính công ích"}
    return names.get(key) or f"– {measure_label(f'received_{key}', end).removeprefix('Tiếp nhận ')}"
