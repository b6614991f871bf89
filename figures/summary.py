"""The one frozen ``Summary`` that every outlet receives: page, chart, table, CSV, XLSX, API, PDF and frozen review."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from figures.change import Change
from figures.completeness import Missing
from figures.counts import Tally, over_period
from figures.handover import NONE, Handover
from figures.periods import DEFAULT_CALENDAR, Calendar, Month, Period
from figures.results import COUNTS, Figures, figures
from figures.territory import Territory
from figures.writing import TIER_NAMES

__all__ = [
    "COUNTS",
    "Dates",
    "Figures",
    "Row",
    "RowInput",
    "Summary",
    "build",
    "canonical",
    "figures",
]

# Queries hand over tallies by month and tier, this module adds up, divides once and rounds once. An outlet
# writes what it finds here and computes nothing.

_TIER_ORDER = {tier: place for place, tier in enumerate(TIER_NAMES)}

Monthly = Iterable[tuple[Month, Tally]]


@dataclass(frozen=True)
class Dates:
    """A period as the reader sees it: its code, first and last day, and Vietnamese label."""

    code: str
    start: date
    end: date
    label: str

    @classmethod
    def of(cls, period: Period, calendar: Calendar) -> Self:
        """The days of a period under the cut-off rules."""
        return cls(period.code, *calendar.bounds(period), period.label)

    @property
    def one_month(self) -> bool:
        """Whether completeness counts units rather than unit-months."""
        return "-M" in self.code and ".." not in self.code

    def as_dict(self) -> dict[str, str]:
        """``{"code", "from", "to"}``."""
        return {"code": self.code, "from": self.start.isoformat(), "to": self.end.isoformat()}

    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> Self:
        """Read back what ``as_dict`` wrote; the label follows from the code."""
        start, end = date.fromisoformat(data["from"]), date.fromisoformat(data["to"])
        return cls(data["code"], start, end, Period.parse(data["code"]).label)


@dataclass(frozen=True)
class Row:
    """One unit, field or month of a Summary; ``extra`` holds what a page needs to link it, and no figure. ``change`` is
    against the same period last year; None where it was not asked for.
    """

    key: str
    name: str
    figures: Figures
    extra: Mapping[str, Any] = field(default_factory=dict)
    change: Change | None = None

    def as_dict(self) -> dict[str, Any]:
        """``key``, ``name`` and the figures, with ``change`` where it was asked for."""
        data = {"key": self.key, "name": self.name, **self.figures.as_dict()}
        return data if self.change is None else data | {"change": self.change.as_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_dict`` wrote."""
        change = Change.from_dict(data["change"]) if "change" in data else None
        return cls(data["key"], data["name"], Figures.from_dict(data), change=change)


