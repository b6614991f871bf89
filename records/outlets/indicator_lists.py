"""The tables of indicators and targets as files (units.tablefile)."""

from collections.abc import Iterable
from datetime import datetime

from figures.writing import percent_vi
from records.models import Indicator
from records.queries.indicator_entry import Asked
from records.queries.target_entry import Wanted
from units.models import Unit
from units.tablefile import Cell, Column, Rate, TableFile

INDICATORS = (
    Column("code", "Mã", width=24),
    Column("name", "Chỉ tiêu", width=50),
    Column("group", "Nhóm", width=30),
    Column("numerator_name", "Số đạt", width=34),
    Column("denominator_name", "Tổng số", width=34),
    Column("counted_in", "Đơn vị tính"),
    Column("tier", "Cấp"),
    Column("state", "Tình trạng"),
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
    return TableFile("bo-chi-tieu", "Bộ chỉ tiêu", INDICATORS, rows, at)


VALUES = (
    Column("code", "Mã", width=24),
    Column("name", "Chỉ tiêu", width=50),
    Column("numerator", "Số đạt"),
    Column("denominator", "Tổng số"),
    Column("share", "Kết quả (%)", share=("numerator", "denominator")),
    Column("target", "Chỉ tiêu giao (%)"),
    Column("quoted", "Số công bố"),
    Column("quoted_on", "Ngày công bố"),
    Column("numerator_before", "Số đạt cùng kỳ"),
    Column("share_before", "Kết quả cùng kỳ (%)"),
    Column("source", "Nguồn", width=50),
)


def values_file(unit: Unit, period: str, lines: Iterable[Asked], at: datetime) -> TableFile:
    """What a unit reported of the indicators in a period; a rate divides its two counts."""
    source = [
        ("Đơn vị", f"{unit.name} ({unit.code})"),
        ("Kỳ báo cáo", period),
        ("Công thức", "số đạt ÷ tổng số"),
    ]
    return TableFile(
        "chi-tieu", f"Chỉ tiêu khác, {unit.name}, {period}", VALUES, map(_indicator, lines), at, source
    )


def _indicator(one: Asked) -> tuple[Cell, ...]:
    cells = one.cells
    return (
        one.indicator.code,
        one.indicator.name,
        cells["numerator"],
        cells["denominator"],
        rate(one.percent),
        rate(None if cells["target"] is None else f"{cells['target'].normalize():f}"),
        "" if cells["quoted"] is None else f"{cells['quoted'].normalize():f}".replace(".", ","),
        cells["quoted_on"],
        one.numerator_before,
        rate(one.percent_before),
        cells["source"],
    )


def rate(percent_text: str | None) -> Rate:
    """A percentage with a dot as it is printed."""
    return Rate(percent_vi(percent_text), percent_text)


TARGETS = (
    Column("rate", "Tỷ lệ", width=50),
    Column("tier", "Cấp"),
    Column("percent", "Chỉ tiêu giao (%)"),
    Column("source", "Căn cứ", width=50),
)


def targets_file(unit: Unit, year: int, lines: Iterable[Wanted], at: datetime) -> TableFile:
    """The targets that a unit sets for a year."""
    rows = (
        (
            one.rate_name,
            one.tier_name,
            rate(None if one.percent is None else f"{one.percent.normalize():f}"),
            one.source,
        )
        for one in lines
    )
    source = [("Đơn vị", f"{unit.name} ({unit.code})"), ("Năm", str(year))]
    return TableFile("chi-tieu-giao", f"Chỉ tiêu giao năm {year}, {unit.name}", TARGETS, rows, at, source)
