"""Figures of each unit directly below over a whole period, added up by the database: a row shows nothing else.

What groups keep comes as one part each, without a month (`figures.counts.over_period`); reports of units without any
below are read one by one, as for the total (records.queries.parts). Two queries at most.
"""

from collections.abc import Collection
from functools import cache

from django.db.models import IntegerField, QuerySet, Value

from figures.measures import MEASURES, SUMS
from records.models import GroupSum
from units.compiled import Compiled

from .parts import of_editions, parts
from .question import Part, Question
from .rows import BLANKS, COLUMNS, Total, tally_in, totals_over

_RECEIVED = (*SUMS["received"], BLANKS["received"])


def apart(question: Question) -> bool:
    """Whether rows by unit are read apart from the total: month by month the sums of groups below are many."""
    return question.below and question.from_sums and bool(question.child_groups)


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
        asked = _ready(columns, bool(question.tier), question.external)
        given = [question.tier] if question.tier else []
        rows = asked(question.child_groups, *question.run, question.include, *given)
        found = [Part(None, "", tally_in(numbers, reported), child) for child, reported, *numbers in rows]
    return [*found, *of_editions(question)]


@cache
def _ready(columns: Collection[str], one_tier: bool, external: bool) -> Compiled:
    """The question of groups: their numbers, first and last month, stage, and the tier if asked."""

    def build(groups: list[int], first: int, last: int, stage: str, *tier: str) -> QuerySet:
        which: dict[str, object] = {"group__in": groups, "month__range": (first, last), "stage": stage}
        which |= {"field__isnull": True} | ({} if external else {"external": False})
        rows = GroupSum.objects.order_by().filter(**which, **dict(zip(["tier"], tier, strict=False)))
        sums = totals_over("month", first, last)
        left_out = {f"sum_{name}": _nothing(name) for name in COLUMNS if name not in columns}
        return rows.values_list("group_id").annotate(sum_reported=Total("reported"), **sums | left_out)

    return Compiled(build, list, int, int, str, *([str] if one_tier else []))


def _nothing(name: str) -> Value:
    # Of what is no measure there is always a number.
    return Value(None if name in MEASURES else 0, IntegerField())
