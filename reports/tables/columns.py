"""The columns, ordered rows and source lines of a table of figures, the same for page, CSV and XLSX."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from figures import formatting
from figures.measures import FILE_COUNTS, STATES, SUMS, composed, measure_label
from figures.rates import BY_KEY, Placement, Rate, rates_in
from figures.summary import CHANGE_RATE, Figures, ShareChange, Summary, SummaryRow


@dataclass(frozen=True)
class TableEntry:
    """A row of a Summary with what sorting and drawing need besides its figures."""

    row: SummaryRow
    folded: str
    href: str
    section: str
    note: str

    @property
    def figures(self) -> Figures:
        return self.row.figures

    @property
    def ranked(self) -> bool:
        """Whether all expected reports are there; incomplete units are not ranked."""
        completeness = self.figures.completeness
        return completeness.expected > 0 and completeness.complete


def _count(name: str) -> Callable[[TableEntry], Any]:
    return lambda entry: entry.figures.counts[name]


def _share(key: str) -> Callable[[TableEntry], Any]:
    def exact(entry: TableEntry):
        share = entry.figures.share(key)
        if share.numerator is None or not share.denominator:
            return None
        # Whole numbers: rates are compared exactly, not by their rounded text.
        return share.numerator * 10**12 // share.denominator

    return exact


def _change(entry: TableEntry) -> Decimal | None:
    change = entry.row.change
    return Decimal(change.points) if change and change.points is not None else None


VALUES: dict[str, Callable[[TableEntry], Any]] = {
    "name": lambda entry: entry.folded,
    "received": _count("received"),
    "direct": _count("received_direct"),
    "online": _count("received_online"),
    "postal": _count("received_postal"),
    "online_share": _share("online"),
    "change": _change,
    "on_time": _share("on_time"),
    "pending_late": _count("pending_late"),
    "completeness": lambda entry: entry.figures.completeness.reported,
}


def sort_entries(entries: list[TableEntry], column: str, *, descending: bool) -> None:
    """Order them in place, "—" last in both directions, equal ones by name; by name alone without a column."""
    entries.sort(key=lambda entry: entry.folded)
    if column:
        value = VALUES[column]
        valued = [entry for entry in entries if value(entry) is not None]
        empty = [entry for entry in entries if value(entry) is None]
        valued.sort(key=value, reverse=descending)
        entries[:] = valued + empty


BY_NAMES = {"unit": "Đơn vị", "field": "Lĩnh vực", "month": "Tháng báo cáo"}

COUNTS = FILE_COUNTS
RATES = rates_in(Placement.FILES)
# Sums in an export are formulas over the columns to their left.
SUM_OF = {name: composed(SUMS[name], within=name) for name in COUNTS if name in SUMS}
# After the rates, if rows are compared with the same period last year.
CHANGE_TITLES = (
    f"{BY_KEY[CHANGE_RATE].name} cùng kỳ (%)",
    f"{BY_KEY[CHANGE_RATE].name}: tăng, giảm (điểm phần trăm)",
)
CHANGE_DEFINITION = (
    "Tỷ lệ đã làm tròn của kỳ này trừ tỷ lệ đã làm tròn của cùng kỳ năm trước; "
    "chỉ của đơn vị báo cáo đủ cả hai kỳ."
)


@dataclass(frozen=True)
class FlatRow:
    """One row of a file."""

    name: str
    key: str
    section: str
    figures: Figures
    note: str = ""
    change: ShareChange | None = None


@dataclass(frozen=True)
class FlatTable:
    """A whole file: column titles, rows as sorted on the page, the total and the source lines."""

    first: str
    rows: tuple[FlatRow, ...]
    total: FlatRow
    count_titles: tuple[str, ...]
    rate_titles: tuple[str, ...]
    source: tuple[tuple[str, str], ...]
    summary: Summary
    whole: bool
    filters: str = ""

    @property
    def scope(self) -> str:
        """The scope repeated in every row, since rows get copied without the head: "đã duyệt; lĩnh vực Hộ tịch"."""
        if self.summary.as_of is not None:
            parts = [f"như đã duyệt đến hết ngày {formatting.format_day(self.summary.as_of)}"]
        else:
            parts = ["đã duyệt" if self.summary.include == "approved" else "gồm cả chưa duyệt"]
        parts += ["có tính cơ quan ngoài Ủy ban"] if self.summary.external else []
        parts += [formatting.basis_label(self.summary.units_of)] if self.summary.units_of else []
        return "; ".join([*parts, *([self.filters] if self.filters else [])])

    @property
    def period(self) -> str:
        """The period with its days: "6 tháng đầu năm 2022 (từ 15/12/2021 đến 14/6/2022)"."""
        return _period(self.summary)

    @property
    def titles(self) -> tuple[str, ...]:
        """Titles of all columns, in order."""
        return column_titles(self.first, self.count_titles, self.rate_titles, changes=self.changes)

    @property
    def changes(self) -> bool:
        """Whether the rows are compared with the same period last year."""
        return any(row.change for row in self.rows)

    @property
    def summed(self) -> frozenset[str]:
        """The counts whose column adds up to the total: all, except states if rows are months; none if the rows are
        only a part of the total.
        """
        if not self.whole:
            return frozenset()
        return frozenset(COUNTS) - (STATES if self.summary.by == "month" else frozenset())


def flat_table(
    summary: Summary, entries: Sequence[TableEntry], *, filters: str, made_at: datetime, note: str = ""
) -> FlatTable:
    """The file of a Summary; `filters` names them in words ("" for none), `note` is printed beside the total."""
    end = summary.period.end
    return FlatTable(
        BY_NAMES[summary.by or "unit"],
        tuple(
            FlatRow(entry.row.name, entry.row.key, entry.section, entry.figures, change=entry.row.change)
            for entry in entries
        ),
        FlatRow(f"Tổng: {summary.unit_name}", summary.unit, "", summary.total, note),
        count_titles(end),
        rate_titles(),
        (*source_lines(summary, filters), made_line(made_at)),
        summary,
        whole=len(entries) == len(summary.rows),
        filters=filters,
    )


def column_titles(
    first: str, counts: Sequence[str], rates: Sequence[str], *, changes: bool = False
) -> tuple[str, ...]:
    """Titles of all columns of figures, in order; `first` is what the rows are."""
    after = ("Báo cáo tháng đã có", "Báo cáo tháng phải có", "Ghi chú")
    return (first, "Mã", "Nhóm", *counts, *rates, *(CHANGE_TITLES if changes else ()), *after)


def count_titles(day: date) -> tuple[str, ...]:
    """What the counts are called on a day, in the order of COUNTS."""
    return tuple(measure_label(name, day) for name in COUNTS)


def rate_titles() -> tuple[str, ...]:
    """The names of the rates, in the order of RATES."""
    return tuple(f"{rate.name} (%)" for rate in RATES)


def row_remark(row: FlatRow) -> str:
    """The remark of a row: its note, missing reports, partial rates, estimates."""
    figures, remarks = row.figures, [row.note] if row.note else []
    if figures.completeness.silent:
        remarks.append("chưa có báo cáo")
    elif not figures.completeness.complete:
        remarks.append("chưa đủ báo cáo")
    if any(figures.share(rate.key).partial for rate in RATES):
        remarks.append("tỷ lệ chưa đủ số liệu")
    if figures.estimated:
        remarks.append("ước tính: có phần chia theo tỷ lệ")
    return "; ".join(remarks)


def source_lines(summary: Summary, filters: str = "") -> Iterator[tuple[str, str]]:
    """The lines of `source_summary`, each rate's formula, and rounding."""
    yield from source_summary(summary, filters)
    for rate in RATES:
        yield rate.name, f"{rate.definition} Công thức: {_formula(rate, summary.period.end)}."
    yield (
        "Làm tròn",
        (
            f"Làm tròn nửa lên, {summary.decimals} chữ số thập phân; thêm chữ số khi làm tròn sẽ ra 0% hoặc 100%. "
            "Tỷ lệ = tổng tử số ÷ tổng mẫu số, không lấy trung bình các tỷ lệ. “—” hoặc ô trống: chưa có báo cáo."
        ),
    )


