"""Computes whose reports make up whose history, by day, from the dated tree and its successions (no database)."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from os.path import commonprefix
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
Shares = Mapping[int, Fraction]  # id of a unit → share; empty: no successor


class LineageNode(NamedTuple):
    """The needed columns of a unit; `sums`: a group that can be a source as a whole (not the country)."""

    pk: int
    path: str
    tier: str
    external: bool
    until: date | None
    reports: bool
    group: bool
    sums: bool


def parent_of(node: LineageNode) -> int:
    """The id of the parent; 0 if there is none."""
    ids = node.path.strip("/").split("/")
    return int(ids[-2]) if len(ids) > 1 else 0


class DayValues(Generic[T]):
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


def successors_by_day(
    nodes: Mapping[int, LineageNode], links: Mapping[int, Sequence[tuple[int, Fraction]]]
) -> dict[int, DayValues[Shares]]:
    """For each unit the units that have its reports in their history, by day. `links`: successors with their shares;
    they open on the day after the unit closed.
    """
    computed: dict[int, DayValues[Shares]] = {}

    def of(pk: int) -> DayValues[Shares]:
        if pk not in computed:
            computed[pk] = _successors_of_node(
                nodes[pk], [(of(new), share) for new, share in links.get(pk, ())]
            )
        return computed[pk]

    return {pk: of(pk) for pk in nodes}


def _successors_of_node(
    node: LineageNode, successors: Sequence[tuple[DayValues[Shares], Fraction]]
) -> DayValues[Shares]:
    itself = {node.pk: Fraction(1)}
    if node.until is None or node.until == date.max:
        return DayValues([date.min], [itself])
    on = node.until + timedelta(1)
    starts = sorted({on, *(start for steps, _ in successors for start in steps.starts if start > on)})
    values = []
    for start in starts:
        shares: dict[int, Fraction] = defaultdict(Fraction)
        for steps, share in successors:
            for pk, part in steps.on(start).items():
                shares[pk] += share * part
        values.append(dict(shares))
    return DayValues([date.min, *starts], [itself, *values])


GroupKey = tuple[int, str, bool]  # id, tier, external


class GroupHome(NamedTuple):
    """The range of paths where all successors of a group's reports are. `into` is None if there is no such place: some
    have no successor, or go to several tiers or between committee and external bodies.
    """

    first: str
    last: str
    into: str | None

    @property
    def path(self) -> str:
        """The path of the lowest unit whose subtree contains all of it; "" if there is none."""
        if self.into is None:
            return ""
        shared = commonprefix((self.first, self.last))
        return shared[: shared.rfind("/") + 1]


_NOWHERE = GroupHome("", "", None)


def homes_of(
    nodes: Mapping[int, LineageNode], ways: Mapping[int, DayValues[Shares]]
) -> dict[GroupKey, DayValues[GroupHome]]:
    """Where the reports of each tier below each group go; computed from the bottom up."""
    parts: dict[int, dict[tuple[str, bool], list[DayValues[GroupHome]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    homes: dict[GroupKey, DayValues[GroupHome]] = {}
    for node in sorted(nodes.values(), key=lambda unit: -unit.path.count("/")):
        above = parent_of(node)
        if node.reports:
            way = ways[node.pk]
            home = DayValues(way.starts, [_home_of(nodes, node, shares) for shares in way.values])
            parts[node.pk if node.group else above][node.tier, node.external].append(home)
        if node.group:
            for key, spans in parts.pop(node.pk, {}).items():
                homes[node.pk, *key] = _together(spans)
                parts[above][key].append(homes[node.pk, *key])
    return homes


def _home_of(nodes: Mapping[int, LineageNode], node: LineageNode, shares: Shares) -> GroupHome:
    ends = [nodes[pk] for pk in shares]
    if sum(shares.values()) != 1 or len({end.tier for end in ends}) > 1:
        return _NOWHERE
    if any(end.external != node.external for end in ends):
        return _NOWHERE
    paths = [end.path for end in ends]
    return GroupHome(min(paths), max(paths), ends[0].tier)


def _together(spans: Sequence[DayValues[GroupHome]]) -> DayValues[GroupHome]:
    if len(spans) == 1:
        return spans[0]
    starts = sorted({start for steps in spans for start in steps.starts})
    return DayValues(starts, [_joined_home([steps.on(start) for steps in spans]) for start in starts])


def _joined_home(homes: Sequence[GroupHome]) -> GroupHome:
    into = homes[0].into
    if any(home.into is None or home.into != into for home in homes):
        return _NOWHERE
    return GroupHome(min(home.first for home in homes), max(home.last for home in homes), into)


_Place = tuple[int, bool, int, bool, str, str, bool]  # a HistorySpan without share and days


class HistorySpan(NamedTuple):
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


def history_spans(
    nodes: Mapping[int, LineageNode], links: Mapping[int, Sequence[tuple[int, Fraction]]]
) -> Iterator[HistorySpan]:
    """All rows to store, unordered. Units whose history is their own, and groups whose history is that of the units
    below them, have none.
    """
    ways = successors_by_day(nodes, links)
    homes = homes_of(nodes, ways)
    by_place: dict[_Place, list[tuple[date, date, Fraction]]] = defaultdict(list)
    for place, span in _spans_of_groups(nodes, homes):
        by_place[place].append((*span, Fraction(1)))
    for place, start, last, share in _spans_of_units(nodes, ways, homes):
        by_place[place].append((start, last, share))
    simple = _simple(nodes, homes, by_place)
    for place, spans in by_place.items():
        heir, whole, *_ = place
        if not (whole and heir in simple):
            for start, last, share in _joined(spans):
                yield HistorySpan(*place, share, start, last)


def _spans_of_groups(
    nodes: Mapping[int, LineageNode], homes: Mapping[GroupKey, DayValues[GroupHome]]
) -> Iterator[tuple[_Place, tuple[date, date]]]:
    """Groups that went wholly into some group, unless the group above them did."""
    for key, home in homes.items():
        pk, tier, external = key
        if not nodes[pk].sums:
            continue
        above = _covering(nodes, homes, (parent_of(nodes[pk]), tier, external))
        for start, last, here in _cut(home, above):
            for heir in _ids(here.path, above.on(start).path if above else ""):
                if nodes[heir].group:
                    yield (heir, True, pk, True, tier, here.into, external), (start, last)


def _spans_of_units(
    nodes: Mapping[int, LineageNode],
    ways: Mapping[int, DayValues[Shares]],
    homes: Mapping[GroupKey, DayValues[GroupHome]],
) -> Iterator[tuple[_Place, date, date, Fraction]]:
    """Single units: for their successors' own history, and for groups that their group did not go into wholly."""
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


