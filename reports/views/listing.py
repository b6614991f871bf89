"""The card of the dashboard that holds the table: its heading, search, ways to divide it, and pages."""

from typing import Any

from figures import writing
from figures.summary import Summary
from reports.outlets import findings

from .asked import Asked
from .rows import Shown, shown

BY_NAMES = (("unit", "Đơn vị"), ("field", "Lĩnh vực"), ("month", "Tháng"))


def context(asked: Asked, summary: Summary, hidden: frozenset[int]) -> dict[str, Any]:
    """What the template of the table writes; units of `hidden` (by number) without a link."""
    table = shown(asked, summary, hidden)
    by, page = summary.by or "unit", min(asked.page, table.pages)
    return {
        "table": table.table,
        "sections": table.table.sections(page),
        "foot": table.foot(summary, searched=bool(asked.q)),
        "caption": f"{dict(BY_NAMES)[by]}: kết quả {summary.period.label}",
        "rows_title": f"Kết quả theo {dict(BY_NAMES)[by].lower()}",
        "rows_finding": _ranking(by, table) if not asked.q else "",
        "rows_hint": "Bấm tên để xem tới từng ô số." if by != "month" else "",
        "bar_top": table.table.top if table.table.barred else None,
        "by_links": _by_links(asked, by),
        "tier_links": _tier_links(asked, summary, by),
        # The API tells rows only where it is asked by what.
        "as_json": asked.link(by=asked.rows_by),
        "without_field": asked.link(field="", by=""),
        "without_q": asked.link(q=""),
        "searchable": table.all > 1 or asked.q,
        "kept": asked.pairs(q=""),
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
    return "" if largest is None else findings.ranking(largest, sections[largest], table.means[largest])


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
