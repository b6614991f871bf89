"""Reporting months, periods of several months, and the dated cut-off rules that set the days of a month."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Self

from .formatting import shorten

FIRST_YEAR, LAST_YEAR = 1990, 2100
MAX_MONTHS = 600
_WIDEST_CODE = 32
_ROMAN = ("I", "II", "III", "IV")

# [0-9] and not \d, which accepts digits of other scripts.
_MONTH = re.compile(r"([0-9]{4})-[Mm]([0-9]{2})")
_SHAPE = re.compile(r"([0-9]{4})(?:-([QqHh])([0-9]))?")
_RUN = re.compile(r"([0-9]{4})-[Mm]([0-9]{2})\.\.(?:([0-9]{4})-)?[Mm]([0-9]{2})")


class PeriodError(ValueError):
    """An invalid month, period or cut-off rule; the text is Vietnamese, for the reader."""


@dataclass(frozen=True, order=True)
class Month:
    """A reporting month, ordered in time."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not 1 <= self.month <= 12:
            raise PeriodError(f"Không có tháng {self.month}: tháng phải từ 1 đến 12.")
        # One year wider than the years of a query, so that every period has a year before it.
        if not FIRST_YEAR - 1 <= self.year <= LAST_YEAR + 1:
            raise PeriodError(f"Năm {self.year} nằm ngoài khoảng {FIRST_YEAR}–{LAST_YEAR}.")

    @cached_property
    def number(self) -> int:
        """The form stored in the database: YYYYMM, such as 202206."""
        return self.year * 100 + self.month

    @classmethod
    def from_number(cls, number: int) -> Self:
        """The month of a YYYYMM integer. Raises PeriodError."""
        return cls(*divmod(number, 100))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2022-M06``. Raises PeriodError."""
        match = _MONTH.fullmatch(text.strip()) if len(text) <= _WIDEST_CODE else None
        if not match:
            raise PeriodError(f"“{shorten(text)}” không phải tháng báo cáo. Viết như 2022-M06.")
        return cls(_year(match[1]), int(match[2]))

    def plus(self, months: int) -> Self:
        """The month so many months later (earlier when negative)."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return type(self)(year, month + 1)

    def next(self) -> Self:
        """The month after this one."""
        return self.plus(1)

    def previous(self) -> Self:
        """The month before this one."""
        return self.plus(-1)

    def same_last_year(self) -> Self:
        """The same month one year earlier."""
        return self.plus(-12)

    @classmethod
    def range(cls, first: "Month", last: "Month") -> tuple["Month", ...]:
        """All months from first to last, both included; empty when last is before first."""
        length = (last.year - first.year) * 12 + last.month - first.month + 1
        return tuple(first.plus(n) for n in range(length))

    @property
    def label(self) -> str:
        """``tháng 6/2022``."""
        return f"tháng {self.month}/{self.year}"

    def __str__(self) -> str:
        return f"{self.year:04d}-M{self.month:02d}"