@dataclass(frozen=True)
class RowInput:
    """What queries know of one row: its tallies by month, as `over_period` takes them, and its silence."""

    key: str
    name: str
    monthly: Sequence[tuple[Month | None, Tally]]
    missing: Sequence[Missing] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """All figures of one unit and period, with the question that they answer."""

    unit: str
    unit_name: str
    basis: str
    include: str
    external: bool
    decimals: int
    period: Dates
    tiers: tuple[tuple[str, Figures], ...]
    total: Figures
    by: str | None = None
    rows: tuple[Row, ...] = ()
    # The figures as they counted at the end of this day; None: as they count now.
    as_of: date | None = None
    # By the units of this day (basis "today"); None: by the units that reported.
    units_of: date | None = None
    # Then also: where the territory is not the one that reported.
    territory: Territory | None = None
    # Where units began inside the first month or were over inside the last.
    handover: Handover = NONE

    @property
    def completeness_text(self) -> str:
        """``94/96 báo cáo tháng``, or ``14/16 đơn vị`` for one month."""
        return self.total.completeness.text(self.period.one_month)

    def tier(self, tier: str) -> Figures | None:
        """The figures of one tier, where it is part of this."""
        return dict(self.tiers).get(tier)

    def row(self, key: str) -> Row | None:
        """The row of a key."""
        return next((row for row in self.rows if row.key == key), None)

    def as_dict(self) -> dict[str, Any]:
        """The published JSON shape; ``rows`` only where rows were asked for, ``as_of``, ``units_of``, ``territory``
        and ``handover`` only where they are told.
        """
        data: dict[str, Any] = {
            "unit": self.unit,
            "basis": self.basis,
            "include": self.include,
            "decimals": self.decimals,
            "period": self.period.as_dict(),
            "tiers": [{"tier": tier, **one.as_dict()} for tier, one in self.tiers],
            "total": self.total.as_dict(),
        }
        if self.as_of is not None:
            data["as_of"] = self.as_of.isoformat()
        if self.units_of is not None:
            data["units_of"] = self.units_of.isoformat()
        if self.territory is not None:
            data["territory"] = self.territory.as_dict()
        if self.handover:
            data["handover"] = self.handover.as_dict()
        if self.by is not None:
            data["rows"] = [row.as_dict() for row in self.rows]
        return data

    def as_record(self) -> dict[str, Any]:
        """The published shape and what else makes it whole again: for a review that is frozen as data.

        Adds ``unit_name``, ``external``, ``by`` and the name beside each missing unit-month. ``extra`` of rows is
        left out: numbers of rows in a database are no figures.
        """
        data = {**self.as_dict(), "unit_name": self.unit_name, "external": self.external, "by": self.by}
        parts = [self.total, *(one for _, one in self.tiers), *(row.figures for row in self.rows)]
        places = [data["total"], *data["tiers"], *data.get("rows", [])]
        for part, place in zip(parts, places, strict=True):
            named = zip(part.completeness.missing, place["completeness"]["missing"], strict=True)
            for one, written in named:
                written["name"] = one.name
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back ``as_record``, or ``as_dict`` as far as that goes. Raises KeyError, ValueError."""
        rows = data.get("rows")
        return cls(
            unit=data["unit"],
            unit_name=data.get("unit_name", data["unit"]),
            basis=data["basis"],
            include=data["include"],
            external=data.get("external", False),
            decimals=data["decimals"],
            period=Dates.from_dict(data["period"]),
            tiers=tuple((tier["tier"], Figures.from_dict(tier)) for tier in data["tiers"]),
            total=Figures.from_dict(data["total"]),
            by=data.get("by", None if rows is None else "unit"),
            rows=tuple(map(Row.from_dict, rows or ())),
            as_of=date.fromisoformat(data["as_of"]) if "as_of" in data else None,
            units_of=date.fromisoformat(data["units_of"]) if "units_of" in data else None,
            territory=Territory.from_dict(data["territory"]) if "territory" in data else None,
            handover=Handover.from_dict(data.get("handover", {})),
        )


def build(
    *,
    unit: str,
    unit_name: str,
    period: Period,
    tiers: Mapping[str, Monthly],
    missing: Mapping[str, Iterable[Missing]] | None = None,
    by: str | None = None,
    rows: Iterable[RowInput] | None = None,
    calendar: Calendar = DEFAULT_CALENDAR,
    basis: str = "reported",
    include: str = "approved",
    external: bool = False,
    decimals: int = 1,
    as_of: date | None = None,
    units_of: date | None = None,
    territory: Territory | None = None,
    handover: Handover = NONE,
) -> Summary:
    """The Summary of a unit and period.

    ``tiers`` gives each tier its tallies by month (several a month are added; other months are ignored), with
    expected and reported unit-months in them; ``missing`` names by tier who has not reported. With ``by="month"``
    and no rows, the rows are made from the tiers.
    """
    monthly = {tier: tuple(parts) for tier, parts in tiers.items()}
    silent = {tier: tuple(ones) for tier, ones in (missing or {}).items()}
    order = sorted({*monthly, *silent}, key=lambda tier: (_TIER_ORDER.get(tier, len(_TIER_ORDER)), tier))
    tallies = {tier: over_period(monthly.get(tier, ()), period) for tier in order}
    everyone = tuple(one for tier in order for one in silent.get(tier, ()))
    if by == "month" and rows is None:
        rows = _month_rows(period, [part for tier in order for part in monthly.get(tier, ())], everyone)
    total = figures(Tally.total(tallies.values()), decimals=decimals, missing=everyone)
    return Summary(
        unit=unit,
        unit_name=unit_name,
        basis=basis,
        include=include,
        external=external,
        decimals=decimals,
        period=Dates.of(period, calendar),
        tiers=tuple(
            (tier, figures(tallies[tier], decimals=decimals, missing=silent.get(tier, ()))) for tier in order
        ),
        total=total,
        by=by,
        rows=tuple(_row(row, period, decimals, by) for row in rows or ()) if by else (),
        as_of=as_of,
        units_of=units_of,
        territory=territory,
        handover=handover if total.completeness.reported else NONE,
    )


def _month_rows(
    period: Period, parts: Sequence[tuple[Month, Tally]], missing: Sequence[Missing]
) -> list[RowInput]:
    return [
        RowInput(
            str(month),
            month.label,
            [part for part in parts if part[0] == month],
            [one for one in missing if one.month == month],
        )
        for month in period.months
    ]


def _row(row: RowInput, period: Period, decimals: int, by: str | None) -> Row:
    if by == "month":
        # A month's own opening and closing, not those of the period around it.
        period = Period.of_month(Month.parse(row.key))
    tally = over_period(row.monthly, period)
    return Row(row.key, row.name, figures(tally, decimals=decimals, missing=row.missing), row.extra)


def canonical(data: Any) -> bytes:
    """JSON data as bytes that only depend on what it says: keys sorted, no spaces, UTF-8. For hashing.

    Raises ValueError for NaN and infinities, which no figure is.
    """
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")
