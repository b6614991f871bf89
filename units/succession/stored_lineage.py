"""Whose reports make up the history of units on a day. Stored, so that readers need not follow successions."""

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
_SOURCE_COLUMNS = [f"source__{name}" for name in UnitRow._fields if name not in ("pk", "until")]


class HistorySource(NamedTuple):
    """Reports that are part of a unit's history: those of one unit, or with `sums` those of a tier below a group (of
    all tiers if `tier` and `into` are empty: a group whose history is its own).
    """

    unit: int
    sums: bool
    tier: str
    into: str
    external: bool
    share: Fraction

    @property
    def undivided(self) -> bool:
        """Whether the share is 1."""
        return self.share is WHOLE or self.share == WHOLE


HistorySources = dict[int, list[HistorySource]]


class HistorySuccessor(NamedTuple):
    """A unit whose history includes a share of another's reports."""

    heir: int
    path: str
    tier: str
    external: bool
    share: Fraction


def _rows_of_heirs(groups: list[int], own: list[int], day: date) -> QuerySet:
    """Rows of these heirs. The database computes whether one is valid that day: parsing hundreds of dates is slow."""
    then = Q(since__lte=day, until__gte=day)
    condition = Q(whole=True, heir__in=groups) | Q(then, whole=False, heir__in=own)
    until = Coalesce("source__reports_until", "source__active_until")
    holds = Case(When(then, then=1), default=0)
    return (
        Inherited.objects.filter(condition)
        .order_by()
        .values_list("pk", *_COLUMNS[:-2], holds, *_SOURCE_COLUMNS, until)
    )


_heirs_query = PreparedQuery(_rows_of_heirs, list, list, date)


def histories_on(
    groups: Iterable[Unit], own: Iterable[Unit], day: date
) -> tuple[HistorySources, HistorySources, dict[int, UnitRow]]:
    """Sources of history on a day, by id: of `groups` with everything below them, and of the reports of the units in
    `own` alone; also the source units that came from elsewhere, by id. One query. None of the units may be closed.
    """
    groups, own = list(groups), list(own)
    below: HistorySources = {group.pk: [] for group in groups}
    itself: HistorySources = {
        unit.pk: [HistorySource(unit.pk, False, unit.tier, unit.tier, unit.external, WHOLE)]
        if unit.reports
        else []
        for unit in own
    }
    simple = set(below)
    rows = (
        _heirs_query([unit.pk for unit in groups], [group.pk for group in own], day) if groups or own else ()
    )
    origins: dict[int, UnitRow] = {}
    # Sorted, so that a missing report that was split into two tiers is counted in the same tier in every query.
    # Sorted here: for ORDER BY id SQLite may scan the whole table.
    for _, heir, whole, source, sums, tier, into, external, share, holds, *columns in sorted(rows):
        simple.discard(heir if whole else None)
        if holds:
            origins[source] = UnitRow(source, *columns)
            part = WHOLE if share == "1" else Fraction(share)
            (below if whole else itself)[heir].append(HistorySource(source, sums, tier, into, external, part))
    for heir in simple:
        below[heir].append(HistorySource(heir, True, "", "", False, WHOLE))
    return below, itself, origins


def history_successors(day: date, sources: Q) -> dict[int, list[HistorySuccessor]]:
    """The units whose history includes reports of closed units on a day, by id of the source. One query.

    sources: a condition on Inherited.
    """
    successors: dict[int, list[HistorySuccessor]] = defaultdict(list)
    rows = Inherited.objects.filter(sources, whole=False, since__lte=day, until__gte=day).order_by("heir_id")
    for source, *end, share in rows.values_list(
        "source_id", "heir_id", "heir__path", "into", "external", "share"
    ):
        successors[source].append(HistorySuccessor(*end, Fraction(share)))
    return successors


def in_history_of(unit: Unit, day: date) -> Q:
    """Condition on units: those whose reports are, wholly or in part, in the history of a unit with its subtree on a
    day. One query.
    """
    condition = subtree(unit.path)
    if unit.is_over(day):
        return condition
    rows = Inherited.objects.filter(heir=unit, whole=unit.has_children, since__lte=day, until__gte=day)
    single = []
    for source, path, sums, tier, external in rows.values_list(
        "source_id", "source__path", "sums", "tier", "external"
    ):
        if sums:
            kinds = Q(kind=UnitKind.EXTERNAL) if external else ~Q(kind=UnitKind.EXTERNAL)
            condition |= subtree(path) & kinds & Q(tier=tier)
        else:
            single.append(source)
    return condition | Q(pk__in=single)


def figures_can_differ(unit: Unit, day: date) -> bool:
    """Whether figures by the units of a day can differ from those reported, for a unit or its children: one of them is
    closed, or has history from elsewhere. Two queries: with a join PostgreSQL reads the whole history of a country.
    """
    near = list(_near(unit.pk))
    return any(until and until < day for _, until in near) or bool(
        _from_elsewhere([pk for pk, _ in near], day)
    )


_near = PreparedQuery(
    lambda unit: (
        Unit.objects.order_by().filter(Q(pk=unit) | Q(parent=unit)).values_list("pk", "active_until")
    ),
    int,
)
# A row of a group may name a source above it, if the group has all of that one.
_from_elsewhere = PreparedQuery(
    lambda heirs, day: (
        Inherited.objects.filter(heir__in=heirs, since__lte=day, until__gte=day)
        .exclude(heir__path__startswith=F("source__path"))
        .values_list("pk")[:1]
    ),
    list,
    date,
)


def rebuild() -> int:
    """Recompute the table. Returns the number of rows that changed."""
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
    """Missing rows, and wrong rows with their ids; both empty if the table is right."""
    stored = {
        HistorySpan(*place, Fraction(share), since, until): pk
        for pk, *place, share, since, until in Inherited.objects.values_list("pk", *_COLUMNS)
    }
    expected = _expected_rows()
    return expected - stored.keys(), {line: pk for line, pk in stored.items() if line not in expected}


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
