"""The dashboard of a unit and period: the answer first, then what it rests on, down to the submission."""

import re
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from figures import narrative, writing
from figures.measures import measure_label
from figures.rates import BY_KEY
from figures.rounding import percent, points
from figures.summary import Summary
from reports.outlets import findings, lines, svg
from reports.queries import dashboard as queries
from reports.queries.month_reports import month_reports
from reports.queries.targets import indicators, rate_targets
from units import access
from units.access import Right

from . import choices
from .asked import Asked, BadQuestion, read
from .rows import Shown, shown

PERCENT = re.compile(r"(\d[\d.,]*%)")
INCLUDE_NAMES = {"approved": "Chỉ số liệu đã duyệt", "submitted": "Gồm cả chưa duyệt"}
BY_NAMES = (("unit", "Đơn vị"), ("field", "Lĩnh vực"), ("month", "Tháng"))
LEGEND = [(name, style) for _, name, style in svg.CHANNELS]


@access.requires(Right.READ)
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The page at "/"; an address that cannot be read is answered in words (400)."""
    try:
        asked = read(request)
        wanted = wanted_of(asked)
    except BadQuestion as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    return render(request, "reports/dashboard.html", _page(request, asked, wanted))


def wanted_of(asked: Asked) -> queries.Wanted:
    """The question behind a view. Errors: BadQuestion for a field that the catalogue does not have."""
    field = queries.field_named(asked.field) if asked.field else None
    if asked.field and field is None:
        raise BadQuestion("unknown_field", f"Không có lĩnh vực “{writing.quoted(asked.field)}”.")
    return queries.Wanted(
        asked.unit,
        asked.period,
        asked.calendar,
        asked.include,
        asked.external,
        asked.tier or None,
        asked.rows_by,
        asked.decimals,
        field,
    )


def _page(request: HttpRequest, asked: Asked, wanted: queries.Wanted) -> dict[str, Any]:
    summary, past = queries.figures_of(wanted), queries.past_of(wanted)
    before = past.before if past.before.total.completeness.reported else None
    end = summary.period.end
    above = choices.ancestors(asked, request.user)
    table = shown(asked, summary)
    own = not asked.unit.has_children or asked.unit.reports
    return {
        "asked": asked,
        "here": asked.link(),
        "unit_key": asked.unit_key,
        "unit_options": choices.units(asked, above, summary, end),
        "period_options": choices.periods(asked),
        "trail": _trail(asked, above, end) if above else [],
        "summary": summary,
        "before": before,
        "include_name": INCLUDE_NAMES[asked.include],
        "review": queries.review_of(asked.unit, asked.period),
        "empty": "" if summary.total.completeness.reported else _empty(summary),
        "legend": LEGEND,
        "rates": {key: _rate(key, end) for key in ("direct", "online", "on_time", "pending_late")},
        "reports": month_reports(wanted) if own else [],
        "indicators": [] if wanted.field or asked.tier else _indicators(wanted),
        "field_name": wanted.field.name if wanted.field else "",
        **_answer(asked, summary, before),
        **_on_time(asked, summary, before),
        **_charts(summary, past, before),
        **_rows(asked, summary, table),
    }


def _trail(asked: Asked, above: list, end) -> list[tuple[str, str]]:
    clean = {"by": "", "tier": "", "q": "", "sort": ""}
    trail = [(unit.name, asked.link(unit=unit.key_on(end), **clean)) for unit in above]
    return [*trail, (asked.unit.name, asked.link())]


def _empty(summary: Summary) -> str:
    expected = summary.total.completeness.expected
    if not expected:
        return f"{summary.unit_name} không phải báo cáo trong {summary.period.label}."
    return f"Cần {summary.completeness_text.split('/')[1]}; hãy đôn đốc đơn vị, hoặc chọn kỳ khác."


def _rate(key: str, end) -> dict[str, str]:
    """A rate in words, with the names that the online levels had at the end of the period."""
    rate = BY_KEY[key]
    above = " + ".join(measure_label(part, end).lower() for part in rate.numerator)
    words = f"({above})" if len(rate.numerator) > 1 else above
    whole = {"on_time": "resolved", "pending_late": "pending"}.get(key, "received")
    return {
        "name": rate.name,
        "words": f"{words} ÷ {measure_label(whole, end).lower()}",
        "definition": rate.definition,
    }


def _answer(asked: Asked, summary: Summary, before: Summary | None) -> dict[str, Any]:
    found = narrative.headline(summary) or f"{summary.unit_name}, {summary.period.label}"
    lead = [
        f"{summary.unit_name}, {summary.period.label} ({writing.day_range(summary.period.start, end_of(summary))}).",
        narrative.completeness_sentence(summary.total.completeness, summary.period.one_month),
        "Gồm cả số liệu chưa duyệt." if asked.include == "submitted" else "Chỉ tính số liệu đã duyệt.",
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
        "grown": _grown(summary, before),
        "moved": {key: _moved(key, summary, before) for key in ("online", "on_time")},
        "no_before": "chưa có số liệu cùng kỳ",
    }


def end_of(summary: Summary):
    """The last day of the period."""
    return summary.period.end


def _grown(summary: Summary, before: Summary | None) -> dict[str, str] | None:
    """How many more or fewer dossiers than last year, in percent of last year's."""
    new, old = summary.total.counts["received"], before.total.counts["received"] if before else None
    if new is None or not old:
        return None
    shape = "up" if new > old else "down" if new < old else "flat"
    incomplete = not (summary.total.completeness.complete and before.total.completeness.complete)
    return {
        "shape": shape,
        "text": writing.percent_vi(percent(abs(new - old), old)) + (" (chưa đủ)" if incomplete else ""),
    }


