"""The spans of days in which reports are part of a history, as they are kept."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from .carrying import Node, Shares, Steps, T, carried, parent_of
from .homes import Group, Home, homes_of

_Place = tuple[int, bool, int, bool, str, str, bool]  # a Line without share and days


class Line(NamedTuple):
    """From `since` to `until` the reports of `source` are part of the history of `heir`.

    `whole`: of the heir with everything below it, else of the heir's own. `sums`: everything of one tier (and of
    external bodies, or not) that ever reported below the source, else the source's own. They count under tier `into`.
    """

    heir: int
    whole: bool
    source: int
    sums: bool
    tier: str
    into: str
    external: bool
    share: Fraction
    since: date
    until: date


def lines(nodes: Mapping[int, Node], links: Mapping[int, Sequence[tuple[int, Fraction]]]) -> Iterator[Line]:
    """Everything to be kept, in no order. Units that nothing is carried to, and groups whose history is that of the
    units below them, have no lines.
    """
    ways = carried(nodes, links)
    homes = homes_of(nodes, ways)
    found: dict[_Place, list[tuple[date, date, Fraction]]] = defaultdict(list)
    for place, span in _of_groups(nodes, homes):
        found[place].append((*span, Fraction(1)))
    for place, start, last, share in _of_single(nodes, ways, homes):
        found[place].append((start, last, share))
    simple = _simple(nodes, homes, found)
    for place, spans in found.items():
        heir, whole, *_ = place
        if not (whole and heir in simple):
            for start, last, share in _joined(spans):
                yield Line(*place, share, start, last)


def _of_groups(
    nodes: Mapping[int, Node], homes: Mapping[Group, Steps[Home]]
) -> Iterator[tuple[_Place, tuple[date, date]]]:
    """Groups that came over wholly into some group, unless the group above them did."""
    for key, home in homes.items():
        pk, tier, external = key
        if not nodes[pk].sums:
            continue
        above = _covering(nodes, homes, (parent_of(nodes[pk]), tier, external))
        for start, last, here in _cut(home, above):
            for heir in _ids(here.path, above.on(start).path if above else ""):
                if nodes[heir].group:
                    yield (heir, True, pk, True, tier, here.into, external), (start, last)


def _of_single(
    nodes: Mapping[int, Node], ways: Mapping[int, Steps[Shares]], homes: Mapping[Group, Steps[Home]]
) -> Iterator[tuple[_Place, date, date, Fraction]]:
    """Units one by one: for their heirs' own history, and for groups that their group did not come over to wholly."""
    for node in nodes.values():
        if not node.reports:
            continue
        above = _covering(
            nodes, homes, (node.pk if node.group else parent_of(node), node.tier, node.external)
        )
        for start, last, shares in _cut(ways[node.pk], above):
            covered = above.on(start).path if above else ""
            groups: dict[tuple[int, str, bool], Fraction] = defaultdict(Fraction)
            for pk, share in shares.items():
                end = nodes[pk]
                if pk != node.pk:
                    yield (pk, False, node.pk, False, node.tier, end.tier, end.external), start, last, share
                for heir in _ids(end.path, covered):
                    if nodes[heir].group:
                        groups[heir, end.tier, end.external] += share
            for (heir, into, external), share in groups.items():
                yield (heir, True, node.pk, False, node.tier, into, external), start, last, share


def _covering(nodes, homes, key: Group) -> Steps[Home] | None:
    """Where a group is carried to, if sums of it are kept."""
    return homes.get(key) if key[0] in nodes and nodes[key[0]].sums else None


def _cut(steps: Steps[T], other: Steps | None) -> Iterator[tuple[date, date, T]]:
    """Spans of the first in which the second does not change either."""
    if other is None or len(other.starts) == 1:
        yield from steps.spans()
        return
    starts = sorted({*steps.starts, *other.starts})
    yield from Steps(starts, [steps.on(start) for start in starts]).spans()


def _simple(
    nodes: Mapping[int, Node], homes: Mapping[Group, Steps[Home]], found: Iterable[_Place]
) -> set[int]:
    """Groups whose history is just that of the units below them: nothing left, came or changed its tier."""
    simple = {node.pk for node in nodes.values() if node.group}
    for (pk, tier, _), home in homes.items():
        path = nodes[pk].path
        if any(one.into != tier or not one.path.startswith(path) for one in home.values):
            simple.discard(pk)
    for heir, whole, source, *_ in found:
        if whole and not nodes[source].path.startswith(nodes[heir].path):
            simple.discard(heir)
    return simple


def _joined(spans: list[tuple[date, date, Fraction]]) -> Iterator[tuple[date, date, Fraction]]:
    """Spans that follow each other with the same share as one."""
    spans.sort()
    start, last, share = spans[0]
    for after, end, other in spans[1:]:
        if other == share and after == last + timedelta(1):
            last = end
            continue
        yield start, last, share
        start, last, share = after, end, other
    yield start, last, share


def _ids(path: str, above: str) -> list[int]:
    """The units on a path that are not on the other, when it leads there; all of them when it does not."""
    rest = path[len(above) :] if path.startswith(above) else path
    return [int(part) for part in rest.split("/") if part]
