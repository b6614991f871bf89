"""All figures and rankings that the text of a review may quote: stable key → wording, source, formula, link."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from figures import formatting
from figures.formatting import (
    TIER_NAMES,
    format_count,
    format_day_range,
    format_decimal,
    format_percent,
    tier_name,
)
from figures.measures import MEASURES, OF_FIRST_MONTH, OF_LAST_MONTH, STATES, SUMS, measure_label
from figures.rates import BY_KEY, RATES, SHARES, Placement, Share, rates_in
from figures.rounding import rounded_percent
from figures.summary import CHANGE_RATE, COUNTS, Figures, Summary, SummaryRow
from reports.year_on_year.comparison import ComparedSummaries

from . import sentences

# Keys: ``now.commune.received``, ``now.total.rate.on_time``,
# ``before.district.share.online``, ``change.total.online``, ``unit.13474.share.online``,
# ``target.on_time.commune``, ``indicator.CODE.percent``, ``completeness.total``, ``missing.count``. Where some
# units cannot be compared with last year, ``left_out.units`` names them and ``same.now.total.received``,
# ``same.before.…`` are of the others.

TOTAL = "total"


@dataclass(frozen=True)
class Fact:
    """A quotable figure. ``value`` is None where nobody reported it or a missing part makes it uncertain;
    ``link`` leads to the units behind it.
    """

    text: str
    value: int | str | None
    name: str
    source: str
    formula: str = ""
    link: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For the frozen document."""
        data = {"text": self.text, "value": self.value, "name": self.name}
        return {**data, "source": self.source, "formula": self.formula}


def summary_facts(
    now: Summary,
    before: Summary | None,
    targets: Iterable[Mapping[str, Any]] = (),
    indicators: Iterable[Mapping[str, Any]] = (),
    compared: ComparedSummaries | None = None,
) -> dict[str, Fact]:
    """All facts of a review's period: figures now, of the same period last year, by unit, targets, indicators. Rises
    and falls are of the units that can be `compared`, where those are not all.
    """
    facts: dict[str, Fact] = {}
    for side, summary in (("now", now), ("before", before)):
        if summary is not None:
            facts.update(_summary(side, summary))
    if compared is None:
        facts.update(_changes(now, before))
    else:
        facts.update(_changes(compared.current, compared.before))
        facts.update(_compared(compared))
    for row in now.rows:
        link = _link(now, row.key, by="month")
        facts.update(_figures(f"unit.{row.key}", row.name, row.figures, now, link))
    facts.update(_completeness(now))
    for target in targets:
        facts.update(_target(target, now))
    for indicator in indicators:
        facts.update(_indicator(indicator, now))
    return facts


def scopes(summary: Summary) -> Iterator[tuple[str, str, Figures]]:
    """Each tier and the total: key, name in a sentence, figures."""
    for tier, figures in summary.tiers:
        yield tier, tier_name(tier).lower(), figures
    yield TOTAL, f"chung {summary.unit_name}", summary.total


def figures_source(summary: Summary, figures: Figures) -> str:
    """Which figures these are: "Số liệu đã duyệt từ 15/12/2021 đến 14/6/2022, 96/96 báo cáo tháng"."""
    days = format_day_range(summary.period.start, summary.period.end)
    which = "đã duyệt" if summary.include == "approved" else "gồm cả chưa duyệt"
    which += f" {formatting.basis_label(summary.units_of)}," if summary.units_of else ""
    return f"Số liệu {which} {days}, {figures.completeness.text(summary.period.one_month)}"


def _summary(side: str, summary: Summary) -> Iterator[tuple[str, Fact]]:
    for key, whom, figures in scopes(summary):
        more = {} if key == TOTAL else {"tier": key}
        link = _link(summary, by="unit", **more)
        yield from _figures(f"{side}.{key}", whom, figures, summary, link)


