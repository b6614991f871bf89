"""Missing reports as they are stored (records.models.MissingReport): read by what they are, not looked for among all
units.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from figures.periods import Month
from records.models import MissingReport
from units.compiled import Compiled
from units.light import LightUnit
from units.models import Tier
from units.paths import between, ends

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
    of_others = question.today is not None
    for number, *told in _noted(question, wanted[0][0], wanted[-1][0]):
        if number in spans:
            unit, (month, start, end) = LightUnit._make(told), spans[number]
            if unit.owes(start, end) and (of_others or _counts(question, unit)):
                yield unit, month


def _noted(question: Question, first: Month, last: Month) -> list[tuple]:
    asked = question.include, first.number, last.number
    if question.unit.tier == Tier.COUNTRY:
        # All that there is: by way of the units, each of them would be looked at.
        return _of_all(*asked)
    paths, single = [question.unit.path], []
    if question.today is not None:
        # Of any tier: few are noted, and they are told apart when they are read.
        sources, known = question.carried.total.sources, question.carried.sources
        paths = sorted({known[one.unit].path for one in sources if one.sums})
        single = sorted({one.unit for one in sources if not one.sums})
    if not paths and not single:
        return []
    borders = [border for path in paths for border in ends(path)]
    return _of_units(len(borders))(*asked, single, *borders)


@cache
def _of_units(borders: int) -> Compiled:
    """The question of what is noted: stage, first and last month, numbers of single units, and so many borders of paths
    of units with everything below them.
    """

    def build(stage: str, first: int, last: int, single: list[int], *paths: str) -> QuerySet:
        units = Q(unit__in=single)
        for at in range(0, borders, 2):
            units |= between(paths[at], paths[at + 1], "unit__path")
        return _rows(MissingReport.objects.filter(units, stage=stage, month__range=(first, last)))

    return Compiled(build, str, int, int, list, *([str] * borders))


def _rows(gaps: QuerySet[MissingReport]) -> QuerySet:
    until = Coalesce("unit__reports_until", "unit__active_until")
    return gaps.order_by().values_list("month", *_COLUMNS, until)


_of_all = Compiled(
    lambda stage, first, last: _rows(MissingReport.objects.filter(stage=stage, month__range=(first, last))),
    str,
    int,
    int,
)


def _counts(question: Question, unit: LightUnit) -> bool:
    here = unit.path.startswith(question.unit.path) and question.tier in (None, unit.tier)
    return here and (question.external or not unit.external)
