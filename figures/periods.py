"""Periods and the dated cut-off rule that says which days a reporting month has. The door to both."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from figures.months import FIRST_YEAR, Month, Period, PeriodError

__all__ = [
    "DEFAULT_CALENDAR",
    "Calendar",
    "CutoffRule",
    "Month",
    "Period",
    "PeriodError",
    "Span",
]


# A reporting month is named after the calendar month in which it ends: under the usual rule ``2022-M06`` runs
# from 15 May to 14 June 2022. The rule is dated data, so a change keeps history right: a month starts the day
# after the one before it ended, and the month of the change is longer or shorter and is marked irregular.


@dataclass(frozen=True)
class Span:
    """The days of one reporting month, both ends included; irregular when a change of rule bent it."""

    start: date
    end: date
    irregular: bool


@dataclass(frozen=True)
class CutoffRule:
    """From reporting month ``first`` on, a month ends on this day of its calendar month.

    ``None``, or a day that the month does not have, is the month's last day.
    """

    first: Month
    day: int | None

    def __post_init__(self) -> None:
        if self.day is not None and not 1 <= self.day <= 31:
            raise PeriodError(
                f"Ngày chốt phải từ 1 đến 31, để trống là cuối tháng; không có ngày {self.day}."
            )

    def end_of(self, year: int, month: int) -> date:
        """The last day of a reporting month under this rule."""
        last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
        return date(year, month, last if self.day is None else min(self.day, last))


@dataclass(frozen=True)
class Calendar:
    """The cut-off rules in force over time; before the first of them, the first holds."""

    rules: tuple[CutoffRule, ...]

    def __post_init__(self) -> None:
        if not self.rules:
            raise PeriodError("Chưa có quy tắc chốt số liệu nào.")
        if len({rule.first for rule in self.rules}) < len(self.rules):
            raise PeriodError("Hai quy tắc chốt số liệu cùng bắt đầu từ một tháng.")
        object.__setattr__(self, "rules", tuple(sorted(self.rules, key=lambda rule: rule.first)))

    @classmethod
    def of(cls, rules: Iterable[tuple[Month, int | None]]) -> Self:
        """From pairs of first month and day."""
        return cls(tuple(CutoffRule(first, day) for first, day in rules))

    def _rule(self, year: int, month: int) -> CutoffRule:
        rule = self.rules[0]
        for later in self.rules[1:]:
            if (later.first.year, later.first.month) > (year, month):
                break
            rule = later
        return rule

    def _end(self, year: int, month: int) -> date:
        return self._rule(year, month).end_of(year, month)

    def span(self, month: Month) -> Span:
        """The days of a reporting month."""
        # Plain numbers, not Month: the month before the earliest one is no Month.
        before = (month.year, month.month - 1) if month.month > 1 else (month.year - 1, 12)
        end_before = self._end(*before)
        rule = self._rule(month.year, month.month)
        return Span(
            start=end_before + timedelta(days=1),
            end=rule.end_of(month.year, month.month),
            irregular=rule.end_of(*before) != end_before,
        )

    def month_of(self, day: date) -> Month:
        """The reporting month that a day belongs to."""
        month = Month(day.year, day.month)
        return month if day <= self._end(day.year, day.month) else month.next()

    def bounds(self, period: Period) -> tuple[date, date]:
        """First and last day of a period."""
        return self.span(period.first).start, self.span(period.last).end

    def ended(self, period: Period, today: date) -> bool:
        """Whether the last day of a period lies before today."""
        return self._end(period.last.year, period.last.month) < today

    def latest_half(self, today: date) -> Period:
        """The latest half-year that had ended before today: what a first visit shows."""
        half = Period.parse(f"{today.year}-H2")
        while not self.ended(half, today):
            half = half.previous()
        return half

    def recent(self, today: date, years: int = 3) -> list[Period]:
        """The halves, years and quarters that have begun, of so many years up to the running one, the latest first."""
        month, found = self.month_of(today), []
        for year in range(month.year, month.year - years, -1):
            codes = [
                f"{year}",
                f"{year}-H2",
                f"{year}-H1",
                *(f"{year}-Q{quarter}" for quarter in (4, 3, 2, 1)),
            ]
            found += [period for code in codes if (period := Period.parse(code)).first <= month]
        return found


DEFAULT_CALENDAR = Calendar((CutoffRule(Month(FIRST_YEAR, 1), 14),))
