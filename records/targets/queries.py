"""The targets that a unit sets for a year, by rate and tier, in a fixed number of queries."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256

from figures.formatting import tier_name
from figures.periods import Period
from figures.rates import BY_KEY, WITH_TARGET
from records.calendar.queries import stored_calendar
from records.models import RateTarget
from units.models import Tier, Unit, subtree

ALL_TIERS = ""


@dataclass(frozen=True)
class TargetEntry:
    """A rate and tier ("" is all tiers) with the target set for the year, and the one that holds without it.
    `followed`: that of the year is gone on with from old units; `lasts`: it began in the year and holds beyond it.
    """

    rate: str
    tier: str
    percent: Decimal | None = None
    source: str = ""
    otherwise: RateTarget | None = None
    followed: bool = False
    lasts: bool = False

    @property
    def key(self) -> str:
        """Its name in the form: "on_time-commune"."""
        return f"{self.rate}-{self.tier}"

    @property
    def rate_name(self) -> str:
        return BY_KEY[self.rate].name

    @property
    def tier_name(self) -> str:
        return tier_name(self.tier) if self.tier else "Mọi cấp"


def target_entries(unit: Unit, year: int) -> list[TargetEntry]:
    """Every rate that may have a target, by the tiers of the unit and of what is below it. Four queries."""
    start, end = reporting_year_bounds(year)
    holders = [unit.pk, *reversed(unit.ancestor_ids())]
    rows = RateTarget.objects.filter(unit__in=holders, valid_from__lte=end)
    rows = rows.select_related("unit").order_by("valid_from")
    begun = [row for row in rows if row.unit_id == unit.pk and row.valid_from >= start]
    own = {(row.rate, row.tier): row for row in begun}
    others: dict[tuple[str, str], RateTarget] = {}
    for row in sorted(rows, key=lambda row: (-holders.index(row.unit_id), row.valid_from)):
        in_force = row.valid_until is None or row.valid_until >= end
        if in_force and row not in begun:
            others[row.rate, row.tier] = row
    return [
        _target_entry(rate.key, tier, own.get((rate.key, tier)), others.get((rate.key, tier)), end)
        for rate in WITH_TARGET
        for tier in (ALL_TIERS, *_tiers(unit, end))
    ]


def _target_entry(
    rate: str, tier: str, own: RateTarget | None, otherwise: RateTarget | None, end: date
) -> TargetEntry:
    if own is None:
        return TargetEntry(rate, tier, otherwise=otherwise)
    lasts = own.valid_until is None or own.valid_until > end
    return TargetEntry(rate, tier, own.percent, own.source, otherwise, own.followed, lasts)


def targets_version(lines: list[TargetEntry]) -> str:
    """A short mark of what is stored, for the lock of the page."""
    told = [(one.key, one.percent, one.source) for one in lines]
    return sha256(repr(told).encode()).hexdigest()[:16]


def reporting_year_bounds(year: int) -> tuple[date, date]:
    """First and last day of a reporting year."""
    return stored_calendar().bounds(Period.parse(str(year)))


def _tiers(unit: Unit, on: date) -> list[str]:
    below = Unit.objects.filter(subtree(unit.path), active_from__lte=on).exclude(active_until__lt=on)
    there = set(below.order_by().values_list("tier", flat=True).distinct())
    return [tier for tier in Tier.values if tier in there]
