"""The indicators that a unit is to report in a period, with its values, and the same beside earlier periods."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.db.models import Q

from figures import indicator_rules
from figures.periods import Period
from figures.rounding import rounded_percent
from figures.rulebook import RuleViolation
from ledger.models import Entry
from records.models import Indicator, IndicatorValue
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
    told = [[one.indicator.pk, *(logged_value(value) for value in one.cells.values())] for one in lines]
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
