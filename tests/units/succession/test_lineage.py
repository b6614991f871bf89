"""History spans equal a walk along every chain of successions, for random histories of a small country."""

import random
from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction

import pytest

from units.succession.lineage import LineageNode, history_spans, successors_by_day

DAYS = [date(2020, 1, 1) + timedelta(90 * number) for number in range(8)]


class World:
    """A country of provinces, districts and communes whose units open, close and succeed each other at random."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.nodes: dict[int, LineageNode] = {}
        self.links: dict[int, list[tuple[int, Fraction]]] = defaultdict(list)
        country = self.open(None, "country", reports=False)
        for _ in range(2):
            province = self.open(country, "province", reports=False)
            for _ in range(2):
                district = self.open(province, "district", reports=False)
                self.open(district, "district")
                for _ in range(3):
                    self.open(district, "commune", external=self.random.random() < 0.1)

    def open(self, parent: int | None, tier: str, *, external=False, reports=True) -> int:
        pk = len(self.nodes) + 1
        path = f"{self.nodes[parent].path if parent else '/'}{pk}/"
        self.nodes[pk] = LineageNode(pk, path, tier, external, None, reports, False, False)
        if parent:
            above = self.nodes[parent]
            self.nodes[parent] = above._replace(group=True, sums=above.tier != "country")
        return pk

    def still(self, *, group: bool) -> list[LineageNode]:
        return [node for node in self.nodes.values() if node.until is None and node.group == group]

    def close(self, pk: int, on: date) -> None:
        self.nodes[pk] = self.nodes[pk]._replace(until=on - timedelta(1))

    def step(self, on: date) -> None:
        self.random.choice([self.merge, self.merge, self.split, self.end, self.end_group])(on)

    def parent(self) -> int | None:
        there = self.still(group=True)
        return self.random.choice(there).pk if there else None

    def merge(self, on: date) -> None:
        leaves = self.still(group=False)
        olds = self.random.sample(leaves, min(len(leaves), self.random.randint(1, 3)))
        if olds and (parent := self.parent()):
            tier = self.random.choice(["commune", "commune", "commune", "district"])
            new = self.open(parent, tier, external=olds[0].external)
            for old in olds:
                self.close(old.pk, on)
                self.links[old.pk].append((new, Fraction(1)))

    def split(self, on: date) -> None:
        leaves = self.still(group=False)
        if leaves and self.still(group=True):
            old = self.random.choice(leaves)
            self.close(old.pk, on)
            for share in self.random.choice([(Fraction(1, 2),) * 2, (Fraction(1, 3), Fraction(2, 3))]):
                self.links[old.pk].append((self.open(self.parent(), old.tier, external=old.external), share))

    def end(self, on: date) -> None:
        if leaves := self.still(group=False):
            self.close(self.random.choice(leaves).pk, on)

    def end_group(self, on: date) -> None:
        """A group closes with all below; a new province gets most of its reporting units."""
        groups = [node for node in self.still(group=True) if node.tier != "country"]
        if not groups:
            return
        gone = self.random.choice(groups)
        below = [
            node for node in self.nodes.values() if node.until is None and node.path.startswith(gone.path)
        ]
        new = self.open(1, "province", reports=False)
        for node in below:
            self.close(node.pk, on)
            if not node.group and self.random.random() < 0.9:
                self.links[node.pk].append((self.open(new, node.tier, external=node.external), Fraction(1)))


def by_hand(world: World, pk: int, day: date) -> dict[int, Fraction]:
    """Shares of a unit's reports by the unit that has them on a day, found by walking the chain."""
    node = world.nodes[pk]
    if node.until is None or day <= node.until:
        return {pk: Fraction(1)}
    shares: dict[int, Fraction] = defaultdict(Fraction)
    for new, share in world.links[pk]:
        for end, part in by_hand(world, new, day).items():
            shares[end] += share * part
    return dict(shares)


