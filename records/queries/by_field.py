"""Rows of a summary by field, each with its own completeness: who owes a field follows from the dated catalogue.

A unit-month reported at level `chung` counts under `chung` and owes no other field.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from django.db.models import Exists, OuterRef

from figures.completeness import Missing
from figures.counts import Tally
from figures.periods import Month
from figures.summary import RowInput
from records.models import DossierCount
from units.models import Unit

from .catalogue import Catalogue
from .missing import Silent, silent_of
from .parts import Part, parts
from .question import Question

# How many unit-months owe a field.
Owed = dict[tuple[int, Month], int]


def field_rows(question: Question, lacking: list[Silent]) -> list[RowInput]:
    """One row for each field that is expected or reported, in the order of the catalogue."""
    catalogue = Catalogue(question.days)
    found = parts(question, by_field=True)
    owed = _owed(question, catalogue)
    _move_undivided(question, catalogue, found, owed)
    silent_in = _silent_by_field(catalogue, lacking)
    _add_left_blank(question, found, owed, silent_in)
    rows = []
    for number, field in catalogue.fields.items():
        reported = [(part.month, part.tally) for part in found if part.field == number]
        expected = [
            (month, Tally.expecting(owed[number, month])) for month in question.months if owed[number, month]
        ]
        if reported or expected:
            extra = {"pk": number}
            rows.append(RowInput(field.code, field.name, [*reported, *expected], silent_in[number], extra))
    return rows


def _owed(question: Question, catalogue: Catalogue) -> Owed:
    """Units that no catalogue row lists share one answer per tier; those that are listed are looked at one by one."""
    owed: Owed = defaultdict(int)
    listed = _listed(question, catalogue)
    for month, (start, end), kinds in zip(
        question.months, question.spans, question.expected_then, strict=True
    ):
        others: Counter[str] = Counter()
        for (tier, _), number in kinds.items():
            others[tier] += number
        for unit in listed:
            if unit.owes(start, end):
                others[unit.tier] -= 1
                for field in catalogue.expected(unit, month):
                    owed[field, month] += 1
        for tier, number in others.items():
            for field in catalogue.expected_of(tier, 0, month):
                owed[field, month] += number
    return owed


def _listed(question: Question, catalogue: Catalogue) -> list[Unit]:
    return list(question.owing().filter(pk__in=catalogue.listed))


def _move_undivided(question: Question, catalogue: Catalogue, found: list[Part], owed: Owed) -> None:
    """Unit-months that reported `chung` although the catalogue divides them owe `chung` and nothing else."""
    divides = catalogue.field_rows or catalogue.procedure_rows
    if not divides or not any(part.field == catalogue.undivided and part.tally.reported for part in found):
        return
    for unit, tier, number in _in_force(question, field=catalogue.undivided, answered=True).values_list(
        "edition__submission__unit_id", "edition__submission__unit__tier", "edition__submission__month"
    ):
        month = Month.from_number(number)
        for field in catalogue.expected_of(tier, unit, month):
            owed[field, month] -= 1
        owed[catalogue.undivided, month] += 1


def _in_force(question: Question, **which: object):
    editions = question.editions.filter(
        question.within("submission__unit__"), submission__month__range=question.run
    )
    return DossierCount.objects.filter(edition__in=editions, **which)


def _silent_by_field(catalogue: Catalogue, lacking: Iterable[Silent]) -> dict[int, list[Missing]]:
    """Who is silent altogether, in each field they owe."""
    found: dict[int, list[Missing]] = defaultdict(list)
    for one in lacking:
        for field in catalogue.expected_of(one.tier, one.unit, one.one.month):
            found[field].append(one.one)
    return found


def _add_left_blank(
    question: Question, found: list[Part], owed: Owed, silent_in: dict[int, list[Missing]]
) -> None:
    """Name also those who reported but left a field blank; looked for only in fields where somebody must have."""
    lacking: dict[int, int] = defaultdict(int)
    for (field, _), number in owed.items():
        lacking[field] += number
    for part in found:
        lacking[part.field] -= part.tally.reported
    wanted = [field for field, number in lacking.items() if number != len(silent_in[field])]
    if wanted:
        for field, one in left_blank(question, wanted):
            silent_in[field].append(one.one)


def left_blank(question: Question, fields: list[int]) -> Iterator[tuple[int, Silent]]:
    """Who reported a month but left these fields blank, by month; one query."""
    answered = DossierCount.objects.filter(
        edition=OuterRef("edition"), field=OuterRef("field"), answered=True
    )
    rows = (
        _in_force(question, answered=False, field__in=fields)
        .exclude(Exists(answered))
        .select_related("edition__submission__unit")
    )
    seen = set()
    for row in rows.order_by("edition__submission__month", "pk"):
        submission = row.edition.submission
        if (row.field_id, submission.pk) not in seen:
            seen.add((row.field_id, submission.pk))
            yield row.field_id, silent_of(question, submission.unit, Month.from_number(submission.month))
