"""The position of a closed unit in the tree of later days, and the successor responsible for it
(docs/decisions/0022, 0024). Stored; every change of the tree rebuilds it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from os.path import commonprefix
from typing import NamedTuple

from django.db.models import Q, QuerySet

from core.database import PreparedQuery
from units.models import Place, Succession, Unit

from .lineage import LineageNode, Shares, successors_by_day


class UnitPosition(NamedTuple):
    """From `since` to `until` the unit's position is `path`: that of the successor, or its own below another unit.

    `within`: path of the lowest unit that has everything of the unit and of its subtree; "" if there is none.
    """

    unit: int
    path: str
    within: str
    since: date
    until: date


def unit_positions(
    nodes: Mapping[int, LineageNode],
    codes: Mapping[int, str],
    links: Mapping[int, Sequence[tuple[int, Fraction]]],
) -> Iterator[UnitPosition]:
    """Positions of the closed units, unordered; none while its own place in the tree is still right. `links`:
    successors of a unit with their shares.
    """
    ways = successors_by_day(nodes, links)
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
        """The path of the responsible unit: its successor, or that of its parent."""
        shares, above = ways[pk].on(day), parent(pk)
        if shares:
            return nodes[_responsible(codes, codes[pk], shares)].path
        if above is None:
            return ""
        return host(above, day) if gone(above, day) else nodes[above].path

    @cache
    def within(pk: int, day: date) -> str:
        shares, above = ways[pk].on(day), parent(pk)
        ends = [nodes[share].path for share in shares]
        if sum(shares.values()) != 1:
            ends.append(
                "" if above is None else within(above, day) if gone(above, day) else nodes[above].path
            )
        return _common(ends)

    for pk in over:
        near = [*_ids(nodes[pk].path), *below[pk]]
        first = nodes[pk].until + timedelta(1)
        days = sorted(
            {first, *(day for unit in near if unit in over for day in ways[unit].starts if day > first)}
        )
        steps = []
        for day in days:
            at = host(pk, day)
            if at and not ways[pk].on(day):
                at = f"{at}{pk}/"
            if at and at != nodes[pk].path:
                steps.append((day, at, _common([within(unit, day) for unit in (pk, *below[pk])])))
            else:
                steps.append((day, "", ""))
        yield from _spans(pk, steps)


def _responsible(codes: Mapping[int, str], code: str, shares: Shares) -> int:
    same_code = [pk for pk in sorted(shares) if codes[pk] == code]
    return same_code[0] if same_code else min(shares, key=lambda pk: (-shares[pk], pk))


def _spans(unit: int, steps: Sequence[tuple[date, str, str]]) -> Iterator[UnitPosition]:
    """Merge equal consecutive steps."""
    starts = [step for at, step in enumerate(steps) if at == 0 or step[1:] != steps[at - 1][1:]]
    for at, (since, path, within) in enumerate(starts):
        until = starts[at + 1][0] - timedelta(1) if at + 1 < len(starts) else date.max
        if path:
            yield UnitPosition(unit, path, within, since, until)


def _common(paths: Iterable[str]) -> str:
    """The path of the lowest unit whose subtree contains all of these; "" if there is none."""
    shared = commonprefix(list(paths))
    shared = shared[: shared.rfind("/") + 1]
    return shared if shared != "/" else ""


def _ids(path: str) -> list[int]:
    return [int(part) for part in path.strip("/").split("/")]


_CHUNK = 500
_COLUMNS = ("unit_id", "path", "within", "since", "until")


class SuccessorPosition(NamedTuple):
    """The position of a closed unit: id and path of the responsible successor, or its own id with a path below the
    successor of its parent.
    """

    pk: int
    path: str

    def above(self) -> list[int]:
        """Ids of the units above it, from the root down."""
        return [int(part) for part in self.path.strip("/").split("/")[:-1]]


_places = PreparedQuery(
    lambda unit, day: Place.objects.filter(unit=unit, since__lte=day, until__gte=day).values_list("path"),
    int,
    date,
)


def successor_of(unit: Unit, day: date) -> SuccessorPosition | None:
    """The position on a day, along the whole chain of successions; None for a unit that is open or whose own place is
    still right. At most one query.
    """
    if not unit.is_over(day):
        return None
    row = _places.first(unit.pk, day)
    return _successor(row[0]) if row else None


def successors_of(units: Iterable[Unit], day: date) -> dict[int, SuccessorPosition]:
    """As `successor_of` for several units, by id. One query, none if all are open."""
    over = {unit.pk for unit in units if unit.is_over(day)}
    rows = places_on(day).filter(unit__in=over).values_list("unit_id", "path") if over else ()
    return {unit: _successor(path) for unit, path in rows}


def _successor(path: str) -> SuccessorPosition:
    return SuccessorPosition(int(path.rstrip("/").rpartition("/")[2]), path)


def places_on(day: date) -> QuerySet[Place]:
    return Place.objects.filter(since__lte=day, until__gte=day)


def stands_within(where: Q, day: date) -> Q:
    """Condition on units: `where`, a condition on `path`, is true of the unit's own path or its position on a day."""
    own = Unit.objects.order_by().filter(where).values("pk")
    return Q(pk__in=own.union(places_on(day).filter(where).values("unit"), all=True))


def rebuild() -> int:
    """Recompute the table. Returns the number of rows that changed."""
    missing, extra = check()
    gone = list(extra.values())
    for start in range(0, len(gone), _CHUNK):
        Place.objects.filter(pk__in=gone[start : start + _CHUNK]).delete()
    rows = [Place(**dict(zip(_COLUMNS, position, strict=True))) for position in sorted(missing)]
    Place.objects.bulk_create(rows, batch_size=_CHUNK)
    return len(missing) + len(gone)


def check() -> tuple[set[UnitPosition], dict[UnitPosition, int]]:
    """Missing rows, and wrong rows with their ids; both empty if the table is right."""
    stored = {UnitPosition(*row): pk for pk, *row in Place.objects.values_list("pk", *_COLUMNS)}
    expected = set(compute_positions(Unit, Succession))
    return expected - stored.keys(), {
        position: pk for position, pk in stored.items() if position not in expected
    }


def compute_positions(units: type[Unit], successions: type[Succession]) -> list[UnitPosition]:
    """The positions from these tables (a migration passes its historical models)."""
    if not units.objects.exclude(active_until=None).exists():
        return []
    links: dict[int, list[tuple[int, Fraction]]] = defaultdict(list)
    columns = ("old_id", "new_id", "share_numerator", "share_denominator")
    for old, new, part, whole in successions.objects.order_by("pk").values_list(*columns):
        links[old].append((new, Fraction(part, whole)))
    nodes, codes = {}, {}
    for pk, code, path, until in units.objects.order_by().values_list("pk", "code", "path", "active_until"):
        nodes[pk], codes[pk] = LineageNode(pk, path, "", False, until, False, False, False), code
    return list(unit_positions(nodes, codes, links))
