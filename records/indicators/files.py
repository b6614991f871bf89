"""Indicators and their values as downloadable tables."""

from collections.abc import Iterable
from datetime import datetime

from figures.formatting import format_percent
from records.models import Indicator
from spreadsheets.table_file import Cell, PrintedRate, TableColumn, TableFile
from units.models import Unit

from .queries import IndicatorEntry

INDICATOR_COLUMNS = (
    TableColumn("code", "Mã", width=24),
    TableColumn("name", "Chỉ tiêu", width=50),
    TableColumn("group", "Nhóm", width=30),
    TableColumn("numerator_name", "Số đạt", width=34),
    TableColumn("denominator_name", "Tổng số", width=34),
    TableColumn("counted_in", "Đơn vị tính"),
    TableColumn("tier", "Cấp"),
    TableColumn("state", "Tình trạng"),
)


def indicators_file(known: Iterable[Indicator], at: datetime) -> TableFile:
    """Which indicators there are."""
    rows = (
        (
            one.code,
            one.name,
            one.group,
            one.numerator_name,
            one.denominator_name,
            one.counted_in,
            one.get_tier_display() if one.tier else "Mọi cấp",
            "Không dùng nữa" if one.retired else "Đang dùng",
        )
        for one in known
    )
    return TableFile("bo-chi-tieu", "Bộ chỉ tiêu", INDICATOR_COLUMNS, rows, at)


VALUE_COLUMNS = (
    TableColumn("code", "Mã", width=24),
    TableColumn("name", "Chỉ tiêu", width=50),
    TableColumn("numerator", "Số đạt"),
    TableColumn("denominator", "Tổng số"),
    TableColumn("share", "Kết quả (%)", share=("numerator", "denominator")),
    TableColumn("target", "Chỉ tiêu giao (%)"),
    TableColumn("quoted", "Số công bố"),
    TableColumn("quoted_on", "Ngày công bố"),
    TableColumn("numerator_before", "Số đạt cùng kỳ"),
    TableColumn("share_before", "Kết quả cùng kỳ (%)"),
    TableColumn("source", "Nguồn", width=50),
)


def indicator_values_file(
    unit: Unit, period: str, lines: Iterable[IndicatorEntry], at: datetime
) -> TableFile:
    """What a unit reported of the indicators in a period; a rate divides its two counts."""
    source = [
        ("Đơn vị", f"{unit.name} ({unit.code})"),
        ("Kỳ báo cáo", period),
        ("Công thức", "số đạt ÷ tổng số"),
    ]
    return TableFile(
        "chi-tieu", f"Chỉ tiêu khác, {unit.name}, {period}", VALUE_COLUMNS, map(_indicator, lines), at, source
    )


def _indicator(one: IndicatorEntry) -> tuple[Cell, ...]:
    cells = one.cells
    return (
        one.indicator.code,
        one.indicator.name,
        cells["numerator"],
        cells["denominator"],
        rate_cell(one.percent),
        rate_cell(None if cells["target"] is None else f"{cells['target'].normalize():f}"),
        "" if cells["quoted"] is None else f"{cells['quoted'].normalize():f}".replace(".", ","),
        cells["quoted_on"],
        one.numerator_before,
        rate_cell(one.percent_before),
        cells["source"],
    )


def rate_cell(percent_text: str | None) -> PrintedRate:
    """A percentage with a dot as it is printed."""
    return PrintedRate(format_percent(percent_text), percent_text)
