"""Who owes a report and has none that counts. Who is expected comes from the roster, never from what arrived."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from figures.completeness import Missing
from figures.periods import Month
from records.models import Edition, GroupSum
from units import roster
from units.models import Unit
from units.queries import expected_under

from .question import Question


@dataclass(frozen=True)
class Silent:
    """A unit-month without figures in force; `unit` is its number and `path` its place in the tree."""

    unit: int
    path: str
    tier: str
    one: Missing

    def below(self, number: int) -> bool:
        """Whether it is the unit of that number, or below it."""
        return f"/{number}/" in self.path


def silent(question: Question, months: Iterable[Month] | None = None) -> list[Silent]:
    """Unit-months that are expected and have nothing at the stage asked for, by month and name. Four queries.

    `months` narrows it to some of the period's. The cost follows the groups that lack reports, not the country.
    """
    asked = set(question.months if months is None else months)
    places = [place for place, month in enumerate(question.months) if month in asked]
    if not places:
        return []
    numbers = [question.numbers[place] for place in places]
    units = expected_under(
        question.unit, question.spans[places[0]][0], question.spans[places[-1]][1], external=question.external
    )
    if question.tier:
        units = units.filter(tier=question.tier)
    if question.unit.has_children:
        groups = _lacking(question, places)
        units = units.filter(Q(pk__in=groups) | Q(parent__in=groups))
    some = list(_without(units, question.include, numbers).order_by("folded", "pk"))
    there = set(
        Edition.objects.in_force(question.include)
        .filter(submission__unit__in=[unit.pk for unit in some], submission__month__in=numbers)
        .order_by()
        .values_list("submission__unit_id", "submission__month")
    )
    return [
        Silent(
            unit.pk,
            unit.path,
            unit.tier,
            Missing(unit.key_on(question.end), question.months[place], unit.name),
        )
        for place in places
        for unit in some
        if _owes(unit, *question.spans[place]) and (unit.pk, question.numbers[place]) not in there
    ]


def _owes(unit: Unit, start: date, end: date) -> bool:
    return unit.active_from <= end and not unit.is_over(start)


def _without(units: QuerySet[Unit], stage: str, months: list[int]) -> QuerySet[Unit]:
    """Those that have fewer reports in force than there are months."""
    reports = (
        Edition.objects.in_force(stage)
        .filter(submission__unit=OuterRef("pk"), submission__month__in=months)
        .order_by()
        .values("submission__unit")
        .annotate(number=Count("pk"))
        .values("number")
    )
    return units.annotate(there=Coalesce(Subquery(reports), 0)).filter(there__lt=len(months))


def _lacking(question: Question, places: list[int]) -> set[int]:
    """Numbers of the groups below which another number of units reported than was expected, in any of the months.

    The country keeps no sums, so it is always among them; what is read for it is what stands directly below it.
    """
    spans = [question.spans[place] for place in places]
    expected = roster.expected_by_group(question.unit, spans, external=question.external)
    sums = GroupSum.objects.filter(
        group__in=list(expected),
        month__in=[question.numbers[place] for place in places],
        stage=question.include,
        field=None,
    )
    if not question.external:
        sums = sums.filter(external=False)
    reported: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    for group, month, tier, number in (
        sums.order_by().values_list("group", "month", "tier").annotate(Sum("reported"))
    ):
        reported[group, month][tier] = number
    return {
        group
        for group, monthly in expected.items()
        for place, tiers in zip(places, monthly, strict=True)
        if question.of_tier(tiers) != question.of_tier(reported[group, question.numbers[place]])
    }
