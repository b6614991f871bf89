"""The table of the dashboard: rows of the Summary in their order, with links that keep the view."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from figures import writing
from figures.completeness import Completeness
from figures.rates import Share
from figures.summary import Row, Summary
from reports.outlets import markup
from reports.outlets.entries import Entry
from reports.outlets.tables import MOST_ROWS, FiguresTable, Line
from units.models import fold

from .asked import Asked

FIRST = {"unit": "Đơn vị", "field": "Lĩnh vực", "month": "Tháng"}
EXTERNAL = "Cơ quan ngoài Ủy ban"
DEFAULT_SORT = {"unit": "-online_share", "field": "-received", "month": ""}


@dataclass(frozen=True)
class Shown:
    """The table as it is seen: `entries` in order (all pages), of `all` rows before the search."""

    table: FiguresTable
    entries: Sequence[Entry]
    all: int
    means: dict[str, Share]

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.entries) // MOST_ROWS))

    def foot(self, summary: Summary, *, searched: bool) -> SafeString:
        """The line of totals, drawn; it is of all rows, whatever the search shows."""
        note = "gồm cả dòng không hiện" if searched else ""
        return markup.rows([Line(f"Tổng: {summary.unit_name}", "", note, self.table.cells(summary.total))])


def shown(asked: Asked, summary: Summary, hidden: frozenset[int] = frozenset()) -> Shown:
    """Rows found by the search, ordered as asked; units of `hidden` (by number) are not linked."""
    by = summary.by or "unit"
    sections = _sections(summary)
    entries = [_entry(asked, by, row, sections[place], hidden) for place, row in enumerate(summary.rows)]
    found = _found(entries, asked.q)
    means = _means(summary, entries)
    table = FiguresTable(
        found, link=asked.link, first=FIRST[by], means=means, order_by=asked.sort or DEFAULT_SORT[by]
    )
    return Shown(table, list(table.data), len(entries), means)


def _sections(summary: Summary) -> list[str]:
    """A heading per tier where the rows are units of several tiers: offices and communes do not compete."""
    if summary.by != "unit":
        return [""] * len(summary.rows)
    names = [
        EXTERNAL if row.extra.get("kind") == "external" else writing.tier_name(row.extra.get("tier", ""))
        for row in summary.rows
    ]
    return names if len(set(names)) > 1 else [""] * len(names)


def _entry(asked: Asked, by: str, row: Row, section: str, hidden: frozenset[int]) -> Entry:
    note = _missing(row.figures.completeness, by, asked.include)
    if row.figures.estimated:
        note = f"{note}, ước tính".removeprefix(", ")
    href = "" if row.extra.get("pk") in hidden else asked.link(**_way(asked, by, row))
    return Entry(row, fold(row.name) if by != "month" else row.key, href, section, note)


def _way(asked: Asked, by: str, row: Row) -> dict[str, str]:
    """One step down: province → district → commune → field → the months with their submissions."""
    if by == "unit" and row.extra.get("pk") != asked.unit.pk:
        key = row.key
        if asked.units_of and asked.units_of > asked.day and "@" not in key:
            key = f"{key}@{asked.units_of}"
        return {"unit": key, "by": "", "tier": "", "q": "", "sort": ""}
    if by == "unit":
        return {"by": "month" if asked.field else "field", "q": "", "sort": ""}
    if by == "field":
        return {"field": row.key, "by": "unit" if asked.unit.has_children else "month", "q": "", "sort": ""}
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
    return f"thiếu {writing.count(lacking)} báo cáo tháng"


def _found(entries: list[Entry], q: str) -> list[Entry]:
    wanted = fold(q)
    if not wanted:
        return entries
    return [
        entry
        for entry in entries
        if wanted in fold(entry.row.name) or entry.row.key.lower().startswith(wanted)
    ]


def _means(summary: Summary, entries: Sequence[Entry]) -> dict[str, Share]:
    """The overall mark of each section: that of its tier where it holds the tier's own units, else of all."""
    means = {}
    for section in {entry.section for entry in entries}:
        rows = [entry.row for entry in entries if entry.section == section]
        tiers = {row.extra.get("tier") for row in rows}
        one = summary.tier(next(iter(tiers))) if len(tiers) == 1 else None
        whole = one is not None and section and not any(row.extra.get("has_children") for row in rows)
        means[section] = (one if whole else summary.total).shares["online"]
    return means
