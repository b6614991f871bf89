"""The indicators that a unit reports in a period, with its values, their history and files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.db.models import Q

from figures import indicator_rules
from figures.formatting import format_percent
from figures.periods import Period
from figures.rounding import rounded_percent
from figures.rule_catalogue import RuleViolation
from ledger.models import Entry
from records.models import Indicator, IndicatorValue
from spreadsheets.table_writer import PrintedRate, TableColumn, TableFile, table_rows
from units.models import Unit

# The cells of a value, in the order of the page.
INDICATOR_CELLS = ("numerator", "denominator", "target", "quoted", "quoted_on", "source")
SHOWN_CHANGES = 20


@dataclass(frozen=True)
class IndicatorEntry:
    """An indicator with the unit's values for the period and for the same period last year."""

    indicator: Indicator
    value: IndicatorValue | None = None
    before: IndicatorValue | None = None

    @property
    def cells(self) -> dict[str, Any]:
        """Stored values by cell; blank ones are None, but the source is always text."""
        return {name: getattr(self.value, name, None) for name in INDICATOR_CELLS} | {
            "source": self.value.source if self.value else ""
        }

    @property
    def percent(self) -> str | None:
        """The stored share in percent, as text with a dot."""
        return _percent(self.indicator, self.value)

    @property
    def percent_before(self) -> str | None:
        return _percent(self.indicator, self.before)

    @property
    def numerator_before(self) -> int | None:
        return self.before.numerator if self.before else None

    @property
    def warning(self) -> RuleViolation | None:
        """A warning about the stored value."""
        if self.value is None or not self.indicator.is_share:
            return None
        return indicator_rules.check_half_share(self.value.numerator, self.value.denominator)


@dataclass(frozen=True)
class IndicatorChange:
    """A log entry about the indicators of a unit and period; `cells`: (indicator, cell, old, new)."""

    at: Any
    actor: str
    cells: list[tuple[str, str, Any, Any]]


def indicator_entries(unit: Unit, period: Period) -> list[IndicatorEntry]:
    """Indicators of the unit's tier that are in use, and others that have a value. Two queries."""
    last_year = period.same_last_year().code
    rows = IndicatorValue.objects.filter(unit=unit, period__in=[period.code, last_year])
    values = {(row.indicator_id, row.period): row for row in rows}
    reported = [pk for pk, code in values if code == period.code]
    indicators = Indicator.objects.filter(Q(retired=False, tier__in=["", unit.tier]) | Q(pk__in=reported))
    listed = list(indicators.order_by("order", "code"))
    # A group stays together, at the place of its first indicator.
    groups = list(dict.fromkeys(indicator.group for indicator in listed))
    return [
        IndicatorEntry(
            indicator, values.get((indicator.pk, period.code)), values.get((indicator.pk, last_year))
        )
        for indicator in sorted(listed, key=lambda indicator: groups.index(indicator.group))
    ]


def indicators_version(lines: list[IndicatorEntry]) -> str:
    """A short hash of the stored values, for the page's optimistic lock."""
    content = [[line.indicator.pk, *(logged_value(value) for value in line.cells.values())] for line in lines]
    return sha256(repr(content).encode()).hexdigest()[:16]


def logged_value(value: Any) -> Any:
    """A cell as the log stores it: integers as they are, decimals and days as text."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else value


def indicators_subject(unit: Unit, period: Period) -> str:
    """The log subject for the indicators of a unit and period."""
    return f"indicators:{unit.pk}:{period.code}"


def indicator_changes(unit: Unit, period: Period, names: Mapping[str, str]) -> list[IndicatorChange]:
    """Changes, the newest first; `names`: code of an indicator → name. One query."""
    entries = Entry.objects.filter(subject=indicators_subject(unit, period), action="indicators.save")
    return [
        IndicatorChange(
            entry.at,
            entry.actor,
            [
                (names.get(code, code), cell, change["old"], change["new"])
                for code, cells in entry.detail["values"].items()
                for cell, change in cells.items()
            ],
        )
        for entry in entries.order_by("-sequence")[:SHOWN_CHANGES]
    ]


def _percent(indicator: Indicator, value: IndicatorValue | None) -> str | None:
    if value is None or not indicator.is_share:
        return None
    return rounded_percent(value.numerator, value.denominator)


INDICATOR_COLUMNS = (
    TableColumn("code", "Mã", width=24),
    TableColumn("name", "Chỉ tiêu", width=50),
    TableColumn("group", "Nhóm", width=30),
    TableColumn("numerator_name", "Số đạt", width=34),
    TableColumn("denominator_name", "Tổng số", width=34),
    TableColumn("counted_in", "Đơn vị tính"),
    TableColumn("tier", "Cấp", lambda row: row.get_tier_display() if row.tier else "Mọi cấp"),
    TableColumn("state", "Tình trạng", lambda row: "Không dùng nữa" if row.retired else "Đang dùng"),
)


def indicators_file(indicators: Iterable[Indicator], at: datetime) -> TableFile:
    """The list of indicators as a table file."""
    rows = table_rows(INDICATOR_COLUMNS, indicators)
    return TableFile("bo-chi-tieu", "Bộ chỉ tiêu", INDICATOR_COLUMNS, rows, at)


def rate_cell(percent_text: str | None) -> PrintedRate:
    """A percentage (text with a dot) as a cell of a file."""
    return PrintedRate(format_percent(percent_text), percent_text)


def decimal_rate_cell(percent: Decimal | None) -> PrintedRate:
    return rate_cell(None if percent is None else f"{percent.normalize():f}")


def _quoted(entry: IndicatorEntry) -> str:
    quoted = entry.cells["quoted"]
    return "" if quoted is None else f"{quoted.normalize():f}".replace(".", ",")


VALUE_COLUMNS = (
    TableColumn("code", "Mã", "indicator.code", width=24),
    TableColumn("name", "Chỉ tiêu", "indicator.name", width=50),
    TableColumn("numerator", "Số đạt", lambda entry: entry.cells["numerator"]),
    TableColumn("denominator", "Tổng số", lambda entry: entry.cells["denominator"]),
    TableColumn(
        "share", "Kết quả (%)", lambda entry: rate_cell(entry.percent), share=("numerator", "denominator")
    ),
    TableColumn("target", "Chỉ tiêu giao (%)", lambda entry: decimal_rate_cell(entry.cells["target"])),
    TableColumn("quoted", "Số công bố", _quoted),
    TableColumn("quoted_on", "Ngày công bố", lambda entry: entry.cells["quoted_on"]),
    TableColumn("numerator_before", "Số đạt cùng kỳ"),
    TableColumn("share_before", "Kết quả cùng kỳ (%)", lambda entry: rate_cell(entry.percent_before)),
    TableColumn("source", "Nguồn", lambda entry: entry.cells["source"], width=50),
)


def indicator_values_file(
    unit: Unit, period: str, lines: Iterable[IndicatorEntry], at: datetime
) -> TableFile:
    """The indicator values of a unit and period as a table file."""
    source = [
        ("Đơn vị", f"{unit.name} ({unit.code})"),
        ("Kỳ báo cáo", period),
        ("Công thức", "số đạt ÷ tổng số"),
    ]
    title = f"Chỉ tiêu khác, {unit.name}, {period}"
    return TableFile("chi-tieu", title, VALUE_COLUMNS, table_rows(VALUE_COLUMNS, lines), at, source)