def _figures(
    prefix: str, whom: str, figures: Figures, summary: Summary, link: str
) -> Iterator[tuple[str, Fact]]:
    source, about = figures_source(summary, figures), f"{whom}, {summary.period.label}"
    for name in COUNTS:
        label, count = measure_label(name, summary.period.end), figures.counts[name]
        formula = _formula(name, summary)
        yield f"{prefix}.{name}", Fact(format_count(count), count, f"{label}, {about}", source, formula, link)
    for kind, shares in (("share", figures.shares), ("rate", figures.rates)):
        for key, share in shares.items():
            name = f"{BY_KEY[key].name}, {about}"
            yield f"{prefix}.{kind}.{key}", _share(share, name, source, BY_KEY[key].definition, link)


def _share(share: Share, name: str, source: str, definition: str, link: str) -> Fact:
    formula = f"{definition} {format_count(share.numerator)} ÷ {format_count(share.denominator)}"
    if share.partial and share.percent is not None:
        return Fact(format_percent(share.percent) + formatting.INCOMPLETE, None, name, source, formula, link)
    return Fact(format_percent(share.percent), share.percent, name, source, formula, link)


def _formula(name: str, summary: Summary) -> str:
    if name in SUMS:
        return " + ".join(measure_label(part, summary.period.end) for part in SUMS[name])
    if name in OF_FIRST_MONTH:
        return "Của tháng đầu kỳ, không cộng qua các tháng"
    if name in OF_LAST_MONTH:
        return "Của tháng cuối kỳ, không cộng qua các tháng"
    return "Cộng các báo cáo tháng trong kỳ"


def _changes(now: Summary, before: Summary | None) -> Iterator[tuple[str, Fact]]:
    """Changes of shares, rates and flows; the text includes the direction, so that both go stale together."""
    if before is None:
        return
    earlier = {key: figures for key, _, figures in scopes(before)}
    for key, whom, figures in scopes(now):
        if key not in earlier:
            continue
        old = earlier[key]
        source = f"{figures_source(now, figures)}; cùng kỳ: {figures_source(before, old)}"
        more = {} if key == TOTAL else {"tier": key}
        link = _link(now, by="unit", **more)
        for name in (*figures.shares, *figures.rates):
            yield (
                f"change.{key}.{name}",
                _moved(name, whom, figures.share(name), old.share(name), source, link),
            )
        for name in (*(name for name in MEASURES if name not in OF_LAST_MONTH), *SUMS):
            fact = _grown(
                measure_label(name, now.period.end), whom, figures.counts[name], old.counts[name], source
            )
            yield f"change.{key}.{name}", fact


def _moved(name: str, whom: str, new: Share, old: Share, source: str, link: str) -> Fact:
    sound = not (new.partial or old.partial)
    text = sentences.points_change(new.percent, old.percent) if sound else ""
    formula = f"{format_percent(new.percent)} − {format_percent(old.percent)}"
    return Fact(
        text or "—", text or None, f"{BY_KEY[name].name}, {whom}, so với cùng kỳ", source, formula, link
    )


def _grown(label: str, whom: str, new: int | None, old: int | None, source: str) -> Fact:
    text = ""
    if new is not None and old is not None:
        text = (
            f"{'tăng' if new > old else 'giảm'} {format_count(abs(new - old))} hồ sơ"
            if new != old
            else "không đổi"
        )
    formula = f"{format_count(new)} − {format_count(old)}"
    return Fact(text or "—", text or None, f"{label}, {whom}, so với cùng kỳ", source, formula)


def _compared(compared: ComparedSummaries) -> Iterator[tuple[str, Fact]]:
    """Figures of the comparable units in both periods, and the units left out."""
    for side, summary in (("same.now", compared.current), ("same.before", compared.before)):
        for key, fact in _summary(side, summary):
            yield key, replace(fact, name=f"{fact.name}, của các đơn vị báo cáo suốt cả hai kỳ")
    source, count = "Danh sách đơn vị phải báo cáo trong hai kỳ", compared.number
    yield "left_out.count", Fact(format_count(count), count, "Đơn vị không so được với cùng kỳ", source)
    yield "left_out.units", Fact(compared.names, compared.names, "Đơn vị không so được với cùng kỳ", source)


def _completeness(now: Summary) -> Iterator[tuple[str, Fact]]:
    source = "Danh sách đơn vị phải báo cáo trong kỳ"
    for key, whom, figures in scopes(now):
        text = figures.completeness.text(now.period.one_month)
        name = f"Báo cáo đã duyệt trên báo cáo phải có, {whom}"
        yield f"completeness.{key}", Fact(text, text, name, source, "", _link(now))
    units = now.total.completeness.by_unit()
    yield "missing.count", Fact(format_count(len(units)), len(units), "Đơn vị thiếu báo cáo trong kỳ", source)


