"""Units that take over inside a reporting month: old and new owe it, and what is handed over can stand in it twice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Self

from figures.writing import day

# Of the roster: tier, day, how many open on it, how many report on it for the last time.
Step = tuple[str, date, int, int]
Days = tuple[date, date]
_WHERE = {
    "opening": ("tháng đầu kỳ", "số kỳ trước chuyển sang"),
    "pending": ("tháng cuối kỳ", "số đang giải quyết và chờ bổ sung"),
}
_BOTH = ("tháng", "số kỳ trước chuyển sang, số đang giải quyết và chờ bổ sung")


@dataclass(frozen=True)
class Handover:
    """Days on which others took over. ``opening``: inside the first month of a period, whose openings are its own;
    ``pending``: inside the last month, whose closings are.
    """

    opening: tuple[date, ...] = ()
    pending: tuple[date, ...] = ()

    @classmethod
    def of(cls, steps: Iterable[Step], first: Days, last: Days) -> Self:
        """Found in the roster of all that is added up; ``first`` and ``last`` are the days of those months."""
        opened, closed = set(), set()
        for _, on, more, less in steps:
            if more:
                opened.add(on)
            if less:
                closed.add(on)
        turns = sorted(on for on in opened if on - timedelta(1) in closed)
        inside = (tuple(on for on in turns if start < on <= end) for start, end in (first, last))
        return cls(*inside)

    def of_reported(self, counts: Mapping[str, int | None]) -> Self:
        """What of it matters: where nobody reported a number, none can stand there twice."""
        kept = {name: getattr(self, name) if counts[name] is not None else () for name in _WHERE}
        return type(self)(**kept)

    def __bool__(self) -> bool:
        return bool(self.opening or self.pending)

    def as_dict(self) -> dict[str, list[str]]:
        """``{"opening": ["2022-07-01"]}``; what is empty is left out."""
        return {name: [on.isoformat() for on in days] for name in _WHERE if (days := getattr(self, name))}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_dict`` wrote."""
        return cls(**{name: tuple(map(date.fromisoformat, days)) for name, days in data.items()})

    def sentences(self) -> list[str]:
        """What a reader has to know of the two numbers; one sentence for both of one month. Vietnamese."""
        if self.opening == self.pending:
            return [_told(*_BOTH, self.opening)] if self.opening else []
        return [_told(*where, days) for name, where in _WHERE.items() if (days := getattr(self, name))]


NONE = Handover()


def _told(month: str, number: str, days: Iterable[date]) -> str:
    return (
        f"Giữa {month} (ngày {', '.join(map(day, days))}) có đơn vị mới thay đơn vị cũ, cả hai cùng báo cáo "
        f"tháng đó: hồ sơ bàn giao có thể được tính hai lần trong {number}."
    )
