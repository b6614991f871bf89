"""Indicators and their values as downloadable tables."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from figures.formatting import format_percent
from records.models import Indicator
from spreadsheets.table_file import PrintedRate, TableColumn, TableFile, table_rows
from units.models import Unit

from .queries import IndicatorEntry

INDICATOR_COLUMNS = (
    TableColumn("code", "Mã", width=24),
    TableColumn("name", "Chỉ tiêu", width=50),
    TableColumn("group", "Nhóm", width=30),
    TableColumn("numerator_name", "Số đạt", width=34),
    TableColumn("denominator_name", "Tổng số", width=34),
    TableColumn("counted_in", "Đơn vị tính"),
    TableColumn("tier", "Cấp", lambda one: one.get_tier_display() if one.tier else "Mọi cấp"),
    TableColumn("state", "Tình trạng", lambda one: "Không dùng nữa" if one.retired else "Đang dùng"),
)


def indicators_file(known: Iterable[Indicator], at: datetime) -> TableFile:
    """Which indicators there are."""
    rows = table_rows(INDICATOR_COLUMNS, known)
    return TableFile("bo-chi-tieu", "Bộ chỉ tiêu", INDICATOR_COLUMNS, rows, at)


def rate_cell(percent_text: str | None) -> PrintedRate:
    """A percentage with a dot as it is printed."""
    return PrintedRate(format_percent(percent_text), percent_text)


def decimal_rate_cell(percent: Decimal | None) -> PrintedRate:
    return rate_cell(None if percent is None else f"{percent.normalize():f}")


def _quoted(entry: IndicatorEntry) -> str:
    quoted = entry.cells["quoted"]
    return "" if quoted is None else f"{quoted.normalize():f}".replace(".", ",")


VALUE_COLUMNS = (
    TableColumn("code", "Mã", "indicator.code", width=24),
    TableColumn("name", "Chỉ tiêu", "indicator.name", width=50),
    TableColumn("numerator", "Số đạt", lambda one: one.cells["numerator"]),
    TableColumn("denominator", "Tổng số", lambda one: one.cells["denominator"]),
    TableColumn(
        "share", "Kết quả (%)", lambda one: rate_cell(one.percent), share=("numerator", "denominator")
    ),
    TableColumn("target", "Chỉ tiêu giao (%)", lambda one: decimal_rate_cell(one.cells["target"])),
    TableColumn("quoted", "Số công bố", _quoted),
    TableColumn("quoted_on", "Ngày công bố", lambda one: one.cells["quoted_on"]),
    TableColumn("numerator_before", "Số đạt cùng kỳ"),
    TableColumn("share_before", "Kết quả cùng kỳ (%)", lambda one: rate_cell(one.percent_before)),
    TableColumn("source", "Nguồn", lambda one: one.cells["source"], width=50),
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
    title = f"Chỉ tiêu khác, {unit.name}, {period}"
    return TableFile("chi-tieu", title, VALUE_COLUMNS, table_rows(VALUE_COLUMNS, lines), at, source)
