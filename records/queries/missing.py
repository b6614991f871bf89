"""Who owes a report and has none that counts. Who is expected comes from the roster, never from what arrived."""

from collections.abc import Iterable
from dataclasses import dataclass

from figures.completeness import Missing
from figures.periods import Month
from records.models import Edition
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
    """Unit-months that are expected and have nothing at the stage asked for, by month and name. Two queries.

    `months` narrows it to some of the period's.
    """
    wanted = [
        (month, span)
        for month, span in zip(question.months, question.spans, strict=True)
        if months is None or month in set(months)
    ]
    if not wanted:
        return []
    units = expected_under(question.unit, wanted[0][1][0], wanted[-1][1][1], external=question.external)
    if question.tier:
        units = units.filter(tier=question.tier)
    there = set(
        Edition.objects.in_force(question.include)
        .filter(
            submission__unit__path__startswith=question.unit.path,
            submission__month__in=[month.number for month, _ in wanted],
        )
        .values_list("submission__unit_id", "submission__month")
    )
    roster = list(units.order_by("folded", "pk"))
    return [
        Silent(unit.pk, unit.path, unit.tier, Missing(unit.key_on(question.end), month, unit.name))
        for month, (start, end) in wanted
        for unit in roster
        if unit.active_from <= end and not unit.is_over(start) and (unit.pk, month.number) not in there
    ]
