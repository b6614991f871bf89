"""Rows of approved months that are odd beside their own past and state no reason."""

from collections.abc import Iterator
from dataclasses import dataclass

from figures.periods import Month, Period
from records.models import DossierCount, Edition, Stage
from units.models import Unit, subtree

from .past import oddities, pasts_of


@dataclass(frozen=True)
class Unexplained:
    """One odd row: which unit, month and field, and what is odd, in a few words."""

    unit: str
    month: Month
    field: str
    short: str


def unexplained(unit: Unit, period: Period, *, external: bool = False) -> list[Unexplained]:
    """What is odd and unexplained in the approved months of a period, of a unit and all below it, in order. Four
    queries, whatever their number.
    """
    editions = (
        Edition.objects.in_force(Stage.APPROVED)
        .filter(
            subtree(unit.path, "submission__unit__path"),
            submission__month__gte=period.first.number,
            submission__month__lte=period.last.number,
        )
        .select_related("submission__unit")
        .order_by("submission__unit__path", "submission__month")
    )
    there = {one.pk: one for one in editions if external or not one.submission.unit.external}
    pasts = pasts_of([one.submission for one in there.values()])
    rows: dict[int, list[DossierCount]] = {}
    bare = DossierCount.objects.filter(edition__in=list(there), reason="").select_related("field")
    for row in bare.order_by("field__order", "pk"):
        rows.setdefault(row.edition_id, []).append(row)
    return [found for pk, one in there.items() for found in _odd(one, rows.get(pk, ()), pasts)]


def _odd(edition: Edition, rows, pasts) -> Iterator[Unexplained]:
    submission = edition.submission
    month = Month.from_number(submission.month)
    for row in rows:
        for odd in oddities(row, pasts[submission.pk], month):
            yield Unexplained(submission.unit.name, month, row.field.name, odd.short)
