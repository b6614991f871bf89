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
    """The table as shown: matching `entries` in order (all pages); `all` counts the rows before the search."""

    table: FiguresTable
    entries: Sequence[TableEntry]
    all: int
    means: dict[str, Share]

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.entries) // MOST_ROWS))

    def foot(self, summary: Summary, *, searched: bool) -> SafeString:
        """The rendered total row, which covers all rows whatever the search shows."""
        note = "gồm cả dòng không hiện" if searched else ""
        return html_table.table_rows(
            [TableLine(f"Tổng: {summary.unit_name}", "", note, self.table.cells(summary.total))]
        )


def table_page(state: PageState, summary: Summary, hidden: frozenset[int] = frozenset()) -> TablePage:
    """Rows that match the search, sorted as requested; units with an id in `hidden` are not linked."""
    by = summary.by or "unit"
    sections = _sections(summary)
    entries = [_entry(state, by, row, sections[place], hidden) for place, row in enumerate(summary.rows)]
    matching = _matching(entries, state.q)
    means = _means(summary, entries)
    table = FiguresTable(
        matching, link=state.link, first=FIRST[by], means=means, order_by=state.sort or DEFAULT_SORT[by]
    )
    return TablePage(table, list(table.data), len(entries), means)


def _sections(summary: Summary) -> list[str]:
    """A heading for each row, one per tier where the rows are units of several tiers: tiers are ranked separately."""
    if summary.by != "unit":
        return [""] * len(summary.rows)
    names = [
        EXTERNAL if row.extra.get("kind") == "external" else formatting.tier_name(row.extra.get("tier", ""))
        for row in summary.rows
    ]
    return names if len(set(names)) > 1 else [""] * len(names)


def _entry(state: PageState, by: str, row: SummaryRow, section: str, hidden: frozenset[int]) -> TableEntry:
    note = _missing(row.figures.completeness, by, state.query.include)
    if row.figures.estimated:
        note = f"{note}, ước tính".removeprefix(", ")
    href = "" if row.extra.get("pk") in hidden else state.link(**_way(state, by, row))
    return TableEntry(row, fold(row.name) if by != "month" else row.key, href, section, note)


def _way(state: PageState, by: str, row: SummaryRow) -> dict[str, str]:
    """One step down: province → district → commune → field → the months with their submissions."""
    if by == "unit" and row.extra.get("pk") != state.query.unit.pk:
        key = row.key
        if state.query.today and state.query.today > state.day and "@" not in key:
            key = f"{key}@{state.query.today}"
        return {"unit": key, "by": "", "tier": "", "q": "", "sort": ""}
    if by == "unit":
        return {"by": "month" if state.field_key else "field", "q": "", "sort": ""}
    if by == "field":
        return {
            "field": row.key,
            "by": "unit" if state.query.unit.has_children else "month",
            "q": "",
            "sort": "",
        }
    return {"period": row.key, "by": "", "q": "", "sort": ""}


def _missing(completeness: Completeness, by: str, include: str) -> str:
    """The missing months beside the name: "thiếu tháng 6/2022"; for several units the count of reports."""
    missing = completeness.expected - completeness.reported
    if missing <= 0 or by == "month":
        return ""
    if completeness.silent:
        # Sent and not yet approved is missing too, where only approved figures count.
        return "chưa có báo cáo được duyệt" if include == "approved" else "chưa gửi báo cáo"
    units = {report.unit for report in completeness.missing}
    if len(units) == 1 and len(completeness.missing) <= 2:
        return "thiếu " + ", ".join(report.month.label for report in completeness.missing)
    return f"thiếu {formatting.format_count(missing)} báo cáo tháng"


def _matching(entries: list[TableEntry], q: str) -> list[TableEntry]:
    text = fold(q)
    if not text:
        return entries
    return [
        entry for entry in entries if text in fold(entry.row.name) or entry.row.key.lower().startswith(text)
    ]


def _means(summary: Summary, entries: Sequence[TableEntry]) -> dict[str, Share]:
    """The mean of each section: that of its tier if it consists of the tier's own units, else of the total."""
    means = {}
    for section in {entry.section for entry in entries}:
        rows = [entry.row for entry in entries if entry.section == section]
        tiers = {row.extra.get("tier") for row in rows}
        tier_figures = summary.tier(next(iter(tiers))) if len(tiers) == 1 else None
        whole = (
            tier_figures is not None and section and not any(row.extra.get("has_children") for row in rows)
        )
        means[section] = (tier_figures if whole else summary.total).shares["online"]
    return means


BY_NAMES = (("unit", "Đơn vị"), ("field", "Lĩnh vực"), ("month", "Tháng"))


def table_context(state: PageState, summary: Summary, hidden: frozenset[int]) -> dict[str, Any]:
    """Context of the table template; units with an id in `hidden` are not linked."""
    table = table_page(state, summary, hidden)
    by, page = summary.by or "unit", min(state.page, table.pages)
    return {
        "table": table.table,
        "sections": table.table.sections(page),
        "foot": table.foot(summary, searched=bool(state.q)),
        "caption": f"{dict(BY_NAMES)[by]}: kết quả {summary.period.label}",
        "rows_title": f"Kết quả theo {dict(BY_NAMES)[by].lower()}",
        "rows_finding": _ranking(by, table) if not state.q else "",
        "rows_hint": "Bấm tên để xem tới từng ô số." if by != "month" else "",
        "bar_top": table.table.top if table.table.barred else None,
        "by_links": _by_links(state, by),
        "tier_links": _tier_links(state, summary, by),
        # The API returns rows only with `by`.
        "as_json": state.link(by=state.rows_by),
        "without_field": state.link(field="", by=""),
        "without_q": state.link(q=""),
        "searchable": table.all > 1 or state.q,
        "kept": state.pairs(q=""),
        "found": len(table.entries),
        "all": table.all,
        "page": page,
        "pages": table.pages,
        "previous": state.link(page=page - 1) if page > 1 else "",
        "following": state.link(page=page + 1) if page < table.pages else "",
    }


def _ranking(by: str, table: TablePage) -> str:
    if by != "unit":
        return ""
    sections: dict[str, list] = {}
    for entry in table.entries:
        sections.setdefault(entry.section, []).append(entry)
    largest = max(sections, key=lambda name: len(sections[name]), default=None)
    return "" if largest is None else blocks.ranking_finding(largest, sections[largest], table.means[largest])


def _by_links(state: PageState, by: str) -> list[tuple[str, str, bool]]:
    names = [pair for pair in BY_NAMES if pair[0] != "unit" or state.query.unit.has_children]
    return [(name, state.link(by=key, sort="", q=""), key == by) for key, name in names]


def _tier_links(state: PageState, summary: Summary, by: str) -> list[tuple[str, str, bool]]:
    tiers = [tier for tier, _ in summary.tiers]
    if not state.query.tier and len(tiers) < 2:
        return []
    shown_tiers = tiers if not state.query.tier else [state.query.tier]
    links = [
        (formatting.tier_name(tier), state.link(tier=tier, sort=""), tier == state.query.tier)
        for tier in shown_tiers
    ]
    return [("Mọi cấp", state.link(tier="", sort=""), not state.query.tier), *links]
