"""Whose reports make up the history of units on a day.

Kept with the tree, so that no reader follows successions.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Coalesce

from core.database import PreparedQuery
from units.models import Inherited, Succession, Tier, Unit, UnitKind, subtree
from units.tree.queries import UnitRow

from .lineage import HistorySpan, LineageNode, history_spans

_CHUNK = 500
WHOLE = Fraction(1)
_COLUMNS = (
    "heir_id",
    "whole",
    "source_id",
    "sums",
    "tier",
    "into",
    "external",
    "share",
    "since",
    "until",
)
_OF_SOURCE = [f"source__{name}" for name in UnitRow._fields if name not in ("pk", "until")]


class HistorySource(NamedTuple):
    """Reports that are part of an heir's history: of one unit, or with `sums` of everything of a tier below a group
    (of every tier where `tier` and `into` are empty: a group that inherits just itself).
    """

    unit: int
    sums: bool
    tier: str
    into: str
    external: bool
    share: Fraction

    @property
    def undivided(self) -> bool:
        """Whether it comes over whole."""
        return self.share is WHOLE or self.share == WHOLE


HistorySources = dict[int, list[HistorySource]]


class HistorySuccessor(NamedTuple):
    """A unit that part of another's reports are carried to."""

    heir: int
    path: str
    tier: str
    external: bool
    share: Fraction


def _holding(groups: list[int], own: list[int], day: date) -> QuerySet:
    """Rows of these heirs; whether one holds that day is told by the database: hundreds of dates are dear to read."""
    then = Q(since__lte=day, until__gte=day)
    wanted = Q(whole=True, heir__in=groups) | Q(then, whole=False, heir__in=own)
    until = Coalesce("source__reports_until", "source__active_until")
    holds = Case(When(then, then=1), default=0)
    return (
        Inherited.objects.filter(wanted)
        .order_by()
        .values_list("pk", *_COLUMNS[:-2], holds, *_OF_SOURCE, until)
    )


_held = PreparedQuery(_holding, list, list, date)


def histories_on(
    groups: Iterable[Unit], own: Iterable[Unit], day: date
) -> tuple[HistorySources, HistorySources, dict[int, UnitRow]]:
    """On a day, by number of the heir: of these groups with everything below them, and of these units' own reports. And
    what came over from elsewhere, by number. One query; the heirs are not over that day.
    """
    groups, own = list(groups), list(own)
    below: HistorySources = {group.pk: [] for group in groups}
    itself: HistorySources = {
        one.pk: [HistorySource(one.pk, False, one.tier, one.tier, one.external, WHOLE)] if one.reports else []
        for one in own
    }
    simple = set(below)
    rows = _held([one.pk for one in groups], [group.pk for group in own], day) if groups or own else ()
    origins: dict[int, UnitRow] = {}
    # In one order, by which a report that was split into two tiers lacks in the same one, whatever rows are asked for.
    # Put in order here: asked for in that of its numbers, SQLite may go through the whole table.
    for _, heir, whole, source, sums, tier, into, external, share, holds, *told in sorted(rows):
        simple.discard(heir if whole else None)
        if holds:
            origins[source] = UnitRow(source, *told)
            part = WHOLE if share == "1" else Fraction(share)
            (below if whole else itself)[heir].append(HistorySource(source, sums, tier, into, external, part))
    for heir in simple:
        below[heir].append(HistorySource(heir, True, "", "", False, WHOLE))
    return below, itself, origins


def history_successors(day: date, sources: Q) -> dict[int, list[HistorySuccessor]]:
    """Whom the reports of units that are over (a condition on Inherited) are carried to on a day, in a fixed order. One
    query.
    """
    found: dict[int, list[HistorySuccessor]] = defaultdict(list)
    rows = Inherited.objects.filter(sources, whole=False, since__lte=day, until__gte=day).order_by("heir_id")
    for source, *end, share in rows.values_list(
        "source_id", "heir_id", "heir__path", "into", "external", "share"
    ):
        found[source].append(HistorySuccessor(*end, Fraction(share)))
    return found


