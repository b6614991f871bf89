"""The table of the dashboard: rows with links that keep the view, heading, search and pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from core.text import fold
from figures import formatting
from figures.completeness import Completeness
from figures.rates import Share
from figures.summary import Summary, SummaryRow
from reports.tables import html_table
from reports.tables.columns import TableEntry
from reports.tables.html_table import MOST_ROWS, FiguresTable, TableLine

from . import blocks
from .params import PageState

FIRST = {"unit": "Đơn vị", "field": "Lĩnh vực", "month": "Tháng"}
EXTERNAL = "Cơ quan ngoài Ủy ban"
DEFAULT_SORT = {"unit": "-online_share", "field": "-received", "month": ""}


@dataclass(frozen=True)
class TablePage:
    """The table as it is seen: `entries` in order (all pages), of `all` rows before the search."""

    table: FiguresTable
    entries: Sequence[TableEntry]
    all: int
    means: dict[str, Share]

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.entries) // MOST_ROWS))

    def foot(self, summary: Summary, *, searched: bool) -> SafeString:
        """The line of totals, drawn; it is of all rows, whatever the search shows."""
        note = "gồm cả dòng không hiện" if searched else ""
        return html_table.table_rows(
            [TableLine(f"Tổng: {summary.unit_name}", "", note, self.table.cells(summary.total))]
        )


def table_page(asked: PageState, summary: Summary, hidden: frozenset[int] = frozenset()) -> TablePage:
    """Rows found by the search, ordered as asked; units of `hidden` (by number) are not linked."""
    by = summary.by or "unit"
    sections = _sections(summary)
    entries = [_entry(asked, by, row, sections[place], hidden) for place, row in enumerate(summary.rows)]
    found = _matching(entries, asked.q)
    means = _means(summary, entries)
    table = FiguresTable(
        found, link=asked.link, first=FIRST[by], means=means, order_by=asked.sort or DEFAULT_SORT[by]
    )
    return TablePage(table, list(table.data), len(entries), means)


def _sections(summary: Summary) -> list[str]:
    """A heading per tier where the rows are units of several tiers: offices and communes do not compete."""
    if summary.by != "unit":
        return [""] * len(summary.rows)
    names = [
        EXTERNAL if row.extra.get("kind") == "external" else formatting.tier_name(row.extra.get("tier", ""))
        for row in summary.rows
    ]
    return names if len(set(names)) > 1 else [""] * len(names)


def _entry(asked: PageState, by: str, row: SummaryRow, section: str, hidden: frozenset[int]) -> TableEntry:
    note = _missing(row.figures.completeness, by, asked.query.include)
    if row.figures.estimated:
        note = f"{note}, ước tính".removeprefix(", ")
    href = "" if row.extra.get("pk") in hidden else asked.link(**_way(asked, by, row))
    return TableEntry(row, fold(row.name) if by != "month" else row.key, href, section, note)


def _way(asked: PageState, by: str, row: SummaryRow) -> dict[str, str]:
    """One step down: province → district → commune → field → the months with their submissions."""
    if by == "unit" and row.extra.get("pk") != asked.query.unit.pk:
        key = row.key
        if asked.query.today and asked.query.today > asked.day and "@" not in key:
            key = f"{key}@{asked.query.today}"
        return {"unit": key, "by": "", "tier": "", "q": "", "sort": ""}
    if by == "unit":
        return {"by": "month" if asked.field_key else "field", "q": "", "sort": ""}
    if by == "field":
        return {
            "field": row.key,
            "by": "unit" if asked.query.unit.has_children else "month",
            "q": "",
            "sort": "",
        }
    return {"period": row.key, "by": "", "q": "", "sort": ""}


def _missing(completeness: Completeness, by: str, include: str) -> str:
    """Which months lack, beside the name: "thiếu tháng 6/2022"; of a group, how many reports."""
    lacking = completeness.expected - completeness.reported
    if lacking <= 0 or by == "month":
        return ""
    if completeness.silent:
        # Sent and not yet approved is missing too, where only approved figures count.
        return "chưa có báo cáo được duyệt" if include == "approved" else "chưa gửi báo cáo"
    units = {one.unit for one in completeness.missing}
    if len(units) == 1 and len(completeness.missing) <= 2:
        return "thiếu " + ", ".join(one.month.label for one in completeness.missing)
    return f"thiếu {formatting.format_count(lacking)} báo cáo tháng"


def _matching(entries: list[TableEntry], q: str) -> list[TableEntry]:
    wanted = fold(q)
    if not wanted:
        return entries
    return [
        entry
        for entry in entries
        if wanted in fold(entry.row.name) or entry.row.key.lower().startswith(wanted)
    ]


def _means(summary: Summary, entries: Sequence[TableEntry]) -> dict[str, Share]:
    """The overall mark of each section: that of its tier where it holds the tier's own units, else of all."""
    means = {}
    for section in {entry.section for entry in entries}:
        rows = [entry.row for entry in entries if entry.section == section]
        tiers = {row.extra.get("tier") for row in rows}
        one = summary.tier(next(iter(tiers))) if len(tiers) == 1 else None
        whole = one is not None and section and not any(row.extra.get("has_children") for row in rows)
        means[section] = (one if whole else summary.total).shares["online"]
    return means


BY_NAMES = (("unit", "Đơn vị"), ("field", "Lĩnh vực"), ("month", "Tháng"))


def table_context(asked: PageState, summary: Summary, hidden: frozenset[int]) -> dict[str, Any]:
    """What the template of the table writes; units of `hidden` (by number) without a link."""
    table = table_page(asked, summary, hidden)
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


def _ranking(by: str, table: TablePage) -> str:
    if by != "unit":
        return ""
    sections: dict[str, list] = {}
    for entry in table.entries:
        sections.setdefault(entry.section, []).append(entry)
    largest = max(sections, key=lambda name: len(sections[name]), default=None)
    return "" if largest is None else blocks.ranking_finding(largest, sections[largest], table.means[largest])


def _by_links(asked: PageState, by: str) -> list[tuple[str, str, bool]]:
    names = [pair for pair in BY_NAMES if pair[0] != "unit" or asked.query.unit.has_children]
    return [(name, asked.link(by=key, sort="", q=""), key == by) for key, name in names]


def _tier_links(asked: PageState, summary: Summary, by: str) -> list[tuple[str, str, bool]]:
    tiers = [tier for tier, _ in summary.tiers]
    if not asked.query.tier and len(tiers) < 2:
        return []
    shown_tiers = tiers if not asked.query.tier else [asked.query.tier]
    links = [
        (formatting.tier_name(tier), asked.link(tier=tier, sort=""), tier == asked.query.tier)
        for tier in shown_tiers
    ]
    return [("Mọi cấp", asked.link(tier="", sort=""), not asked.query.tier), *links]
