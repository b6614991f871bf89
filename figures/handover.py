"""Units that begin or end inside a reporting month: old and new owe it, and what is handed over counts once in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Self

from figures.writing import day

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


NONE = Handover()


def _inside(on: date, month: Days) -> bool:
    return month[0] < on <= month[1]


def _days(several: Iterable[date]) -> str:
    return f"ngày {', '.join(map(day, several))}"