def in_history_of(unit: Unit, day: date) -> Q:
    """Condition on units: those that ever reported what is part, on a day, of the history of a unit with everything
    below it; in part too. One query.
    """
    found = subtree(unit.path)
    if unit.is_over(day):
        return found
    rows = Inherited.objects.filter(heir=unit, whole=unit.has_children, since__lte=day, until__gte=day)
    single = []
    for source, path, sums, tier, external in rows.values_list(
        "source_id", "source__path", "sums", "tier", "external"
    ):
        if sums:
            kinds = Q(kind=UnitKind.EXTERNAL) if external else ~Q(kind=UnitKind.EXTERNAL)
            found |= subtree(path) & kinds & Q(tier=tier)
        else:
            single.append(source)
    return found | Q(pk__in=single)


def figures_can_differ(unit: Unit, day: date) -> bool:
    """Whether by the units of a day figures of a unit, or of those directly below it, can be others than reported:
    one of them is over by then, or has what came from elsewhere. Two queries, by keys: joined, PostgreSQL reads the
    whole history of a country for its provinces.
    """
    near = list(_near(unit.pk))
    return any(until and until < day for _, until in near) or bool(_came([pk for pk, _ in near], day))


_near = PreparedQuery(
    lambda unit: (
        Unit.objects.order_by().filter(Q(pk=unit) | Q(parent=unit)).values_list("pk", "active_until")
    ),
    int,
)
# What is kept of a group may be told by one above it, where it has all of that one.
_came = PreparedQuery(
    lambda heirs, day: (
        Inherited.objects.filter(heir__in=heirs, since__lte=day, until__gte=day)
        .exclude(heir__path__startswith=F("source__path"))
        .values_list("pk")[:1]
    ),
    list,
    date,
)


def rebuild() -> int:
    """Write the rows anew; the number of rows that changed."""
    missing, extra = check()
    gone = list(extra)
    for start in range(0, len(gone), _CHUNK):
        Inherited.objects.filter(pk__in=[extra[line] for line in gone[start : start + _CHUNK]]).delete()
    Inherited.objects.bulk_create(
        (
            Inherited(
                heir_id=line.heir,
                whole=line.whole,
                source_id=line.source,
                sums=line.sums,
                tier=line.tier,
                into=line.into,
                external=line.external,
                share=str(line.share),
                since=line.since,
                until=line.until,
            )
            for line in sorted(missing)
        ),
        batch_size=_CHUNK,
    )
    return len(missing) + len(gone)


def check() -> tuple[set[HistorySpan], dict[HistorySpan, int]]:
    """What is missing, and what is kept wrongly (with its number); both empty when all is right."""
    kept = {
        HistorySpan(*place, Fraction(share), since, until): pk
        for pk, *place, share, since, until in Inherited.objects.values_list("pk", *_COLUMNS)
    }
    wanted = _expected_rows()
    return wanted - kept.keys(), {line: pk for line, pk in kept.items() if line not in wanted}


def _expected_rows() -> set[HistorySpan]:
    links: dict[int, list[tuple[int, Fraction]]] = defaultdict(list)
    for old, new, above, under in Succession.objects.values_list(
        "old", "new", "share_numerator", "share_denominator"
    ):
        links[old].append((new, Fraction(above, under)))
    if not links and not Unit.objects.exclude(active_until=None).exists():
        return set()
    rows = Unit.objects.order_by().values_list(
        "pk", "path", "tier", "kind", "active_until", "reports", "has_children"
    )
    nodes = {
        pk: LineageNode(
            pk, path, tier, kind == "external", until, reports, group, group and tier != Tier.COUNTRY
        )
        for pk, path, tier, kind, until, reports, group in rows
    }
    return set(history_spans(nodes, links))
