"""Targets, switched groups of columns and mappings of case lists go on for who takes a unit over, and are gone again
when that is undone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

from django.db.models import Max

from ledger import log
from records.models import Edition
from records.queries.calendar import calendar
from records.queries.named_units import steps_from
from records.queries.own_rules import (
    GROUPS,
    KINDS,
    Key,
    Kind,
    Row,
    Taking,
    content,
    going_on,
    kept,
    taking,
)
from units.models import Succession, Unit, User

Takings = Mapping[Unit, Taking]


def follow(links: Sequence[Succession], *, by: User | None) -> None:
    """These successions were recorded: new units, and whoever took over from them since, go on with what all their old
    units that say anything have set alike. What a unit has set for itself stays. Queries do not depend on how many.
    """
    takings = _takings({one.new_id for one in links})
    units = {unit.pk for new, one in takings.items() for unit in (new, *one.olds)}
    changed = {kind: _settle(kind, takings, dict(kept(kind, units))) for kind in KINDS}
    for kind, (gone, made) in changed.items():
        kind.model.objects.filter(pk__in=[row.pk for row in gone]).delete()
        kind.model.objects.bulk_create(made, batch_size=500)
    told = {
        kind.model.__name__: sorted({row.unit_id for row in (*gone, *made)})
        for kind, (gone, made) in changed.items()
        if gone or made
    }
    if told:
        detail = {"on": min(one.on for one in links), "units": told}
        log.append("rules.follow", by=by, subject="rules", detail=detail)


def take_back(links: Sequence[Succession], *, by: User | None) -> None:
    """The new units of these successions are to be gone, or to stay without them: what they went on with is gone, where
    nobody has set it since.
    """
    told = {}
    for kind in KINDS:
        rows = kind.model.objects.filter(unit__in=[one.new_id for one in links], followed=True)
        if units := sorted(set(rows.values_list("unit", flat=True))):
            told[kind.model.__name__] = units
            rows.delete()
    if told:
        detail = {"on": min(one.on for one in links), "units": told}
        log.append("rules.undo_follow", by=by, subject="rules", detail=detail)


def _takings(news: set[int]) -> Takings:
    """These units and all that took over from them, the earliest first, each with all that it takes over."""
    news = news | {one.new_id for ahead in steps_from(news).values() for one in ahead}
    into: dict[Unit, list[tuple[Unit, Fraction]]] = defaultdict(list)
    links = Succession.objects.filter(new__in=news).select_related("old", "new").order_by("on", "pk")
    for one in links:
        into[one.new].append((one.old, Fraction(one.share_numerator, one.share_denominator)))
    days = calendar()
    return {new: taking(new.tier, new.active_from, parts, days) for new, parts in into.items()}


def _settle(kind: Kind, takings: Takings, rows: dict[int, Sequence[Row]]) -> tuple[list[Row], list[Row]]:
    """The rows that are to be gone and those that are to be made, so that each new unit has what it goes on with."""
    gone: list[Row] = []
    made: list[Row] = []
    fixed = _reported(takings) if kind is GROUPS and rows else {}
    for new, new_with in takings.items():
        if fixed.get(new.pk, 0) >= new_with.month:
            continue
        there: dict[Key, list[Row]] = defaultdict(list)
        for row in rows.get(new.pk, ()):
            there[kind.key(row, new, new_with)].append(row)
        agreed, _ = going_on(kind, new_with, rows)
        for key in {**there, **agreed}:
            was, now = there.get(key, []), agreed.get(key, [])
            own = any(not row.followed for row in was)
            if own or [content(row) for row in was] == [content(row) for row in now]:
                continue
            gone += was
            made += now
            there[key] = now
            for row in now:
                row.unit = new
        rows[new.pk] = [row for some in there.values() for row in some]
    return gone, made


def _reported(takings: Takings) -> dict[int, int]:
    """By number of each unit the latest month of which there is an edition of itself or of a unit below: of these what
    counts as blank stays as it is. One query.
    """
    first = min(one.month for one in takings.values())
    since: date = min(one.on for one in takings.values())
    editions = Edition.objects.filter(submission__month__gte=first, submission__unit__active_from__gte=since)
    found: dict[int, int] = defaultdict(int)
    months = editions.order_by().values_list("submission__unit__path").annotate(Max("submission__month"))
    for path, month in months:
        for number in map(int, path.strip("/").split("/")):
            found[number] = max(found[number], month)
    return found
