"""The blocks of the dashboard, from the Summary to what the templates write: words, bars, scales and charts."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.utils.text import capfirst

from figures import narrative, writing
from figures.measures import measure_label
from figures.rates import BY_KEY, SHARES, Rate
from figures.rounding import percent, points
from figures.summary import Summary
from reports.outlets import findings, lines, markup, svg
from reports.outlets.charts import Chart, as_data
from reports.queries.dashboard import Past
from reports.queries.targets import rate_targets

from .asked import Asked

# What the arrow says to who does not see it.
WORDS = {"up": "tăng", "down": "giảm", "flat": "không đổi"}
PERCENT = re.compile(r"(\d[\d.,]*%)")


def _headline(asked: Asked, summary: Summary, field_name: str) -> str:
    """The finding; of one unit under its own name and not that of its tier. No finding: unit and period."""
    online, found = summary.total.shares["online"], narrative.headline(summary)
    if found and not asked.unit.has_children:
        found = f"{BY_KEY['online'].name}: {summary.unit_name} {writing.percent_vi(online.percent)}"
        found += narrative.lacking(summary.total.completeness)
    if not found:
        found = f"{capfirst(summary.unit_name)}, {summary.period.label}"
    return f"{field_name}: {found[:1].lower()}{found[1:]}" if field_name else found


def answer(
    asked: Asked, summary: Summary, now: Summary, before: Summary | None, field_name: str
) -> dict[str, Any]:
    """`now` and `before` are what is compared: the same units in both."""
    found = _headline(asked, summary, field_name)
    dates = writing.day_range(summary.period.start, summary.period.end)
    lead = [
        f"{capfirst(summary.unit_name)}, {summary.period.label} ({dates}).",
        narrative.completeness_sentence(summary.total.completeness, summary.period.one_month),
        _counted(asked),
        "Có tính cơ quan ngoài Ủy ban nhân dân." if asked.external else "",
    ]
    return {
        "headline": [(words, bool(PERCENT.fullmatch(words))) for words in PERCENT.split(found) if words],
        "lead": " ".join(filter(None, lead)),
        "tiers": [(writing.tier_name(tier), one) for tier, one in summary.tiers]
        if len(summary.tiers) > 1
        else [],
        "counted_in": "đơn vị" if summary.period.one_month else "báo cáo tháng",
        "basis_words": f"Mức độ đầy đủ: {summary.completeness_text}; {summary.period.label}.",
        "grown": _grown(now, before),
        "moved": {key: _moved(key, now, before) for key in ("online", "on_time")},
    }


def _counted(asked: Asked) -> str:
    if asked.as_of is not None:
        return f"{narrative.counted(asked.include, asked.as_of)}."
    return "Gồm cả số liệu chưa duyệt." if asked.include == "submitted" else "Chỉ tính số liệu đã duyệt."


def _grown(summary: Summary, before: Summary | None) -> dict[str, str] | None:
    """How many more or fewer dossiers than last year, in percent of last year's."""
    new, old = summary.total.counts["received"], before.total.counts["received"] if before else None
    if new is None or not old:
        return None
    shape = "up" if new > old else "down" if new < old else "flat"
    mark = narrative.lacking(summary.total.completeness, before.total.completeness)
    return {
        "shape": shape,
        "word": WORDS[shape],
        "text": writing.percent_vi(percent(abs(new - old), old)) + mark,
    }


def _moved(key: str, summary: Summary, before: Summary | None) -> dict[str, str] | None:
    """The difference of two printed rates, in points."""
    if before is None:
        return None
    new, old = summary.total.share(key), before.total.share(key)
    gap = points(new.percent, old.percent)
    if gap is None:
        return None
    partial = new.partial or old.partial
    mark = narrative.LACKING if partial else ""
    mark = mark or narrative.lacking(summary.total.completeness, before.total.completeness)
    shape = "flat" if not gap.strip("-0.") else "down" if gap.startswith("-") else "up"
    return {"shape": shape, "word": WORDS[shape], "text": f"{writing.decimal_vi(gap.lstrip('-'))} điểm{mark}"}


