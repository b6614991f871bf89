"""What is known of one tier, row or total: its completeness, counts, shares and rates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Self

from figures.completeness import Completeness, Missing
from figures.counts import Tally, added
from figures.measures import COUNTS_FOR_PEOPLE, MEASURES, SUMS
from figures.rates import RATES, SHARES, Computed, Share

COUNTS = (*MEASURES, *SUMS)
# Those that a small table for people has room for, in its order.
MAIN_COUNTS = tuple(one.name for one in COUNTS_FOR_PEOPLE if one.main)
_SHARES = {rate.key: rate for rate in SHARES}
_RATES = {rate.key: rate for rate in RATES}
_UNTOLD_SHARES = {key: Share(None, None, None) for key in _SHARES}
_UNTOLD_RATES = {key: Share(None, None, None, formula=rate.formula) for key, rate in _RATES.items()}
_PARTS = {name: itemgetter(*parts) for name, parts in SUMS.items()}


@dataclass(frozen=True)
class Figures:
    """What is known of one tier, row or total: completeness, counts (with the sums), shares and rates by key.

    ``estimated``: a part of the counts was divided by the shares of a split unit.
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
        """The four keys of the published shape, and ``"estimated": true`` only where it holds."""
        data: dict[str, Any] = {
            "completeness": self.completeness.as_dict(),
            "counts": dict(self.counts),
            "shares": {key: share.as_dict() for key, share in self.shares.items()},
            "rates": {key: rate.as_dict() for key, rate in self.rates.items()},
        }
        return data | {"estimated": True} if self.estimated else data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_dict`` wrote, also by code that knew other measures and rates: of those that it did not
        know nothing is told, and those that are known no more are left out.
        """
        counts = data["counts"]
        return cls(
            Completeness.from_dict(data["completeness"]),
            {name: counts.get(name) for name in COUNTS},
            _told(_UNTOLD_SHARES, data["shares"]),
            _told(_UNTOLD_RATES, data["rates"]),
            data.get("estimated", False),
        )


def _told(untold: Mapping[str, Share], data: Mapping[str, Any]) -> dict[str, Share]:
    return {key: Share.from_dict(data[key]) if key in data else untold[key] for key in untold}


def figures(tally: Tally, *, decimals: int = 1, missing: Iterable[Missing] = ()) -> Figures:
    """The figures of some counts; ``missing`` names the unit-months that lack between reported and expected."""
    counts = dict(tally.values)
    for name, parts in _PARTS.items():
        counts[name] = added(parts(counts))
    return Figures(
        Completeness(tally.reported, tally.expected, tuple(missing)),
        counts,
        Computed(_SHARES, tally, decimals),
        Computed(_RATES, tally, decimals),
        tally.estimated,
    )
