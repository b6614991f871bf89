"""Figures of each unit directly below over a whole period, added up by the database: a row shows nothing else.

What a group keeps and what a unit without any below reported comes as one part each, without a month
(`figures.counts.over_period`). Two queries at most.
"""

from collections.abc import Collection
from functools import cache

from django.db.models import Count, IntegerField, QuerySet, Sum, Value

from figures.measures import MEASURES, SUMS
from records.models import Edition, GroupSum
from units.compiled import Compiled

from .parts import parts
from .question import Part, Question
from .rows import BLANKS, COLUMNS, Total, tally_in, totals_over

_RECEIVED = (*SUMS["received"], BLANKS["received"])


def apart(question: Question) -> bool:
    """Whether rows by unit are read apart from the total, which is read month by month from kept sums."""
    return question.below and question.from_sums and question.unit.has_children


def over(question: Question) -> list[Part]:
    """All of each unit directly below, and of the unit itself where it reports."""
    return _over(question, COLUMNS)


def received(question: Question) -> list[Part]:
    """What each of them received, for shares by channel; other measures are left out."""
    return _over(question, _RECEIVED)


def _over(question: Question, columns: tuple[str, ...]) -> list[Part]:
    if not question.from_sums:
        return parts(question, by_child=True)
    found = []
    if question.child_groups:
        asked = _of_groups(columns, bool(question.tier), question.external)
        given = [question.tier] if question.tier else []
        found = asked(question.child_groups, *question.run, question.include, *given)
    if question.near:
        asked = _of_units(columns, question.include, question.added_up)
        found = [*found, *asked(list(question.near), *question.run)]
    return [Part(None, "", tally_in(numbers, reported), child) for child, reported, *numbers in found]


@cache
def _of_groups(columns: Collection[str], one_tier: bool, external: bool) -> Compiled:
    """The question of groups: their numbers, first and last month, stage, and the tier if asked."""

    def build(groups: list[int], first: int, last: int, stage: str, *tier: str) -> QuerySet:
        which: dict[str, object] = {"group__in": groups, "month__range": (first, last), "stage": stage}
        which |= {"field__isnull": True} | ({} if external else {"external": False})
        rows = GroupSum.objects.order_by().filter(**which, **dict(zip(["tier"], tier, strict=False)))
        sums = _only(columns, totals_over("month", first, last))
        return rows.values_list("group_id").annotate(sum_reported=Total("reported"), **sums)

    return Compiled(build, list, int, int, str, *([str] if one_tier else []))


@cache
def _of_units(columns: Collection[str], stage: str, added_up: bool) -> Compiled:
    """The question of what units reported themselves: their numbers, first and last month."""

    def build(units: list[int], first: int, last: int) -> QuerySet:
        # By their numbers: a condition over the join would read every unit's report of these months.
        rows = (
            Edition.objects.in_force(stage)
            .order_by()
            .filter(submission__unit__in=units, submission__month__range=(first, last))
        )
        handed = "submission__" if added_up else None
        sums = _only(columns, totals_over("submission__month", first, last, handed))
        return rows.values_list("submission__unit_id").annotate(sum_reported=Count("pk"), **sums)

    return Compiled(build, list, int, int)


def _only(columns: Collection[str], sums: dict[str, Sum]) -> dict[str, Sum | Value]:
    """The others are no measures that anybody asked for."""
    return sums | {f"sum_{name}": _nothing(name) for name in COLUMNS if name not in columns}


def _nothing(name: str) -> Value:
    # Of what is no measure there is always a number.
    return Value(None if name in MEASURES else 0, IntegerField())
