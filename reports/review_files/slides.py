"""A review as slides for the conference hall."""

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
LISTED = 5  # units of a list; that many and one more must be ranked, or best and weakest would be the same
# Letters: what is longer is written smaller, so that it stays whole on the screen.
LONG_FIGURE, LONG_HEADING, LONGEST_HEADING = 6, 48, 120
NAME_LINE, MOST_LINES = 30, 6


@dataclass(frozen=True)
class SlideItem:
    """A line of a list: a unit, its figure, and how far its bar goes."""

    name: str
    text: str
    width: str
    key: str


@dataclass(frozen=True)
class Slide:
    """One screen. `key` names the fact that `figure` is; `says` are short lines beside it; `whole` tells how many of
    the expected reports it rests on.
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
    """What the hall is shown: the rates of each tier, best and weakest units, what is overdue, indicators, who is
    missing. A figure that nobody reported is left out.
    """
    known, now = document.document_facts(doc), Summary.from_dict(doc["figures"])
    found = [_tier_rate(known, tier, one, rate) for tier, one in now.tiers for rate in RATES]
    found += [*_lists(known, doc, now), _overdue(known, now), *_indicators(known, doc), _missing(known, now)]
    return [one for one in found if one]


def period_label(doc: dict[str, Any]) -> str:
    return Period.parse(doc["review"]["period"]).label


def completeness_line(doc: dict[str, Any]) -> str:
    """How many of the expected reports all of it rests on: "168/168 báo cáo tháng", and by whose units
    it is told where those are not the ones that reported.
    """
    now = Summary.from_dict(doc["figures"])
    return now.completeness_text + (f", {formatting.basis_label(now.units_of)}" if now.units_of else "")


def _tier_rate(known: Mapping[str, Fact], tier: str, one: Figures, rate: Rate) -> Slide | None:
    key = f"now.{tier}.{rate.fact}"
    share = one.share(rate.key)
    if share.percent is None:
        return None
    says = [f"{format_count(share.numerator)}/{format_count(share.denominator)} hồ sơ"]
    says += ["chưa đủ số liệu"] if share.partial else []
    before = known.get(f"before.{tier}.{rate.fact}")
    says += [f"Cùng kỳ {before.text}"] if before and before.value is not None else []
    says += _against(known, rate.key, tier, share.percent)
    bar = share_bar(tier_name(tier), one) if rate.key == "online" and not share.partial else None
    figure = known[key].text.removesuffix(formatting.INCOMPLETE)
    return Slide(
        f"{tier_name(tier)}: {rate.slide[:1].lower()}{rate.slide[1:]}",
        figure,
        key,
        tuple(says),
        _whole(known, tier),
        bar,
    )


def _against(known: Mapping[str, Fact], rate: str, tier: str, percent: str) -> list[str]:
    """Whether the target is reached, in words."""
    goal = known.get(f"target.{rate}.{tier}") or known.get(f"target.{rate}.{TOTAL}")
    gap = known.get(f"gap.{rate}.{tier}")
    if goal is None or gap is None or gap.value is None:
        return []
    return [f"{'Đạt' if sentences.reached(percent, goal.value) else 'Chưa đạt'} chỉ tiêu {goal.text}"]


def _lists(known: Mapping[str, Fact], doc: dict[str, Any], now: Summary) -> Iterator[Slide]:
    """Of each tier the units with the highest and lowest share online: only those whose reports are all there
    and no estimates.
    """
    for tier, _ in now.tiers:
        units = [row for row in now.rows if doc["unit_tiers"].get(row.key) == tier]
        ranked = sorted((row for row in units if _ranks(row)), key=_online, reverse=True)
        if len(ranked) <= LISTED:
            continue
        guessed = ", không có số ước tính" if any(row.figures.estimated for row in units) else ""
        told = f"xếp {len(ranked)} đơn vị đủ báo cáo{guessed}"
        for word, rows in (("cao", ranked[:LISTED]), ("thấp", ranked[: -LISTED - 1 : -1])):
            rows = _that_fit(rows)
            highest = max(map(_online, rows))
            yield Slide(
                f"{tier_name(tier)}: tỷ lệ trực tuyến {word} nhất",
                whole=told,
                items=tuple(_item(known, row, highest) for row in rows),
            )


def _that_fit(rows: list[SummaryRow]) -> list[SummaryRow]:
    """The first rows that stand on a screen in large letters: long names take two lines."""
    lines = [-(-len(row.name) // NAME_LINE) for row in rows]
    return [row for place, row in enumerate(rows) if sum(lines[: place + 1]) <= MOST_LINES]


def _ranks(row: SummaryRow) -> bool:
    share = row.figures.shares["online"]
    whole = row.figures.completeness.complete and share.percent is not None and not share.partial
    return whole and not row.figures.estimated


def _online(row: SummaryRow) -> int:
    share = row.figures.shares["online"]
    return share.numerator * 10**9 // share.denominator


def _item(known: Mapping[str, Fact], row: SummaryRow, highest: int) -> SlideItem:
    key = f"unit.{row.key}.share.online"
    width = f"{Decimal(_online(row) * 100) / highest:.2f}%" if highest else "0%"
    return SlideItem(capfirst(row.name), known[key].text, width, key)


def _overdue(known: Mapping[str, Fact], now: Summary) -> Slide | None:
    late, pending = (now.total.counts[name] for name in ("pending_late", "pending"))
    if late is None or not pending:
        return None
    says = ["hồ sơ, trong", f"{format_count(pending)} đang giải quyết"]
    key = "now.total.pending_late"
    return Slide("Đang giải quyết quá hạn", known[key].text, key, tuple(says), _whole(known, TOTAL))


def _indicators(known: Mapping[str, Fact], doc: dict[str, Any]) -> Iterator[Slide]:
    for one in doc["indicators"]:
        key = f"indicator.{one['code']}.percent"
        if not one["is_share"] or key not in known or known[key].value is None:
            continue
        says = [
            f"{format_count(one['numerator'])}/{format_count(one['denominator'])} {one['counted_in']}".strip()
        ]
        says += (
            [f"Cùng kỳ {format_percent(one['before_percent'])}"] if one["before_percent"] is not None else []
        )
        gap = known.get(f"indicator.{one['code']}.gap")
        if gap is not None and gap.value is not None:
            verdict = "Đạt" if sentences.reached(one["percent"], one["target"]) else "Chưa đạt"
            says.append(f"{verdict} chỉ tiêu {format_percent(one['target'])}")
        yield Slide(_cut(one["name"]), known[key].text, key, tuple(says), "theo đơn vị báo cáo")


def _missing(known: Mapping[str, Fact], now: Summary) -> Slide | None:
    completeness = now.total.completeness
    if not completeness.expected:
        return None
    if completeness.complete:
        figure = f"{format_count(completeness.reported)}/{format_count(completeness.expected)}"
        counted = "đơn vị" if now.period.one_month else "báo cáo tháng"
        return Slide(
            "Đã đủ báo cáo", figure, "completeness.total", (f"{counted} đã duyệt",), _whole(known, TOTAL)
        )
    lacking = known["missing.count"]
    names = [ones[0].name or unit for unit, ones in completeness.by_unit().items()]
    says = ["đơn vị", *(capfirst(name) for name in names[:3])]
    says += [f"và {len(names) - 3} đơn vị khác"] if len(names) > 3 else []
    return Slide(
        "Chưa đủ báo cáo được duyệt", lacking.text, "missing.count", tuple(says), _whole(known, TOTAL)
    )


def _whole(known: Mapping[str, Fact], key: str) -> str:
    return known[f"completeness.{key}"].text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_HEADING else f"{text[: LONGEST_HEADING - 1].rstrip()}…"
