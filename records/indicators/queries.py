"""The indicators that a unit is to report in a period, with its values, beside earlier periods, and as files."""

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

# What is entered of a value, in the order of the page.
INDICATOR_CELLS = ("numerator", "denominator", "target", "quoted", "quoted_on", "source")
SHOWN_CHANGES = 20


@dataclass(frozen=True)
class IndicatorEntry:
    """An indicator with what the unit reported for the period, and for the same one last year."""

    indicator: Indicator
    value: IndicatorValue | None = None
    before: IndicatorValue | None = None

    @property
    def cells(self) -> dict[str, Any]:
        """By cell what is stored; blank ones are None, a source is text."""
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
        """What is odd about a stored value."""
        if self.value is None or not self.indicator.is_share:
            return None
        return indicator_rules.check_half_share(self.value.numerator, self.value.denominator)


@dataclass(frozen=True)
class IndicatorChange:
    """An entry of the log about the indicators of a unit and period: cells as code, name, old and new."""

    at: Any
    actor: str
    cells: list[tuple[str, str, Any, Any]]


def indicator_entries(unit: Unit, period: Period) -> list[IndicatorEntry]:
    """Indicators of the unit's tier that are in use, and those reported although they are not. Two queries."""
    last_year = period.same_last_year().code
    rows = IndicatorValue.objects.filter(unit=unit, period__in=[period.code, last_year])
    found = {(row.indicator_id, row.period): row for row in rows}
    reported = [number for number, code in found if code == period.code]
    wanted = Indicator.objects.filter(Q(retired=False, tier__in=["", unit.tier]) | Q(pk__in=reported))
    listed = list(wanted.order_by("order", "code"))
    # A group stands together, where its first indicator stands.
    groups = list(dict.fromkeys(one.group for one in listed))
    return [
        IndicatorEntry(one, found.get((one.pk, period.code)), found.get((one.pk, last_year)))
        for one in sorted(listed, key=lambda one: groups.index(one.group))
    ]


def indicators_version(lines: list[IndicatorEntry]) -> str:
    """A short mark of what is stored, for the lock of the page."""
    told = [[line.indicator.pk, *(logged_value(value) for value in line.cells.values())] for line in lines]
    return sha256(repr(told).encode()).hexdigest()[:16]


def logged_value(value: Any) -> Any:
    """A cell as the log keeps it: numbers as they are, decimals and days as text."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else value


def indicators_subject(unit: Unit, period: Period) -> str:
    """How the log names the indicators of a unit and period."""
    return f"indicators:{unit.pk}:{period.code}"


def indicator_changes(unit: Unit, period: Period, names: Mapping[str, str]) -> list[IndicatorChange]:
    """What was changed, the newest first; `names` by the code of an indicator. One query."""
    entries = Entry.objects.filter(subject=indicators_subject(unit, period), action="indicators.save")
    return [
        IndicatorChange(
            entry.at,
            entry.actor,
            [
                (names.get(code, code), cell, one["old"], one["new"])
                for code, cells in entry.detail["values"].items()
                for cell, one in cells.items()
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
