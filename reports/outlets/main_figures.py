"""The main figures of a frozen review as a small table, for who holds a paper against them."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from figures.measures import measure_label, online_labels
from figures.rates import CATALOGUE
from figures.results import MAIN_COUNTS
from figures.summary import Figures, Summary
from figures.writing import count, percent_vi

from .printed import tier_rows

_BELOW = {rate.below: rate for rate in CATALOGUE if rate.below}


@dataclass(frozen=True)
class Table:
    """Column heads (the tiers and the total), and lines of a name and, for each head, that head and a text."""

    heads: list[str]
    lines: list[tuple[str, list[tuple[str, str]]]]


def table(doc: dict[str, Any]) -> Table:
    """Counts with their shares, as the review prints them."""
    now, before = Summary.from_dict(doc["figures"]), Summary.from_dict(doc["last_year"])
    end = date.fromisoformat(doc["review"]["to"])
    rows = tier_rows(now, before, doc["review"]["unit_name"])
    heads = ["Chung" if row.is_total else row.name for row in rows]
    lines: list[tuple[str, list[str]]] = []
    for name in MAIN_COUNTS:
        label = (
            f"Tiếp nhận trực tuyến {online_labels(end)['online']}"
            if name == "received_online"
            else measure_label(name, end)
        )
        lines.append((label, [count(row.now.counts[name]) for row in rows]))
        if rate := _BELOW.get(name):
            lines.append((rate.name, [_written(row.now, rate.key) for row in rows]))
    return Table(heads, [(name, list(zip(heads, texts, strict=True))) for name, texts in lines])


def _written(one: Figures, name: str) -> str:
    share = one.share(name)
    return percent_vi(share.percent) + (" (chưa đủ)" if share.partial else "")
