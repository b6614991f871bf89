"""The catalogue of percentages, and their computation: sum of parts ÷ sum of wholes, never a mean of rates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Any

from .measures import OPENING, PENDING, RECEIVED, RECEIVED_ONLINE, RESOLVED, WHOLES, composed
from .rounding import rounded_percent
from .tally import Tally, sum_reported


class Placement(Enum):
    """Where a rate is shown: in exported files, explained on the dashboard, in the year-on-year sheet of a review's
    workbook, among the definitions under its printed tables, in the ranking of units.
    """

    FILES = auto()
    DASHBOARD = auto()
    COMPARISON = auto()
    PRINTED = auto()
    RANKING = auto()


# The two objects of the JSON shape that hold rates.
SHARES_OBJECT, RATES_OBJECT = "shares", "rates"


@dataclass(frozen=True)
class Rate:
    """A named percentage: measures over measures. ``name`` and ``definition`` are Vietnamese, for the reader.

    ``published``: its object in the JSON shape ("": none, for pages and reviews only). ``head``: its column heading in
    the table of the command line. ``slide``: its heading on a slide ("": no slide). ``below``: the count of the main
    figures that it is shown under. ``target``: its place among the rates that may have a target, of which more is
    better (None: none). ``words``: words for it in a sentence (reports.review_text.typed_numbers).
    """

    key: str
    name: str
    numerator: tuple[str, ...]
    whole: tuple[str, ...]
    definition: str
    published: str = ""
    places: frozenset[Placement] = frozenset()
    head: str = ""
    slide: str = ""
    below: str = ""
    target: int | None = None
    words: tuple[str, ...] = ()

    @cached_property
    def wholes(self) -> tuple[str, ...]:
        """The wholes in the denominator, as in ``Tally.blanks``."""
        return tuple(name for name, parts in WHOLES.items() if set(parts) <= set(self.whole))

    @cached_property
    def above(self) -> tuple[str, ...]:
        """The numerator, with sums where possible: ("received_online",)."""
        return composed(self.numerator)

    @cached_property
    def under(self) -> tuple[str, ...]:
        """The denominator, with sums where possible: ("received", "opening")."""
        return composed(self.whole)

    @cached_property
    def formula(self) -> str:
        """The published formula: "received_online / (received + opening)"."""
        return f"{_side(self.above)} / {_side(self.under)}"

    @property
    def fact(self) -> str:
        """Its fact key: "share.online", "rate.on_time"."""
        return f"{'share' if self.published == SHARES_OBJECT else 'rate'}.{self.key}"


def _side(names: tuple[str, ...]) -> str:
    return f"({' + '.join(names)})" if len(names) > 1 else names[0]


@dataclass(frozen=True)
class Share:
    """A computed percentage with its counts; ``partial`` if a served part of its whole is blank.

    Only rates have a ``formula``: all channel shares have the same one.
    """

    percent: str | None
    numerator: int | None
    denominator: int | None
    partial: bool = False
    formula: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """``{"percent", "numerator", "denominator"}``, with ``formula`` for a rate and ``partial`` when true."""
        data: dict[str, Any] = {
            "percent": self.percent,
            "numerator": self.numerator,
            "denominator": self.denominator,
        }
        if self.formula is not None:
            data["formula"] = self.formula
        if self.partial:
            data["partial"] = True
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Share":
        """The inverse of ``as_dict``."""
        return cls(
            data["percent"],
            data["numerator"],
            data["denominator"],
            data.get("partial", False),
            data.get("formula"),
        )


def _share(
    key: str, parts: tuple[str, ...], name: str, channel: str, *places: Placement, **more: Any
) -> Rate:
    definition = f"Số hồ sơ tiếp nhận {channel} chia cho tổng số hồ sơ tiếp nhận trong kỳ."
    return Rate(key, name, parts, RECEIVED, definition, SHARES_OBJECT, frozenset(places), **more)


# In the order of files, tables and the JSON shape.
CATALOGUE: tuple[Rate, ...] = (
    _share(
        "direct",
        ("received_direct",),
        "Tỷ lệ tiếp nhận trực tiếp",
        "trực tiếp",
        Placement.FILES,
        Placement.DASHBOARD,
        Placement.COMPARISON,
        Placement.PRINTED,
        head="Trực tiếp",
        below="received_direct",
        words=("trực tiếp",),
    ),
    _share(
        "online",
        RECEIVED_ONLINE,
        "Tỷ lệ hồ sơ trực tuyến",
        "trực tuyến",
        Placement.FILES,
        Placement.DASHBOARD,
        Placement.COMPARISON,
        Placement.PRINTED,
        Placement.RANKING,
        head="Trực tuyến",
        slide="Tỷ lệ hồ sơ trực tuyến",
        below="received_online",
        target=2,
        words=("trực tuyến", "mức độ 3"),
    ),
    _share(
        "online_partial",
        ("received_online_partial",),
        "Tỷ lệ hồ sơ trực tuyến một phần",
        "trực tuyến một phần (trước 15/8/2022: mức độ 3)",
        words=("một phần", "mức độ 3"),
    ),
    _share(
        "online_full",
        ("received_online_full",),
        "Tỷ lệ hồ sơ trực tuyến toàn trình",
        "trực tuyến toàn trình (trước 15/8/2022: mức độ 4)",
        target=3,
        words=("toàn trình", "mức độ 4"),
    ),
    _share(
        "postal",
        ("received_postal",),
        "Tỷ lệ tiếp nhận qua bưu chính công ích",
        "qua dịch vụ bưu chính công ích",
        Placement.FILES,
        Placement.COMPARISON,
        Placement.PRINTED,
        head="Bưu chính",
        words=("bưu chính",),
    ),
    Rate(
        "on_time",
        "Tỷ lệ giải quyết trước và đúng hạn",
        ("resolved_early", "resolved_on_time"),
        RESOLVED,
        "Số hồ sơ đã giải quyết trước hạn và đúng hạn chia cho tổng số hồ sơ đã giải quyết trong kỳ.",
        RATES_OBJECT,
        frozenset(Placement),
        head="Đúng hạn",
        slide="Giải quyết trước và đúng hạn",
        below="resolved",
        target=1,
        words=("đúng hạn",),
    ),
    Rate(
        "online_of_all",
        "Tỷ lệ hồ sơ trực tuyến trên tổng số phải giải quyết",
        RECEIVED_ONLINE,
        (*RECEIVED, *OPENING),
        "Số hồ sơ tiếp nhận trực tuyến chia cho tổng số hồ sơ tiếp nhận trong kỳ và kỳ trước chuyển sang.",
        RATES_OBJECT,
        target=4,
    ),
    Rate(
        "pending_late",
        "Tỷ lệ đang giải quyết quá hạn",
        ("pending_late",),
        PENDING,
        "Số hồ sơ đang giải quyết đã quá hạn chia cho tổng số hồ sơ đang giải quyết (không kể chờ bổ sung).",
        RATES_OBJECT,
        frozenset({Placement.DASHBOARD, Placement.COMPARISON}),
    ),
    Rate(
        "early",
        "Tỷ lệ giải quyết trước hạn",
        ("resolved_early",),
        RESOLVED,
        "Số hồ sơ đã giải quyết trước hạn chia cho tổng số hồ sơ đã giải quyết trong kỳ.",
    ),
    Rate(
        "late",
        "Tỷ lệ giải quyết quá hạn",
        ("resolved_late",),
        RESOLVED,
        "Số hồ sơ đã giải quyết quá hạn chia cho tổng số hồ sơ đã giải quyết trong kỳ.",
    ),
)


def rates_in(place: Placement) -> tuple[Rate, ...]:
    """The rates shown in a place, in the order of the catalogue."""
    return tuple(rate for rate in CATALOGUE if place in rate.places)


SHARES = tuple(rate for rate in CATALOGUE if rate.published == SHARES_OBJECT)
RATES = tuple(rate for rate in CATALOGUE if rate.published == RATES_OBJECT)
# In the order of the page that sets targets.
WITH_TARGET = tuple(
    sorted((rate for rate in CATALOGUE if rate.target is not None), key=lambda rate: rate.target or 0)
)

_SHARE_KEYS = frozenset(share.key for share in SHARES)
BY_KEY: Mapping[str, Rate] = {rate.key: rate for rate in CATALOGUE}


def compute(rate: Rate, tally: Tally, decimals: int = 1) -> Share:
    """A rate of these counts, divided once and rounded once.

    Both sums skip unreported parts. The percentage is None if numerator or whole is unreported, or if the whole is 0.
    """
    numerator = sum_reported(tally.values[part] for part in rate.numerator)
    denominator = sum_reported(tally.values[part] for part in rate.whole)
    return Share(
        rounded_percent(numerator, denominator, decimals),
        numerator,
        denominator,
        any(tally.blanks[whole] for whole in rate.wholes),
        None if rate.key in _SHARE_KEYS else rate.formula,
    )


class Computed(Mapping[str, Share]):
    """Rates by key, each computed on first access: a table row shows two of eight."""

    def __init__(self, rates: Mapping[str, Rate], tally: Tally, decimals: int) -> None:
        self._rates, self._tally, self._decimals = rates, tally, decimals
        self._cache: dict[str, Share] = {}

    def __getitem__(self, key: str) -> Share:
        if key not in self._cache:
            self._cache[key] = compute(self._rates[key], self._tally, self._decimals)
        return self._cache[key]

    def __contains__(self, key: object) -> bool:
        return key in self._rates

    def __iter__(self) -> Iterator[str]:
        return iter(self._rates)

    def __len__(self) -> int:
        return len(self._rates)

    def __repr__(self) -> str:
        return repr(dict(self))