def _covering(nodes, homes, key: GroupKey) -> DayValues[GroupHome] | None:
    """Where a group went, if it can be a source as a whole."""
    return homes.get(key) if key[0] in nodes and nodes[key[0]].sums else None


def _cut(steps: DayValues[T], other: DayValues | None) -> Iterator[tuple[date, date, T]]:
    """The first's spans, cut also where the second changes."""
    if other is None or len(other.starts) == 1:
        yield from steps.spans()
        return
    starts = sorted({*steps.starts, *other.starts})
    yield from DayValues(starts, [steps.on(start) for start in starts]).spans()


def _simple(
    nodes: Mapping[int, LineageNode], homes: Mapping[GroupKey, DayValues[GroupHome]], places: Iterable[_Place]
) -> set[int]:
    """Groups whose history is that of the units below them: nothing left, came or changed its tier."""
    simple = {node.pk for node in nodes.values() if node.group}
    for (pk, tier, _), home in homes.items():
        path = nodes[pk].path
        if any(value.into != tier or not value.path.startswith(path) for value in home.values):
            simple.discard(pk)
    for heir, whole, source, *_ in places:
        if whole and not nodes[source].path.startswith(nodes[heir].path):
            simple.discard(heir)
    return simple


def _joined(spans: list[tuple[date, date, Fraction]]) -> Iterator[tuple[date, date, Fraction]]:
    """Merge consecutive spans with the same share."""
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
    """Ids of the units on `path` below `above`; all of them if `above` is not a prefix."""
    rest = path[len(above) :] if path.startswith(above) else path
    return [int(part) for part in rest.split("/") if part]