def _target(target: Mapping[str, Any], now: Summary) -> Iterator[tuple[str, Fact]]:
    rate, tier = BY_KEY[target["rate"]], target["tier"]
    whom = tier_name(tier).lower() if tier else "các cấp"
    fact = Fact(
        format_percent(target["percent"]),
        target["percent"],
        f"Chỉ tiêu giao: {rate.name}, {whom}",
        target["source"],
    )
    yield f"target.{target['rate']}.{tier or TOTAL}", fact
    for key, which, figures in scopes(now):
        share = figures.share(target["rate"])
        if tier not in ("", key) or share.partial:
            continue
        text = sentences.target_gap(share.percent, target["percent"])
        formula = f"{format_percent(share.percent)} − {format_percent(target['percent'])}"
        name = f"{rate.name}, {which}, so với chỉ tiêu giao"
        yield (
            f"gap.{target['rate']}.{key}",
            Fact(_lower(text) or "—", text or None, name, figures_source(now, figures), formula),
        )


def _indicator(row: Mapping[str, Any], now: Summary) -> Iterator[tuple[str, Fact]]:
    prefix, source = (
        f"indicator.{row['code']}",
        f"Chỉ tiêu nhập cho {now.period.label}: {row['source']}",
    )
    if row.get("quoted") is not None:
        yield (
            f"{prefix}.quoted",
            Fact(format_decimal(row["quoted"]), row["quoted"], row["name"], source),
        )
        return
    parts = (
        f"{row['numerator_name']} ÷ {row['denominator_name']}" if row["is_share"] else row["numerator_name"]
    )
    for name, which in (
        ("numerator", row["numerator_name"]),
        ("denominator", row["denominator_name"]),
    ):
        if which:
            yield (
                f"{prefix}.{name}",
                Fact(format_count(row[name]), row[name], f"{which}: {row['name']}", source),
            )
    for name, words in (("percent", ""), ("target", "Chỉ tiêu giao: "), ("before_percent", "Cùng kỳ: ")):
        if row["is_share"]:
            fact = Fact(format_percent(row[name]), row[name], f"{words}{row['name']}", source, parts)
            yield f"{prefix}.{name}", fact
    if row["is_share"]:
        for name, text in (
            ("change", sentences.points_change(row["percent"], row["before_percent"])),
            ("gap", _lower(sentences.target_gap(row["percent"], row["target"]))),
        ):
            yield f"{prefix}.{name}", Fact(text or "—", text or None, row["name"], source, parts)


def _link(summary: Summary, unit: str = "", **more: str) -> str:
    query = {"unit": unit or summary.unit, "period": summary.period.code, **more}
    query |= {"basis": summary.basis} if summary.units_of else {}
    return "/?" + "&".join(f"{name}={value}" for name, value in query.items())


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


_SCOPE = "|".join((*TIER_NAMES, TOTAL, r"\*"))
_TIER = "|".join((*TIER_NAMES, r"\*"))
_COUNT = "|".join((*MEASURES, *SUMS))
_SHARE, _RATE = ("|".join(rate.key for rate in rates) for rates in (SHARES, RATES))
_RANKED_NAMES = "|".join(rate.key for rate in rates_in(Placement.RANKING))
_FIGURE = rf"(?:{_COUNT}|share\.(?:{_SHARE})|rate\.(?:{_RATE}))"
_CODE = r"(?:\*|[A-Za-z0-9_@-]+)"
FACT_NAMES = (
    rf"(?:now|before)\.(?:{_SCOPE})\.{_FIGURE}",
    rf"same\.(?:now|before)\.(?:{_SCOPE})\.{_FIGURE}",
    r"left_out\.(?:count|units)",
    rf"change\.(?:{_SCOPE})\.(?:{_COUNT}|{_SHARE}|{_RATE})",
    rf"growth\.(?:{_SCOPE})\.(?:{_COUNT})",
    rf"unit\.{_CODE}\.{_FIGURE}",
    rf"completeness\.(?:{_SCOPE})",
    rf"lacking\.(?:now|before)\.(?:{_SCOPE})",
    r"missing\.(?:count|units)",
    rf"(?:target|gap)\.(?:{_SHARE}|{_RATE})\.(?:{_SCOPE})",
    rf"indicator\.{_CODE}\.(?:numerator|denominator|percent|target|before_percent|change|gap|quoted)",
    rf"(?:best|worst)\.(?:{_TIER})\.(?:{_RANKED_NAMES})\.(?:unit|value)",
    rf"(?:best|worst)\.(?:{_TIER})\.{CHANGE_RATE}\.change",
    rf"(?:ranked|reached)\.(?:{_TIER})\.(?:{_RANKED_NAMES})",
    r"tasks\.(?:set|done|open|not_done|overdue)",
)
_FACT_NAMES = re.compile("|".join(f"(?:{fact_name})" for fact_name in FACT_NAMES))


