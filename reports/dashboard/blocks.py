"""The blocks of the dashboard as words, bars, scales and charts for the templates."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.utils.text import capfirst

from core import markup
from figures import formatting
from figures.measures import measure_label
from figures.rates import BY_KEY, SHARES, Rate
from figures.rounding import point_difference, rounded_percent
from figures.summary import Summary
from reports.charts import svg
from reports.charts.chartjs import Chart, chart_data
from reports.review_text import sentences

from . import charts, findings
from .params import PageState
from .queries import PastFigures
from .targets import rate_targets

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
        "words": f"{_added_up(rate.numerator, end)} ÷ {_added_up(rate.under, end)}",
        "definition": rate.definition,
    }


def _added_up(names: Sequence[str], end: date) -> str:
    words = " + ".join(measure_label(name, end).lower() for name in names)
    return f"({words})" if len(names) > 1 else words


Goals = dict[str, dict[str, str]]


def targets_by_tier(asked: PageState, end: date) -> Goals:
    """The targets of a unit: by rate and tier (tier "" is all tiers), percent as text with a dot."""
    found: Goals = {}
    for one in rate_targets(asked.query.unit, end):
        found.setdefault(one["rate"], {})[one["tier"]] = one["percent"]
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
    scale = svg.rate_scale(rows)
    return {
        "scale": scale,
        "on_time_finding": findings.on_time_finding(
            svg.RateScale(scale.dots[: len(summary.tiers)], scale.start, scale.ticks),
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
    trend = charts.online_by_month(past.months, past.tiers, [tier for tier, _ in summary.tiers])
    compare = charts.channel_comparison(now, past.against.before if past.against else past.before)
    return {
        "bars": svg.share_bars(summary.tiers, summary.total, "Tất cả", one_month=one_month),
        "shares_finding": findings.channel_finding(summary),
        "online_goals": online_target_lines(summary, goals),
        "share_lines": markup.plain_rows(_share_lines(summary, now, before), words=(1, 6)),
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
