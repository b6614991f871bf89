"""Builds the slides of a review for the projection page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.text import capfirst

from figures import formatting
from figures.formatting import format_count, format_percent, tier_name
from figures.periods import Period
from figures.rates import CATALOGUE, Rate
from figures.summary import Figures, Summary, SummaryRow
from reports import document
from reports.charts import ShareBar, share_bar
from reports.review_text import sentences
from reports.review_text.facts import TOTAL, Fact

RATES = tuple(rate for rate in CATALOGUE if rate.slide)
LISTED = 5  # units in a list; needs at least one more ranked unit, or best and weakest would be the same
# Letters: longer texts are set smaller to fit the screen.
LONG_FIGURE, LONG_HEADING, LONGEST_HEADING = 6, 48, 120
NAME_LINE, MOST_LINES = 30, 6


@dataclass(frozen=True)
class SlideItem:
    """A line of a list: a unit, its figure and the width of its bar."""

    name: str
    text: str
    width: str
    key: str


@dataclass(frozen=True)
class Slide:
    """One screen. `key` is the fact of `figure`; `says` are short lines beside it; `whole` states the completeness of
    its reports.
    """

    heading: str
    figure: str = ""
    key: str = ""
    says: tuple[str, ...] = ()
    whole: str = ""
    bar: ShareBar | None = None
    items: tuple[SlideItem, ...] = ()

    @property
    def size(self) -> str:
        """Style classes for a long figure or heading."""
        figure = " slide--figure" if len(self.figure) > LONG_FIGURE else ""
        return figure + (" slide--heading" if len(self.heading) > LONG_HEADING else "")


def slides(doc: dict[str, Any]) -> list[Slide]:
    """The rates of each tier, best and weakest units, overdue dossiers, indicators, missing reports. Figures without
    reports are left out.
    """
    facts, now = document.document_facts(doc), Summary.from_dict(doc["figures"])
    screens = [_tier_rate(facts, tier, figures, rate) for tier, figures in now.tiers for rate in RATES]
    screens += [
        *_lists(facts, doc, now),
        _overdue(facts, now),
        *_indicators(facts, doc),
        _missing(facts, now),
    ]
    return [slide for slide in screens if slide]


def period_label(doc: dict[str, Any]) -> str:
    return Period.parse(doc["review"]["period"]).label


def completeness_line(doc: dict[str, Any]) -> str:
    """The completeness of all slides, "168/168 báo cáo tháng", and the basis if it is not by reporting units."""
    now = Summary.from_dict(doc["figures"])
    return now.completeness_text + (f", {formatting.basis_label(now.units_of)}" if now.units_of else "")


def _tier_rate(facts: Mapping[str, Fact], tier: str, figures: Figures, rate: Rate) -> Slide | None:
    key = f"now.{tier}.{rate.fact}"
    share = figures.share(rate.key)
    if share.percent is None:
        return None
    says = [f"{format_count(share.numerator)}/{format_count(share.denominator)} hồ sơ"]
    says += ["chưa đủ số liệu"] if share.partial else []
    before = facts.get(f"before.{tier}.{rate.fact}")
    says += [f"Cùng kỳ {before.text}"] if before and before.value is not None else []
    says += _against(facts, rate.key, tier, share.percent)
    bar = share_bar(tier_name(tier), figures) if rate.key == "online" and not share.partial else None
    figure = facts[key].text.removesuffix(formatting.INCOMPLETE)
    return Slide(
        f"{tier_name(tier)}: {rate.slide[:1].lower()}{rate.slide[1:]}",
        figure,
        key,
        tuple(says),
        _whole(facts, tier),
        bar,
    )


def _against(facts: Mapping[str, Fact], rate: str, tier: str, percent: str) -> list[str]:
    """Whether the target is reached, in words."""
    goal = facts.get(f"target.{rate}.{tier}") or facts.get(f"target.{rate}.{TOTAL}")
    gap = facts.get(f"gap.{rate}.{tier}")
    if goal is None or gap is None or gap.value is None:
        return []
    return [f"{'Đạt' if sentences.reached(percent, goal.value) else 'Chưa đạt'} chỉ tiêu {goal.text}"]


def _lists(facts: Mapping[str, Fact], doc: dict[str, Any], now: Summary) -> Iterator[Slide]:
    """The units of each tier with the highest and lowest online share; only complete units without estimates."""
    for tier, _ in now.tiers:
        units = [row for row in now.rows if doc["unit_tiers"].get(row.key) == tier]
        ranked = sorted((row for row in units if _ranks(row)), key=_online, reverse=True)
        if len(ranked) <= LISTED:
            continue
        guessed = ", không có số ước tính" if any(row.figures.estimated for row in units) else ""
        basis = f"xếp {len(ranked)} đơn vị đủ báo cáo{guessed}"
        for word, rows in (("cao", ranked[:LISTED]), ("thấp", ranked[: -LISTED - 1 : -1])):
            rows = _that_fit(rows)
            highest = max(map(_online, rows))
            yield Slide(
                f"{tier_name(tier)}: tỷ lệ trực tuyến {word} nhất",
                whole=basis,
                items=tuple(_item(facts, row, highest) for row in rows),
            )


def _that_fit(rows: list[SummaryRow]) -> list[SummaryRow]:
    """The first rows that fit on a screen in large letters: long names take two lines."""
    lines = [-(-len(row.name) // NAME_LINE) for row in rows]
    return [row for place, row in enumerate(rows) if sum(lines[: place + 1]) <= MOST_LINES]


def _ranks(row: SummaryRow) -> bool:
    share = row.figures.shares["online"]
    whole = row.figures.completeness.complete and share.percent is not None and not share.partial
    return whole and not row.figures.estimated


def _online(row: SummaryRow) -> int:
    share = row.figures.shares["online"]
    return share.numerator * 10**9 // share.denominator


def _item(facts: Mapping[str, Fact], row: SummaryRow, highest: int) -> SlideItem:
    key = f"unit.{row.key}.share.online"
    width = f"{Decimal(_online(row) * 100) / highest:.2f}%" if highest else "0%"
    return SlideItem(capfirst(row.name), facts[key].text, width, key)


def _overdue(facts: Mapping[str, Fact], now: Summary) -> Slide | None:
    late, pending = (now.total.counts[name] for name in ("pending_late", "pending"))
    if late is None or not pending:
        return None
    says = ["hồ sơ, trong", f"{format_count(pending)} đang giải quyết"]
    key = "now.total.pending_late"
    return Slide("Đang giải quyết quá hạn", facts[key].text, key, tuple(says), _whole(facts, TOTAL))


def _indicators(facts: Mapping[str, Fact], doc: dict[str, Any]) -> Iterator[Slide]:
    for indicator in doc["indicators"]:
        key = f"indicator.{indicator['code']}.percent"
        if not indicator["is_share"] or key not in facts or facts[key].value is None:
            continue
        part, whole = format_count(indicator["numerator"]), format_count(indicator["denominator"])
        says = [f"{part}/{whole} {indicator['counted_in']}".strip()]
        if indicator["before_percent"] is not None:
            says.append(f"Cùng kỳ {format_percent(indicator['before_percent'])}")
        gap = facts.get(f"indicator.{indicator['code']}.gap")
        if gap is not None and gap.value is not None:
            verdict = "Đạt" if sentences.reached(indicator["percent"], indicator["target"]) else "Chưa đạt"
            says.append(f"{verdict} chỉ tiêu {format_percent(indicator['target'])}")
        yield Slide(_cut(indicator["name"]), facts[key].text, key, tuple(says), "theo đơn vị báo cáo")


def _missing(facts: Mapping[str, Fact], now: Summary) -> Slide | None:
    completeness = now.total.completeness
    if not completeness.expected:
        return None
    if completeness.complete:
        figure = f"{format_count(completeness.reported)}/{format_count(completeness.expected)}"
        counted = "đơn vị" if now.period.one_month else "báo cáo tháng"
        return Slide(
            "Đã đủ báo cáo", figure, "completeness.total", (f"{counted} đã duyệt",), _whole(facts, TOTAL)
        )
    missing = facts["missing.count"]
    names = [months[0].name or unit for unit, months in completeness.by_unit().items()]
    says = ["đơn vị", *(capfirst(name) for name in names[:3])]
    says += [f"và {len(names) - 3} đơn vị khác"] if len(names) > 3 else []
    return Slide(
        "Chưa đủ báo cáo được duyệt", missing.text, "missing.count", tuple(says), _whole(facts, TOTAL)
    )


def _whole(facts: Mapping[str, Fact], key: str) -> str:
    return facts[f"completeness.{key}"].text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_HEADING else f"{text[: LONGEST_HEADING - 1].rstrip()}…"
