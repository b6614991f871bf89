"""Tables of the pages by django-tables2: the only module that imports it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import django_tables2 as tables
from django.utils.html import escape
from django.utils.safestring import SafeString
from django_tables2.data import TableListData
from django_tables2.utils import OrderBy

from figures import writing
from figures.change import Change
from figures.rates import Share
from figures.summary import Figures
from reports.outlets import markup, svg
from reports.outlets.entries import Entry, order

# django-tables2 keeps the columns, their heads and the order asked for; the cells are prepared in one pass and
# drawn by a light template of our own (parts/table.html), which costs a fraction of the library's cell by cell
# rendering.

MOST_ROWS = 500


@dataclass(frozen=True)
class Head:
    """A column head: its words, how it is ordered now, and the address that orders by it."""

    label: str
    numeric: bool
    href: str
    order: str


class Cell(NamedTuple):
    """A prepared cell. `width` draws a bar, `chip` a completeness mark; else it is a plain figure.

    A tuple: the template takes its parts by their places, at half the cost of looking each up by name.
    """

    label: str
    text: str
    width: str = ""
    mean: str = ""
    chip: str = ""
    note: str = ""


@dataclass(frozen=True)
class Line:
    """A prepared row: its name, where it leads, its cells."""

    name: str
    href: str
    note: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Section:
    """Rows under one heading; only the ranked ones compete. `apart` lacks reports and is never ranked."""

    title: str
    ranked: tuple[Line, ...]
    apart: tuple[Line, ...]

    @property
    def ranked_rows(self) -> SafeString:
        """The ranked rows, drawn."""
        return markup.rows(self.ranked)

    @property
    def apart_rows(self) -> SafeString:
        """The rows that are not ranked, drawn."""
        return markup.rows(self.apart)


class Ranked(TableListData):
    """Entries in the order of one column."""

    def order_by(self, aliases: Sequence[str]) -> None:
        alias = OrderBy(aliases[0]) if aliases else None
        order(self.data, alias.bare if alias else "", descending=bool(alias and alias.is_descending))


class FiguresTable(tables.Table):
    """Rows of a Summary: units, fields or months; units with their change against the same period last year."""

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
        entries: Iterable[Entry],
        *,
        link: Callable[..., str],
        first: str,
        means: Mapping[str, Share],
        **options: Any,
    ) -> None:
        """`link` makes addresses of the same view; `means` is the share that bars are marked with, by section."""
        self.link, self.means, entries = link, means, list(entries)
        self.changes = any(entry.row.change for entry in entries)
        super().__init__(Ranked(entries), exclude=() if self.changes else ("change",), **options)
        self.columns["name"].column.verbose_name = first
        # Escaped once and not in every cell.
        self.labels = {bound.name: escape(bound.header) for bound in self.columns}
        shares = [entry.figures.shares["online"] for entry in self.data]
        self.top = svg.bar_top(shares)
        self.barred = any(share.percent for share in shares)

    @property
    def heads(self) -> SafeString:
        """The column heads, drawn."""
        return markup.heads(self.ordering())

    def ordering(self) -> list[Head]:
        """The column heads with the address that orders by each; a second click turns the order round."""
        heads = []
        for bound in self.columns:
            alias = bound.order_by_alias
            ordered = bound.is_ordered
            order = ("descending" if alias.is_descending else "ascending") if ordered else ""
            following = (
                alias.opposite if ordered else (alias.bare if bound.name == "name" else f"-{alias.bare}")
            )
            heads.append(
                Head(bound.header, bool(bound.column.attrs.get("numeric")), self.link(sort=following), order)
            )
        return heads

    def sections(self, page: int = 1) -> list[Section]:
        """The rows of one page under their headings, ranked ones first; at most 500."""
        chosen = list(self.data)[(page - 1) * MOST_ROWS : page * MOST_ROWS]
        # From the highest tier down, whatever the order of the rows; what is of no tier comes last.
        tiers = list(writing.TIER_NAMES.values())
        titles = sorted(
            dict.fromkeys(entry.section for entry in chosen),
            key=lambda title: tiers.index(title) if title in tiers else len(tiers),
        )
        return [
            self._section(title, [entry for entry in chosen if entry.section == title]) for title in titles
        ]

    def line(self, entry: Entry) -> Line:
        """One prepared row."""
        cells = self.cells(entry.figures, self.means.get(entry.section), entry.row.change)
        return Line(entry.row.name, entry.href, entry.note, cells)

    def cells(
        self, figures: Figures, mean: Share | None = None, change: Change | None = None
    ) -> tuple[Cell, ...]:
        """The cells of one row after its name, in the order of the columns."""
        counts, online, labels = figures.counts, figures.shares["online"], self.labels
        plain = [
            Cell(labels[name], writing.count(counts[measure]))
            for name, measure in (
                ("received", "received"),
                ("direct", "received_direct"),
                ("online", "received_online"),
                ("postal", "received_postal"),
            )
        ]
        on_time = figures.rates["on_time"]
        level = Cell(
            labels["online_share"],
            writing.percent_vi(online.percent),
            svg.bar_width(online, self.top),
            svg.bar_width(mean, self.top) if mean and mean.percent else "",
            note=_partial(online),
        )
        return (
            *plain,
            level,
            *(
                [Cell(labels["change"], writing.points_vi(change.points) if change else "")]
                if self.changes
                else []
            ),
            Cell(labels["on_time"], writing.percent_vi(on_time.percent), note=_partial(on_time)),
            Cell(labels["pending_late"], writing.count(counts["pending_late"])),
            _completeness(labels["completeness"], figures),
        )

    def _section(self, title: str, entries: list[Entry]) -> Section:
        return Section(
            title,
            tuple(self.line(entry) for entry in entries if entry.ranked),
            tuple(self.line(entry) for entry in entries if not entry.ranked),
        )


def _partial(share: Share) -> str:
    return "chưa đủ" if share.partial else ""


def _completeness(label: str, figures: Figures) -> Cell:
    one = figures.completeness
    if not one.expected:
        return Cell(label, "không phải báo cáo", chip="none")
    chip = "ok" if one.complete else "part" if one.reported else "late"
    return Cell(label, f"{writing.count(one.reported)}/{writing.count(one.expected)}", chip=chip)
