"""Summary: the figures of a unit and period by tier, row and total, as every page, file and API answer gets them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any, Self

from .completeness import Completeness, MissingMonth
from .formatting import TIER_NAMES
from .measures import COUNTS_FOR_PEOPLE, MEASURES, SUMS
from .periods import DEFAULT_CALENDAR, Calendar, Month, Period
from .rates import RATES, SHARES, Computed, Share
from .rounding import point_difference
from .tally import Tally, period_tally, sum_reported
from .unit_changes import NO_HANDOVER, Handover, Territory

COUNTS = (*MEASURES, *SUMS)
# The counts of small tables, in their order.
MAIN_COUNTS = tuple(item.name for item in COUNTS_FOR_PEOPLE if item.main)
_SHARES = {rate.key: rate for rate in SHARES}
_RATES = {rate.key: rate for rate in RATES}
_EMPTY_SHARES = {key: Share(None, None, None) for key in _SHARES}
_EMPTY_RATES = {key: Share(None, None, None, formula=rate.formula) for key, rate in _RATES.items()}
_PARTS = {name: itemgetter(*parts) for name, parts in SUMS.items()}


@dataclass(frozen=True)
class Figures:
    """The figures of one tier, row or total: completeness, counts (with the sums), shares and rates by key.

    ``estimated``: some of the counts were apportioned by the shares of a split unit.
    """

    completeness: Completeness
    counts: Mapping[str, int | None]
    shares: Mapping[str, Share]
    rates: Mapping[str, Share]
    estimated: bool = False

    def share(self, key: str) -> Share:
        """A channel share or a rate by its key. Raises KeyError."""
        return self.shares[key] if key in self.shares else self.rates[key]

    def as_dict(self) -> dict[str, Any]:
        """The four keys of the published shape, and ``"estimated": true`` if so."""
        data: dict[str, Any] = {
            "completeness": self.completeness.as_dict(),
            "counts": dict(self.counts),
            "shares": {key: share.as_dict() for key, share in self.shares.items()},
            "rates": {key: rate.as_dict() for key, rate in self.rates.items()},
        }
        return data | {"estimated": True} if self.estimated else data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of ``as_dict``, also for data of an older version: measures and rates that it lacks are empty,
        those that no longer exist are dropped.
        """
        counts = data["counts"]
        return cls(
            Completeness.from_dict(data["completeness"]),
            {name: counts.get(name) for name in COUNTS},
            _read_shares(_EMPTY_SHARES, data["shares"]),
            _read_shares(_EMPTY_RATES, data["rates"]),
            data.get("estimated", False),
        )


def _read_shares(empty: Mapping[str, Share], data: Mapping[str, Any]) -> dict[str, Share]:
    return {key: Share.from_dict(data[key]) if key in data else empty[key] for key in empty}


def compute_figures(tally: Tally, *, decimals: int = 1, missing: Iterable[MissingMonth] = ()) -> Figures:
    """The figures of a tally; ``missing``: its unit-months that are expected but not reported."""
    counts = dict(tally.values)
    for name, parts in _PARTS.items():
        counts[name] = sum_reported(parts(counts))
    return Figures(
        Completeness(tally.reported, tally.expected, tuple(missing)),
        counts,
        Computed(_SHARES, tally, decimals),
        Computed(_RATES, tally, decimals),
        tally.estimated,
    )


CHANGE_RATE = "online"


