"""Who answers for a unit that is over: its successor, also for corrections of its months (docs/decisions/0022, 0024).

Where each stands is kept with the tree: every change of the tree calls `rebuild`, and `check` compares with a recount.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from django.db.models import Q, QuerySet

from .compiled import Compiled
from .lineage import Node
from .models import Membership, Place, Role, Succession, Unit
from .standing import Stands, standings

_CHUNK = 500
_COLUMNS = ("unit_id", "path", "within", "since", "until")


class Successor(NamedTuple):
    """Where a unit that is over stands: the number of the unit that answers for it, with its place in the tree; or its
    own number, with a place of its own below what answers for the unit that it was part of.
    """

    pk: int
    path: str

    def above(self) -> list[int]:
        """Numbers of the units above it, from the root down."""
        return [int(part) for part in self.path.strip("/").split("/")[:-1]]


_places = Compiled(
    lambda unit, day: Place.objects.filter(unit=unit, since__lte=day, until__gte=day).values_list("path"),
    int,
    date,
)


def successor_of(unit: Unit, day: date) -> Successor | None:
    """On a day, along the whole chain. None for a unit that is not over, or whose place in the tree still is there. One
    query at most.
    """
    if not unit.is_over(day):
        return None
    found = _places.first(unit.pk, day)
    return _successor(found[0]) if found else None


def successors_of(units: Iterable[Unit], day: date) -> dict[int, Successor]:
    """The same of several units, by number. One query, none where no unit is over."""
    over = {unit.pk for unit in units if unit.is_over(day)}
    rows = placed(day).filter(unit__in=over).values_list("unit_id", "path") if over else ()
    return {unit: _successor(path) for unit, path in rows}


def _successor(path: str) -> Successor:
    return Successor(int(path.rstrip("/").rpartition("/")[2]), path)


def approver_of(unit: Unit, day: date, *, other_than: int | None = None) -> Unit | None:
    """The nearest ancestor that has a reviewer on `day`: who approves whom follows the tree; of a unit that is over
    where none has, the nearest above where it stands. `other_than` is the number of a person who does not count.
    """
    reviewers = Membership.objects.valid_on(day).filter(role=Role.REVIEWER, user__is_active=True)
    if other_than is not None:
        reviewers = reviewers.exclude(user=other_than)
    heir = successor_of(unit, day)
    above = [*(heir.above() if heir else ()), *unit.ancestor_ids()]
    holders = set(reviewers.filter(unit_id__in=above).values_list("unit_id", flat=True))
    nearest = next((number for number in reversed(above) if number in holders), None)
    return Unit.objects.get(pk=nearest) if nearest else None


def placed(day: date) -> QuerySet[Place]:
    """The places that hold on a day."""
    return Place.objects.filter(since__lte=day, until__gte=day)


def standing(where: Q, day: date) -> Q:
    """Condition on units: one on a column `path` holds for the unit's own, or for where it stands on a day."""
    own = Unit.objects.order_by().filter(where).values("pk")
    return Q(pk__in=own.union(placed(day).filter(where).values("unit"), all=True))


def rebuild() -> int:
    """Write the rows anew; the number of rows that changed."""
    missing, extra = check()
    gone = list(extra.values())
    for start in range(0, len(gone), _CHUNK):
        Place.objects.filter(pk__in=gone[start : start + _CHUNK]).delete()
    rows = [Place(**dict(zip(_COLUMNS, one, strict=True))) for one in sorted(missing)]
    Place.objects.bulk_create(rows, batch_size=_CHUNK)
    return len(missing) + len(gone)


def check() -> tuple[set[Stands], dict[Stands, int]]:
    """What is missing, and what is kept wrongly (with its number); both empty when all is right."""
    kept = {Stands(*row): pk for pk, *row in Place.objects.values_list("pk", *_COLUMNS)}
    wanted = set(reckoned(Unit, Succession))
    return wanted - kept.keys(), {one: pk for one, pk in kept.items() if one not in wanted}


def reckoned(units: type[Unit], successions: type[Succession]) -> list[Stands]:
    """Of the tables as they are (also for a migration, whose models are of its own time)."""
    if not units.objects.exclude(active_until=None).exists():
        return []
    links: dict[int, list[tuple[int, Fraction]]] = defaultdict(list)
    columns = ("old_id", "new_id", "share_numerator", "share_denominator")
    for old, new, part, whole in successions.objects.order_by("pk").values_list(*columns):
        links[old].append((new, Fraction(part, whole)))
    nodes, codes = {}, {}
    for pk, code, path, until in units.objects.order_by().values_list("pk", "code", "path", "active_until"):
        nodes[pk], codes[pk] = Node(pk, path, "", False, until, False, False, False), code
    return list(standings(nodes, codes, links))
