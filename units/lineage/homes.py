"""Where everything of one tier below a group comes to, day by day: the one place that holds all of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from os.path import commonprefix
from typing import NamedTuple

from .carrying import Node, Shares, Steps, parent_of

Group = tuple[int, str, bool]  # number, tier, external


class Home(NamedTuple):
    """Where all that is carried comes to: the first and last of its paths; None for `into` where there is no one
    place: something is carried nowhere, to several tiers or across the border of external bodies.
    """

    first: str
    last: str
    into: str | None

    @property
    def path(self) -> str:
        """The path of the lowest unit with all of it below (or itself); "" where there is none."""
        if self.into is None:
            return ""
        shared = commonprefix((self.first, self.last))
        return shared[: shared.rfind("/") + 1]


_NOWHERE = Home("", "", None)


def homes_of(nodes: Mapping[int, Node], ways: Mapping[int, Steps[Shares]]) -> dict[Group, Steps[Home]]:
    """Where everything of one tier below a group is carried to; from the bottom up."""
    parts: dict[int, dict[tuple[str, bool], list[Steps[Home]]]] = defaultdict(lambda: defaultdict(list))
    homes: dict[Group, Steps[Home]] = {}
    for node in sorted(nodes.values(), key=lambda one: -one.path.count("/")):
        above = parent_of(node)
        if node.reports:
            way = ways[node.pk]
            home = Steps(way.starts, [_home_of(nodes, node, shares) for shares in way.values])
            parts[node.pk if node.group else above][node.tier, node.external].append(home)
        if node.group:
            for key, several in parts.pop(node.pk, {}).items():
                homes[node.pk, *key] = _together(several)
                parts[above][key].append(homes[node.pk, *key])
    return homes


def _home_of(nodes: Mapping[int, Node], node: Node, shares: Shares) -> Home:
    ends = [nodes[pk] for pk in shares]
    if sum(shares.values()) != 1 or len({one.tier for one in ends}) > 1:
        return _NOWHERE
    if any(one.external != node.external for one in ends):
        return _NOWHERE
    paths = [one.path for one in ends]
    return Home(min(paths), max(paths), ends[0].tier)


def _together(several: Sequence[Steps[Home]]) -> Steps[Home]:
    if len(several) == 1:
        return several[0]
    starts = sorted({start for steps in several for start in steps.starts})
    return Steps(starts, [_joined_home([steps.on(start) for steps in several]) for start in starts])


def _joined_home(homes: Sequence[Home]) -> Home:
    into = homes[0].into
    if any(one.into is None or one.into != into for one in homes):
        return _NOWHERE
    return Home(min(one.first for one in homes), max(one.last for one in homes), into)
