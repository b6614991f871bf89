"""HTML tables of figures; the only module that imports django-tables2."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import django_tables2 as tables
from django.utils.html import escape
from django.utils.safestring import SafeString
from django_tables2.data import TableListData
from django_tables2.utils import OrderBy

from core.web import escape_text
from figures import formatting
from figures.rates import Share
from figures.summary import Figures, ShareChange
from reports import charts

from .columns import TableEntry, sort_entries


def table_rows(lines: Iterable) -> SafeString:
    """`TableLine`s as table rows."""
    return SafeString("".join(map(_row, lines)))


def table_heads(columns: Iterable) -> SafeString:
    """`TableHead`s as table heads, each with its sort link."""
    return SafeString("".join(map(_head, columns)))


def _head(head) -> str:
    numeric = ' class="num"' if head.numeric else ""
    order = f' aria-sort="{escape_text(head.order)}"' if head.order else ""
    return f'<th scope="col"{numeric}{order}><a href="{escape_text(head.href)}">{escape_text(head.label)}</a></th>'


def _row(line) -> str:
    name = escape_text(line.name)
    if line.href:
        name = f'<a href="{escape_text(line.href)}">{name}</a>'
    return f'<tr><th scope="row">{name}{_note(line.note)}</th>{"".join(map(_cell, line.cells))}</tr>\n'


def _cell(cell) -> str:
    # Most parts are empty, so each is escaped only if present.
    label, text, width, mean, chip, note = cell
    label, text, note = escape_text(label), escape_text(text), _note(note)
    if width:
        width, mean = escape_text(width), escape_text(mean)
        mark = f'<line class="mean" x1="{mean}" x2="{mean}" y1="-3" y2="15"/>' if mean else ""
        bar = f'<rect class="track" width="100%" height="12"/><rect class="k-online" width="{width}" height="12"/>'
        drawn = f'<svg aria-hidden="true">{bar}{mark}</svg>{note.lstrip()}'
        return f'<td data-l="{label}"><div class="cellbar"><span class="num">{text}</span>{drawn}</div></td>'
    if chip:
        return f'<td data-l="{label}"><span class="chip chip--{escape_text(chip)}">{text}</span></td>'
    return f'<td class="num" data-l="{label}">{text}{note}</td>'


def _note(note: str) -> str:
    return f' <span class="note">{escape_text(note)}</span>' if note else ""


# django-tables2 manages columns, heads and order. Cells are prepared in one pass and rendered by parts/table.html,
# which is much faster than the library's rendering cell by cell.

MOST_ROWS = 500


@dataclass(frozen=True)
class TableHead:
    """A column head: its label, its present order and the address that sorts by it."""

    label: str
    numeric: bool
    href: str
    order: str


class TableCell(NamedTuple):
    """A prepared cell. `width` draws a bar, `chip` a completeness mark; else it is a plain figure.

    A tuple, since unpacking takes half the time of attribute access.
    """

    label: str
    text: str
    width: str = ""
    mean: str = ""
    chip: str = ""
    note: str = ""


@dataclass(frozen=True)
class TableLine:
    """A prepared row: its name, link, note and cells."""

    name: str
    href: str
    note: str
    cells: tuple[TableCell, ...]


@dataclass(frozen=True)
class TableSection:
    """Rows under one heading; those in `apart` have missing reports and are not ranked."""

    title: str
    ranked: tuple[TableLine, ...]
    apart: tuple[TableLine, ...]

    @property
    def ranked_rows(self) -> SafeString:
        """The ranked rows as markup."""
        return table_rows(self.ranked)

    @property
    def apart_rows(self) -> SafeString:
        """The unranked rows as markup."""
        return table_rows(self.apart)


class RankedEntries(TableListData):
    """Entries in the order of one column."""

    def order_by(self, aliases: Sequence[str]) -> None:
        alias = OrderBy(aliases[0]) if aliases else None
        sort_entries(self.data, alias.bare if alias else "", descending=bool(alias and alias.is_descending))


class FiguresTable(tables.Table):
    """Rows of a Summary: units, fields or months; units with their change since last year."""

    name = tables.Column("Đơn vị")
    received = tables.Column("Tiếp nhận", attrs={"numeric": True})
    direct = tables.Column("Trực tiếp", attrs={"numeric": True})
    online = tables.Column("Trực tuyến", attrs={"numeric": True})
    postal = tables.Column("BCCI", attrs={"numeric": True})
    online_share = tables.Column("Tỷ lệ trực tuyến")
    change = tables.Column("Tăng, giảm (điểm)", attrs={"numeric": True})
    on_time = tables.Column("Trước và đúng hạn", attrs={"numeric": True})
    pending_late = tables.Column("Đang quá hạn", attrs={"numeric": True})
    completeness = tables.Column("Báo cáo")

    class Meta:
        template_name = "parts/table.html"
        order_by = "-online_share"

    def __init__(
        self,
        entries: Iterable[TableEntry],
        *,
        link: Callable[..., str],
        first: str,
        means: Mapping[str, Share],
        **options: Any,
    ) -> None:
        """`link` makes addresses of the same view; `means` is the mean marked on bars, by section."""
        self.link, self.means, entries = link, means, list(entries)
        self.changes = any(entry.row.change for entry in entries)
        super().__init__(RankedEntries(entries), exclude=() if self.changes else ("change",), **options)
        self.columns["name"].column.verbose_name = first
        # Escaped once, not for every cell.
        self.labels = {bound.name: escape(bound.header) for bound in self.columns}
        shares = [entry.figures.shares["online"] for entry in self.data]
        self.top = charts.bar_top(shares)
        self.barred = any(share.percent for share in shares)

    @property
    def heads(self) -> SafeString:
        """The column heads as markup."""
        return table_heads(self.ordering())

    def ordering(self) -> list[TableHead]:
        """The column heads with their sort links; a second click reverses the order."""
        heads = []
        for bound in self.columns:
            alias = bound.order_by_alias
            ordered = bound.is_ordered
            order = ("descending" if alias.is_descending else "ascending") if ordered else ""
            following = (
                alias.opposite if ordered else (alias.bare if bound.name == "name" else f"-{alias.bare}")
            )
            heads.append(
                TableHead(
                    bound.header, bool(bound.column.attrs.get("numeric")), self.link(sort=following), order
                )
            )
        return heads

    def sections(self, page: int = 1) -> list[TableSection]:
        """The rows of one page (at most MOST_ROWS) under their headings, ranked ones first."""
        chosen = list(self.data)[(page - 1) * MOST_ROWS : page * MOST_ROWS]
        # From the highest tier down; rows without a tier come last.
        tiers = list(formatting.TIER_NAMES.values())
        titles = sorted(
            dict.fromkeys(entry.section for entry in chosen),
            key=lambda title: tiers.index(title) if title in tiers else len(tiers),
        )
        return [
            self._section(title, [entry for entry in chosen if entry.section == title]) for title in titles
        ]

    def line(self, entry: TableEntry) -> TableLine:
        """One prepared row."""
        cells = self.cells(entry.figures, self.means.get(entry.section), entry.row.change)
        return TableLine(entry.row.name, entry.href, entry.note, cells)

    def cells(
        self, figures: Figures, mean: Share | None = None, change: ShareChange | None = None
    ) -> tuple[TableCell, ...]:
        """The cells of one row after its name, in the order of the columns."""
        counts, online, labels = figures.counts, figures.shares["online"], self.labels
        plain = [
            TableCell(labels[name], formatting.format_count(counts[measure]))
            for name, measure in (
                ("received", "received"),
                ("direct", "received_direct"),
                ("online", "received_online"),
                ("postal", "received_postal"),
            )
        ]
        on_time = figures.rates["on_time"]
        level = TableCell(
            labels["online_share"],
            formatting.format_percent(online.percent),
            charts.bar_width(online, self.top),
            charts.bar_width(mean, self.top) if mean and mean.percent else "",
            note=_partial(online),
        )
        return (
            *plain,
            level,
            *(
                [TableCell(labels["change"], formatting.format_points(change.points) if change else "")]
                if self.changes
                else []
            ),
            TableCell(labels["on_time"], formatting.format_percent(on_time.percent), note=_partial(on_time)),
            TableCell(labels["pending_late"], formatting.format_count(counts["pending_late"])),
            _completeness(labels["completeness"], figures),
        )

    def _section(self, title: str, entries: list[TableEntry]) -> TableSection:
        return TableSection(
            title,
            tuple(self.line(entry) for entry in entries if entry.ranked),
            tuple(self.line(entry) for entry in entries if not entry.ranked),
        )


def _partial(share: Share) -> str:
    return "chưa đủ" if share.partial else ""


def _completeness(label: str, figures: Figures) -> TableCell:
    completeness = figures.completeness
    if not completeness.expected:
        return TableCell(label, "không phải báo cáo", chip="none")
    chip = "ok" if completeness.complete else "part" if completeness.reported else "late"
    return TableCell(
        label,
        f"{formatting.format_count(completeness.reported)}/{formatting.format_count(completeness.expected)}",
        chip=chip,
    )
