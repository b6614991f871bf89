"""Reports that are noted as lacking (records.models.Gap): read by what they are, not looked for among all units."""

from collections.abc import Iterator, Sequence
from datetime import date

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from figures.periods import Month
from records.models import Gap
from units.compiled import Compiled
from units.models import Tier

from .light import LightUnit
from .question import Question

# A month with its first and last day.
Wanted = tuple[Month, date, date]
Lack = tuple[LightUnit, Month]
_COLUMNS = [f"unit__{name}" for name in LightUnit._fields if name != "until"]


def noted(question: Question, wanted: Sequence[Wanted]) -> Iterator[Lack]:
    """Of the units asked about those that owe one of these months and have nothing, as far as it was noted. One query;
    by today's units also some that are not part of the total.
    """
    spans = {month.number: (month, start, end) for month, start, end in wanted}
    for number, *columns in _noted(question, wanted[0][0], wanted[-1][0]):
        unit = LightUnit._make(columns)
        month, start, end = spans.get(number, (None, date.max, date.min))
        if month and unit.owes(start, end) and (question.today is not None or _counts(question, unit)):
            yield unit, month


def _noted(question: Question, first: Month, last: Month) -> list[tuple] | QuerySet:
    if question.unit.tier == Tier.COUNTRY:
        # All that there is: by way of the units, each of them would be looked at.
        return _of_all(question.include, first.number, last.number)
    gaps = Gap.objects.filter(stage=question.include, month__range=(first.number, last.number))
    return _rows(gaps.filter(question.within("unit__")))


def _rows(gaps: QuerySet[Gap]) -> QuerySet:
    until = Coalesce("unit__reports_until", "unit__active_until")
    return gaps.order_by().values_list("month", *_COLUMNS, until)


_of_all = Compiled(
    lambda stage, first, last: _rows(Gap.objects.filter(stage=stage, month__range=(first, last))),
    str,
    int,
    int,
)


def _counts(question: Question, unit: LightUnit) -> bool:
    here = unit.path.startswith(question.unit.path) and question.tier in (None, unit.tier)
    return here and (question.external or not unit.external)