def rate(rate: Rate, end: date) -> dict[str, str]:
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


def goals_of(asked: Asked, end: date) -> Goals:
    """The targets of a unit: by rate and tier (tier "" is all tiers), percent as text with a dot."""
    found: Goals = {}
    for one in rate_targets(asked.unit, end):
        found.setdefault(one["rate"], {})[one["tier"]] = one["percent"]
    return found


def online_goals(summary: Summary, goals: Goals) -> str:
    """Each tier's share of online dossiers against its target, in words; nothing where none is set."""
    told = []
    for tier, one in summary.tiers:
        goal = goals.get("online", {}).get(tier, goals.get("online", {}).get(""))
        verdict = narrative.against_target(one.shares["online"].percent, goal)
        if goal and verdict:
            verdict = verdict[:1].lower() + verdict[1:] + narrative.lacking(one.completeness)
            told.append(f"{writing.tier_name(tier).lower()} {writing.percent_vi(goal)} ({verdict})")
    return f"Chỉ tiêu trực tuyến: {'; '.join(told)}." if told else ""


def on_time(summary: Summary, before: Summary | None, every: Goals) -> dict[str, Any]:
    goals = every.get("on_time", {})
    rows = [
        (
            writing.tier_name(tier),
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
    scale = svg.scale(rows)
    return {
        "scale": scale,
        "on_time_finding": findings.on_time(
            svg.Scale(scale.dots[: len(summary.tiers)], scale.start, scale.ticks),
            {writing.tier_name(tier): one.completeness for tier, one in summary.tiers},
        ),
        "has_target": any(dot.goal for dot in scale.dots),
    }


def said_of_what(asked: Asked, chart: Chart) -> Chart:
    """The chart whose sentence also says by which units or as of which day, where that is not the usual one."""
    if asked.units_of is not None:
        return replace(chart, told=f"{chart.told}, {narrative.basis(asked.units_of)}".lstrip(", "))
    if asked.as_of is None:
        return chart
    return replace(chart, told=f"{chart.told}. {narrative.counted(asked.include, asked.as_of)}".lstrip(". "))


def charts(
    asked: Asked, summary: Summary, past: Past, now: Summary, before: Summary | None, goals: Goals
) -> dict[str, Any]:
    one_month = summary.period.one_month
    trend = lines.online_by_month(past.months, past.tiers, [tier for tier, _ in summary.tiers])
    compare = lines.channels_against(now, past.against.before if past.against else past.before)
    return {
        "bars": svg.share_bars(summary.tiers, summary.total, "Tất cả", one_month=one_month),
        "shares_finding": findings.channels(summary),
        "online_goals": online_goals(summary, goals),
        "share_lines": markup.plain_rows(_share_lines(summary, now, before), words=(1, 6)),
        "rounding": narrative.rounding_note(summary.total),
        "trend": trend,
        "trend_rows": trend.rows([month.label for month in past.months]),
        "trend_data": as_data(said_of_what(asked, trend)),
        "compare": compare,
        "compare_data": as_data(said_of_what(asked, compare)),
        "compare_rows": compare.rows(),
    }


def _share_lines(summary: Summary, now: Summary, before: Summary | None) -> Iterator[tuple[str, ...]]:
    """Rows of the table of shares: tier, channel, count, share, last year's, change in points, completeness."""
    every = [
        (writing.tier_name(tier), one, now.tier(tier) or one, before.tier(tier) if before else None)
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
                writing.count(share.numerator),
                writing.percent_vi(share.percent) + (narrative.LACKING if share.partial else ""),
                writing.percent_vi(old),
                writing.points_vi(points(same.shares[key].percent, old)),
                one.completeness.text(summary.period.one_month),
            )


def _channel_name(key: str, end: date) -> str:
    names = {"direct": "Trực tiếp", "online": "Trực tuyến", "postal": "Bưu chính công ích"}
    return names.get(key) or f"– {measure_label(f'received_{key}', end).removeprefix('Tiếp nhận ')}"
