"""How openings, closings and splits of units affect a Summary: changed territory, and handover within a month."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Self

from .formatting import format_count, format_day

# So many units are named in a list, the others counted.
MOST = 12
# (key, name) of units.
Named = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Territory:
    """How the territory of a unit changed. ``came``: units added from elsewhere. ``left``: units elsewhere now.
    ``ended``: without successor. ``partly``: for a closed unit, current units that also include territory from
    elsewhere. ``more``: how many units are not in these lists, by list.
    """

    came: Named = ()
    left: Named = ()
    ended: Named = ()
    partly: Named = ()
    more: Mapping[str, int] = field(default_factory=dict)

    @property
    def equal(self) -> bool:
        """Whether the sums by old and by current units are the same."""
        return not (self.came or self.left or self.ended or self.partly)

    def as_dict(self) -> dict[str, Any]:
        """``{"equal", "came": [{"unit", "name"}], …, "more": {"came": 3}}``, without empty lists."""
        data: dict[str, Any] = {"equal": self.equal}
        for name in ("came", "left", "ended", "partly"):
            if named := getattr(self, name):
                data[name] = [{"unit": key, "name": unit_name} for key, unit_name in named]
        return data | ({"more": dict(self.more)} if self.more else {})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of ``as_dict``."""
        lists = {name: data.get(name, ()) for name in ("came", "left", "ended", "partly")}
        units = {name: tuple((unit["unit"], unit["name"]) for unit in named) for name, named in lists.items()}
        return cls(**units, more=data.get("more", {}))

    def sentences(self) -> list[str]:
        """Notes for comparing both bases; each unit with its key, for files."""
        return self._sentences(MOST, "{} ({})".format)

    def in_words(self, most: int = MOST) -> list[str]:
        """The same for a page or a review: instead of the key, the last day of a closed unit; `most` units by name."""
        return self._sentences(most, _dated)

    def _sentences(self, most: int, write: Callable[[str, str], str]) -> list[str]:
        templates = {
            "came": "Gồm cả phần chuyển đến từ: {}.",
            "left": "Không còn phần đã chuyển sang đơn vị khác: {}.",
            "ended": "Không có đơn vị kế thừa: {}.",
            "partly": "Địa bàn cũ không lập lại được từ đơn vị hiện nay, vì có đơn vị còn gồm cả phần từ nơi khác: {}.",
        }
        return [
            words.format(_list(named, self.more.get(key, 0), most, write))
            for key, words in templates.items()
            if (named := getattr(self, key))
        ]


def _list(named: Named, more: int, most: int, write: Callable[[str, str], str]) -> str:
    names = "; ".join(write(name, key) for key, name in named[:most])
    if len(named) > MOST:  # a review frozen before `more` existed
        return f"{names} và những đơn vị khác"
    rest = max(0, len(named) - most) + more
    return f"{names} và {format_count(rest)} đơn vị khác" if rest else names


def _dated(name: str, key: str) -> str:
    last = key.partition("@")[2]
    return f"{name} (đến {format_day(date.fromisoformat(last))})" if last else name


# From the roster: tier, day, how many units open on it, for how many it is the last day.
Step = tuple[str, date, int, int]
Days = tuple[date, date]
_NAMES = ("opening", "pending")


@dataclass(frozen=True)
class Handover:
    """Days on which units can have taken over dossiers. ``opening``: days inside the first month of a period on which
    units began; ``pending``: days inside the last month by which units had ended.
    """

    opening: tuple[date, ...] = ()
    pending: tuple[date, ...] = ()

    @classmethod
    def of(cls, steps: Iterable[Step], first: Days, last: Days) -> Self:
        """From the roster of all units in the sum; ``first`` and ``last``: the days of the first and last month."""
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
        """``{"opening": ["2022-07-01"]}``, without empty lists."""
        return {name: [on.isoformat() for on in days] for name in _NAMES if (days := getattr(self, name))}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of ``as_dict``."""
        return cls(**{name: tuple(map(date.fromisoformat, days)) for name, days in data.items()})

    def sentences(self) -> list[str]:
        """Vietnamese notes on which unit counts handed-over dossiers; a single one if both lists are the same."""
        if self.opening and self.opening == self.pending:
            return [
                f"Giữa tháng ({_days(self.opening)}) có đơn vị thôi hoạt động và có đơn vị bắt đầu: hồ sơ bàn giao cho "
                "đơn vị kế thừa chỉ tính một lần, đầu kỳ ở đơn vị cũ, cuối kỳ ở đơn vị kế thừa."
            ]
        sentences = []
        if self.opening:
            sentences.append(
                f"Giữa tháng đầu kỳ ({_days(self.opening)}) có đơn vị bắt đầu hoạt động: hồ sơ nhận bàn giao từ đơn vị "
                "cũ đã tính ở đơn vị cũ, không tính lại vào số kỳ trước chuyển sang."
            )
        if self.pending:
            sentences.append(
                f"Giữa tháng cuối kỳ ({_days(self.pending)}) có đơn vị thôi hoạt động: hồ sơ bàn giao tính vào số đang "
                "giải quyết và chờ bổ sung của đơn vị kế thừa, không tính ở đơn vị cũ."
            )
        return sentences


NO_HANDOVER = Handover()


def _inside(on: date, month: Days) -> bool:
    return month[0] < on <= month[1]


def _days(several: Iterable[date]) -> str:
    return f"ngày {', '.join(map(format_day, several))}"
