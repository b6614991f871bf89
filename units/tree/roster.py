"""Who is expected to report, without counting the tree each time.

A group keeps on which days its reporting units open and close.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import NamedTuple

from core.database import PreparedQuery
from units.models import RosterStep, Unit

Span = tuple[date, date]
Expected = list[dict[str, int]]  # one per span: tier → number of units
Steps = Mapping[int, list[tuple[str, date, int, int]]]  # by group: tier, day, opened, closed
_Place = tuple[int, str, bool, date]  # group, tier, external, day
_CHUNK = 500
# By the ids of groups: with a join PostgreSQL would read all steps of the country.
_COLUMNS = ("group", "tier", "on", "opened", "closed")
_every_step = PreparedQuery(
    lambda groups: RosterStep.objects.filter(group__in=groups).values_list(*_COLUMNS), list
)
_own_steps = PreparedQuery(
    lambda groups: RosterStep.objects.filter(group__in=groups, external=False).values_list(*_COLUMNS), list
)
_by_kind = PreparedQuery(
    lambda groups: RosterStep.objects.filter(group__in=groups).values_list(
        "group", "tier", "external", "on", "opened", "closed"
    ),
    list,
)


class RosterDifference(NamedTuple):
    """A stored step that differs from a recount: (opened, closed) each."""

    group: int
    tier: str
    external: bool
    on: date
    stored: tuple[int, int]
    counted: tuple[int, int]


def steps_of(groups: Sequence[int], *, external: bool = False) -> Steps:
    """The stored steps of these groups (by id), for `expected` and `expected_by_child`. No query without groups."""
    steps = defaultdict(list)
    if groups:
        for group, *step in (_every_step if external else _own_steps)(list(groups)):
            steps[group].append(tuple(step))
    return steps


def steps_by_kind(groups: Sequence[int]) -> dict[int, list[tuple[str, bool, date, int, int]]]:
    """The stored steps of these groups with external bodies apart: tier, external, day, opened, closed. One query."""
    steps = defaultdict(list)
    for group, *step in _by_kind(list(groups)):
        steps[group].append(tuple(step))
    return steps


def expected(
    group: Unit, spans: Sequence[Span], *, external: bool = False, steps: Steps | None = None
) -> Expected:
    """For each span (both days inclusive) how many units of the subtree are expected to report, by tier. One query,
    none if `steps` are passed.

    Only tiers with at least one unit. `external` includes the bodies outside the committee.
    """
    if not group.has_children:
        return _expected_of_leaf(group, spans, external)
    if steps is None:
        steps = steps_of([group.pk], external=external)
    return added_up(steps[group.pk], spans)


def expected_by_child(
    unit: Unit,
    spans: Sequence[Span],
    *,
    external: bool = False,
    children: Sequence[Unit] | None = None,
    steps: Steps | None = None,
) -> dict[int, Expected]:
    """`expected` of each child (of all times), by id. Two queries, one less for each of `children` and `steps`."""
    children = list(Unit.objects.filter(parent=unit)) if children is None else children
    if steps is None:
        steps = steps_of([child.pk for child in children if child.has_children], external=external)
    return {
        child.pk: added_up(steps[child.pk], spans)
        if child.has_children
        else _expected_of_leaf(child, spans, external)
        for child in children
    }


def expected_itself(unit: Unit, spans: Sequence[Span], *, external: bool = False) -> Expected:
    """`expected` of the unit without its subtree, for a group that reports itself. No query."""
    return _expected_of_leaf(unit, spans, external)


def _expected_of_leaf(unit: Unit, spans: Sequence[Span], external: bool) -> Expected:
    counts = external or not unit.external
    return [{unit.tier: 1} if counts and unit.expected_to_report(start, end) else {} for start, end in spans]


def added_up(steps: list[tuple[str, date, int, int]], spans: Sequence[Span]) -> Expected:
    """The number of units in each span, by tier, from (tier, day, opened, closed)."""
    times = 1
    days = list(chain.from_iterable(spans))
    first, last = min(days), max(days)
    for _, on, _, _ in steps:
        if first <= on <= last:
            break
    else:
        # Usually nothing opens or closes meanwhile, and every span has the same units.
        spans, times = spans[:1], len(spans)
    sums = []
    for start, end in spans:
        tiers: dict[str, int] = {}
        for tier, on, opened, closed in steps:
            tiers[tier] = tiers.get(tier, 0) + (opened if on <= end else 0) - (closed if on < start else 0)
        sums.append({tier: number for tier, number in tiers.items() if number})
    return sums * times


def rebuild(groups: Iterable[int] | None = None) -> int:
    """Recompute the steps of these groups (ids; default all). Returns the number of steps that changed."""
    differences = check(groups)
    gone = [item for item in differences if item.counted == (0, 0)]
    for item in gone:
        _steps_at(item).delete()
    for item in differences:
        if item.stored != (0, 0) and item.counted != (0, 0):
            _steps_at(item).update(opened=item.counted[0], closed=item.counted[1])
    RosterStep.objects.bulk_create(
        (
            RosterStep(**_place(item), opened=item.counted[0], closed=item.counted[1])
            for item in differences
            if item.stored == (0, 0)
        ),
        batch_size=_CHUNK,
    )
    return len(differences)


def check(groups: Iterable[int] | None = None) -> list[RosterDifference]:
    """Differences between stored steps and a recount of these groups (default all)."""
    selected = None if groups is None else set(groups)
    counted = _count(selected)
    stored = {}
    steps = RosterStep.objects.all() if selected is None else RosterStep.objects.filter(group__in=selected)
    for group, tier, external, on, opened, closed in steps.values_list(
        "group", "tier", "external", "on", "opened", "closed"
    ):
        stored[group, tier, external, on] = (opened, closed)
    places = sorted(stored.keys() | counted.keys())
    return [
        RosterDifference(*place, stored.get(place, (0, 0)), counted.get(place, (0, 0)))
        for place in places
        if stored.get(place) != counted.get(place)
    ]


def _count(selected: set[int] | None) -> dict[_Place, tuple[int, int]]:
    groups = Unit.objects.filter(has_children=True)
    units = Unit.objects.reporting()
    if selected is not None:
        groups = groups.filter(pk__in=selected)
        # A few groups (the ancestors of a change) share a root: the subtree of the highest contains them all.
        top = groups.order_by("depth").first()
        units = units.under(top) if top and _all_under(top, groups) else units
    members = set(groups.values_list("pk", flat=True))
    opened: Counter[_Place] = Counter()
    closed: Counter[_Place] = Counter()
    rows = units.order_by().with_until().values_list("path", "tier", "kind", "active_from", "until")
    for path, tier, kind, start, until in rows.iterator(chunk_size=5000):
        for group in map(int, path.strip("/").split("/")):
            if group in members:
                opened[group, tier, kind == "external", start] += 1
                if until is not None:
                    closed[group, tier, kind == "external", until] += 1
    return {place: (opened[place], closed[place]) for place in opened.keys() | closed.keys()}


def _all_under(top: Unit, groups) -> bool:
    return all(path.startswith(top.path) for path in groups.values_list("path", flat=True))


def _place(item: RosterDifference) -> dict:
    return {"group_id": item.group, "tier": item.tier, "external": item.external, "on": item.on}


def _steps_at(item: RosterDifference):
    return RosterStep.objects.filter(**_place(item))