@dataclass(frozen=True)
class Period:
    """A run of months with the code that names it. Build it by ``parse``, ``of`` or ``of_month``."""

    code: str
    first: Month
    last: Month

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a code such as ``2022-H1``, case-insensitive, into its normal form. Raises PeriodError.

        ``2022-M01..2022-M05`` becomes ``2022-M01..M05`` and a run of one month that month. A run that equals a quarter
        stays a run.
        """
        code = text.strip() if len(text) <= _WIDEST_CODE else ""
        if match := _MONTH.fullmatch(code):
            return cls.of_month(Month(_year(match[1]), int(match[2])))
        if match := _RUN.fullmatch(code):
            year = _year(match[1])
            return cls.of(Month(year, int(match[2])), Month(_year(match[3] or match[1]), int(match[4])))
        if match := _SHAPE.fullmatch(code):
            year, shape, number = _year(match[1]), (match[2] or "").upper(), int(match[3] or 1)
            length = {"": 12, "H": 6, "Q": 3}[shape]
            if 1 <= number <= 12 // length:
                first = Month(year, (number - 1) * length + 1)
                name = f"{year}-{shape}{number}" if shape else f"{year}"
                return cls(name, first, first.plus(length - 1))
        raise PeriodError(
            f"“{shorten(text)}” không phải kỳ báo cáo. Viết như 2022-M06, 2022-Q2, 2022-H1, 2022 hoặc 2022-M01..M05."
        )

    @classmethod
    def of(cls, first: Month, last: Month) -> Self:
        """The run of months from first to last. Raises PeriodError if reversed or too long."""
        if last < first:
            raise PeriodError(f"Kỳ báo cáo bị ngược: {last.label} đứng trước {first.label}.")
        if first == last:
            return cls.of_month(first)
        if (last.year - first.year) * 12 + last.month - first.month + 1 > MAX_MONTHS:
            raise PeriodError(f"Kỳ báo cáo quá dài: nhiều nhất {MAX_MONTHS} tháng.")
        end = f"M{last.month:02d}" if first.year == last.year else str(last)
        return cls(f"{first}..{end}", first, last)

    @classmethod
    def of_month(cls, month: Month) -> Self:
        """The period of one month."""
        return cls(str(month), month, month)

    @property
    def kind(self) -> str:
        """``month``, ``quarter``, ``half``, ``year`` or ``run``."""
        if ".." in self.code:
            return "run"
        return {"M": "month", "Q": "quarter", "H": "half"}.get(self.code[5:6], "year")

    @property
    def months(self) -> tuple[Month, ...]:
        """Its months in order."""
        return Month.range(self.first, self.last)

    def shifted(self, months: int) -> Self:
        """The period of the same kind so many months later; for quarters, halves and years, a multiple of their length.
        Raises PeriodError.
        """
        first, last = self.first.plus(months), self.last.plus(months)
        if self.kind == "run":
            return self.of(first, last)
        if self.kind == "month":
            return self.of_month(first)
        if months % len(self.months):
            raise PeriodError("Kỳ này chỉ dời được theo cả kỳ.")
        number = (first.month - 1) // len(self.months) + 1
        shape = self.code[5:6]
        return type(self)(f"{first.year}-{shape}{number}" if shape else f"{first.year}", first, last)

    def same_last_year(self) -> Self:
        """The same period one year earlier: ``2022-H1`` gives ``2021-H1``."""
        return self.shifted(-12)

    def previous(self) -> Self:
        """The preceding period of the same kind: ``2022-H1`` gives ``2021-H2``."""
        return self.shifted(-len(self.months))

    @property
    def label(self) -> str:
        """For use in a sentence: ``6 tháng đầu năm 2022``, ``quý II/2022``, ``tháng 6/2022``."""
        first, last = self.first, self.last
        match self.kind:
            case "month":
                return first.label
            case "quarter":
                return f"quý {_ROMAN[(first.month - 1) // 3]}/{first.year}"
            case "half":
                return f"6 tháng {'đầu' if first.month == 1 else 'cuối'} năm {first.year}"
            case "year":
                return f"năm {first.year}"
        if first.year == last.year:
            return f"từ tháng {first.month} đến tháng {last.month}/{last.year}"
        return f"từ {first.label} đến {last.label}"

    def __str__(self) -> str:
        return self.code


def _year(text: str) -> int:
    year = int(text)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise PeriodError(f"Năm {year} nằm ngoài khoảng {FIRST_YEAR}–{LAST_YEAR}.")
    return year


# A reporting month is named after the calendar month in which it ends: under the usual rule ``2022-M06`` runs
# from 15 May to 14 June 2022. Rules have dates, so that a change does not affect the past: a month starts the day
# after the previous one ended, and the month of the change is longer or shorter and marked irregular.


@dataclass(frozen=True)
class Span:
    """The days of one reporting month (inclusive); irregular if a change of the rule altered its length."""

    start: date
    end: date
    irregular: bool


@dataclass(frozen=True)
class DatedCutoff:
    """From reporting month ``first`` on, a month ends on this day of its calendar month, or on the last day if it is
    None or the month is shorter.
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
    """The cut-off rules over time; the first also applies before its start."""

    rules: tuple[DatedCutoff, ...]

    def __post_init__(self) -> None:
        if not self.rules:
            raise PeriodError("Chưa có quy tắc chốt số liệu nào.")
        if len({rule.first for rule in self.rules}) < len(self.rules):
            raise PeriodError("Hai quy tắc chốt số liệu cùng bắt đầu từ một tháng.")
        object.__setattr__(self, "rules", tuple(sorted(self.rules, key=lambda rule: rule.first)))

    @classmethod
    def of(cls, rules: Iterable[tuple[Month, int | None]]) -> Self:
        """From pairs of first month and day."""
        return cls(tuple(DatedCutoff(first, day) for first, day in rules))

    def _rule(self, year: int, month: int) -> DatedCutoff:
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
        # Plain numbers: a Month before the earliest one cannot be made.
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
        """The latest half-year that ended before today: the default of the dashboard."""
        half = Period.parse(f"{today.year}-H2")
        while not self.ended(half, today):
            half = half.previous()
        return half

    def recent(self, today: date, years: int = 3) -> list[Period]:
        """The years, halves and quarters that have begun, of the last `years` years, latest first."""
        month, periods = self.month_of(today), []
        for year in range(month.year, month.year - years, -1):
            codes = [
                f"{year}",
                f"{year}-H2",
                f"{year}-H1",
                *(f"{year}-Q{quarter}" for quarter in (4, 3, 2, 1)),
            ]
            periods += [period for code in codes if (period := Period.parse(code)).first <= month]
        return periods


DEFAULT_CALENDAR = Calendar((DatedCutoff(Month(FIRST_YEAR, 1), 14),))
