"""Figures as of the end of an earlier day, added up from the editions."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Case, CharField, Count, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import StrIndex, Substr

from records.storage import column_sums
from units.models import UnitKind, subtree

from .figures_query import FiguresQuery

# Month, tier, id of the unit directly below (None unless by child), id of the field, reported, then TALLY_COLUMNS.
AsOfRow = tuple


def rows_as_of(query: FiguresQuery, *, by_child: bool, by_field: bool) -> Iterator[AsOfRow]:
    """Reported figures of the whole subtree; one query."""
    editions = query.editions.filter(
        subtree(query.unit.path, "submission__unit__path"), submission__month__range=query.run
    )
    if not query.external:
        editions = editions.exclude(submission__unit__kind=UnitKind.EXTERNAL)
    if query.tier:
        editions = editions.filter(submission__unit__tier=query.tier)
    if by_field:
        counts = editions.dossier_counts()
        counts = counts if query.field is None else counts.filter(field=query.field)
        # A field reported by procedure counts once, when any of its rows holds a number.
        answered = Count("edition", distinct=True, filter=Q(answered=True))
        rows = _added_up(query, counts, "edition__submission__", "field_id", answered, by_child)
    else:
        rows = _added_up(query, editions, "submission__", _NOTHING, Count("pk"), by_child)
    for month, tier, child, *rest in rows:
        yield month, tier, int(child) if by_child else None, *rest


_NOTHING = Value(None, IntegerField())


def _added_up(
    query: FiguresQuery, rows: QuerySet, path: str, field: Any, reported: Count, by_child: bool
) -> QuerySet:
    child = _child(query, f"{path}unit") if by_child else _NOTHING
    columns = rows.order_by().values_list(f"{path}month", f"{path}unit__tier", child, field)
    return columns.annotate(reported=reported, **column_sums(path if query.added_up else None))


def _child(query: FiguresQuery, unit: str) -> Case:
    """The id of the unit directly below, as text from the path; the id of the unit itself for its own reports."""
    rest = Substr(f"{unit}__path", len(query.unit.path) + 1)
    below = Substr(rest, 1, StrIndex(rest, Value("/")) - 1)
    itself = Value(str(query.unit.pk))
    return Case(When(**{unit: query.unit.pk}, then=itself), default=below, output_field=CharField())
