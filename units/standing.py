"""Where a unit that is over stands in the tree of later days: pure reckoning over the dated tree and its successions.

It stands with the successor that answers for it: of several the one that keeps its code, else the one that took most,
the first of equals. What ended without one stands below what answers for the unit that it was part of
(docs/decisions/0024).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from os.path import commonprefix
from typing import NamedTuple

from .lineage import Node, Shares, carried


class Stands(NamedTuple):
    """From `since` to `until` the unit stands at `path`: that of the successor, or one of its own below another unit.

    `within`: the lowest unit (its path) that has all of what it was, and of everything that was below it; "" where
    there is none.
    """

    unit: int
    path: str
    within: str
    since: date
    until: date


def standings(
    nodes: Mapping[int, Node], codes: Mapping[int, str], links: Mapping[int, Sequence[tuple[int, Fraction]]]
) -> Iterator[Stands]:
    """For each unit that is over, in no order; one whose place in the tree still is there has none. `links`: successors
    of a unit with their shares.
    """
    ways = carried(nodes, links)
    over = {pk for pk, node in nodes.items() if node.until not in (None, date.max)}
    below: dict[int, list[int]] = defaultdict(list)
    for pk in over:
        for above in _ids(nodes[pk].path)[:-1]:
            below[above].append(pk)

    def gone(pk: int, day: date) -> bool:
        return pk in over and nodes[pk].until < day

    def parent(pk: int) -> int | None:
        ids = _ids(nodes[pk].path)
        return ids[-2] if len(ids) > 1 else None

    @cache
    def host(pk: int, day: date) -> str:
        """The path of the unit that goes on and answers: the successor, or that of what it was part of."""
        shares, above = ways[pk].on(day), parent(pk)
        if shares:
            return nodes[_answering(codes, codes[pk], shares)].path
        if above is None:
            return ""
        return host(above, day) if gone(above, day) else nodes[above].path

    @cache
    def within(pk: int, day: date) -> str:
        shares, above = ways[pk].on(day), parent(pk)
        ends = [nodes[one].path for one in shares]
        if sum(shares.values()) != 1:
            ends.append(
                "" if above is None else within(above, day) if gone(above, day) else nodes[above].path
            )
        return _common(ends)

    for pk in over:
        near = [*_ids(nodes[pk].path), *below[pk]]
        first = nodes[pk].until + timedelta(1)
        days = sorted(
            {first, *(day for one in near if one in over for day in ways[one].starts if day > first)}
        )
        steps = []
        for day in days:
            at = host(pk, day)
            if at and not ways[pk].on(day):
                at = f"{at}{pk}/"
            if at and at != nodes[pk].path:
                steps.append((day, at, _common([within(one, day) for one in (pk, *below[pk])])))
            else:
                steps.append((day, "", ""))
        yield from _spans(pk, steps)


def _answering(codes: Mapping[int, str], code: str, shares: Shares) -> int:
    kept = [pk for pk in sorted(shares) if codes[pk] == code]
    return kept[0] if kept else min(shares, key=lambda pk: (-shares[pk], pk))


def _spans(unit: int, steps: Sequence[tuple[date, str, str]]) -> Iterator[Stands]:
    """Steps that say the same as one."""
    starts = [step for at, step in enumerate(steps) if at == 0 or step[1:] != steps[at - 1][1:]]
    for at, (since, path, within) in enumerate(starts):
        until = starts[at + 1][0] - timedelta(1) if at + 1 < len(starts) else date.max
        if path:
            yield Stands(unit, path, within, since, until)


def _common(paths: Iterable[str]) -> str:
    """The path of the lowest unit with all of these below it (or itself); "" where there is none."""
    shared = commonprefix(list(paths))
    shared = shared[: shared.rfind("/") + 1]
    return shared if shared != "/" else ""


def _ids(path: str) -> list[int]:
    return [int(part) for part in path.strip("/").split("/")]