def _moved(key: str, summary: Summary, before: Summary | None) -> dict[str, str] | None:
    """The difference of two printed rates, in points."""
    gap = points(summary.total.share(key).percent, before.total.share(key).percent) if before else None
    if gap is None:
        return None
    shape = "flat" if not gap.strip("-0.") else "down" if gap.startswith("-") else "up"
    return {"shape": shape, "text": f"{writing.decimal_vi(gap.lstrip('-'))} điểm"}


def _on_time(asked: Asked, summary: Summary, before: Summary | None) -> dict[str, Any]:
    goals = {
        one["tier"]: one["percent"]
        for one in rate_targets(asked.unit, summary.period.end)
        if one["rate"] == "on_time"
    }
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
            svg.Scale(scale.dots[: len(summary.tiers)], scale.start, scale.ticks)
        ),
        "has_target": any(dot.goal for dot in scale.dots),
    }


def _charts(summary: Summary, past: queries.Past, before: Summary | None) -> dict[str, Any]:
    one_month = summary.period.one_month
    trend = lines.online_by_month(past.months, past.tiers, [tier for tier, _ in summary.tiers])
    compare = lines.channels_against(summary, past.before)
    return {
        "bars": svg.share_bars(summary.tiers, summary.total, "Tất cả", one_month=one_month),
        "shares_finding": findings.channels(summary),
        "share_lines": list(_share_lines(summary, before)),
        "rounding": narrative.rounding_note(summary.total),
        "trend": trend,
        "trend_rows": trend.rows([month.label for month in past.months]),
        "compare": compare,
        "compare_rows": compare.rows(),
    }


def _share_lines(summary: Summary, before: Summary | None):
    every = [
        (writing.tier_name(tier), one, before.tier(tier) if before else None) for tier, one in summary.tiers
    ]
    if len(every) != 1:
        every.append(("Tất cả", summary.total, before.total if before else None))
    for tier, one, earlier in every:
        for key in ("direct", "online", "online_partial", "online_full", "postal"):
            share, old = one.shares[key], earlier.shares[key] if earlier else None
            yield {
                "tier": tier,
                "name": _channel_name(key, summary.period.end),
                "share": share,
                "before": old,
                "moved": points(share.percent, old.percent) if old else None,
                "completeness": one.completeness.text(summary.period.one_month),
            }


def _channel_name(key: str, end) -> str:
    names = {"direct": "Trực tiếp", "online": "Trực tuyến", "postal": "Bưu chính công ích"}
    return names.get(key) or f"– {measure_label(f'received_{key}', end).removeprefix('Tiếp nhận ')}"


def _indicators(wanted: queries.Wanted) -> list[dict[str, Any]]:
    found = indicators(wanted.unit, wanted.period, wanted.decimals)
    for one in found:
        one["verdict"] = narrative.against_target(one["percent"], one["target"])
    return found


def _rows(asked: Asked, summary: Summary, table: Shown) -> dict[str, Any]:
    by, page = summary.by or "unit", min(asked.page, table.pages)
    return {
        "table": table.table,
        "sections": table.table.sections(page),
        "foot": table.foot(summary),
        "caption": f"{dict(BY_NAMES)[by]}: kết quả {summary.period.label}",
        "rows_title": f"Kết quả theo {dict(BY_NAMES)[by].lower()}",
        "rows_finding": _ranking(by, table),
        "rows_hint": "Bấm tên để xem tới từng ô số." if by != "month" else "",
        "bar_top": table.table.top,
        "by_links": _by_links(asked, by),
        "tier_links": _tier_links(asked, summary, by),
        "without_field": asked.link(field="", by=""),
        "without_q": asked.link(q=""),
        "searchable": table.all > 1 or asked.q,
        "kept": [pair for pair in _pairs(asked.query(q="")) if pair[0] != "q"],
        "found": len(table.entries),
        "all": table.all,
        "page": page,
        "pages": table.pages,
        "previous": asked.link(page=page - 1) if page > 1 else "",
        "following": asked.link(page=page + 1) if page < table.pages else "",
    }


def _ranking(by: str, table: Shown) -> str:
    if by != "unit":
        return ""
    sections: dict[str, list] = {}
    for entry in table.entries:
        sections.setdefault(entry.section, []).append(entry)
    largest = max(sections, key=lambda name: len(sections[name]), default=None)
    return "" if largest is None else findings.ranking(sections[largest], table.means[largest])


def _by_links(asked: Asked, by: str) -> list[tuple[str, str, bool]]:
    names = [pair for pair in BY_NAMES if pair[0] != "unit" or asked.unit.has_children]
    return [(name, asked.link(by=key, sort="", q=""), key == by) for key, name in names]


def _tier_links(asked: Asked, summary: Summary, by: str) -> list[tuple[str, str, bool]]:
    tiers = [tier for tier, _ in summary.tiers]
    if not asked.tier and len(tiers) < 2:
        return []
    shown_tiers = tiers if not asked.tier else [asked.tier]
    links = [
        (writing.tier_name(tier), asked.link(tier=tier, sort=""), tier == asked.tier) for tier in shown_tiers
    ]
    return [("Mọi cấp", asked.link(tier="", sort=""), not asked.tier), *links]


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query)