@dataclass(frozen=True)
class ShareChange:
    """``before``: last year's share; ``points``: the difference in percentage points with a dot, such as "6.3". Each is
    None if unknown: other reports were expected of the unit then, or one side has missing reports or blanks.
    """

    before: Share | None = None
    points: str | None = None

    @classmethod
    def between(cls, now: Figures, before: Figures | None) -> Self:
        """The change between figures of the same units in both periods; ``before`` None: not comparable."""
        if before is None or not _whole(before):
            return cls()
        old = before.share(CHANGE_RATE)
        if old.percent is None:
            return cls()
        return cls(
            old, point_difference(now.share(CHANGE_RATE).percent, old.percent) if _whole(now) else None
        )

    def as_dict(self) -> dict[str, Any]:
        """``{"online": {"points", "before"}}``."""
        return {
            CHANGE_RATE: {"points": self.points, "before": self.before.as_dict() if self.before else None}
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of ``as_dict``."""
        change = data.get(CHANGE_RATE)
        if change is None:
            return cls()
        return cls(Share.from_dict(change["before"]) if change["before"] else None, change["points"])


def _whole(figures: Figures) -> bool:
    completeness = figures.completeness
    return completeness.expected > 0 and completeness.complete and not figures.share(CHANGE_RATE).partial


# Queries pass tallies by month and tier; only this module adds, divides and rounds them. Pages and files compute
# nothing.

_TIER_ORDER = {tier: place for place, tier in enumerate(TIER_NAMES)}

MonthlyTallies = Iterable[tuple[Month, Tally]]


@dataclass(frozen=True)
class Dates:
    """A period as published: its code, first and last day, and Vietnamese label."""

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
        """The inverse of ``as_dict``; the label follows from the code."""
        start, end = date.fromisoformat(data["from"]), date.fromisoformat(data["to"])
        return cls(data["code"], start, end, Period.parse(data["code"]).label)


@dataclass(frozen=True)
class SummaryRow:
    """One unit, field or month of a Summary; ``extra``: data for links on a page, no figures. ``change``: against the
    same period last year; None if not requested.
    """

    key: str
    name: str
    figures: Figures
    extra: Mapping[str, Any] = field(default_factory=dict)
    change: ShareChange | None = None

    def as_dict(self) -> dict[str, Any]:
        """``key``, ``name`` and the figures, with ``change`` if requested."""
        data = {"key": self.key, "name": self.name, **self.figures.as_dict()}
        return data if self.change is None else data | {"change": self.change.as_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of ``as_dict``."""
        change = ShareChange.from_dict(data["change"]) if "change" in data else None
        return cls(data["key"], data["name"], Figures.from_dict(data), change=change)


@dataclass(frozen=True)
class RowInput:
    """One row as queries pass it: its tallies by month for `period_tally`, and its missing reports."""

    key: str
    name: str
    monthly: Sequence[tuple[Month | None, Tally]]
    missing: Sequence[MissingMonth] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """All figures of one unit and period, with the parameters of the query."""

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
    rows: tuple[SummaryRow, ...] = ()
    # The figures as approved by the end of this day; None: as approved now.
    as_of: date | None = None
    # Grouped by the units of this day (basis "today"); None: by the units that reported.
    units_of: date | None = None
    # With `units_of`: how the territory differs from the one that reported.
    territory: Territory | None = None
    # Units that began inside the first month or ended inside the last.
    handover: Handover = NO_HANDOVER

    @property
    def completeness_text(self) -> str:
        """``94/96 báo cáo tháng``, or ``14/16 đơn vị`` for one month."""
        return self.total.completeness.text(self.period.one_month)

    def tier(self, tier: str) -> Figures | None:
        """The figures of one tier, or None."""
        return dict(self.tiers).get(tier)

    def row(self, key: str) -> SummaryRow | None:
        """The row with a key, or None."""
        return next((row for row in self.rows if row.key == key), None)

    def as_dict(self) -> dict[str, Any]:
        """The published JSON shape; ``rows`` only if requested, ``as_of``, ``units_of``, ``territory`` and ``handover``
        only if set.
        """
        data: dict[str, Any] = {
            "unit": self.unit,
            "basis": self.basis,
            "include": self.include,
            "decimals": self.decimals,
            "period": self.period.as_dict(),
            "tiers": [{"tier": tier, **figures.as_dict()} for tier, figures in self.tiers],
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
        """The published shape with what ``from_dict`` needs to restore it all, for a frozen review.

        Adds ``unit_name``, ``external``, ``by`` and the name of each missing unit-month. Drops ``extra`` of rows, which
        holds database ids.
        """
        data = {**self.as_dict(), "unit_name": self.unit_name, "external": self.external, "by": self.by}
        parts = [self.total, *(figures for _, figures in self.tiers), *(row.figures for row in self.rows)]
        places = [data["total"], *data["tiers"], *data.get("rows", [])]
        for part, place in zip(parts, places, strict=True):
            named = zip(part.completeness.missing, place["completeness"]["missing"], strict=True)
            for month, written in named:
                written["name"] = month.name
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of ``as_record``; also reads ``as_dict``. Raises KeyError, ValueError."""
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
            rows=tuple(map(SummaryRow.from_dict, rows or ())),
            as_of=date.fromisoformat(data["as_of"]) if "as_of" in data else None,
            units_of=date.fromisoformat(data["units_of"]) if "units_of" in data else None,
            territory=Territory.from_dict(data["territory"]) if "territory" in data else None,
            handover=Handover.from_dict(data.get("handover", {})),
        )


def build_summary(
    *,
    unit: str,
    unit_name: str,
    period: Period,
    tiers: Mapping[str, MonthlyTallies],
    missing: Mapping[str, Iterable[MissingMonth]] | None = None,
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
    handover: Handover = NO_HANDOVER,
) -> Summary:
    """The Summary of a unit and period.

    ``tiers``: tallies by month for each tier, as `period_tally` takes them; ``missing``: missing reports by tier. With
    ``by="month"`` and no rows, the rows are made from the tiers.
    """
    monthly = {tier: tuple(parts) for tier, parts in tiers.items()}
    missing_by_tier = {tier: tuple(months) for tier, months in (missing or {}).items()}
    order = sorted(
        {*monthly, *missing_by_tier}, key=lambda tier: (_TIER_ORDER.get(tier, len(_TIER_ORDER)), tier)
    )
    tallies = {tier: period_tally(monthly.get(tier, ()), period) for tier in order}
    all_missing = tuple(month for tier in order for month in missing_by_tier.get(tier, ()))
    if by == "month" and rows is None:
        rows = _month_rows(period, [part for tier in order for part in monthly.get(tier, ())], all_missing)
    total = compute_figures(Tally.total(tallies.values()), decimals=decimals, missing=all_missing)
    return Summary(
        unit=unit,
        unit_name=unit_name,
        basis=basis,
        include=include,
        external=external,
        decimals=decimals,
        period=Dates.of(period, calendar),
        tiers=tuple(
            (tier, compute_figures(tallies[tier], decimals=decimals, missing=missing_by_tier.get(tier, ())))
            for tier in order
        ),
        total=total,
        by=by,
        rows=tuple(_row(row, period, decimals, by) for row in rows or ()) if by else (),
        as_of=as_of,
        units_of=units_of,
        territory=territory,
        handover=handover if total.completeness.reported else NO_HANDOVER,
    )


def _month_rows(
    period: Period, parts: Sequence[tuple[Month, Tally]], missing: Sequence[MissingMonth]
) -> list[RowInput]:
    return [
        RowInput(
            str(month),
            month.label,
            [part for part in parts if part[0] == month],
            [pair for pair in missing if pair.month == month],
        )
        for month in period.months
    ]


def _row(row: RowInput, period: Period, decimals: int, by: str | None) -> SummaryRow:
    if by == "month":
        # The month's own opening and closing, not those of the period.
        period = Period.of_month(Month.parse(row.key))
    tally = period_tally(row.monthly, period)
    return SummaryRow(
        row.key, row.name, compute_figures(tally, decimals=decimals, missing=row.missing), row.extra
    )


def canonical_json(data: Any) -> bytes:
    """JSON data as canonical bytes for hashing: sorted keys, no spaces, UTF-8. ValueError for NaN and infinity."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")