def is_fact_name(key: str) -> bool:
    """Whether a key can name a figure of a review; "*" stands for the unit or tier of a phrase."""
    return _FACT_NAMES.fullmatch(key) is not None


# Keys: ``best.commune.online.unit``, ``best.commune.online.value``, ``best.commune.online.change``,
# ``worst.…``, ``ranked.commune.online``, ``reached.commune.online``, ``missing.units``,
# ``lacking.now.commune``, ``growth.total.received``, ``tasks.done``.

# A ranking needs at least LEAST_UNITS; more than MOST_NAMES in the same place are counted, not named.
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
    """Rankings, growth, missing reports and previous tasks. `tiers`: row key → tier of rows that are one unit; `tasks`:
    those of the previous review with "outcome" (open, done, not_done) and "deadline" (ISO text), None without one.
    """
    goals = {(target["rate"], target["tier"]): target["percent"] for target in targets}
    facts: dict[str, Fact] = {}
    for tier, _ in now.tiers:
        rows = [row for row in now.rows if tiers.get(row.key) == tier]
        for rate in _RANKED:
            goal = goals.get((rate, tier), goals.get((rate, "")))
            facts.update(_standing(tier, rate, rows, goal, now))
    facts.update(_silent(now, before))
    if compared is not None:
        facts.update(_growth(compared.current, compared.before))
    elif before is not None:
        facts.update(_growth(now, before))
    if tasks is not None:
        facts.update(_tasks(tasks, now.period.end))
    return facts


def _standing(
    tier: str, rate: str, rows: Sequence[SummaryRow], goal: str | None, now: Summary
) -> Iterator[tuple[str, Fact]]:
    """First and last unit of a tier by a rate. As on the dashboard, units with missing months or partial shares are not
    ranked, nor are estimates, whose cells are rounded one by one.
    """
    placed = [
        (Decimal(share.percent), row)
        for row in rows
        if (share := row.figures.share(rate)).percent is not None and not share.partial
    ]
    source = f"{figures_source(now, dict(now.tiers)[tier])}; {format_count(len(placed))} đơn vị có số liệu"
    name, whom = BY_KEY[rate].name, tier_name(tier).lower()
    if placed:
        yield f"ranked.{tier}.{rate}", _counted(len(placed), f"Đơn vị {whom} có {_lower(name)}", source)
        if goal is not None:
            reached = sum(bool(sentences.reached(row.figures.share(rate).percent, goal)) for _, row in placed)
            words = f"Đơn vị {whom} đạt chỉ tiêu {_lower(name)} ({format_percent(goal)})"
            yield f"reached.{tier}.{rate}", _counted(reached, words, source)
    sure = [
        (value, row)
        for value, row in placed
        if row.figures.completeness.complete and not row.figures.estimated
    ]
    values = {value for value, _ in sure}
    if len(sure) < LEAST_UNITS or len(values) < 2:
        return
    if len(sure) < len(placed):
        source = f"{source}, không xếp {format_count(len(placed) - len(sure))} đơn vị thiếu báo cáo hoặc có số ước tính"
    for side, extreme, word in (("best", max(values), "cao nhất"), ("worst", min(values), "thấp nhất")):
        there = [row for value, row in sure if value == extreme]
        names = _names([row.name for row in there])
        about = f"{name} {word} ở {whom}"
        yield f"{side}.{tier}.{rate}.unit", Fact(names, names, f"Đơn vị có {_lower(about)}", source)
        text = there[0].figures.share(rate).percent or ""
        yield (
            f"{side}.{tier}.{rate}.value",
            Fact(format_percent(text), text, about, source, BY_KEY[rate].definition),
        )
        if rate == CHANGE_RATE and len(there) == 1 and there[0].change:
            yield f"{side}.{tier}.{rate}.change", _change(there[0], about, source)


