"""The columns of a month as page and form show them: their groups, order and short names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from django.utils.text import capfirst

from figures.measures import SUMS, online_labels


class Served(Protocol):
    """A row: which measures may hold a number in it, and what stands there."""

    served: frozenset[str]
    values: Mapping[str, int | None]


@dataclass(frozen=True)
class Group:
    """Columns under one head; `whole` names their sum, shown after them."""

    title: str
    measures: tuple[str, ...]
    whole: str = ""

    @property
    def width(self) -> int:
        """Number of columns, the sum included."""
        return len(self.measures) + bool(self.whole)


GROUPS = (
    Group("Kỳ trước chuyển sang", ("opening",)),
    Group("Tiếp nhận trong kỳ", SUMS["received"], "received"),
    Group("Đã giải quyết", SUMS["resolved"], "resolved"),
    Group("Rút, trả lại", ("withdrawn",)),
    Group("Đang giải quyết, cuối kỳ", ("pending_in_time", "pending_late", "awaiting")),
    Group("Trả kết quả", SUMS["returned"], "returned"),
)
SHORT = {
    "received_direct": "Trực tiếp",
    "received_postal": "BCCI",
    "returned_direct": "Trực tiếp",
    "returned_online": "Trực tuyến",
    "returned_postal": "BCCI",
    "resolved_early": "Trước hạn",
    "resolved_on_time": "Đúng hạn",
    "resolved_late": "Quá hạn",
    "pending_in_time": "Trong hạn",
    "pending_late": "Quá hạn",
    "awaiting": "Chờ bổ sung",
    "transferred_in": "Nhận từ nơi khác chuyển đến",
    "transferred_out": "Chuyển nơi khác giải quyết",
}


def heads(day: date, groups: Sequence[Group]) -> tuple[tuple[Group, tuple[str, ...]], ...]:
    """Groups with the short names of their columns, the online levels as they were called on a day."""
    levels = {f"received_{level}": capfirst(label) for level, label in online_labels(day).items()}
    short = SHORT | levels
    return tuple((group, tuple(short.get(name, "") for name in group.measures)) for group in groups)


def asked(rows: Iterable[Served], measures: Iterable[str]) -> bool:
    """Whether any row serves, or holds, one of the measures: a group of columns that is switched off is not there."""
    names = tuple(measures)
    return any(name in row.served or row.values[name] is not None for row in rows for name in names)
