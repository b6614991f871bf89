"""Facts about rank: best and worst units, targets reached, missing reports, growth, tasks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from figures.formatting import format_count, format_percent, tier_name
from figures.measures import MEASURES, STATES, SUMS, measure_label
from figures.rates import BY_KEY, Placement, rates_in
from figures.rounding import rounded_percent
from figures.summary import CHANGE_RATE, Summary, SummaryRow
from reports.year_on_year.comparison import ComparedSummaries

from . import sentences
from .facts import Fact, figures_source, scopes

# Keys: ``best.commune.online.unit``, ``best.commune.online.value``, ``best.commune.online.change``,
# ``worst.…``, ``ranked.commune.online``, ``reached.commune.online``, ``missing.units``,
# ``lacking.now.commune``, ``growth.total.received``, ``tasks.done``.

# Fewer units are no field to be first in; more at the same place are counted instead of named.
LEAST_UNITS, MOST_NAMES = 3, 3
_RANKED = tuple(rate.key for rate in rates_in(Placement.RANKING))


def ranking_facts(
    now: Summary,
    before: Summary | None,
    tiers: Mapping[str, str],
    targets: Iterable[Mapping[str, Any]] = (),
    tasks: Sequence[Mapping[str, Any]] | None = None,
    compared: ComparedSummaries | None = None,
) -> dict[str, Fact]:
    """The facts. `tiers`: row key → tier of rows that are one unit; `targets` as facts takes them; `tasks`:
    those set last time with "outcome" (open, done, not_done) and "deadline" (ISO text), None where there was no last
    time; `compared` as facts takes it.
    """
    goals = {(one["rate"], one["tier"]): one["percent"] for one in targets}
    found: dict[str, Fact] = {}
    for tier, _ in now.tiers:
        rows = [row for row in now.rows if tiers.get(row.key) == tier]
        for rate in _RANKED:
            goal = goals.get((rate, tier), goals.get((rate, "")))
            found.update(_standing(tier, rate, rows, goal, now))
    found.update(_silent(now, before))
    if compared is not None:
        found.update(_growth(compared.current, compared.before))
    elif before is not None:
        found.update(_growth(now, before))
    if tasks is not None:
        found.update(_tasks(tasks, now.period.end))
    return found


def _standing(
    tier: str, rate: str, rows: Sequence[SummaryRow], goal: str | None, now: Summary
) -> Iterator[tuple[str, Fact]]:
    """First and last of the units of a tier, of those whose share is known and whole; nobody silent is ranked, no unit
    that lacks a month, as on the dashboard, and no estimate, since each of its cells is rounded by itself.
    """
    placed = [
        (Decimal(share.percent), row)
        for row in rows
        if (share := row.figures.share(rate)).percent is not None and not share.partial
    ]
    told = f"{figures_source(now, dict(now.tiers)[tier])}; {format_count(len(placed))} đơn vị có số liệu"
    name, whom = BY_KEY[rate].name, tier_name(tier).lower()
    if placed:
        yield f"ranked.{tier}.{rate}", _counted(len(placed), f"Đơn vị {whom} có {_lower(name)}", told)
        if goal is not None:
            reached = sum(bool(sentences.reached(row.figures.share(rate).percent, goal)) for _, row in placed)
            words = f"Đơn vị {whom} đạt chỉ tiêu {_lower(name)} ({format_percent(goal)})"
            yield f"reached.{tier}.{rate}", _counted(reached, words, told)
    sure = [
        (value, row)
        for value, row in placed
        if row.figures.completeness.complete and not row.figures.estimated
    ]
    values = {value for value, _ in sure}
    if len(sure) < LEAST_UNITS or len(values) < 2:
        return
    if len(sure) < len(placed):
        told = f"{told}, không xếp {format_count(len(placed) - len(sure))} đơn vị thiếu báo cáo hoặc có số ước tính"
    for side, extreme, word in (("best", max(values), "cao nhất"), ("worst", min(values), "thấp nhất")):
        there = [row for value, row in sure if value == extreme]
        names = _names([row.name for row in there])
        about = f"{name} {word} ở {whom}"
        yield f"{side}.{tier}.{rate}.unit", Fact(names, names, f"Đơn vị có {_lower(about)}", told)
        text = there[0].figures.share(rate).percent or ""
        yield (
            f"{side}.{tier}.{rate}.value",
            Fact(format_percent(text), text, about, told, BY_KEY[rate].definition),
        )
        if rate == CHANGE_RATE and len(there) == 1 and there[0].change:
            yield f"{side}.{tier}.{rate}.change", _change(there[0], about, told)


def _change(row: SummaryRow, about: str, told: str) -> Fact:
    """How the first or last stands to its own share of last year."""
    new, before = row.figures.share(CHANGE_RATE), row.change.before
    known = before is not None and row.change.points is not None
    text = sentences.points_change(new.percent, before.percent) if known else ""
    formula = f"{format_percent(new.percent)} − {format_percent(before.percent)}" if known else ""
    return Fact(text or "—", text or None, f"{about}, so với cùng kỳ", told, formula)


def _silent(now: Summary, before: Summary | None) -> Iterator[tuple[str, Fact]]:
    told = "Danh sách đơn vị phải báo cáo trong kỳ"
    names = sentences.missing_names(now.total.completeness, {}, now.period.one_month)
    yield "missing.units", Fact(names or "—", names or None, "Đơn vị thiếu báo cáo trong kỳ", told)
    for side, summary in (("now", now), ("before", before)):
        for key, whom, one in scopes(summary) if summary else ():
            lacking = max(0, one.completeness.expected - one.completeness.reported)
            name = f"Báo cáo còn thiếu, {whom}, {summary.period.label if summary else ''}"
            yield f"lacking.{side}.{key}", _counted(lacking, name, told)


def _growth(now: Summary, before: Summary) -> Iterator[tuple[str, Fact]]:
    earlier = {key: one for key, _, one in scopes(before)}
    for key, whom, one in scopes(now):
        if key not in earlier:
            continue
        told = f"{figures_source(now, one)}; cùng kỳ: {figures_source(before, earlier[key])}"
        for name in (*MEASURES, *SUMS):
            if name in STATES:
                continue
            new, old = one.counts[name], earlier[key].counts[name]
            text = _grown(new, old, now.decimals)
            label = f"{measure_label(name, now.period.end)}, {whom}, tăng, giảm so với cùng kỳ"
            formula = f"({format_count(new)} − {format_count(old)}) ÷ {format_count(old)}"
            yield f"growth.{key}.{name}", Fact(text or "—", text or None, label, told, formula)


def _grown(new: int | None, old: int | None, decimals: int) -> str:
    if new is None or not old:
        return ""
    if new == old:
        return "không đổi"
    return (
        f"{'tăng' if new > old else 'giảm'} {format_percent(rounded_percent(abs(new - old), old, decimals))}"
    )


def _tasks(tasks: Sequence[Mapping[str, Any]], end: date) -> Iterator[tuple[str, Fact]]:
    told = "Nhiệm vụ giao tại báo cáo kỳ trước, kết quả đã ghi"
    yield "tasks.set", _counted(len(tasks), "Nhiệm vụ giao kỳ trước", told)
    outcomes = {"done": "đã hoàn thành", "open": "đang thực hiện", "not_done": "chưa hoàn thành"}
    for outcome, words in outcomes.items():
        number = sum(one["outcome"] == outcome for one in tasks)
        yield f"tasks.{outcome}", _counted(number, f"Nhiệm vụ kỳ trước {words}", told)
    late = [one for one in tasks if one["outcome"] != "done" and one["deadline"]]
    overdue = sum(date.fromisoformat(one["deadline"]) <= end for one in late)
    yield "tasks.overdue", _counted(overdue, "Nhiệm vụ kỳ trước quá thời hạn mà chưa xong", told)


def _counted(number: int, name: str, told: str) -> Fact:
    return Fact(format_count(number), number, name, told)


def _names(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMES:
        return f"{format_count(len(names))} đơn vị"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} và {names[-1]}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