def source_summary(summary: Summary, filters: str = "") -> Iterator[tuple[str, str]]:
    """Titles and texts on unit, period, scope, basis, completeness and filters of the figures."""
    yield "Đơn vị", f"{summary.unit_name} ({summary.unit})"
    yield "Kỳ báo cáo", _period(summary)
    yield "Nguồn", "Báo cáo tháng của các đơn vị trên hệ thống theo dõi cải cách hành chính"
    yield "Phạm vi", formatting.included_label(summary.include, summary.as_of)
    yield "Cơ quan ngoài Ủy ban nhân dân", "có tính" if summary.external else "không tính"
    yield "Xếp theo", formatting.basis_label(summary.units_of).removeprefix("theo ")
    for sentence in summary.territory.sentences() if summary.territory else ():
        yield "Địa bàn", sentence
    for sentence in summary.handover.sentences():
        yield "Bàn giao giữa tháng", sentence
    yield "Mức độ đầy đủ", summary.completeness_text
    if any(row.change for row in summary.rows):
        yield CHANGE_TITLES[1], CHANGE_DEFINITION
    if filters:
        yield "Bộ lọc", filters


def _period(summary: Summary) -> str:
    period = summary.period
    return f"{period.label} ({formatting.format_day_range(period.start, period.end)})"


def made_line(at: datetime) -> tuple[str, str]:
    """When a file was made; `at` is in the reader's time zone."""
    return "Lập lúc", f"{at:%H:%M} ngày {formatting.format_day(at.date())}"


def _formula(rate: Rate, day: date) -> str:
    return f"{added_words(rate.above, day)} ÷ {added_words(rate.under, day)}"


def added_words(names: Sequence[str], day: date) -> str:
    words = " + ".join(measure_label(name, day).lower() for name in names)
    return f"({words})" if len(names) > 1 else words