def _change(row: SummaryRow, about: str, source: str) -> Fact:
    """Change of the first or last unit against its own share of last year."""
    new, before = row.figures.share(CHANGE_RATE), row.change.before
    comparable = before is not None and row.change.points is not None
    text = sentences.points_change(new.percent, before.percent) if comparable else ""
    formula = f"{format_percent(new.percent)} − {format_percent(before.percent)}" if comparable else ""
    return Fact(text or "—", text or None, f"{about}, so với cùng kỳ", source, formula)


def _silent(now: Summary, before: Summary | None) -> Iterator[tuple[str, Fact]]:
    source = "Danh sách đơn vị phải báo cáo trong kỳ"
    names = sentences.missing_names(now.total.completeness, {}, now.period.one_month)
    yield "missing.units", Fact(names or "—", names or None, "Đơn vị thiếu báo cáo trong kỳ", source)
    for side, summary in (("now", now), ("before", before)):
        for key, whom, figures in scopes(summary) if summary else ():
            missing = max(0, figures.completeness.expected - figures.completeness.reported)
            name = f"Báo cáo còn thiếu, {whom}, {summary.period.label if summary else ''}"
            yield f"lacking.{side}.{key}", _counted(missing, name, source)


def _growth(now: Summary, before: Summary) -> Iterator[tuple[str, Fact]]:
    earlier = {key: figures for key, _, figures in scopes(before)}
    for key, whom, figures in scopes(now):
        if key not in earlier:
            continue
        source = f"{figures_source(now, figures)}; cùng kỳ: {figures_source(before, earlier[key])}"
        for name in (*MEASURES, *SUMS):
            if name in STATES:
                continue
            new, old = figures.counts[name], earlier[key].counts[name]
            text = _growth_percent(new, old, now.decimals)
            label = f"{measure_label(name, now.period.end)}, {whom}, tăng, giảm so với cùng kỳ"
            formula = f"({format_count(new)} − {format_count(old)}) ÷ {format_count(old)}"
            yield f"growth.{key}.{name}", Fact(text or "—", text or None, label, source, formula)


def _growth_percent(new: int | None, old: int | None, decimals: int) -> str:
    if new is None or not old:
        return ""
    if new == old:
        return "không đổi"
    return (
        f"{'tăng' if new > old else 'giảm'} {format_percent(rounded_percent(abs(new - old), old, decimals))}"
    )


def _tasks(tasks: Sequence[Mapping[str, Any]], end: date) -> Iterator[tuple[str, Fact]]:
    source = "Nhiệm vụ giao tại báo cáo kỳ trước, kết quả đã ghi"
    yield "tasks.set", _counted(len(tasks), "Nhiệm vụ giao kỳ trước", source)
    outcomes = {"done": "đã hoàn thành", "open": "đang thực hiện", "not_done": "chưa hoàn thành"}
    for outcome, words in outcomes.items():
        count = sum(task["outcome"] == outcome for task in tasks)
        yield f"tasks.{outcome}", _counted(count, f"Nhiệm vụ kỳ trước {words}", source)
    late = [task for task in tasks if task["outcome"] != "done" and task["deadline"]]
    overdue = sum(date.fromisoformat(task["deadline"]) <= end for task in late)
    yield "tasks.overdue", _counted(overdue, "Nhiệm vụ kỳ trước quá thời hạn mà chưa xong", source)


def _counted(count: int, name: str, source: str) -> Fact:
    return Fact(format_count(count), count, name, source)


def _names(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMES:
        return f"{format_count(len(names))} đơn vị"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} và {names[-1]}"
