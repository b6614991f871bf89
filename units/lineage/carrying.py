"""Whom the reports of one unit are carried to, day by day."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
Shares = Mapping[int, Fraction]  # number of a unit → share; empty: carried nowhere


class Node(NamedTuple):
    """What is needed of a unit; `sums`: it has units below, and sums of all of them are kept (not of the country)."""

    pk: int
    path: str
    tier: str
    external: bool
    until: date | None
    reports: bool
    group: bool
    sums: bool


def parent_of(node: Node) -> int:
    """The number of the unit above; 0 where there is none."""
    ids = node.path.strip("/").split("/")
    return int(ids[-2]) if len(ids) > 1 else 0


class Steps(Generic[T]):
    """A value for every day, constant between its first days (the earliest is date.min)."""

    def __init__(self, starts: Sequence[date], values: Sequence[T]) -> None:
        self.starts, self.values = starts, values

    def on(self, day: date) -> T:
        return self.values[bisect_right(self.starts, day) - 1]

    def spans(self) -> Iterator[tuple[date, date, T]]:
        """(first day, last day, value)."""
        for at, start in enumerate(self.starts):
            last = self.starts[at + 1] - timedelta(1) if at + 1 < len(self.starts) else date.max
            yield start, last, self.values[at]


def carried(
    nodes: Mapping[int, Node], links: Mapping[int, Sequence[tuple[int, Fraction]]]
) -> dict[int, Steps[Shares]]:
    """For each unit whom its reports are carried to, day by day. `links`: successors of a unit with their shares; they
    open on the day after it ended.
    """
    known: dict[int, Steps[Shares]] = {}

    def of(pk: int) -> Steps[Shares]:
        if pk not in known:
            known[pk] = _carried(nodes[pk], [(of(new), share) for new, share in links.get(pk, ())])
        return known[pk]

    return {pk: of(pk) for pk in nodes}


def _carried(node: Node, successors: Sequence[tuple[Steps[Shares], Fraction]]) -> Steps[Shares]:
    itself = {node.pk: Fraction(1)}
    if node.until is None or node.until == date.max:
        return Steps([date.min], [itself])
    on = node.until + timedelta(1)
    starts = sorted({on, *(start for steps, _ in successors for start in steps.starts if start > on)})
    values = []
    for start in starts:
        shares: dict[int, Fraction] = defaultdict(Fraction)
        for steps, share in successors:
            for pk, part in steps.on(start).items():
                shares[pk] += share * part
        values.append(dict(shares))
    return Steps([date.min, *starts], [itself, *values])
