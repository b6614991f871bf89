"""Entering a real recount of what a unit reported before it was split."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import transaction

from figures.measures import MEASURES
from figures.periods import Month
from ledger import log
from records.models import DossierCount, Recount, State
from records.queries.rows import totals
from units.models import Succession, Unit, User

from .errors import Refused

Numbers = tuple[int | None, ...]  # in the order of MEASURES


class Recounted(NamedTuple):
    """What each direct successor has of one unit, month and field."""

    old: Unit
    month: Month
    field: int
    parts: Mapping[int, Numbers]


@transaction.atomic
def record_recounts(recounts: Sequence[Recounted], *, by: User | None) -> int:
    """Replace estimates by real numbers; the number of unit-month-fields. Approved figures only.

    Errors: Refused, and nothing is written: a successor lacks or is none, or the parts are not what was reported.
    """
    for one in recounts:
        heirs = set(Succession.objects.filter(old=one.old).values_list("new", flat=True))
        if set(one.parts) != heirs or len(heirs) < 2:
            raise Refused(
                "recount_heirs",
                f"{one.old.name}, {one.month.label}: phải ghi đủ và chỉ ghi các đơn vị kế thừa khi chia tách.",
            )
        reported = reported_of(one.old, one.month, one.field)
        wrong = [name for at, name in enumerate(MEASURES) if not _adds_up(one, at, reported)]
        if wrong:
            raise Refused(
                "recount_sum",
                f"{one.old.name}, {one.month.label}: các phần cộng lại khác số đã duyệt ở {', '.join(wrong)}.",
            )
        Recount.objects.filter(old=one.old, month=one.month.number, field=one.field).delete()
        Recount.objects.bulk_create(
            Recount(
                old=one.old,
                heir_id=heir,
                month=one.month.number,
                field_id=one.field,
                **dict(zip(MEASURES, numbers, strict=True)),
            )
            for heir, numbers in one.parts.items()
        )
        detail = {
            "month": one.month.number,
            "field": one.field,
            "parts": [[heir, list(numbers)] for heir, numbers in one.parts.items()],
        }
        log.append("unit.recount", by=by, subject=f"unit:{one.old.pk}", detail=detail)
    return len(recounts)


def reported_of(old: Unit, month: Month, field: int) -> Numbers | None:
    """The approved numbers of a unit, month and field, procedures together; None where there are none."""
    rows = DossierCount.objects.filter(
        edition__state=State.APPROVED,
        edition__submission__unit=old,
        edition__submission__month=month.number,
        field=field,
    )
    found = next(iter(rows.order_by().values("field").annotate(**totals())), None)
    return None if found is None else tuple(found[f"sum_{name}"] for name in MEASURES)


def _adds_up(one: Recounted, at: int, reported: Numbers | None) -> bool:
    if reported is None:
        return False
    parts = [numbers[at] for numbers in one.parts.values()]
    if reported[at] is None:
        return all(part is None for part in parts)
    return None not in parts and sum(parts) == reported[at]