def expected_shares(world: World, heir: LineageNode, day: date, *, whole: bool) -> dict[tuple, Fraction]:
    """(source, tier today, external today) → share of its reports."""
    shares: dict[tuple, Fraction] = defaultdict(Fraction)
    for node in world.nodes.values():
        if node.reports:
            for pk, share in by_hand(world, node.pk, day).items():
                end = world.nodes[pk]
                if pk == heir.pk or (whole and end.path.startswith(heir.path)):
                    shares[node.pk, end.tier, end.external] += share
    return dict(shares)


def stored_shares(
    world: World, spans: list, heir: LineageNode, day: date, *, whole: bool
) -> dict[tuple, Fraction]:
    """The same from the stored spans, with groups expanded to their units."""
    below = [node for node in world.nodes.values() if node.reports]
    mine = [line for line in spans if line.heir == heir.pk and line.whole == whole]
    shares: dict[tuple, Fraction] = defaultdict(Fraction)
    if whole and not mine:
        below = [leaf for leaf in below if leaf.path.startswith(heir.path)]
        return {(leaf.pk, leaf.tier, leaf.external): Fraction(1) for leaf in below}
    if not whole and heir.reports:
        shares[heir.pk, heir.tier, heir.external] += 1
    for line in mine:
        if not line.since <= day <= line.until:
            continue
        path, kind = world.nodes[line.source].path, (line.tier, line.external)
        sources = [
            leaf for leaf in below if leaf.path.startswith(path) and (leaf.tier, leaf.external) == kind
        ]
        for leaf in sources if line.sums else [world.nodes[line.source]]:
            shares[leaf.pk, line.into, line.external] += line.share
    return dict(shares)


@pytest.mark.parametrize("seed", range(60))
def test_equals_walking_along_every_chain(seed):
    world = World(seed)
    for day in DAYS[1:]:
        for _ in range(world.random.randint(0, 2)):
            world.step(day)
    spans = list(history_spans(world.nodes, world.links))
    assert len(spans) == len(set(spans))
    for day in [*DAYS, DAYS[-1] + timedelta(400)]:
        for heir in world.nodes.values():
            if heir.until is not None and heir.until < day:
                continue
            for whole in (False, True) if heir.group else (False,):
                theirs = expected_shares(world, heir, day, whole=whole)
                assert stored_shares(world, spans, heir, day, whole=whole) == theirs, (heir, day)


def test_shares_along_a_chain_add_up_where_ways_meet_again():
    half, third = Fraction(1, 2), Fraction(1, 3)
    ends = {1: DAYS[1], 2: DAYS[2], 3: DAYS[2], 4: DAYS[3]}
    nodes = {
        pk: LineageNode(pk, f"/{pk}/", "commune", False, ends.get(pk), True, False, False)
        for pk in range(1, 7)
    }
    links = {
        1: [(2, half), (3, half)],
        2: [(4, Fraction(1))],
        3: [(4, third), (5, 1 - third)],
        4: [(6, Fraction(1))],
    }
    ways = successors_by_day(nodes, links)[1]
    assert ways.on(DAYS[2]) == {2: half, 3: half}
    assert ways.on(DAYS[3]) == {4: half + third / 2, 5: third}
    assert ways.on(date.max) == {6: half + third / 2, 5: third}


def test_a_group_that_came_over_wholly_is_one_line():
    world = World(0)
    old, on = next(node for node in world.nodes.values() if node.tier == "province"), DAYS[3]
    below = [node for node in world.nodes.values() if node.path.startswith(old.path)]
    new = world.open(1, "province", reports=False)
    for closed in below:
        world.close(closed.pk, on)
        if closed.tier == "commune" and not closed.group:
            world.links[closed.pk].append((world.open(new, "commune", external=closed.external), Fraction(1)))
    spans = [line for line in history_spans(world.nodes, world.links) if line.heir == new and line.whole]
    current = [line for line in spans if line.until > on]
    assert {(line.source, line.sums, line.tier, line.since) for line in current} == {
        (old.pk, True, "commune", on),
        (new, True, "commune", date.min),
    }
