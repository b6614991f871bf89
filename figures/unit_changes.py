"""How openings, closings and splits of units affect a Summary: territory, and handover inside a month."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Self

from .formatting import format_count, format_day

# Named by key and name; the others are counted.
MOST = 12
Named = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Territory:
    """``came``: from outside the unit as it stood. ``left``: now elsewhere. ``ended``: carried nowhere. ``partly``:
    for a unit that is over, today's units that also hold what came from elsewhere. ``more``: how many of a list are
    not named in it.
    """

    came: Named = ()
    left: Named = ()
    ended: Named = ()
    partly: Named = ()
    more: Mapping[str, int] = field(default_factory=dict)

    @property
    def equal(self) -> bool:
        """Whether the sums on both bases are the same."""
        return not (self.came or self.left or self.ended or self.partly)

    def as_dict(self) -> dict[str, Any]:
        """``{"equal", "came": [{"unit", "name"}], …, "more": {"came": 3}}``; what is empty is left out."""
        data: dict[str, Any] = {"equal": self.equal}
        for name in ("came", "left", "ended", "partly"):
            if named := getattr(self, name):
                data[name] = [{"unit": key, "name": told} for key, told in named]
        return data | ({"more": dict(self.more)} if self.more else {})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_dict`` wrote."""
        lists = {name: data.get(name, ()) for name in ("came", "left", "ended", "partly")}
        told = {name: tuple((one["unit"], one["name"]) for one in named) for name, named in lists.items()}
        return cls(**told, more=data.get("more", {}))

    def sentences(self) -> list[str]:
        """What a reader has to know before comparing both bases; each unit with its key, for files."""
        return self._told(MOST, "{} ({})".format)

    def in_words(self, most: int = MOST) -> list[str]:
        """The same for a page or a review: no keys, but the last day of a unit that is over; at most so many units
        by name.
        """
        return self._told(most, _dated)

    def _told(self, most: int, write: Callable[[str, str], str]) -> list[str]:
        told = {
            "came": "Gồm cả phần chuyển đến từ: {}.",
            "left": "Không còn phần đã chuyển sang đơn vị khác: {}.",
            "ended": "Không có đơn vị kế thừa: {}.",
            "partly": "Địa bàn cũ không lập lại được từ đơn vị hiện nay, vì có đơn vị còn gồm cả phần từ nơi khác: {}.",
        }
        return [
            words.format(_list(named, self.more.get(key, 0), most, write))
            for key, words in told.items()
            if (named := getattr(self, key))
        ]


def _list(named: Named, more: int, most: int, write: Callable[[str, str], str]) -> str:
    names = "; ".join(write(name, key) for key, name in named[:most])
    if len(named) > MOST:  # of a review that was frozen before the others were counted
        return f"{names} và những đơn vị khác"
    rest = max(0, len(named) - most) + more
    return f"{names} và {format_count(rest)} đơn vị khác" if rest else names


def _dated(name: str, key: str) -> str:
    last = key.partition("@")[2]
    return f"{name} (đến {format_day(date.fromisoformat(last))})" if last else name


# Of the roster: tier, day, how many open on it, how many report on it for the last time.
Step = tuple[str, date, int, int]
Days = tuple[date, date]
_NAMES = ("opening", "pending")


@dataclass(frozen=True)
class Handover:
    """Days on which units can have taken over. ``opening``: some began then, inside the first month of a period, whose
    openings are its own; ``pending``: some were over by then, inside the last month, whose closings are.
    """

    opening: tuple[date, ...] = ()
    pending: tuple[date, ...] = ()

    @classmethod
    def of(cls, steps: Iterable[Step], first: Days, last: Days) -> Self:
        """Found in the roster of all that is added up; ``first`` and ``last`` are the days of those months."""
        opened, over = set(), set()
        for _, on, more, less in steps:
            if more and _inside(on, first):
                opened.add(on)
            if less and _inside(on + timedelta(1), last):
                over.add(on + timedelta(1))
        return cls(tuple(sorted(opened)), tuple(sorted(over)))

    def __bool__(self) -> bool:
        return bool(self.opening or self.pending)

    def as_dict(self) -> dict[str, list[str]]:
        """``{"opening": ["2022-07-01"]}``; what is empty is left out."""
        return {name: [on.isoformat() for on in days] for name in _NAMES if (days := getattr(self, name))}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_dict`` wrote."""
        return cls(**{name: tuple(map(date.fromisoformat, days)) for name, days in data.items()})

    def sentences(self) -> list[str]:
        """Where the two numbers stand; one sentence for both of one month. Vietnamese."""
        if self.opening and self.opening == self.pending:
            return [
                f"Giữa tháng ({_days(self.opening)}) có đơn vị thôi hoạt động và có đơn vị bắt đầu: hồ sơ bàn giao cho "
                "đơn vị kế thừa chỉ tính một lần, đầu kỳ ở đơn vị cũ, cuối kỳ ở đơn vị kế thừa."
            ]
        told = []
        if self.opening:
            told.append(
                f"Giữa tháng đầu kỳ ({_days(self.opening)}) có đơn vị bắt đầu hoạt động: hồ sơ nhận bàn giao từ đơn vị "
                "cũ đã tính ở đơn vị cũ, không tính lại vào số kỳ trước chuyển sang."
            )
        if self.pending:
            told.append(
                f"Giữa tháng cuối kỳ ({_days(self.pending)}) có đơn vị thôi hoạt động: hồ sơ bàn giao tính vào số đang "
                "giải quyết và chờ bổ sung của đơn vị kế thừa, không tính ở đơn vị cũ."
            )
        return told


NO_HANDOVER = Handover()


def _inside(on: date, month: Days) -> bool:
    return month[0] < on <= month[1]


def _days(several: Iterable[date]) -> str:
    return f"ngày {', '.join(map(format_day, several))}"
