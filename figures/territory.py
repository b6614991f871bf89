"""Why sums by today's units and sums as reported can differ: what came, what went, what ended. Vietnamese."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from figures.writing import count, day

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
    return f"{names} và {count(rest)} đơn vị khác" if rest else names


def _dated(name: str, key: str) -> str:
    last = key.partition("@")[2]
    return f"{name} (đến {day(date.fromisoformat(last))})" if last else name
